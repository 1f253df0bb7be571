"""The relaxed ground that pricing walks on: one mode = a vehicle type with a crew of assistants.

Built from the instance itself, in the orientation that homes come first and schools last (a PM run
read backwards). Everything here is a relaxation: a run that the checker accepts has, in the mode of
its type and crew, a walk that is never dearer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.bound.boarding import find_fullest_weekday, may_board, weigh_layouts
from solver.bound.memories import MOST_TABLED
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
FAR = 100_000_000
REACHABLE = UNREACHABLE // 2
PENNY_PARTS = 100_000
"""Pricing counts in whole 1/100,000 GBP: costs rounded down, duals up, so that sums are exact."""
MOST_REMEMBERED = 20
"""So many riders at most each node remembers."""
CYCLES_TABLED = 3
"""So many cycles of a walk at most are remembered at once."""
MOST_COUNTED = 8
"""Vehicles with more room are never full, as long as no run is found that would be."""
MOST_CREW = 3
"""Runs with more dedicated assistants than this pay for so many only."""


class Mode(NamedTuple):
    """What a pricing kernel reads. H homes, then S schools, N = H + S nodes; clocks are starts.

    `step_time[i, j]` are the seconds from the start of service at node i to its start at j,
    `step_cost` what that adds, `leg_time` the drive alone and `short_time` the least seconds by any
    way. `ready` to `latest` is when service may start at a home, `opens` to `closes` at a school.
    `reach` are the seconds from the start of service at a home until the school must be reached.
    `use` is what a rider takes of `room` in the table of what may follow, `least_use` the least of
    a school's riders, `takes` what they take of `seats` in labels; 0 where none count. Runs begin
    where `starts`. `near` are the homes that a node remembers (ng), `place[i, h]` where among them,
    or -1: a home itself first, then the `tabled[i]` homes that the table of what may follow
    remembers as well.
    """

    homes: NDArray[np.int64]
    school_of: Ints
    step_time: Ints
    step_cost: Ints
    leg_time: Ints
    short_time: Ints
    reach: Ints
    ready: Ints
    latest: Ints
    opens: Ints
    closes: Ints
    use: Ints
    takes: Ints
    least_use: Ints
    is_dedicated: Ints
    starts: NDArray[np.bool_]
    first_cost: Ints
    last_cost: Ints
    near: Ints
    place: NDArray[np.int8]
    tabled: Ints
    room: int
    seats: int
    most_dedicated: int
    most_schools: int
    least_cost: float


@dataclass(frozen=True, slots=True)
class ModeKey:
    """Vehicle type, whether an assistant for shared riders is aboard, assistants of one's own.

    With :data:`~solver.domain.BY_RIDER` of them it stands for all crews: no run is cheaper.
    """

    vehicle_type: int
    shared: int
    dedicated: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """The most that a mode's vehicle holds at once, and what each of its homes takes of it."""

    room: int
    use: Ints


