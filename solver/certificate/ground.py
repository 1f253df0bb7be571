"""What a run costs and takes at least, for one vehicle type and crew, as arrays.

Homes come first and schools last; a PM run is read backwards in time. Whatever is simplified makes
runs cheaper or easier, never the other way: what is proven here holds for every run of a plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.domain import (
    BY_RIDER,
    UNREACHABLE,
    FleetType,
    Instance,
    Remembered,
    Rider,
    SeatPrice,
    TravelMatrix,
)

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
PARTS = 100_000
"""Money is counted in whole 1/100,000 GBP: costs rounded down, duals up, so that sums are exact."""
FAR = 100_000_000
CREW_TOLD_APART = 3
"""Runs with at least so many assistants of pupils' own pay for so many only."""
MOST_TABLED = 7
"""So many riders at most each node of the table may remember, two of them at once."""
_LONG_AGO_S = -10_000_000


class Ground(NamedTuple):
    """What the compiled part reads: H homes, then K schools, N = H + K nodes.

    `step_s[i, j]` is the seconds from the end of service at i to the end of service at j, `leg_s`
    the drive alone, `live` and `dead` what that step costs with and without pupils aboard.
    `short_s[i, k]` is the quickest drive to school k by any way. `ready_s` is the earliest end of
    boarding at a home, `opens_s` the earliest start of service at a school, and `done_from_s` to
    `done_to_s` the end of it. `use` is what a rider takes of `room` in the table of what may
    follow, `takes` of `seats` in labels. `known[i]` are the homes that node i remembers,
    `place[i, h]` where among them, or -1; `tabled[i]` says how many of the first the table of what
    may follow knows as well, a home itself left out. `person` numbers the riders: a home may be two
    nodes (:mod:`solver.certificate.seats`), and is remembered as one; runs start where `starts`.
    """

    person: Ints
    school: Ints
    leg_s: Ints
    step_s: Ints
    live: Ints
    dead: Ints
    short_s: Ints
    cap_s: Ints
    ready_s: Ints
    opens_s: Ints
    done_from_s: Ints
    done_to_s: Ints
    dwell_s: Ints
    use: Ints
    takes: Ints
    own: Ints
    starts: NDArray[np.bool_]
    first_cost: Ints
    last_cost: Ints
    known: Ints
    place: NDArray[np.int8]
    tabled: Ints
    room: int
    seats: int
    most_own: int
    most_schools: int


@dataclass(frozen=True, slots=True)
class Mode:
    """A vehicle type with a crew: its riders, its ground and the least that any run of it costs.

    `own` is :data:`~solver.domain.BY_RIDER` where it stands for all crews (:func:`list_joint`).
    """

    vehicle_type: int
    shared: int
    own: int
    riders: tuple[int, ...]
    ground: Ground
    least_cost: float


@dataclass(frozen=True, slots=True)
class _Roads:
    """Seconds and metres, homes first, and the quickest way with halts between every two stops."""

    time_s: NDArray[np.int32]
    dist_m: NDArray[np.int32]
    short_s: NDArray[np.int32]
    is_metric: bool


@dataclass(frozen=True, slots=True)
class Sketch:
    """An instance in the orientation homes first, with what all modes share."""

    instance: Instance
    roads: _Roads
    weekday: int
    is_crew_daily: bool

    @property
    def is_metric(self) -> bool:
        """Whether no way by other halts is quicker than the way itself."""
        return self.roads.is_metric


def read_sketch(instance: Instance, matrix: TravelMatrix) -> Sketch:
    """Read what all modes share; loads are relaxed to the weekday on which most riders travel."""
    is_pm = instance.session == "PM"
    time_s = np.array(matrix.time_s.T if is_pm else matrix.time_s)
    dist_m = np.array(matrix.dist_m.T if is_pm else matrix.dist_m)
    short_s = time_s.copy()
    for via, service_s in _list_services(instance).items():
        by_way = short_s[:, via, None] + service_s + short_s[None, via, :]
        np.minimum(short_s, by_way, out=short_s)
    counts = [sum(w.weekdays >> day & 1 for w in instance.riders) for day in range(5)]
    weekday = counts.index(max(counts))
    assisted = [w for w in instance.riders if w.assistant != "none"]
    return Sketch(
        instance,
        _Roads(time_s, dist_m, short_s, bool((short_s == time_s).all())),
        weekday,
        all(w.weekdays >> weekday & 1 for w in assisted),
    )


