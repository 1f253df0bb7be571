"""Where riders fit into a run: each pair of places estimated in constant time, the best one priced.

A run is unfolded once into visits with what the concatenation of timed segments needs (duration,
earliest and latest start of least duration: T. Vidal et al., Computers & Operations Research 40
(2013) 475-489), the slack of the rides aboard, the loads and the metres driven empty. A pair of
places then costs a few dozen operations. The estimate leaves out only waits with riders aboard (in
ride caps and in the price of long rides), so it is never above the exact price; where the exact
price turns out higher, the places of that run are priced exactly one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import (
    INFEASIBLE,
    count_new_types,
    keeps_every_weekday,
    list_weekdays,
    price_new_crews,
    price_run,
    price_type,
)
from solver.state import MAX_NODES, State, find_empty, set_run

# rows of Desk.visit; D, E, L are a segment's duration, earliest and latest start
_STOP, _DWELL, _LOW, _HIGH, _CALL, _NODE, _LONGEST, _COUNT = 0, 1, 2, 3, 4, 5, 6, 7
_HEAD_D, _HEAD_E, _HEAD_L, _TAIL_D, _TAIL_E, _TAIL_L = 8, 9, 10, 11, 12, 13
_NET, _METRES, _EMPTY, _DEAD = 14, 15, 16, 17
_VISIT_ROWS = 18
# rows of Desk.rider
_HOME, _SCHOOL, _RIDE, _CAP, _TARGET = 0, 1, 2, 3, 4
_RIDER_ROWS = 5
# rows of Desk.short: the most of each load of each weekday, the same over the gaps with the party
# aboard, the assistants of each weekday and (in the sixth place) of everyone's day, types allowed,
# riders for whom a type is a change (C13)
_PEAK, _MOST, _CREW, _TYPES, _CHANGES = 0, 1, 2, 3, 4
_SHORT_ROWS = 5
# rows of Desk.bound
_HOME_AT, _CALL_AT, _CALL_FROM, _BOTH_AT = 0, 1, 2, 3
_LATE = 10_000_000
_TIE = 1e-7


class Desk(NamedTuple):
    """Scratch of the estimate, so that nothing is allocated for each run looked at.

    `visit` has a column a visit, `rider` a column a rider aboard, `slack` the seconds by which the
    rides to each call (row) may grow at each gap (column), `load` the seats, bays and folded chairs
    of each weekday (row) at each gap, `bound` what a visit at a home, at the school,
    at the school then or later, and at both adds at least before each visit, GBP; the rows of
    `short` are named above.
    """

    visit: IntArray
    rider: IntArray
    slack: IntArray
    load: IntArray
    short: IntArray
    bound: FloatArray


class Party(NamedTuple):
    """Riders of one school call who board one after the other, as one timed segment."""

    riders: IntArray
    first: int
    last: int
    dwell: int
    longest: int
    net: int
    metres: int
    low: int
    cap: int
    call: int
    is_one_door: bool


class Place(NamedTuple):
    """A pair of places: home before visit `home`, school before visit `school` (-1: as it is).

    With `joins` they board with those of visit `home`, at the same door.
    """

    price: float
    home: int
    school: int
    joins: bool


@njit(cache=True)
def build_desk(types: int) -> Desk:
    """Allocate the scratch arrays."""
    wide = MAX_NODES + 2
    return Desk(
        np.zeros((_VISIT_ROWS, wide), np.int64),
        np.zeros((_RIDER_ROWS, wide), np.int64),
        np.zeros((MAX_NODES, wide), np.int64),
        np.zeros((15, wide), np.int64),
        np.zeros((_SHORT_ROWS, max(15, types)), np.int64),
        np.zeros((4, wide), np.float64),
    )


@njit(cache=True)
def build_party(riders: IntArray, a: Arrays) -> Party:
    """Time the riders' boarding by itself."""
    first, last = a.rider[riders[0]].stop, a.rider[riders[-1]].stop
    total = net = metres = 0
    longest = 0
    cap = _LATE
    low = a.home_from
    is_one_door = a.door_extra >= 0
    for k in range(len(riders)):
        rider = riders[k]
        dwell = a.rider[rider].dwell
        if k > 0:
            before, here = a.rider[riders[k - 1]].stop, a.rider[rider].stop
            if before == here and a.door_extra >= 0:
                grown = max(longest, dwell) + a.door_extra - longest
                longest += grown - a.door_extra
                net += grown
                total += grown
                cap = min(cap, a.rider[rider].cap)
                continue
            is_one_door = False
            gap = int(a.time_s[before, here])
            net += gap
            metres += int(a.dist_m[before, here])
            cap -= gap + dwell
        longest = dwell
        net += dwell
        total += dwell
        cap = min(cap, a.rider[rider].cap)
    if a.is_pm:
        low -= a.rider[riders[0]].dwell
    call = a.rider[riders[0]].school
    return Party(riders, first, last, total, longest, net, metres, low, cap, call, is_one_door)