class Ground:
    """What all modes of a session share: its riders and schools as nodes, and the ways between.

    Nodes are places among `riders`, then schools. `members` are the places of each mode's riders.
    `memory[key][i]` are the riders (as places) that node i remembers in a mode, `tabled[key][i]`
    those whom the table of what may follow remembers there, and so the node does too; they grow
    while bounding. `counted` are the modes whose seats tables and labels count, `filled` those
    where labels alone do (:meth:`count_seats`); `seat_price` is what a seat costs in tables that
    do not (:mod:`solver.bound.filling`), whole parts of a penny.
    """

    def __init__(
        self, instance: Instance, matrix: TravelMatrix, riders: list[int], near: int
    ) -> None:
        self.instance, self.riders = instance, riders
        self.weekday = find_fullest_weekday(instance)
        self.is_pm = instance.session == "PM"
        people = [instance.riders[r] for r in riders]
        schools = instance.schools
        self.stops = np.array([w.stop for w in people] + [s.stop for s in schools], dtype=np.int64)
        self.table_s = matrix.time_s.T if self.is_pm else matrix.time_s
        self.table_m = matrix.dist_m.T if self.is_pm else matrix.dist_m
        between = np.ix_(self.stops, self.stops)
        self.leg_time = self.table_s[between].astype(np.int32)
        self.metres = self.table_m[between].astype(np.int32)
        count = len(people)
        self.dwell = _ints([w.dwell_s for w in people] + [s.dwell_s for s in schools])
        self.step_time = self.leg_time + self.dwell[:, None]
        self.reach = _ints([w.ride_cap_s + w.dwell_s for w in people])
        self.earliest = _ints([_earliest_start(instance, w) for w in people])
        extra = instance.rules.shared_door_extra_s
        if extra is not None:
            is_door = self.stops[:count, None] == self.stops[None, :count]
            self.step_time[:count, :count][is_door] = extra
            self.reach += is_door @ (self.dwell[:count] + extra) - self.dwell[:count]
            self.earliest[(is_door.sum(axis=1) > 1) & self.is_pm] = -FAR
        self.short_time = _find_shortest(np.where(self.leg_time >= REACHABLE, FAR, self.step_time))
        self.members = self._list_modes()
        nearest = _remember_near(self.leg_time, count, near)
        self.memory = {key: [list(kept) for kept in nearest] for key in self.members}
        self.tabled: dict[ModeKey, list[list[int]]] = {
            key: [[] for _ in nearest] for key in self.members
        }
        self.seat_price = dict.fromkeys(self.members, 0)
        self.counted = {key for key in self.members if self._count_room(key) <= MOST_COUNTED}
        self.filled: set[ModeKey] = set()

    def _list_modes(self) -> dict[ModeKey, list[int]]:
        """The modes that could carry any of the riders, each with their places."""
        needs = {self.instance.riders[r].assistant for r in self.riders}
        shared = (0, 1) if "shared" in needs else (0,)
        dedicated = (*range(MOST_CREW + 1), BY_RIDER) if "dedicated" in needs else (0,)
        kinds = [k for k, kind in enumerate(self.instance.fleet) if kind.count != 0]
        keys = [ModeKey(*numbers) for numbers in product(kinds, shared, dedicated)]
        listed = {key: self._list_members(key) for key in keys}
        return {key: members for key, members in listed.items() if members}

    def _list_members(self, key: ModeKey) -> list[int]:
        """The places of the riders of a mode; none where its crew would have nobody to look after.

        Nor where its crew fills the vehicle.
        """
        kind = self.instance.fleet[key.vehicle_type]
        crew = {"has_shared": key.shared > 0, "has_own": key.dedicated != 0}
        people = [self.instance.riders[r] for r in self.riders]
        may = [x for x, who in enumerate(people) if may_board(who, kind, **crew)]
        needs = {self.instance.riders[self.riders[x]].assistant for x in may}
        is_idle = (key.shared and "shared" not in needs) or (
            key.dedicated and "dedicated" not in needs
        )
        return [] if is_idle or self._count_room(key) < 0 else may

    def _count_room(self, key: ModeKey) -> int:
        """The room of a mode's vehicle, less its crew where they travel on the fullest weekday."""
        assisted = [w for w in self.instance.riders if w.assistant != "none"]
        is_daily = all(w.weekdays >> self.weekday & 1 for w in assisted)
        _, room = weigh_layouts(self.instance.fleet[key.vehicle_type])
        return room - (key.shared + max(key.dedicated, 0) if is_daily else 0)

    def _take_room(self, key: ModeKey, who: Rider) -> int:
        """What a rider takes of a mode's room on the fullest weekday, with whom they pay for."""
        chair, _ = weigh_layouts(self.instance.fleet[key.vehicle_type])
        beside = key.dedicated == BY_RIDER and who.assistant == "dedicated"
        return (who.seats + chair * who.bays + beside) * (who.weekdays >> self.weekday & 1)

    def find_capacity(self, key: ModeKey) -> Capacity | None:
        """The capacity of a mode whose seats tables do not count; None where they do."""
        return None if key in self.counted else self._measure(key)

    def _measure(self, key: ModeKey) -> Capacity:
        people = [self.instance.riders[self.riders[x]] for x in self.members[key]]
        return Capacity(self._count_room(key), _ints([self._take_room(key, w) for w in people]))

    def count_seats(self, key: ModeKey, walk: list[int]) -> bool:
        """Let labels count a mode's seats if a walk is too full for it; whether that is new.

        `walk` are places among the riders, and schools after them.
        """
        if key in self.counted or key in self.filled:
            return False
        room = self._count_room(key)
        aboard = [0] * len(self.instance.schools)
        for node in walk:
            if node < len(self.riders):
                who = self.instance.riders[self.riders[node]]
                aboard[who.school] += self._take_room(key, who)
            else:
                aboard[node - len(self.riders)] = 0
            if sum(aboard) > room:
                self.filled.add(key)
                return True
        return False

    def build_mode(self, key: ModeKey) -> Mode:
        """Build what pricing reads for a mode, with what nodes remember now."""
        instance, schools = self.instance, self.instance.schools
        kind = instance.fleet[key.vehicle_type]
        places = self.members[key]
        people = [instance.riders[self.riders[x]] for x in places]
        count = len(people)
        nodes = np.array([*places, *range(len(self.riders), len(self.stops))], dtype=np.int64)
        between = np.ix_(nodes, nodes)
        stops, dwell = self.stops[nodes], self.dwell[nodes]
        step_time, short_time = self.step_time[between], self.short_time[between]
        school_of = _ints([w.school for w in people])
        straight = short_time[np.arange(count), count + school_of]
        crew = key.shared + max(key.dedicated, 0)
        rate = kind.per_driver_s + crew * instance.pa_per_s
        per_m = np.full(step_time.shape, kind.per_live_m)
        per_m[count:, :count] = min(kind.per_live_m, kind.per_dead_m)
        over = np.maximum(straight - dwell[:count] - [w.ride_target_s for w in people], 0)
        boarding = _chair_extra(instance, kind, people, rate)
        boarding = boarding + over * (instance.rules.ride_excess_gbp_per_min / 60)
        legs = self._list_base_legs(kind, stops, count)
        if key.dedicated == BY_RIDER:
            paid_s = straight + dwell[count + school_of] + sum(int(leg.min()) for leg, _ in legs)
            own = [w.assistant == "dedicated" for w in people]
            boarding = boarding + own * (instance.pa_fixed + paid_s * instance.pa_per_s)
        step_cost = step_time * rate + self.metres[between] * per_m
        step_cost[:, :count] += boarding[None, :]
        first_cost = kind.session_charge + crew * instance.pa_fixed + boarding
        last_cost = dwell[count:] * rate
        if kind.base is not None:
            out, back = (s * rate + m * kind.per_dead_m for s, m in legs)
            first_cost, last_cost = first_cost + out, last_cost + back
        widest = [s.dwell_s + s.wheelchair_extra_s if self.is_pm else 0 for s in schools]
        least = [s.dwell_s if self.is_pm else 0 for s in schools]
        lo = [-s.window_to_s if self.is_pm else s.window_from_s for s in schools]
        hi = [-s.window_from_s if self.is_pm else s.window_to_s for s in schools]
        opens = _ints([a - b for a, b in zip(lo, widest, strict=True)])
        closes = _ints([a - b for a, b in zip(hi, least, strict=True)])
        endless, real = Capacity(0, np.zeros(count, dtype=np.int32)), self._measure(key)
        tabled_seats = real if key in self.counted else endless
        seats = real if key in self.counted | self.filled else endless
        least_use = np.full(len(schools), tabled_seats.room + 1, dtype=np.int32)
        np.minimum.at(least_use, school_of, tabled_seats.use)
        near, place, tabled = self._lay_memory(key, nodes, places)
        return Mode(
            homes=np.array([self.riders[x] for x in places], dtype=np.int64),
            school_of=school_of,
            step_time=step_time,
            step_cost=_parts(step_cost),
            leg_time=self.leg_time[between],
            short_time=short_time,
            reach=self.reach[places],
            ready=np.maximum(self.earliest[places], opens[school_of] - self.reach[places]),
            latest=closes[school_of] - straight,
            opens=opens,
            closes=closes,
            use=tabled_seats.use,
            takes=seats.use,
            least_use=least_use,
            is_dedicated=_ints([w.assistant == "dedicated" for w in people]),
            starts=np.ones(count, dtype=np.bool_),
            first_cost=_parts(first_cost),
            last_cost=_parts(last_cost),
            near=near,
            place=place,
            tabled=tabled,
            room=tabled_seats.room,
            seats=seats.room,
            most_dedicated=key.dedicated if 0 <= key.dedicated < MOST_CREW else FAR,
            most_schools=instance.rules.max_schools_per_run or FAR,
            least_cost=float((first_cost + straight * rate).min() + last_cost.min()),
        )

    def _list_base_legs(
        self, kind: FleetType, stops: NDArray[np.int64], homes: int
    ) -> list[tuple[Ints, Ints]]:
        """Seconds and metres from a type's base to homes and from schools to it; none without."""
        if kind.base is None:
            return []
        out, back = (kind.base, stops[:homes]), (stops[homes:], kind.base)
        return [(self.table_s[way], self.table_m[way]) for way in (out, back)]

    def _lay_memory(
        self, key: ModeKey, nodes: NDArray[np.int64], places: list[int]
    ) -> tuple[Ints, NDArray[np.int8], Ints]:
        """What a mode's nodes remember of its homes, -1 to fill, and each home's place there.

        And how many of those the table remembers.
        """
        local = {x: h for h, x in enumerate(places)}
        tabled = [self.tabled[key][i] for i in nodes.tolist()]
        kept = []
        for i, first in zip(nodes.tolist(), tabled, strict=True):
            own = [i] if i < len(self.riders) else []
            some = dict.fromkeys([*own, *first, *self.memory[key][i]])
            kept.append([local[x] for x in some if x in local])
        near = np.full((len(nodes), max(map(len, kept))), -1, dtype=np.int32)
        place = np.full((len(nodes), len(places)), -1, dtype=np.int8)
        for i, homes in enumerate(kept):
            near[i, : len(homes)] = homes
            place[i, homes] = np.arange(len(homes))
        return near, place, _ints([len(first) for first in tabled])

    def remember_cycle(self, key: ModeKey, walk: list[int]) -> bool:
        """Let the nodes of the shortest cycle of a walk remember its rider; whether they can.

        `walk` are places among the riders, and schools after them.
        """
        memory, cycles = self.memory[key], self._list_cycles(walk)
        is_known = any(all(rider in memory[i] for i in way) for rider, *way in cycles)
        return is_known or _remember(memory, cycles, MOST_REMEMBERED)

    def table_cycle(self, key: ModeKey, walk: list[int]) -> bool:
        """Let the table remember the riders of a walk's shortest cycles; whether it can."""
        return _remember(self.tabled[key], self._list_cycles(walk), MOST_TABLED, CYCLES_TABLED)

    def inherit(self, key: ModeKey, other: ModeKey) -> None:
        """Let a mode begin with what another remembers and has learned."""
        self.seat_price[key] = self.seat_price[other]
        self.filled |= {key} if other in self.filled else set()
        self.memory[key] = [list(kept) for kept in self.memory[other]]
        inside = set(self.members[key])
        self.tabled[key] = [[x for x in kept if x in inside] for kept in self.tabled[other]]

    def count_tabled(self, key: ModeKey) -> Ints:
        """How many riders each node of a mode remembers in the table now."""
        homes = [self.tabled[key][x] for x in self.members[key]]
        return _ints([len(kept) for kept in (*homes, *self.tabled[key][len(self.riders) :])])

    def list_tabled(self) -> Iterator[Remembered]:
        """What the table remembers in each mode, with riders and nodes of the instance."""
        first = len(self.instance.riders)
        nodes = [*self.riders, *range(first, first + len(self.instance.schools))]
        for key, kept in self.tabled.items():
            for node, places in zip(nodes, kept, strict=True):
                if places:
                    riders = tuple(self.riders[x] for x in places)
                    crew = (key.shared, key.dedicated)
                    yield Remembered(key.vehicle_type, crew, node, riders)

    def list_seat_prices(self) -> Iterator[SeatPrice]:
        """What a seat costs in the modes that have a price for it, GBP."""
        for key, price in self.seat_price.items():
            if price:
                yield SeatPrice(key.vehicle_type, (key.shared, key.dedicated), price / PENNY_PARTS)

    def _list_cycles(self, walk: list[int]) -> list[list[int]]:
        """The ways from a rider to the same rider again, the shortest first."""
        last: dict[int, int] = {}
        cycles: list[list[int]] = []
        for at, node in enumerate(walk):
            if node in last and node < len(self.riders):
                cycles.append(walk[last[node] : at])
            last[node] = at
        return sorted(cycles, key=len)