def _list_services(instance: Instance) -> dict[int, int]:
    """Seconds that a run stands at least at each stop that it passes through."""
    extra = instance.rules.shared_door_extra_s
    stands = [(who.stop, who.dwell_s) for who in instance.riders]
    if extra is not None:
        stands += [(who.stop, extra) for who in instance.riders]
    stands += [(school.stop, school.dwell_s) for school in instance.schools]
    least: dict[int, int] = {}
    for stop, service_s in stands:
        least[stop] = min(service_s, least.get(stop, service_s))
    return least


def list_modes(sketch: Sketch, riders: list[int], memory: int) -> list[Mode]:
    """List the vehicle types and crews that could carry any of `riders`, small rooms first."""
    instance = sketch.instance
    needs = {instance.riders[r].assistant for r in riders}
    shared = (0, 1) if "shared" in needs else (0,)
    own = range(CREW_TOLD_APART + 1) if "dedicated" in needs else (0,)
    modes = []
    for number, both in product(range(len(instance.fleet)), product(shared, own)):
        mode = _build_mode(sketch, riders, number, both, memory)
        if mode is not None:
            modes.append(mode)
    return sorted(modes, key=lambda m: (m.ground.room, len(m.riders), m.vehicle_type, m.own))


def list_joint(sketch: Sketch, riders: list[int], memory: int) -> list[Mode]:
    """List vehicle types with all crews that differ by assistants of riders' own as one mode.

    Each rider pays for an assistant of their own instead, as far as that one goes for certain: the
    way straight to school. They go with the whole run, so no run of any crew is cheaper.
    """
    modes = [
        _build_mode(sketch, riders, number, (shared, BY_RIDER), memory)
        for number, shared in product(range(len(sketch.instance.fleet)), (0, 1))
    ]
    return [mode for mode in modes if mode is not None]


def _build_mode(
    sketch: Sketch, riders: list[int], number: int, crew: tuple[int, int], memory: int
) -> Mode | None:
    instance = sketch.instance
    kind = instance.fleet[number]
    shared, own = crew
    chosen = [r for r in riders if _is_able(sketch, instance.riders[r], kind, shared, own)]
    people = [instance.riders[r] for r in chosen]
    needs = {who.assistant for who in people}
    is_idle = (shared and "shared" not in needs) or (own and "dedicated" not in needs)
    if kind.count == 0 or not people or is_idle:
        return None
    ground, least = _lay_ground(sketch, kind, crew, people, memory)
    if ground.room < 0:
        return None
    if 0 <= own < CREW_TOLD_APART:
        ground = ground._replace(most_own=own)
    return Mode(number, shared, own, tuple(chosen), ground, least)


def _is_able(sketch: Sketch, who: Rider, kind: FleetType, shared: int, own: int) -> bool:
    """Whether the type and crew suit a rider, and any way at all brings them to school in time."""
    if (who.assistant == "shared" and not shared) or (who.assistant == "dedicated" and not own):
        return False
    if not set(who.tags) <= set(kind.tags):
        return False
    if (who.bays or who.needs_lift) and not kind.has_lift:
        return False
    school = sketch.instance.schools[who.school].stop
    if sketch.roads.short_s[who.stop, school] > who.ride_cap_s:
        return False
    return any(
        x.seats >= who.seats and x.bays >= who.bays and x.folded_chairs >= who.folded_chairs
        for x in kind.layouts
    )


