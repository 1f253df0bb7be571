"""The relaxed ground that pricing walks on: one mode = a vehicle type with a crew of assistants.

Built from the instance itself, in the orientation that homes come first and schools last (a PM run
read backwards). Everything here is a relaxation: a run that the checker accepts has, in the mode of
its type and crew, a walk that is never dearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.domain import UNREACHABLE, FleetType, Instance, Rider, TravelMatrix

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
FAR = 100_000_000
REACHABLE = UNREACHABLE // 2
PENNY_PARTS = 100_000
"""Pricing counts in whole 1/100,000 GBP: costs rounded down, duals up, so that sums are exact."""
MOST_CREW = 3
"""Runs with more dedicated assistants than this pay for so many only."""


class Mode(NamedTuple):
    """What a pricing kernel reads. H homes grouped by school, S school calls, N = H + S nodes.

    `step_time[j, i]` and `step_cost[j, i]` are what putting node j before node i adds (service at j
    and the drive), `leg_time[j, i]` the drive alone. `use` is what a rider takes of `room`.
    """

    homes: NDArray[np.int64]
    school_of: Ints
    first_home: Ints
    step_time: Ints
    step_cost: Ints
    leg_time: Ints
    cap: Ints
    target: Ints
    use: Ints
    is_dedicated: Ints
    earliest: Ints
    board_from: Ints
    opens: Ints
    closes: Ints
    start_cost: Ints
    start_time: Ints
    end_cost: Ints
    near: Ints
    place: NDArray[np.int8]
    room: int
    most_dedicated: int
    most_schools: int
    excess_per_s: int
    least_cost: float


@dataclass(frozen=True, slots=True)
class ModeKey:
    """Vehicle type, whether an assistant for shared riders is aboard, assistants of one's own."""

    vehicle_type: int
    shared: int
    dedicated: int


def list_modes(
    instance: Instance, matrix: TravelMatrix, riders: list[int], near: int
) -> list[tuple[ModeKey, Mode]]:
    """List the modes that could carry any of `riders`; `near` is the size of the ng memory."""
    needs = {instance.riders[r].assistant for r in riders}
    modes = []
    for number, kind in enumerate(instance.fleet):
        if kind.count == 0:
            continue
        for shared in (0, 1) if "shared" in needs else (0,):
            for dedicated in range(MOST_CREW + 1) if "dedicated" in needs else (0,):
                key = ModeKey(number, shared, dedicated)
                mode = _build_mode(instance, matrix, riders, kind, key, near)
                if mode is not None:
                    modes.append((key, mode))
    return modes


def _build_mode(
    instance: Instance,
    matrix: TravelMatrix,
    riders: list[int],
    kind: FleetType,
    key: ModeKey,
    near: int,
) -> Mode | None:
    weekday = find_fullest_weekday(instance)
    crew = key.shared + key.dedicated
    chair, room = weigh_layouts(kind)
    everyone = all(w.weekdays >> weekday & 1 for w in instance.riders if w.assistant != "none")
    room -= crew if everyone else 0
    chosen = sorted(
        (r for r in riders if _may_board(instance, r, kind, key)),
        key=lambda r: (instance.riders[r].school, r),
    )
    people = [instance.riders[r] for r in chosen]
    if not people or (key.dedicated and not any(w.assistant == "dedicated" for w in people)):
        return None
    if key.shared and not any(w.assistant == "shared" for w in people):
        return None
    is_pm = instance.session == "PM"
    schools = instance.schools
    stops = np.array([w.stop for w in people] + [s.stop for s in schools])
    table_s = matrix.time_s.T if is_pm else matrix.time_s
    table_m = matrix.dist_m.T if is_pm else matrix.dist_m
    leg = table_s[np.ix_(stops, stops)].astype(np.int32)
    metres = table_m[np.ix_(stops, stops)].astype(np.float64)
    count = len(people)
    dwell = np.array([w.dwell_s for w in people] + [s.dwell_s for s in schools], dtype=np.int32)
    step_time = leg + dwell[:, None]
    extra = instance.rules.shared_door_extra_s
    earliest = np.array([_earliest_start(instance, w) for w in people], dtype=np.int32)
    if extra is not None:
        is_door = stops[:count, None] == stops[None, :count]
        step_time[:count, :count][is_door] = np.broadcast_to(extra, is_door.shape)[is_door]
        crowded = is_door.sum(axis=1) > 1
        earliest[crowded & is_pm] = -FAR
    rate = kind.per_driver_s + crew * instance.pa_per_s
    per_m = np.full(leg.shape, kind.per_live_m)
    per_m[count:, :count] = min(kind.per_live_m, kind.per_dead_m)
    step_cost = step_time * rate + metres * per_m
    step_cost[:count] += _chair_extra(instance, kind, people, rate)[:, None]
    fixed = kind.session_charge + crew * instance.pa_fixed
    start_cost = fixed + dwell[count:] * rate
    end_cost = np.zeros(count)
    if kind.base is not None:
        base_s, base_m = table_s[kind.base, stops], table_m[kind.base, stops]
        back_s, back_m = table_s[stops, kind.base], table_m[stops, kind.base]
        end_cost = base_s[:count] * rate + base_m[:count] * kind.per_dead_m
        start_cost = start_cost + back_s[count:] * rate + back_m[count:] * kind.per_dead_m
    place, nearest = _build_memory(leg, count, near)
    widest = [s.dwell_s + s.wheelchair_extra_s if is_pm else 0 for s in schools]
    least = [s.dwell_s if is_pm else 0 for s in schools]
    lo = [-s.window_to_s if is_pm else s.window_from_s for s in schools]
    hi = [-s.window_from_s if is_pm else s.window_to_s for s in schools]
    slack = np.array([instance.riders[r].ride_cap_s + instance.riders[r].dwell_s for r in chosen])
    if extra is not None:
        slack = slack + is_door @ (dwell[:count] + extra) - dwell[:count]
    board_from = np.array([lo[w.school] - widest[w.school] for w in people]) - slack
    first = np.searchsorted([w.school for w in people], np.arange(len(schools) + 1))
    return Mode(
        homes=np.array(chosen, dtype=np.int64),
        school_of=_ints([w.school for w in people]),
        first_home=first.astype(np.int32),
        step_time=step_time.astype(np.int32),
        step_cost=_parts(step_cost),
        leg_time=np.ascontiguousarray(leg),
        cap=_ints([w.ride_cap_s for w in people]),
        target=_ints([w.ride_target_s for w in people]),
        use=_ints([(w.seats + chair * w.bays) * (w.weekdays >> weekday & 1) for w in people]),
        is_dedicated=_ints([w.assistant == "dedicated" for w in people]),
        earliest=earliest,
        board_from=board_from.astype(np.int32),
        opens=_ints([a - b for a, b in zip(lo, widest, strict=True)]),
        closes=_ints([a - b for a, b in zip(hi, least, strict=True)]),
        start_cost=_parts(start_cost),
        start_time=dwell[count:].copy(),
        end_cost=_parts(end_cost),
        near=nearest,
        place=place,
        room=int(room),
        most_dedicated=key.dedicated if key.dedicated < MOST_CREW else FAR,
        most_schools=instance.rules.max_schools_per_run or FAR,
        excess_per_s=int(instance.rules.ride_excess_gbp_per_min / 60 * PENNY_PARTS),
        least_cost=float(start_cost.min()),
    )