def _remember(memory: list[list[int]], cycles: list[list[int]], most: int, some: int = 1) -> bool:
    """Let the nodes of the first cycles that they have room for remember their riders."""
    learned = 0
    for rider, *between in cycles:
        kept = [memory[node] for node in between if rider not in memory[node]]
        if kept and all(len(riders) < most for riders in kept):
            for riders in kept:
                if rider not in riders:
                    riders.append(rider)
            learned += 1
            if learned == some:
                break
    return learned > 0


def keep_near(mode: Mode, most: int) -> Mode:
    """The mode without its far ways: each node is followed by so many homes, the nearest."""
    homes = len(mode.homes)
    if homes <= most:
        return mode
    leg_time = mode.leg_time.copy()
    far = np.argpartition(leg_time[:, :homes], most, axis=1)[:, most:]
    np.put_along_axis(leg_time, far, REACHABLE, axis=1)
    return mode._replace(leg_time=leg_time)


def cost_of(mode: Mode, nodes: Sequence[int]) -> float:
    """The least cost of a walk over a mode's nodes, GBP."""
    return count_parts(mode, nodes) / PENNY_PARTS


def count_parts(mode: Mode, nodes: Sequence[int]) -> int:
    """The least cost of a walk over a mode's nodes, whole parts of a penny."""
    parts = int(mode.first_cost[nodes[0]]) + int(mode.last_cost[nodes[-1] - len(mode.homes)])
    return parts + sum(int(mode.step_cost[a, b]) for a, b in pairwise(nodes))