@njit(cache=True, inline="always")
def _join(
    d1: int, e1: int, l1: int, drive: int, d2: int, e2: int, l2: int
) -> tuple[int, int, int, bool]:
    """Concatenate two timed segments; False where the second cannot be reached in time."""
    shift = d1 + drive
    wait = max(e2 - shift - l1, 0)
    return (
        shift + d2 + wait,
        max(e2 - shift, e1) - wait,
        min(l2 - shift, l1),
        e1 + shift <= l2,
    )


@njit(cache=True)
def _unfold(seq: IntArray, party: Party, desk: Desk, a: Arrays) -> tuple[int, int]:
    """Unfold a run into visits as they will be with the party aboard.

    Returns
    -------
    int, int
        The number of visits, 0 where the run cannot be timed with the party's wheelchairs; and the
        visit that is the party's school, or -1.
    """
    riders = len(a.rider)
    v = desk.visit
    party_bays = 0
    for rider in party.riders:
        party_bays += a.rider[rider].bays
    k = 0
    at = -1
    aboard = 0
    carried = 0
    n = len(seq)
    i = 0
    while i < n:
        node = seq[i]
        v[_NODE, k] = i
        v[_EMPTY, k] = aboard == 0
        if node < riders:
            stop = a.rider[node].stop
            longest = a.rider[node].dwell
            count = 1
            desk.rider[_HOME, carried] = k
            carried += 1
            while (
                a.door_extra >= 0
                and i + 1 < n
                and seq[i + 1] < riders
                and a.rider[seq[i + 1]].stop == stop
            ):
                i += 1
                longest = max(longest, a.rider[seq[i]].dwell)
                count += 1
                desk.rider[_HOME, carried] = k
                carried += 1
            aboard += count
            v[_STOP, k] = stop
            v[_LONGEST, k] = longest
            v[_COUNT, k] = count
            v[_DWELL, k] = longest + (count - 1) * a.door_extra if count > 1 else longest
            v[_LOW, k] = a.home_from - (v[_DWELL, k] if a.is_pm else 0)
            v[_HIGH, k] = _LATE
            v[_CALL, k] = -1
        else:
            call = node - riders
            dwell = a.school[call].dwell
            chairs = party_bays if call == party.call else 0
            for other in seq[:i]:
                if other < riders and a.rider[other].school == call:
                    aboard -= 1
                    chairs += a.rider[other].bays
            if chairs > 0:
                dwell += a.school[call].extra
            shift = dwell if a.is_pm else 0
            v[_STOP, k] = a.school[call].stop
            v[_DWELL, k] = dwell
            v[_COUNT, k] = 0
            v[_LOW, k] = a.school[call].opens - shift
            v[_HIGH, k] = a.school[call].closes - shift
            v[_CALL, k] = call
            if call == party.call:
                at = k
        i += 1
        k += 1
    v[_NODE, k] = n
    v[_EMPTY, k] = 1
    # segments from the front, metres and net time
    v[_HEAD_D, 0], v[_HEAD_E, 0], v[_HEAD_L, 0] = v[_DWELL, 0], v[_LOW, 0], v[_HIGH, 0]
    v[_NET, 0] = v[_METRES, 0] = v[_DEAD, 0] = 0
    for x in range(1, k):
        drive = int(a.time_s[v[_STOP, x - 1], v[_STOP, x]])
        metres = int(a.dist_m[v[_STOP, x - 1], v[_STOP, x]])
        v[_NET, x] = v[_NET, x - 1] + v[_DWELL, x - 1] + drive
        v[_METRES, x] = v[_METRES, x - 1] + metres
        v[_DEAD, x] = v[_DEAD, x - 1] + (metres if v[_EMPTY, x] else 0)
        d, e, late, is_ok = _join(
            v[_HEAD_D, x - 1],
            v[_HEAD_E, x - 1],
            v[_HEAD_L, x - 1],
            drive,
            v[_DWELL, x],
            v[_LOW, x],
            v[_HIGH, x],
        )
        if not is_ok:
            return 0, -1
        v[_HEAD_D, x], v[_HEAD_E, x], v[_HEAD_L, x] = d, e, late
    last = k - 1
    v[_TAIL_D, last], v[_TAIL_E, last], v[_TAIL_L, last] = (
        v[_DWELL, last],
        v[_LOW, last],
        v[_HIGH, last],
    )
    for x in range(k - 2, -1, -1):
        drive = v[_NET, x + 1] - v[_NET, x] - v[_DWELL, x]
        v[_TAIL_D, x], v[_TAIL_E, x], v[_TAIL_L, x], _ = _join(
            v[_DWELL, x],
            v[_LOW, x],
            v[_HIGH, x],
            drive,
            v[_TAIL_D, x + 1],
            v[_TAIL_E, x + 1],
            v[_TAIL_L, x + 1],
        )
    if not _measure_rides(seq, k, desk, a):
        return 0, -1
    return k, at


