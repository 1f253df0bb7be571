"""Where riders fit into a run: the price of each pair of places estimated in constant time.

The estimate leaves out only waits with riders aboard (in ride caps and in the price of long rides)
and changed times (C13), so it is the exact price or below it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, IntArray
from solver.desk import (
    BOTH_AT,
    CALL,
    CALL_AT,
    CALL_FROM,
    CHANGES,
    COUNT,
    CREW,
    DEAD,
    DWELL,
    EMPTY,
    HEAD_D,
    HEAD_E,
    HEAD_L,
    HIGH,
    HOME,
    HOME_AT,
    LATE,
    LONGEST,
    LOW,
    METRES,
    MOST,
    NET,
    NODE,
    PEAK,
    RIDE,
    SCHOOL,
    STOP,
    TAIL_D,
    TAIL_E,
    TAIL_L,
    TARGET,
    TYPES,
    Desk,
    Party,
    allow_types,
    is_door,
    join,
    load_run,
    may_join,
    unfold,
)
from solver.detours import bound_calls, bound_homes
from solver.kernel import price_new_crews, price_type
from solver.state import State

_TIE = 1e-7


class Place(NamedTuple):
    """A pair of places: home before visit `home`, school before visit `school` (-1: as it is).

    With `joins` they board with those of visit `home`, at the same door.
    """

    price: float
    home: int
    school: int
    joins: bool


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
    crew = desk.short[CREW, 5]
    for t in range(len(a.type)):
        if not desk.short[TYPES, t]:
            continue
        cost = price_type(t, float(duration), metres - dead, dead, crew, first, last, a)
        if a.change_type > 0:
            cost += a.change_type * desk.short[CHANGES, t]
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
        ride = r[RIDE, x]
        if r[HOME, x] < home_gap <= r[SCHOOL, x]:
            ride += home_more
        if r[HOME, x] < call_gap <= r[SCHOOL, x]:
            ride += call_more
        over += max(0, ride - r[TARGET, x])
    return over * a.excess_per_s


@njit(cache=True, inline="always")
def _own_long_rides(ride: int, party: Party, a: Arrays) -> float:
    """Price of the party's own ride over target from the last of its doors, GBP: a lower bound."""
    over = 0
    for rider in party.riders:
        over += max(0, ride - a.rider[rider].target)
    return over * a.excess_per_s


@njit(cache=True, inline="always")
def _widen(days: int, gap: int, desk: Desk) -> None:
    """Take a gap's loads into the most over the gaps that the party is aboard."""
    for x in range(3 * days):
        desk.short[MOST, x] = max(desk.short[MOST, x], desk.load[x, gap])


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
            desk.short[CREW, w] + max(desk.short[PEAK, 3 * w], desk.short[MOST, 3 * w] + more_s),
        )
        bays = max(bays, max(desk.short[PEAK, 3 * w + 1], desk.short[MOST, 3 * w + 1] + more_b))
        folded = max(folded, max(desk.short[PEAK, 3 * w + 2], desk.short[MOST, 3 * w + 2] + more_f))
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
        longest = max(v[LONGEST, i], party.longest)
        dwell = longest + (v[COUNT, i] + len(party.riders) - 1) * a.door_extra
        low = a.home_from - (dwell if a.is_pm else 0)
    d, e, late = dwell, low, LATE
    drive_in = metres_in = metres = dead = 0
    is_timed = True
    if i > 0:
        drive_in = int(a.time_s[v[STOP, i - 1], party.first])
        metres_in = int(a.dist_m[v[STOP, i - 1], party.first])
        d, e, late, is_timed = join(
            v[HEAD_D, i - 1], v[HEAD_E, i - 1], v[HEAD_L, i - 1], drive_in, d, e, late
        )
        metres = v[METRES, i - 1] + metres_in
        dead = v[DEAD, i - 1] + (metres_in if v[EMPTY, i] else 0)
    metres += party.metres
    if joins:
        return _Start(is_timed, d, e, late, resume, dwell - v[DWELL, i], 0, metres, dead)
    more_s = drive_in + party.net
    more_m = metres_in + party.metres
    if i < k:
        more_s += int(a.time_s[party.last, v[STOP, i]])
        more_m += int(a.dist_m[party.last, v[STOP, i]])
        if i > 0:
            more_s -= v[NET, i] - v[NET, i - 1] - v[DWELL, i - 1]
            more_m -= v[METRES, i] - v[METRES, i - 1]
    return _Start(is_timed, d, e, late, resume, more_s, more_m, metres, dead)