def _remember_near(leg_time: Ints, count: int, near: int) -> list[list[int]]:
    """What each node remembers at first (ng): the riders nearest to it, itself first."""
    apart = np.minimum(leg_time[:, :count], leg_time[:count, :].T).astype(np.int64)
    apart[np.arange(count), np.arange(count)] = -1
    nearest: list[list[int]] = np.argsort(apart, axis=1, kind="stable")[:, :near].tolist()
    return nearest


def _find_shortest(step_time: Ints) -> Ints:
    """The least seconds between nodes by any way, with service on the way; 0 to a node itself."""
    short = step_time.copy()
    np.fill_diagonal(short, 0)
    for via in range(len(short)):
        np.minimum(short, short[:, via, None] + short[None, via, :], out=short)
    return short


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


def _ints(values: list[int] | list[bool]) -> Ints:
    return np.array(values, dtype=np.int32).reshape(len(values))


def _parts(gbp: NDArray[np.floating[Any]]) -> Ints:
    """Whole parts of a penny, rounded down; far nodes have a cost that no label can pay."""
    return np.minimum(np.floor(gbp * PENNY_PARTS), FAR).astype(np.int32)


def round_duals(duals: Floats) -> Ints:
    """Whole parts of a penny, rounded up."""
    return np.ceil(duals * PENNY_PARTS).astype(np.int32)