def _lay_ground(
    sketch: Sketch, kind: FleetType, aboard: tuple[int, int], people: list[Rider], memory: int
) -> tuple[Ground, float]:
    instance, roads = sketch.instance, sketch.roads
    shared, own = aboard
    crew = shared + max(own, 0)
    calls = sorted({who.school for who in people})
    schools = [instance.schools[c] for c in calls]
    homes = len(people)
    stops = np.array([w.stop for w in people] + [s.stop for s in schools])
    door = instance.rules.shared_door_extra_s
    at_door = Counter(who.stop for who in people)
    wait = np.array([(at_door[w.stop] - 1) * (door or 0) for w in people], dtype=np.int64)
    service = np.array([w.dwell_s for w in people] + [s.dwell_s for s in schools], dtype=np.int64)
    leg = roads.time_s[np.ix_(stops, stops)].astype(np.int64)
    metres = roads.dist_m[np.ix_(stops, stops)].astype(np.float64)
    step = leg + service[None, :]
    if door is not None:
        # several pupils at one door are one visit: the longest service and a little for each other
        joint = np.zeros(leg.shape, dtype=bool)
        joint[:homes, :homes] = stops[:homes, None] == stops[None, :homes]
        leg[joint], metres[joint] = 0, 0.0
        step[joint] = np.broadcast_to(np.minimum(door, service)[None, :], leg.shape)[joint]
    rate = kind.per_driver_s + crew * instance.pa_per_s
    extra = np.zeros(len(stops))
    extra[:homes] = _price_rides(sketch, kind, people, rate)
    paid = np.array([own == BY_RIDER and who.assistant == "dedicated" for who in people])
    extra[:homes] += paid * _price_own(sketch, kind, people)
    fixed = kind.session_charge + crew * instance.pa_fixed
    first_cost = fixed + service[:homes] * rate + extra[:homes]
    last_cost = np.zeros(len(schools))
    if kind.base is not None:
        out_s, out_m = roads.time_s[kind.base, stops], roads.dist_m[kind.base, stops]
        back_s, back_m = roads.time_s[stops, kind.base], roads.dist_m[stops, kind.base]
        first_cost = first_cost + (out_s * rate + out_m * kind.per_dead_m)[:homes]
        last_cost = (back_s * rate + back_m * kind.per_dead_m)[homes:]
    opens, done_from, done_to = _read_windows(sketch, calls)
    school = np.searchsorted(calls, [who.school for who in people])
    cap = np.array([who.ride_cap_s for who in people], dtype=np.int64) + wait
    known, place = _remember(leg, homes, memory)
    weight, room = _weigh(kind)
    room -= crew if sketch.is_crew_daily else 0
    days = [who.weekdays >> sketch.weekday & 1 for who in people]
    sizes = [w.seats + weight * w.bays + int(p) for w, p in zip(people, paid, strict=True)]
    use = [day * size for day, size in zip(days, sizes, strict=True)]
    short = roads.short_s[np.ix_(stops, stops[homes:])].astype(np.int64)
    straight = short[np.arange(homes), school] + service[homes + school]
    ground = Ground(
        person=_whole(np.arange(homes)),
        school=_whole(school),
        leg_s=_whole(leg),
        step_s=_whole(np.where(leg >= UNREACHABLE, FAR, step)),
        live=_parts(step * rate + metres * kind.per_live_m + extra[None, :]),
        dead=_parts(step * rate + metres * kind.per_dead_m + extra[None, :]),
        short_s=_whole(short),
        cap_s=_whole(cap),
        ready_s=_whole(np.maximum(opens[school] - cap, _earliest(instance, people) - wait)),
        opens_s=_whole(opens),
        done_from_s=_whole(done_from),
        done_to_s=_whole(done_to),
        dwell_s=_whole(service[homes:]),
        use=_whole(np.array(use)),
        takes=_whole(np.array(use)),
        own=_whole(np.array([who.assistant == "dedicated" for who in people])),
        starts=np.ones(homes, dtype=np.bool_),
        first_cost=_parts(first_cost),
        last_cost=_parts(last_cost),
        known=known,
        place=place,
        tabled=np.zeros(len(stops), np.int32),
        room=int(room),
        seats=int(room),
        most_own=FAR,
        most_schools=instance.rules.max_schools_per_run or FAR,
    )
    return ground, float((first_cost + straight * rate).min() + last_cost.min())


