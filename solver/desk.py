"""A run laid out on the desk: its visits as timed segments, rides, loads, and who may come aboard.

A segment is what a stretch of visits needs to be joined to others in constant time: its least
duration, and the earliest and latest start that have it (T. Vidal, T. Crainic, M. Gendreau and
C. Prins, Computers & Operations Research 40 (2013) 475-489).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import count_new_types, list_weekdays, size_crew
from solver.state import MAX_NODES, State

# rows of Desk.visit; D, E, L are a segment's duration, earliest and latest start
STOP, DWELL, LOW, HIGH, CALL, NODE, LONGEST, COUNT = 0, 1, 2, 3, 4, 5, 6, 7
HEAD_D, HEAD_E, HEAD_L, TAIL_D, TAIL_E, TAIL_L = 8, 9, 10, 11, 12, 13
NET, METRES, EMPTY, DEAD = 14, 15, 16, 17
_VISIT_ROWS = 18
# rows of Desk.rider
HOME, SCHOOL, RIDE, TARGET = 0, 1, 2, 3
_RIDER_ROWS = 4
# rows of Desk.short: the most of each load of each weekday, the same over the gaps with the party
# aboard, the assistants of each weekday and (in the sixth place) of everyone's day, types allowed,
# riders for whom a type is a change (C13)
PEAK, MOST, CREW, TYPES, CHANGES = 0, 1, 2, 3, 4
_SHORT_ROWS = 5
# rows of Desk.bound
HOME_AT, CALL_AT, CALL_FROM, BOTH_AT = 0, 1, 2, 3
LATE = 10_000_000


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
    cap = LATE
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
def join(
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
def unfold(seq: IntArray, party: Party, desk: Desk, a: Arrays) -> tuple[int, int]:
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
        v[NODE, k] = i
        v[EMPTY, k] = aboard == 0
        if node < riders:
            stop = a.rider[node].stop
            longest = a.rider[node].dwell
            count = 1
            desk.rider[HOME, carried] = k
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
                desk.rider[HOME, carried] = k
                carried += 1
            aboard += count
            v[STOP, k] = stop
            v[LONGEST, k] = longest
            v[COUNT, k] = count
            v[DWELL, k] = longest + (count - 1) * a.door_extra if count > 1 else longest
            v[LOW, k] = a.home_from - (v[DWELL, k] if a.is_pm else 0)
            v[HIGH, k] = LATE
            v[CALL, k] = -1
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
            v[STOP, k] = a.school[call].stop
            v[DWELL, k] = dwell
            v[COUNT, k] = 0
            v[LOW, k] = a.school[call].opens - shift
            v[HIGH, k] = a.school[call].closes - shift
            v[CALL, k] = call
            if call == party.call:
                at = k
        i += 1
        k += 1
    v[NODE, k] = n
    v[EMPTY, k] = 1
    # segments from the front, metres and net time
    v[HEAD_D, 0], v[HEAD_E, 0], v[HEAD_L, 0] = v[DWELL, 0], v[LOW, 0], v[HIGH, 0]
    v[NET, 0] = v[METRES, 0] = v[DEAD, 0] = 0
    for x in range(1, k):
        drive = int(a.time_s[v[STOP, x - 1], v[STOP, x]])
        metres = int(a.dist_m[v[STOP, x - 1], v[STOP, x]])
        v[NET, x] = v[NET, x - 1] + v[DWELL, x - 1] + drive
        v[METRES, x] = v[METRES, x - 1] + metres
        v[DEAD, x] = v[DEAD, x - 1] + (metres if v[EMPTY, x] else 0)
        d, e, late, is_ok = join(
            v[HEAD_D, x - 1],
            v[HEAD_E, x - 1],
            v[HEAD_L, x - 1],
            drive,
            v[DWELL, x],
            v[LOW, x],
            v[HIGH, x],
        )
        if not is_ok:
            return 0, -1
        v[HEAD_D, x], v[HEAD_E, x], v[HEAD_L, x] = d, e, late
    last = k - 1
    v[TAIL_D, last], v[TAIL_E, last], v[TAIL_L, last] = (
        v[DWELL, last],
        v[LOW, last],
        v[HIGH, last],
    )
    for x in range(k - 2, -1, -1):
        drive = v[NET, x + 1] - v[NET, x] - v[DWELL, x]
        v[TAIL_D, x], v[TAIL_E, x], v[TAIL_L, x], _ = join(
            v[DWELL, x],
            v[LOW, x],
            v[HIGH, x],
            drive,
            v[TAIL_D, x + 1],
            v[TAIL_E, x + 1],
            v[TAIL_L, x + 1],
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
        if v[CALL, c] < 0:
            continue
        for gap in range(c + 1):
            desk.slack[c, gap] = LATE
        x = -1
        for node in seq:
            if node >= riders:
                continue
            x += 1
            if a.rider[node].school != v[CALL, c]:
                continue
            home = r[HOME, x]
            r[SCHOOL, x] = c
            r[RIDE, x] = v[NET, c] - v[NET, home] - v[DWELL, home]
            r[TARGET, x] = a.rider[node].target
            room = a.rider[node].cap - r[RIDE, x]
            if room < 0:
                return False
            if home + 1 <= c:
                desk.slack[c, home + 1] = min(desk.slack[c, home + 1], room)
        for gap in range(1, c + 1):
            desk.slack[c, gap] = min(desk.slack[c, gap], desk.slack[c, gap - 1])
    return True


@njit(cache=True)
def load_run(seq: IntArray, k: int, party: Party, desk: Desk, a: Arrays) -> int:
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
        desk.short[PEAK, s] = desk.short[PEAK, b] = desk.short[PEAK, f] = 0
        for x in range(k):
            desk.load[s, x], desk.load[b, x], desk.load[f, x] = seats, chairs, folded
            if v[CALL, x] < 0:
                for i in range(v[NODE, x], v[NODE, x + 1]):
                    if a.rider[seq[i]].days & bit:
                        seats += a.rider[seq[i]].seats
                        chairs += a.rider[seq[i]].bays
                        folded += a.rider[seq[i]].folded
            else:
                for i in range(v[NODE, x]):
                    node = seq[i]
                    if (
                        node < riders
                        and a.rider[node].school == v[CALL, x]
                        and a.rider[node].days & bit
                    ):
                        seats -= a.rider[node].seats
                        chairs -= a.rider[node].bays
                        folded -= a.rider[node].folded
            desk.short[PEAK, s] = max(desk.short[PEAK, s], seats)
            desk.short[PEAK, b] = max(desk.short[PEAK, b], chairs)
            desk.short[PEAK, f] = max(desk.short[PEAK, f], folded)
        desk.load[s, k] = desk.load[b, k] = desk.load[f, k] = 0
        desk.short[CREW, w] = _count_crew(seq, party, bit, a)
    desk.short[CREW, 5] = _count_crew(seq, party, 31, a) if days > 1 else desk.short[CREW, 0]
    return days


@njit(cache=True)
def _count_crew(seq: IntArray, party: Party, days: int, a: Arrays) -> int:
    """C8: assistants of a run with the party aboard, on the weekdays in the mask `days`."""
    shared = dedicated = 0
    for node in seq:
        if node < len(a.rider) and a.rider[node].days & days:
            shared += a.rider[node].shared
            dedicated += a.rider[node].dedicated
    for rider in party.riders:
        if a.rider[rider].days & days:
            shared += a.rider[rider].shared
            dedicated += a.rider[rider].dedicated
    return int(size_crew(shared, dedicated, a))


@njit(cache=True)
def may_join(seq: IntArray, party: Party, has_call: bool, a: Arrays) -> bool:
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
def allow_types(state: State, row: int, party: Party, desk: Desk, a: Arrays) -> None:
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
        desk.short[TYPES, t] = (
            is_free and (not needs_lift or a.type[t].lift > 0) and not (tags & ~a.type[t].tags)
        )
        if a.change_type > 0:
            changed = count_new_types(state.table[row, : state.length[row]], t, a)
            desk.short[CHANGES, t] = changed + count_new_types(party.riders, t, a)


@njit(cache=True, inline="always")
def is_door(i: int, k: int, party: Party, desk: Desk) -> bool:
    """Whether visit i is at the one door where the party boards."""
    return (
        party.is_one_door
        and i < k
        and desk.visit[CALL, i] < 0
        and desk.visit[STOP, i] == party.first
    )