@njit(cache=True, inline="always")
def _room(gap: int, beyond: int, k: int, desk: Desk) -> int:
    """Seconds by which the rides over a gap may grow, of riders who alight at `beyond` or later."""
    room = LATE
    for c in range(max(gap, beyond), k):
        if desk.visit[CALL, c] >= 0:
            room = min(room, desk.slack[c, gap])
    return room


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
        drive = v[NET, resume] - v[NET, i] - v[DWELL, i]
        metres = s.metres + v[METRES, resume] - v[METRES, i]
    else:
        drive = int(a.time_s[party.last, v[STOP, resume]])
        metres = s.metres + int(a.dist_m[party.last, v[STOP, resume]])
    if drive + v[NET, at] - v[NET, resume] > party.cap:
        return limit
    duration, _, _, is_timed = join(
        s.d, s.e, s.late, drive, v[TAIL_D, resume], v[TAIL_E, resume], v[TAIL_L, resume]
    )
    if not is_timed:
        return limit
    metres += v[METRES, k - 1] - v[METRES, resume]
    dead = s.dead + v[DEAD, k - 1] - v[DEAD, at]
    penalty = 0.0
    if a.excess_per_s > 0:
        ride = drive + v[NET, at] - v[NET, resume]
        penalty = _long_rides(carried, i, s.more_s, -1, 0, desk, a) + _own_long_rides(
            ride, party, a
        )
    seats, bays, folded = _fill(days, party, desk, a)
    first = v[STOP, 0] if i > 0 else party.first
    last = v[STOP, k - 1]
    price = _price(
        duration, metres, dead, seats, bays, folded, first, last, limit - penalty, desk, a
    )
    return price + penalty


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
        desk.short[MOST, x] = 0
    if not joins:
        _widen(days, i, desk)
    d, e, late = s.d, s.e, s.late
    here = party.last
    metres = s.metres
    ride = 0
    at_visit = s.resume
    first = v[STOP, 0] if i > 0 else party.first
    room = _room(i, 0, k, desk)
    for j in range(s.resume, k + 1):
        is_next = j == s.resume and not joins
        if not is_next:
            if s.more_s > room:
                break
            if floor + desk.bound[HOME_AT, i] + desk.bound[CALL_AT, j] >= best:
                continue
        # the vehicle goes on to visit j - 1 with the party aboard
        is_late = False
        while at_visit < j:
            x = at_visit
            if x == s.resume and not joins:
                drive = int(a.time_s[here, v[STOP, x]])
                metres += int(a.dist_m[here, v[STOP, x]])
            else:
                drive = v[NET, x] - v[NET, x - 1] - v[DWELL, x - 1]
                metres += v[METRES, x] - v[METRES, x - 1]
            d, e, late, is_timed = join(d, e, late, drive, v[DWELL, x], v[LOW, x], v[HIGH, x])
            ride += drive + v[DWELL, x]
            here = v[STOP, x]
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
        ad, ae, al, is_timed = join(d, e, late, to_call, dwell, low, high)
        if not is_timed:
            continue
        all_metres = metres + int(a.dist_m[here, stop])
        dead = s.dead
        last = stop
        home_more, call_more = s.more_s, to_call + dwell
        if j < k:
            onward = int(a.time_s[stop, v[STOP, j]])
            ad, ae, al, is_timed = join(
                ad, ae, al, onward, v[TAIL_D, j], v[TAIL_E, j], v[TAIL_L, j]
            )
            if not is_timed:
                continue
            metres_on = int(a.dist_m[stop, v[STOP, j]])
            all_metres += metres_on + v[METRES, k - 1] - v[METRES, j]
            dead += v[DEAD, k - 1] - v[DEAD, j] + (metres_on if v[EMPTY, j] else 0)
            last = v[STOP, k - 1]
            call_more += onward
        if is_next:
            # home and school one after the other: one detour over gap i
            call_more = 0
            home_more = to_call + dwell + party.net
            if i > 0:
                home_more += int(a.time_s[v[STOP, i - 1], party.first])
            if j < k:
                home_more += int(a.time_s[stop, v[STOP, j]])
                if i > 0:
                    home_more -= v[NET, i] - v[NET, i - 1] - v[DWELL, i - 1]
            if home_more > _room(i, 0, k, desk):
                continue
        else:
            if j < k:
                call_more -= v[NET, j] - v[NET, j - 1] - v[DWELL, j - 1]
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
    if not may_join(seq, party, has_call, a):
        return best
    k, at = unfold(seq, party, desk, a)
    if k == 0:
        return best
    allow_types(state, row, party, desk, a)
    days = load_run(seq, k, party, desk, a)
    desk.short[MOST] = 0
    # what the estimate leaves out is taken off: old and floor are the run's price without the new
    # and without the present crews' changes (C13)
    old = state.price[row] - price_new_crews(seq, party.riders, a)
    floor = state.price[row] - price_new_crews(seq, seq[:0], a)
    bound_homes(state, row, k, party, desk, a)
    if at < 0:
        bound_calls(state, row, k, party, desk, a)
    last_home = at if at >= 0 else k
    for x in range(last_home + 1):
        # with the school called at already, later homes come first: the gaps aboard only grow
        i = last_home - x if at >= 0 else x
        joins = is_door(i, k, party, desk)
        is_beside = i > 0 and is_door(i - 1, k, party, desk)
        if at >= 0 and not joins:
            _widen(days, i, desk)
        is_passed_over = blink > 0 and np.random.random() < blink
        if at >= 0:
            least = desk.bound[HOME_AT, i]
        else:
            apart = desk.bound[HOME_AT, i] + desk.bound[CALL_FROM, i + 1]
            least = min(apart, desk.bound[BOTH_AT, i])
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


@njit(cache=True)
def compose(
    seq: IntArray, place: Place, party: Party, trial: IntArray, desk: Desk, a: Arrays
) -> int:
    """Write the run with the party at a place into `trial`; returns its length."""
    g = len(party.riders)
    n = len(seq)
    h = desk.visit[NODE, place.home]
    s = desk.visit[NODE, place.school] if place.school >= 0 else n
    if place.joins:
        h = desk.visit[NODE, place.home + 1]
    trial[:h] = seq[:h]
    trial[h : h + g] = party.riders
    if place.school < 0:
        trial[h + g : n + g] = seq[h:]
        return n + g
    trial[h + g : s + g] = seq[h:s]
    trial[s + g] = len(a.rider) + party.call
    trial[s + g + 1 : n + g + 1] = seq[s:]
    return n + g + 1