@njit(cache=True)
def _measure_rides(seq: IntArray, k: int, desk: Desk, a: Arrays) -> bool:
    """Rides without waits, and by how much those to each call may grow at each gap."""
    riders = len(a.rider)
    v, r = desk.visit, desk.rider
    for c in range(k):
        if v[_CALL, c] < 0:
            continue
        for gap in range(c + 1):
            desk.slack[c, gap] = _LATE
        x = -1
        for node in seq:
            if node >= riders:
                continue
            x += 1
            if a.rider[node].school != v[_CALL, c]:
                continue
            home = r[_HOME, x]
            r[_SCHOOL, x] = c
            r[_RIDE, x] = v[_NET, c] - v[_NET, home] - v[_DWELL, home]
            r[_TARGET, x] = a.rider[node].target
            room = a.rider[node].cap - r[_RIDE, x]
            if room < 0:
                return False
            if home + 1 <= c:
                desk.slack[c, home + 1] = min(desk.slack[c, home + 1], room)
        for gap in range(1, c + 1):
            desk.slack[c, gap] = min(desk.slack[c, gap], desk.slack[c, gap - 1])
    return True


@njit(cache=True)
def _load_run(seq: IntArray, k: int, party: Party, desk: Desk, a: Arrays) -> int:
    """Loads at each gap by weekday, their most, and the assistants with the party aboard.

    Returns the number of weekdays that differ (1 where all travel on the same days).
    """
    riders = len(a.rider)
    v = desk.visit
    everyone, union = list_weekdays(seq, a)
    for rider in party.riders:
        everyone &= a.rider[rider].days
        union |= a.rider[rider].days
    days = 1 if everyone == union else 5
    for w in range(days):
        bit = 31 if days == 1 else 1 << w
        seats = chairs = folded = 0
        s, b, f = 3 * w, 3 * w + 1, 3 * w + 2
        desk.short[_PEAK, s] = desk.short[_PEAK, b] = desk.short[_PEAK, f] = 0
        for x in range(k):
            desk.load[s, x], desk.load[b, x], desk.load[f, x] = seats, chairs, folded
            if v[_CALL, x] < 0:
                for i in range(v[_NODE, x], v[_NODE, x + 1]):
                    if a.rider[seq[i]].days & bit:
                        seats += a.rider[seq[i]].seats
                        chairs += a.rider[seq[i]].bays
                        folded += a.rider[seq[i]].folded
            else:
                for i in range(v[_NODE, x]):
                    node = seq[i]
                    if (
                        node < riders
                        and a.rider[node].school == v[_CALL, x]
                        and a.rider[node].days & bit
                    ):
                        seats -= a.rider[node].seats
                        chairs -= a.rider[node].bays
                        folded -= a.rider[node].folded
            desk.short[_PEAK, s] = max(desk.short[_PEAK, s], seats)
            desk.short[_PEAK, b] = max(desk.short[_PEAK, b], chairs)
            desk.short[_PEAK, f] = max(desk.short[_PEAK, f], folded)
        desk.load[s, k] = desk.load[b, k] = desk.load[f, k] = 0
        shared = dedicated = 0
        for node in seq:
            if node < riders and a.rider[node].days & bit:
                shared += a.rider[node].shared
                dedicated += a.rider[node].dedicated
        for rider in party.riders:
            if a.rider[rider].days & bit:
                shared += a.rider[rider].shared
                dedicated += a.rider[rider].dedicated
        if shared > 0:
            shared = 1 if a.riders_per_pa == 0 else -(-shared // a.riders_per_pa)
        desk.short[_CREW, w] = shared + dedicated
    desk.short[_CREW, 5] = desk.short[_CREW, 0]
    if days > 1:
        shared = dedicated = 0
        for node in seq:
            if node < riders:
                shared += a.rider[node].shared
                dedicated += a.rider[node].dedicated
        for rider in party.riders:
            shared += a.rider[rider].shared
            dedicated += a.rider[rider].dedicated
        if shared > 0:
            shared = 1 if a.riders_per_pa == 0 else -(-shared // a.riders_per_pa)
        desk.short[_CREW, 5] = shared + dedicated
    return days


@njit(cache=True)
def _may_join(seq: IntArray, party: Party, has_call: bool, a: Arrays) -> bool:
    """C9, C12: whether the party and the run may be on one vehicle at all."""
    riders = len(a.rider)
    schools = 0
    is_barred = False
    for node in seq:
        if node >= riders:
            schools += 1
        elif a.rider[node].solo > 0:
            return False
        else:
            is_barred = is_barred or a.rider[node].bars > 0
    if not has_call:
        schools += 1
    for rider in party.riders:
        if a.rider[rider].solo > 0:
            return False
        is_barred = is_barred or a.rider[rider].bars > 0
        for x in range(a.conflict_start[rider], a.conflict_start[rider + 1]):
            for node in seq:
                if node == a.conflict_rider[x]:
                    return False
    return not (is_barred and schools > 1) and (a.max_schools == 0 or schools <= a.max_schools)


@njit(cache=True)
def _allow_types(state: State, row: int, party: Party, desk: Desk, a: Arrays) -> None:
    """Mark the vehicle types that are free and have the lift and tags that the run needs."""
    riders = len(a.rider)
    needs_lift = 0
    tags = 0
    for node in state.table[row, : state.length[row]]:
        if node < riders:
            needs_lift |= a.rider[node].lift
            tags |= a.rider[node].tags
    for rider in party.riders:
        needs_lift |= a.rider[rider].lift
        tags |= a.rider[rider].tags
    for t in range(len(a.type)):
        is_free = state.free[t] > 0 or state.kind[row] == t
        desk.short[_TYPES, t] = (
            is_free and (not needs_lift or a.type[t].lift > 0) and not (tags & ~a.type[t].tags)
        )
        if a.change_type > 0:
            changed = count_new_types(state.table[row, : state.length[row]], t, a)
            desk.short[_CHANGES, t] = changed + count_new_types(party.riders, t, a)


@njit(cache=True, inline="always")
def _price(
    duration: int,
    metres: int,
    dead: int,
    seats: int,
    bays: int,
    folded: int,
    first: int,
    last: int,
    limit: float,
    desk: Desk,
    a: Arrays,
) -> float:
    """The cheapest type with a layout that holds the loads; `limit` where none is cheaper."""
    best = limit
    crew = desk.short[_CREW, 5]
    for t in range(len(a.type)):
        if not desk.short[_TYPES, t]:
            continue
        cost = price_type(t, float(duration), metres - dead, dead, crew, first, last, a)
        if a.change_type > 0:
            cost += a.change_type * desk.short[_CHANGES, t]
        if cost >= best:
            continue
        for layout in range(a.layout_start[t], a.layout_start[t + 1]):
            if (
                seats <= a.layout[layout].seats
                and bays <= a.layout[layout].bays
                and folded <= a.layout[layout].folded
            ):
                best = cost
                break
    return best


@njit(cache=True, inline="always")
def _long_rides(
    riders: int,
    home_gap: int,
    home_more: int,
    call_gap: int,
    call_more: int,
    desk: Desk,
    a: Arrays,
) -> float:
    """Price of rides over target (C2) when two gaps grow, waits left out, GBP."""
    r = desk.rider
    over = 0
    for x in range(riders):
        ride = r[_RIDE, x]
        if r[_HOME, x] < home_gap <= r[_SCHOOL, x]:
            ride += home_more
        if r[_HOME, x] < call_gap <= r[_SCHOOL, x]:
            ride += call_more
        over += max(0, ride - r[_TARGET, x])
    return over * a.excess_per_s


@njit(cache=True, inline="always")
def _widen(days: int, gap: int, desk: Desk) -> None:
    """Take a gap's loads into the most over the gaps that the party is aboard."""
    for x in range(3 * days):
        desk.short[_MOST, x] = max(desk.short[_MOST, x], desk.load[x, gap])


@njit(cache=True, inline="always")
def _fill(days: int, party: Party, desk: Desk, a: Arrays) -> tuple[int, int, int]:
    """The most seats, bays and folded chairs with the party aboard where `most` was."""
    seats = bays = folded = 0
    for w in range(days):
        more_s = more_b = more_f = 0
        for rider in party.riders:
            if days == 1 or a.rider[rider].days >> w & 1:
                more_s += a.rider[rider].seats
                more_b += a.rider[rider].bays
                more_f += a.rider[rider].folded
        seats = max(
            seats,
            desk.short[_CREW, w] + max(desk.short[_PEAK, 3 * w], desk.short[_MOST, 3 * w] + more_s),
        )
        bays = max(bays, max(desk.short[_PEAK, 3 * w + 1], desk.short[_MOST, 3 * w + 1] + more_b))
        folded = max(
            folded, max(desk.short[_PEAK, 3 * w + 2], desk.short[_MOST, 3 * w + 2] + more_f)
        )
    return seats, bays, folded


class _Start(NamedTuple):
    """The head of a run with the party taken in after it, as one timed segment up to the party.

    `more_s` and `more_m` are what the run grows by where its next visit, `resume`, follows at once.
    """

    is_timed: bool
    d: int
    e: int
    late: int
    resume: int
    more_s: int
    more_m: int
    metres: int
    dead: int


@njit(cache=True, inline="always")
def _take_in(i: int, joins: bool, k: int, party: Party, desk: Desk, a: Arrays) -> _Start:
    """Board the party before visit i, or with those of visit i at the same door."""
    v = desk.visit
    resume = i + 1 if joins else i
    dwell, low = party.net, party.low
    if joins:
        longest = max(v[_LONGEST, i], party.longest)
        dwell = longest + (v[_COUNT, i] + len(party.riders) - 1) * a.door_extra
        low = a.home_from - (dwell if a.is_pm else 0)
    d, e, late = dwell, low, _LATE
    drive_in = metres_in = metres = dead = 0
    is_timed = True
    if i > 0:
        drive_in = int(a.time_s[v[_STOP, i - 1], party.first])
        metres_in = int(a.dist_m[v[_STOP, i - 1], party.first])
        d, e, late, is_timed = _join(
            v[_HEAD_D, i - 1], v[_HEAD_E, i - 1], v[_HEAD_L, i - 1], drive_in, d, e, late
        )
        metres = v[_METRES, i - 1] + metres_in
        dead = v[_DEAD, i - 1] + (metres_in if v[_EMPTY, i] else 0)
    metres += party.metres
    if joins:
        return _Start(is_timed, d, e, late, resume, dwell - v[_DWELL, i], 0, metres, dead)
    more_s = drive_in + party.net
    more_m = metres_in + party.metres
    if i < k:
        more_s += int(a.time_s[party.last, v[_STOP, i]])
        more_m += int(a.dist_m[party.last, v[_STOP, i]])
        if i > 0:
            more_s -= v[_NET, i] - v[_NET, i - 1] - v[_DWELL, i - 1]
            more_m -= v[_METRES, i] - v[_METRES, i - 1]
    return _Start(is_timed, d, e, late, resume, more_s, more_m, metres, dead)


@njit(cache=True, inline="always")
def _room(gap: int, beyond: int, k: int, desk: Desk) -> int:
    """Seconds by which the rides over a gap may grow, of riders who alight at `beyond` or later."""
    room = _LATE
    for c in range(max(gap, beyond), k):
        if desk.visit[_CALL, c] >= 0:
            room = min(room, desk.slack[c, gap])
    return room


@njit(cache=True)
def bound_home(state: State, row: int, party: Party, a: Arrays) -> float:
    """What a run's price rises at least by the party's homes alone, GBP: decides who is looked at.

    At the rates of the run's type and crew; a wait may take in seconds of the detour. On roads
    where a detour can be shorter than the way (distances), a bound can be a few pence too high.
    """
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    n = state.length[row]
    call = len(a.rider) + party.call
    before = base
    least = INFEASIBLE
    for i in range(n + 1):
        seconds = party.net
        metres = party.metres
        after = a.node_stop[state.table[row, i]] if i < n else -1
        if before >= 0:
            seconds += a.time_s[before, party.first]
            metres += a.dist_m[before, party.first]
        if after >= 0:
            seconds += a.time_s[party.last, after]
            metres += a.dist_m[party.last, after]
            if before >= 0:
                seconds -= a.time_s[before, after]
                metres -= a.dist_m[before, after]
        if 0 < i < n:
            seconds -= state.wait[row]
        if party.is_one_door and party.first in (before, after):
            seconds = metres = 0
        least = min(least, max(seconds, 0) * second + metres * metre)
        if i < n and state.table[row, i] == call:
            break
        before = after
    assistants = 0
    for rider in party.riders:
        assistants += a.rider[rider].dedicated
    if state.crew[row] == 0 and assistants == 0:
        for rider in party.riders:
            if a.rider[rider].shared:
                assistants = 1
    # new riders may make this the run that continues theirs or others' (C13)
    gain = a.change_run * (n + len(party.riders))
    return float(least + assistants * a.pa_fixed - gain)


@njit(cache=True)
def _bound_calls(state: State, row: int, k: int, party: Party, desk: Desk, a: Arrays) -> None:
    """What a visit at the party's school adds at least before each visit, as :func:`bound_home`."""
    v = desk.visit
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    stop = a.school[party.call].stop
    desk.bound[_CALL_FROM, k + 1] = INFEASIBLE
    there_s = a.time_s[party.last, stop] + party.net + a.school[party.call].dwell
    there_m = a.dist_m[party.last, stop] + party.metres
    for j in range(k, -1, -1):
        before = v[_STOP, j - 1] if j > 0 else base
        after = v[_STOP, j] if j < k else base
        seconds, metres = there_s, there_m
        call_s, call_m = a.school[party.call].dwell, 0
        if before >= 0:
            seconds += a.time_s[before, party.first]
            metres += a.dist_m[before, party.first]
            call_s += a.time_s[before, stop]
            call_m += a.dist_m[before, stop]
        if after >= 0:
            seconds += a.time_s[stop, after]
            metres += a.dist_m[stop, after]
            call_s += a.time_s[stop, after]
            call_m += a.dist_m[stop, after]
            if before >= 0:
                seconds -= a.time_s[before, after]
                metres -= a.dist_m[before, after]
                call_s -= a.time_s[before, after]
                call_m -= a.dist_m[before, after]
        if 0 < j < k:
            seconds -= state.wait[row]
            call_s -= state.wait[row]
        if _is_door(j, k, party, desk):
            seconds = metres = 0
        desk.bound[_BOTH_AT, j] = max(seconds, 0) * second + metres * metre
        desk.bound[_CALL_AT, j] = max(call_s, 0) * second + call_m * metre
        desk.bound[_CALL_FROM, j] = min(desk.bound[_CALL_FROM, j + 1], desk.bound[_CALL_AT, j])


@njit(cache=True)
def _bound_homes(state: State, row: int, k: int, party: Party, desk: Desk, a: Arrays) -> None:
    """What the party's homes add at least before each visit, where other visits follow."""
    v = desk.visit
    kind = state.kind[row]
    base = a.type[kind].base_stop
    second = a.type[kind].driver + state.crew[row] * a.pa_per_s
    metre = min(a.type[kind].live, a.type[kind].dead)
    before = base
    for i in range(k):
        after = v[_STOP, i]
        seconds = party.net + a.time_s[party.last, after]
        metres = party.metres + int(a.dist_m[party.last, after])
        if before >= 0:
            seconds += a.time_s[before, party.first] - a.time_s[before, after]
            metres += a.dist_m[before, party.first] - a.dist_m[before, after]
        if i > 0:
            seconds -= state.wait[row]
        if _is_door(i, k, party, desk):
            seconds = metres = 0
        desk.bound[_HOME_AT, i] = max(seconds, 0) * second + metres * metre
        before = after
    desk.bound[_HOME_AT, k] = 0.0


@njit(cache=True)
def _price_home(
    i: int,
    joins: bool,
    k: int,
    at: int,
    carried: int,
    days: int,
    limit: float,
    party: Party,
    desk: Desk,
    a: Arrays,
) -> float:
    """Price of a run that calls at the party's school already, the party taken in at visit i."""
    v = desk.visit
    s = _take_in(i, joins, k, party, desk, a)
    if not s.is_timed or s.more_s > _room(i, 0, k, desk):
        return limit
    resume = s.resume
    drive = 0
    if joins:
        drive = v[_NET, resume] - v[_NET, i] - v[_DWELL, i]
        metres = s.metres + v[_METRES, resume] - v[_METRES, i]
    else:
        drive = int(a.time_s[party.last, v[_STOP, resume]])
        metres = s.metres + int(a.dist_m[party.last, v[_STOP, resume]])
    if drive + v[_NET, at] - v[_NET, resume] > party.cap:
        return limit
    duration, _, _, is_timed = _join(
        s.d, s.e, s.late, drive, v[_TAIL_D, resume], v[_TAIL_E, resume], v[_TAIL_L, resume]
    )
    if not is_timed:
        return limit
    metres += v[_METRES, k - 1] - v[_METRES, resume]
    dead = s.dead + v[_DEAD, k - 1] - v[_DEAD, at]
    penalty = 0.0
    if a.excess_per_s > 0:
        ride = drive + v[_NET, at] - v[_NET, resume]
        penalty = _long_rides(carried, i, s.more_s, -1, 0, desk, a) + _own_long_rides(
            ride, party, a
        )
    seats, bays, folded = _fill(days, party, desk, a)
    first = v[_STOP, 0] if i > 0 else party.first
    last = v[_STOP, k - 1]
    price = _price(
        duration, metres, dead, seats, bays, folded, first, last, limit - penalty, desk, a
    )
    return price + penalty


@njit(cache=True, inline="always")
def _own_long_rides(ride: int, party: Party, a: Arrays) -> float:
    """Price of the party's own ride over target from the last of its doors, GBP: a lower bound."""
    over = 0
    for rider in party.riders:
        over += max(0, ride - a.rider[rider].target)
    return over * a.excess_per_s


@njit(cache=True)
def _price_pair(
    i: int,
    joins: bool,
    k: int,
    carried: int,
    days: int,
    floor: float,
    limit: float,
    party: Party,
    desk: Desk,
    a: Arrays,
) -> tuple[float, int]:
    """Price of the best place for the school's visit when the party is taken in at visit i.

    Returns
    -------
    float, int
        The price, `limit` where none is cheaper, and the visit before which the school is called.
    """
    v = desk.visit
    s = _take_in(i, joins, k, party, desk, a)
    best, best_j = limit, -1
    if not s.is_timed:
        return best, best_j
    stop = a.school[party.call].stop
    dwell = a.school[party.call].dwell
    for rider in party.riders:
        if a.rider[rider].bays > 0:
            dwell += a.school[party.call].extra
            break
    shift = dwell if a.is_pm else 0
    low, high = a.school[party.call].opens - shift, a.school[party.call].closes - shift
    for x in range(3 * days):
        desk.short[_MOST, x] = 0
    if not joins:
        _widen(days, i, desk)
    d, e, late = s.d, s.e, s.late
    here = party.last
    metres = s.metres
    ride = 0
    at_visit = s.resume
    first = v[_STOP, 0] if i > 0 else party.first
    room = _room(i, 0, k, desk)
    for j in range(s.resume, k + 1):
        is_next = j == s.resume and not joins
        if not is_next:
            if s.more_s > room:
                break
            if floor + desk.bound[_HOME_AT, i] + desk.bound[_CALL_AT, j] >= best:
                continue
        # the vehicle goes on to visit j - 1 with the party aboard
        is_late = False
        while at_visit < j:
            x = at_visit
            if x == s.resume and not joins:
                drive = int(a.time_s[here, v[_STOP, x]])
                metres += int(a.dist_m[here, v[_STOP, x]])
            else:
                drive = v[_NET, x] - v[_NET, x - 1] - v[_DWELL, x - 1]
                metres += v[_METRES, x] - v[_METRES, x - 1]
            d, e, late, is_timed = _join(d, e, late, drive, v[_DWELL, x], v[_LOW, x], v[_HIGH, x])
            ride += drive + v[_DWELL, x]
            here = v[_STOP, x]
            at_visit += 1
            if not is_timed or ride > party.cap:
                is_late = True
                break
            if at_visit < j or joins:
                _widen(days, at_visit, desk)
        if is_late:
            break
        _widen(days, j, desk)
        to_call = int(a.time_s[here, stop])
        if ride + to_call > party.cap:
            continue
        ad, ae, al, is_timed = _join(d, e, late, to_call, dwell, low, high)
        if not is_timed:
            continue
        all_metres = metres + int(a.dist_m[here, stop])
        dead = s.dead
        last = stop
        home_more, call_more = s.more_s, to_call + dwell
        if j < k:
            onward = int(a.time_s[stop, v[_STOP, j]])
            ad, ae, al, is_timed = _join(
                ad, ae, al, onward, v[_TAIL_D, j], v[_TAIL_E, j], v[_TAIL_L, j]
            )
            if not is_timed:
                continue
            metres_on = int(a.dist_m[stop, v[_STOP, j]])
            all_metres += metres_on + v[_METRES, k - 1] - v[_METRES, j]
            dead += v[_DEAD, k - 1] - v[_DEAD, j] + (metres_on if v[_EMPTY, j] else 0)
            last = v[_STOP, k - 1]
            call_more += onward
        if is_next:
            # home and school one after the other: one detour over gap i
            call_more = 0
            home_more = to_call + dwell + party.net
            if i > 0:
                home_more += int(a.time_s[v[_STOP, i - 1], party.first])
            if j < k:
                home_more += int(a.time_s[stop, v[_STOP, j]])
                if i > 0:
                    home_more -= v[_NET, i] - v[_NET, i - 1] - v[_DWELL, i - 1]
            if home_more > _room(i, 0, k, desk):
                continue
        else:
            if j < k:
                call_more -= v[_NET, j] - v[_NET, j - 1] - v[_DWELL, j - 1]
            if call_more > _room(j, 0, k, desk) or home_more + call_more > _room(i, j, k, desk):
                continue
        penalty = 0.0
        if a.excess_per_s > 0:
            penalty = _long_rides(carried, i, home_more, j, call_more, desk, a)
            penalty += _own_long_rides(ride + to_call, party, a)
        seats, bays, folded = _fill(days, party, desk, a)
        price = penalty + _price(
            ad, all_metres, dead, seats, bays, folded, first, last, best - penalty, desk, a
        )
        if price < best - _TIE:
            best, best_j = price, j
    return best, best_j


@njit(cache=True)
def find_place(
    state: State, row: int, party: Party, limit: float, blink: float, desk: Desk, a: Arrays
) -> Place:
    """Find the place in a run where the estimated price rises least, if by less than `limit`.

    `blink` is the share of places passed over by chance. Without a place, `home` is -1.
    """
    seq = state.table[row, : state.length[row]]
    best = Place(limit, -1, -1, False)
    has_call = False
    carried = 0
    for node in seq:
        has_call = has_call or node == len(a.rider) + party.call
        carried += node < len(a.rider)
    if not _may_join(seq, party, has_call, a):
        return best
    k, at = _unfold(seq, party, desk, a)
    if k == 0:
        return best
    _allow_types(state, row, party, desk, a)
    days = _load_run(seq, k, party, desk, a)
    desk.short[_MOST] = 0
    # what the estimate leaves out is taken off: old and floor are the run's price without the new
    # and without the present crews' changes (C13)
    old = state.price[row] - price_new_crews(seq, party.riders, a)
    floor = state.price[row] - price_new_crews(seq, seq[:0], a)
    _bound_homes(state, row, k, party, desk, a)
    if at < 0:
        _bound_calls(state, row, k, party, desk, a)
    last_home = at if at >= 0 else k
    for x in range(last_home + 1):
        # with the school called at already, later homes come first: the gaps aboard only grow
        i = last_home - x if at >= 0 else x
        joins = _is_door(i, k, party, desk)
        is_beside = i > 0 and _is_door(i - 1, k, party, desk)
        if at >= 0 and not joins:
            _widen(days, i, desk)
        is_passed_over = blink > 0 and np.random.random() < blink
        if at >= 0:
            least = desk.bound[_HOME_AT, i]
        else:
            apart = desk.bound[_HOME_AT, i] + desk.bound[_CALL_FROM, i + 1]
            least = min(apart, desk.bound[_BOTH_AT, i])
        is_passed_over = is_passed_over or floor + least >= old + best.price
        if (joins or not is_beside) and not is_passed_over:
            limit = old + best.price
            j = -1
            if at >= 0:
                price = _price_home(i, joins, k, at, carried, days, limit, party, desk, a)
            else:
                price, j = _price_pair(i, joins, k, carried, days, floor, limit, party, desk, a)
            if price < limit - _TIE:
                best = Place(price - old, i, j, joins)
        if at >= 0 and joins:
            _widen(days, i, desk)
    return best


@njit(cache=True, inline="always")
def _is_door(i: int, k: int, party: Party, desk: Desk) -> bool:
    """Whether visit i is at the one door where the party boards."""
    return (
        party.is_one_door
        and i < k
        and desk.visit[_CALL, i] < 0
        and desk.visit[_STOP, i] == party.first
    )


@njit(cache=True)
def compose(
    seq: IntArray, place: Place, party: Party, trial: IntArray, desk: Desk, a: Arrays
) -> int:
    """Write the run with the party at a place into `trial`; returns its length."""
    g = len(party.riders)
    n = len(seq)
    h = desk.visit[_NODE, place.home]
    s = desk.visit[_NODE, place.school] if place.school >= 0 else n
    if place.joins:
        h = desk.visit[_NODE, place.home + 1]
    trial[:h] = seq[:h]
    trial[h : h + g] = party.riders
    if place.school < 0:
        trial[h + g : n + g] = seq[h:]
        return n + g
    trial[h + g : s + g] = seq[h:s]
    trial[s + g] = len(a.rider) + party.call
    trial[s + g + 1 : n + g + 1] = seq[s:]
    return n + g + 1


@njit(cache=True)
def _price_every_place(
    state: State, row: int, party: Party, best: float, trial: IntArray, answer: IntArray, a: Arrays
) -> tuple[float, int]:
    """Price every place of a run exactly: the way out where waits aboard defeat the estimate.

    Returns
    -------
    float, int
        The least price added, `best` where none is less; the length of the sequence in `answer`.
    """
    seq = state.table[row, : state.length[row]]
    n, g = len(seq), len(party.riders)
    call = len(a.rider) + party.call
    at = -1
    for x in range(n):
        if seq[x] == call:
            at = x
    size = 0
    for h in range((n if at < 0 else at) + 1):
        for j in range(h, (n if at < 0 else h) + 1):
            trial[:h] = seq[:h]
            trial[h : h + g] = party.riders
            length = n + g
            if at >= 0:
                trial[h + g : length] = seq[h:]
            else:
                length += 1
                trial[h + g : j + g] = seq[h:j]
                trial[j + g] = call
                trial[j + g + 1 : length] = seq[j:]
            cost, penalty, _, _ = price_run(trial[:length], state.free, a)
            added = cost + penalty - state.price[row]
            if added < best and keeps_every_weekday(trial[:length], a):
                best = added
                size = length
                answer[:length] = trial[:length]
    return best, size


@njit(cache=True)
def insert_group(
    state: State,
    group: IntArray,
    neighbours: IntArray,
    checked: IntArray,
    stamp: int,
    blink: float,
    desk: Desk,
    a: Arrays,
) -> int:
    """Insert riders of one school call at the cheapest place; the row, or -1 where none is left.

    Parameters
    ----------
    neighbours
        (R, k) nearest riders: only their runs are looked at, and a run of the group's own.
    checked, stamp
        Scratch of one int a row, and a number not used before.
    blink
        Share of places passed over by chance (numba's own generator, seeded by the caller).
    """
    g = len(group)
    party = build_party(group, a)
    trial = np.empty(MAX_NODES, np.int64)
    answer = np.empty(MAX_NODES, np.int64)
    answer[:g] = group
    answer[g] = len(a.rider) + party.call
    size = g + 1
    cost, penalty, _, _ = price_run(answer[:size], state.free, a)
    best = cost + penalty
    if best < INFEASIBLE and not keeps_every_weekday(answer[:size], a):
        best = INFEASIBLE
    best_row = -1
    rows = np.empty(neighbours.shape[1], np.int64)
    bound = np.empty(neighbours.shape[1], np.float64)
    count = 0
    for near in neighbours[group[0]]:
        row = state.run_of[near]
        if row < 0 or checked[row] == stamp:
            continue
        checked[row] = stamp
        if state.length[row] + g + 1 <= MAX_NODES:
            rows[count] = row
            bound[count] = bound_home(state, row, party, a)
            count += 1
    for x in np.argsort(bound[:count]):
        if bound[x] >= best:
            break
        row = rows[x]
        n = state.length[row]
        place = find_place(state, row, party, best, blink, desk, a)
        if place.home < 0:
            continue
        seq = state.table[row, :n]
        length = compose(seq, place, party, trial, desk, a)
        state.free[state.kind[row]] += 1
        cost, penalty, _, _ = price_run(trial[:length], state.free, a)
        added = cost + penalty - state.price[row]
        if a.change_time > 0 or added <= place.price + 1e-6:
            # (changed times, C13, are in the exact price alone, so it is nearly always higher)
            if added < best and keeps_every_weekday(trial[:length], a):
                best, size, best_row = added, length, row
                answer[:length] = trial[:length]
        else:
            least, length = _price_every_place(state, row, party, best, trial, answer, a)
            if length > 0:
                best, size, best_row = least, length, row
        state.free[state.kind[row]] -= 1
    if best == INFEASIBLE:
        return -1
    if best_row < 0:
        best_row = find_empty(state)
    return best_row if set_run(state, best_row, answer[:size], a) else -1