def _read_windows(
    sketch: Sketch, calls: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """C3 as the earliest start of service and the first and last end of it, seconds.

    In the afternoon, read backwards, the window binds the end; how long the service took before
    depends on wheelchairs, so that its earliest start allows for one.
    """
    schools = [sketch.instance.schools[c] for c in calls]
    dwell = np.array([s.dwell_s for s in schools], dtype=np.int64)
    chair = np.array([s.wheelchair_extra_s for s in schools], dtype=np.int64)
    low = np.array([s.window_from_s for s in schools], dtype=np.int64)
    high = np.array([s.window_to_s for s in schools], dtype=np.int64)
    if sketch.instance.session == "PM":
        return -high - dwell - chair, -high, -low
    return low, low + dwell, high + dwell


def _earliest(instance: Instance, people: list[Rider]) -> NDArray[np.int64]:
    """C4: the earliest end of boarding at each home."""
    if instance.session == "PM":
        ends = [-instance.rules.latest_s for _ in people]
    else:
        ends = [instance.rules.earliest_s + who.dwell_s for who in people]
    return np.maximum(np.array(ends, dtype=np.int64), _LONG_AGO_S)


def _price_rides(sketch: Sketch, kind: FleetType, people: list[Rider], rate: float) -> Floats:
    """What boarding a rider costs for certain beyond their own service, GBP.

    The least that their ride passes its target (C2), and a part of the longer service for
    wheelchairs at school (C5): all of a call are aboard together, so never more than the bays.
    """
    schools, rules = sketch.instance.schools, sketch.instance.rules
    bays = max(x.bays for x in kind.layouts)
    is_daily = len({who.weekdays for who in people}) == 1
    prices = []
    for who in people:
        over_s = sketch.roads.short_s[who.stop, schools[who.school].stop] - who.ride_target_s
        price = max(0, int(over_s)) * rules.ride_excess_gbp_per_min / 60
        if bays and is_daily:
            price += rate * schools[who.school].wheelchair_extra_s * who.bays / bays
        prices.append(price)
    return np.array(prices, dtype=np.float64)


def _price_own(sketch: Sketch, kind: FleetType, people: list[Rider]) -> Floats:
    """What an assistant of each rider's own is paid at least, GBP.

    For the time from the rider's boarding to the end of their call, by the quickest way, and for
    the shortest of the ways from a base and back to it.
    """
    instance, roads = sketch.instance, sketch.roads
    schools = [instance.schools[who.school] for who in people]
    door = instance.rules.shared_door_extra_s
    at_door = Counter(who.stop for who in people)
    apart_s = 0
    if kind.base is not None:
        apart_s += min(int(roads.time_s[kind.base, who.stop]) for who in people)
        apart_s += min(int(roads.time_s[school.stop, kind.base]) for school in schools)
    paid_s = [
        int(roads.short_s[who.stop, school.stop])
        + (who.dwell_s if door is None or at_door[who.stop] == 1 else min(who.dwell_s, door))
        + school.dwell_s
        + apart_s
        for who, school in zip(people, schools, strict=True)
    ]
    return instance.pa_fixed + np.array(paid_s, dtype=np.float64) * instance.pa_per_s


def _weigh(kind: FleetType) -> tuple[int, int]:
    """Count a wheelchair bay as so many seats that every layout fits one room: weight and room.

    The weight under which most layouts are exactly full; the smallest such.
    """
    pairs = [(x.seats, x.bays) for x in kind.layouts]
    weights = {1} | {
        (more - fewer) // (y - x)
        for more, x in pairs
        for fewer, y in pairs
        if y > x and more > fewer
    }

    def fullness(weight: int) -> tuple[int, int]:
        loads = [seats + weight * bays for seats, bays in pairs]
        return -loads.count(max(loads)), weight

    best = min(weights, key=fullness)
    return best, max(seats + best * bays for seats, bays in pairs)


def _remember(leg: NDArray[np.int64], homes: int, memory: int) -> tuple[Ints, NDArray[np.int8]]:
    """For each node the homes nearest to it (itself first): only these does it remember (ng)."""
    size = min(memory, homes)
    apart = np.minimum(leg[:, :homes], leg[:homes, :].T)
    apart[np.arange(homes), np.arange(homes)] = -1
    known = np.argsort(apart, axis=1, kind="stable")[:, :size]
    place = np.full((len(leg), homes), -1, dtype=np.int8)
    for row, those in enumerate(known):
        place[row, those] = np.arange(size)
    return _whole(known), place


def learn_cycle(ground: Ground, way: Ints, most: int) -> Ground | None:
    """Let the nodes between two visits to one home remember it, so that no run does so again.

    Returns
    -------
    Ground or None
        None where no home comes twice, or no node may remember more than `most` already.
    """
    homes = len(ground.school)
    kept = [[h for h in row if h >= 0] for row in ground.known.tolist()]
    has_learned = False
    last: dict[int, int] = {}
    for at, node in enumerate(way.tolist()):
        if node >= homes:
            continue
        who = int(ground.person[node])
        for between in way[last[who] + 1 : at].tolist() if who in last else ():
            if who not in kept[between] and len(kept[between]) < most:
                kept[between].append(who)
                has_learned = True
        last[who] = at
    if not has_learned:
        return None
    return _know(ground, kept)


def take_hints(sketch: Sketch, mode: Mode, hints: Sequence[Remembered]) -> Mode:
    """Let the nodes of a mode, and its table, remember first whom the hints of it name."""
    instance = sketch.instance
    local = {rider: h for h, rider in enumerate(mode.riders)}
    calls = sorted({instance.riders[rider].school for rider in mode.riders})
    first = len(instance.riders)
    nodes = local | {first + call: len(local) + k for k, call in enumerate(calls)}
    kept = [[h for h in row if h >= 0] for row in mode.ground.known.tolist()]
    tabled = mode.ground.tabled.copy()
    ours = [hint for hint in hints if is_about(hint, mode)]
    ours.sort(key=lambda hint: hint.crew[1] != mode.own)  # those for all crews come second
    for hint in ours:
        if hint.node not in nodes or tabled[nodes[hint.node]]:
            continue  # of several hints for a node the first counts
        i = nodes[hint.node]
        named = [local[rider] for rider in hint.riders if rider in local and local[rider] != i]
        named = list(dict.fromkeys(named))[:MOST_TABLED]
        kept[i] = list(dict.fromkeys([*([i] if i < len(local) else []), *named, *kept[i]]))
        tabled[i] = len(named)
    ground = _know(mode.ground, kept)._replace(tabled=tabled)
    return replace(mode, ground=ground)


def is_about(hint: Remembered | SeatPrice, mode: Mode) -> bool:
    """Whether a hint is for a mode, or for all crews of which it is one."""
    kind, (shared, own) = hint.vehicle_type, hint.crew
    return (kind, shared) == (mode.vehicle_type, mode.shared) and own in (mode.own, BY_RIDER)


def _know(ground: Ground, kept: list[list[int]]) -> Ground:
    """The ground on which each node remembers those riders, in that order."""
    known = np.full((len(kept), max(map(len, kept))), -1, dtype=np.int32)
    place = np.full((len(kept), len(ground.school)), -1, dtype=np.int8)
    for i, row in enumerate(kept):
        known[i, : len(row)] = row
        where = np.full(len(ground.school), -1)
        where[row] = np.arange(len(row))
        place[i] = where[ground.person]
    return ground._replace(known=known, place=place)


def _whole(values: NDArray[np.int64] | NDArray[np.bool_]) -> Ints:
    return np.ascontiguousarray(np.minimum(values, FAR), dtype=np.int32)


def _parts(gbp: Floats) -> Ints:
    return np.ascontiguousarray(np.minimum(np.floor(gbp * PARTS), FAR), dtype=np.int32)


def round_up(duals: Floats) -> Ints:
    """Duals in whole parts, rounded up."""
    return np.ceil(duals * PARTS).astype(np.int32)