def find_fullest_weekday(instance: Instance) -> int:
    """Return the weekday (0 = Monday) on which most riders travel: loads are relaxed to it."""
    return max(range(5), key=lambda d: sum(w.weekdays >> d & 1 for w in instance.riders))


def weigh_layouts(kind: FleetType) -> tuple[int, int]:
    """Return what a bay weighs in seats, and the room, so that every layout's load fits the room.

    For (16 seats, 0 bays), (13, 1), (10, 2) a bay weighs 3 seats and the room is 16: exact. In
    general the weight under which most layouts are full is taken, and the room is the most of any.
    """
    slopes = {1}
    for one in kind.layouts:
        for other in kind.layouts:
            if other.bays > one.bays and one.seats > other.seats:
                slopes.add((one.seats - other.seats) // (other.bays - one.bays))
    best = (0, 0, 0)
    for weight in sorted(slopes):
        loads = [x.seats + weight * x.bays for x in kind.layouts]
        best = max(best, (loads.count(max(loads)), -weight, max(loads)))
    return -best[1], best[2]


def _may_board(instance: Instance, rider: int, kind: FleetType, key: ModeKey) -> bool:
    who = instance.riders[rider]
    if who.assistant == "shared" and not key.shared:
        return False
    if who.assistant == "dedicated" and not key.dedicated:
        return False
    if (who.needs_lift or who.bays) and not kind.has_lift:
        return False
    if set(who.tags) - set(kind.tags):
        return False
    return any(
        who.seats <= x.seats and who.bays <= x.bays and who.folded_chairs <= x.folded_chairs
        for x in kind.layouts
    )


def _earliest_start(instance: Instance, who: Rider) -> int:
    """C4 in this orientation: the earliest start of service at a home."""
    if instance.session == "AM":
        return instance.rules.earliest_s
    return -instance.rules.latest_s - who.dwell_s


def _chair_extra(instance: Instance, kind: FleetType, people: list[Rider], rate: float) -> Floats:
    """C5: a school's extra dwell for wheelchairs, shared among as many as a vehicle has bays.

    All wheelchair riders of a call are aboard together when it is reached, so there are never more.
    """
    bays = max(x.bays for x in kind.layouts)
    some = [r.weekdays != people[0].weekdays for r in people]
    if not bays or any(some):
        return np.zeros(len(people))
    extra = [instance.schools[w.school].wheelchair_extra_s for w in people]
    return np.array(
        [rate * e * w.bays / bays for e, w in zip(extra, people, strict=True)], dtype=np.float64
    )


def _build_memory(leg: Ints, count: int, near: int) -> tuple[NDArray[np.int8], Ints]:
    """The ng sets: for each node the homes nearest to it, itself first; and each one's place."""
    size = min(near, count)
    apart = np.minimum(leg[:, :count], leg[:count, :].T).astype(np.int64)
    apart[np.arange(count), np.arange(count)] = -1
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :size].astype(np.int32)
    place = np.full((len(leg), count), -1, dtype=np.int8)
    np.put_along_axis(place, nearest.astype(np.int64), np.arange(size, dtype=np.int8)[None], axis=1)
    return place, np.ascontiguousarray(nearest)


def _ints(values: list[int] | list[bool]) -> Ints:
    return np.array(values, dtype=np.int32).reshape(len(values))


def _parts(gbp: NDArray[np.floating[Any]]) -> Ints:
    """Whole parts of a penny, rounded down; far nodes have a cost that no label can pay."""
    return np.minimum(np.floor(gbp * PENNY_PARTS), FAR).astype(np.int32)


def round_duals(duals: Floats) -> Ints:
    """Whole parts of a penny, rounded up."""
    return np.ceil(duals * PENNY_PARTS).astype(np.int32)
