"""The least reduced cost of any run of a mode: runs grown forwards, from the first home.

A label is a run so far. It keeps its cost, the earliest clock, the homes that its last node
remembers, the schools called, and for each open school (one with pupils aboard) the seconds left
until its first pupil has ridden their cap, and the load. One label makes another needless where it
stands at the same node with the same schools open and is no worse in any of these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ahead import (
    ENDLESS,
    NO_ROAD_S,
    Ahead,
    count_crew,
    find_floor,
    locate,
)
from solver.certificate.ground import FAR, Ground, Ints
from solver.certificate.memories import choose_state
from solver.certificate.sets import Sets

OPEN_AT_ONCE = 6
"""So many schools a label can hold open; a run with more is bounded when it opens the next."""
_BITS = 62
_BUCKETS = 4096
_MOST_COMPARED = 4000
_COST, _CLOCK, _KNOWN, _OWN, _OPEN, _SET, _NODE, _CALLS, _LOAD = 0, 1, 2, 3, 4, 5, 6, 7, 8
_SCHOOL, _LEFT, _SHARE = 9, 15, 21
_ROW = 28


class Found(NamedTuple):
    """What growing runs found: `least` in whole parts, 0 where no run is negative.

    `is_whole` is False where there were too many labels: then `least` is what those not yet grown
    may reach, -FAR where that is not known. `run` is the reduced cost of the cheapest run that was
    completed, 0 where none is negative, and `way` are its nodes: `least` is lower where a run with
    too many schools open was only bounded.
    """

    least: int
    is_whole: bool
    run: int
    labels: int
    way: Ints


@njit(cache=True, nogil=True)
def _recall(known: int, i: int, h: int, m: Ground) -> int:
    """What node h still remembers of what i knew, and itself where it is a home."""
    kept = 0
    x = 0
    while known >> x:
        if known >> x & 1:
            p = m.place[h, m.known[i, x]]
            if p >= 0:
                kept |= 1 << p
        x += 1
    if h < len(m.school):
        kept |= 1 << m.place[h, h]
    return kept


@njit(cache=True, nogil=True)
def _look_ahead(
    row: Ints, i: int, clock: int, load: int, known: int, g: int, m: Ground, t: Ahead
) -> int:
    """The least that can follow at a node with one set of open schools; FAR where nothing can."""
    crew = count_crew(m) - row[_OWN] if m.most_own < FAR else 0
    y = locate(m, t, g, i, clock, crew, m.room - load if m.room > 0 else 0)
    if y < 0:
        return FAR
    first = 1 if i < len(m.school) else 0  # a home's own place comes before those of the table
    behind = known >> first & ((1 << m.tabled[i]) - 1)
    return int(t.rest[y + choose_state(t.rest, y, behind)])


@njit(cache=True, nogil=True)
def _rest_of(row: Ints, m: Ground, sets: Sets, t: Ahead) -> int:
    """The least that can follow a label, from the table; a reduced cost, in whole parts."""
    if not t.is_filled:
        return ENDLESS
    g = 0
    for x in range(row[_OPEN]):
        g = sets.plus[g, row[_SCHOOL + x]]
    return _look_ahead(row, row[_NODE], row[_CLOCK], row[_LOAD], row[_KNOWN], g, m, t)


@njit(cache=True, nogil=True)
def _is_in_time(row: Ints, m: Ground) -> bool:
    """Whether every open school can still be reached, by ride and by window."""
    i = row[_NODE]
    for x in range(row[_OPEN]):
        s = row[_SCHOOL + x]
        way = m.short_s[i, s]
        if way > row[_LEFT + x] or row[_CLOCK] + way + m.dwell_s[s] > m.done_to_s[s]:
            return False
    return True


@njit(cache=True, nogil=True)
def _board(row: Ints, called: int, new: Ints, h: int, dual: Ints, m: Ground) -> int:
    """Write label `row` with home h boarded into `new`; 0 not allowed, 1 done, 2 too many open."""
    i = row[_NODE]
    s = m.school[h]
    p = m.place[i, h]
    if p >= 0 and row[_KNOWN] >> p & 1:
        return 0
    if m.leg_s[i, h] >= NO_ROAD_S or row[_LOAD] + m.takes[h] > m.seats:
        return 0
    if row[_OWN] + m.own[h] > m.most_own or (s < _BITS and called >> s & 1):
        return 0
    step = m.step_s[i, h]
    k = row[_OPEN]
    place = 0
    while place < k and row[_SCHOOL + place] < s:
        place += 1
    is_new = place == k or row[_SCHOOL + place] != s
    if is_new and row[_CALLS] + k + 1 > m.most_schools:
        return 0
    for x in range(k):
        y = x + 1 if is_new and x >= place else x
        if y == OPEN_AT_ONCE:
            return 2
        new[_SCHOOL + y] = row[_SCHOOL + x]
        new[_LEFT + y] = row[_LEFT + x] - step
        new[_SHARE + y] = row[_SHARE + x]
    if is_new:
        if place == OPEN_AT_ONCE:
            return 2
        new[_SCHOOL + place] = s
        new[_LEFT + place] = m.cap_s[h]
        new[_SHARE + place] = 0
    new[_LEFT + place] = min(new[_LEFT + place], m.cap_s[h])
    new[_SHARE + place] += m.takes[h]
    new[_OPEN] = k + is_new
    new[_NODE] = h
    new[_CLOCK] = max(row[_CLOCK] + step, m.ready_s[h])
    new[_COST] = row[_COST] + (m.live[i, h] if k > 0 else m.dead[i, h]) - dual[h]
    new[_OWN] = row[_OWN] + m.own[h] if m.most_own < FAR else 0
    new[_CALLS] = row[_CALLS]
    new[_LOAD] = row[_LOAD] + m.takes[h]
    return 1 if _is_in_time(new, m) else 0


@njit(cache=True, nogil=True)
def _call(row: Ints, new: Ints, place: int, m: Ground) -> bool:
    """Write label `row` with its open school at `place` called into `new`; False if too late."""
    i = row[_NODE]
    s = row[_SCHOOL + place]
    j = len(m.school) + s
    if m.leg_s[i, j] >= NO_ROAD_S or m.leg_s[i, j] > row[_LEFT + place]:
        return False
    step = m.step_s[i, j]
    clock = max(row[_CLOCK] + step, m.done_from_s[s])
    if clock > m.done_to_s[s]:
        return False
    k = row[_OPEN]
    for x in range(k):
        if x == place:
            continue
        y = x if x < place else x - 1
        new[_SCHOOL + y] = row[_SCHOOL + x]
        new[_LEFT + y] = row[_LEFT + x] - step
        new[_SHARE + y] = row[_SHARE + x]
    new[_OPEN] = k - 1
    new[_NODE] = j
    new[_CLOCK] = clock
    new[_COST] = row[_COST] + m.live[i, j]
    new[_OWN] = row[_OWN]
    new[_CALLS] = row[_CALLS] + 1
    new[_LOAD] = row[_LOAD] - row[_SHARE + place]
    return _is_in_time(new, m)


@njit(cache=True, nogil=True)
def _is_no_worse(a: Ints, b: Ints, called_a: int, called_b: int) -> bool:
    """Whether whatever can follow label b can follow a, no dearer: a costs no more already."""
    if a[_OPEN] != b[_OPEN] or a[_CLOCK] > b[_CLOCK] or a[_KNOWN] & ~b[_KNOWN]:
        return False
    if a[_OWN] > b[_OWN] or a[_CALLS] > b[_CALLS] or called_a & ~called_b or a[_LOAD] > b[_LOAD]:
        return False
    for x in range(a[_OPEN]):
        if a[_SCHOOL + x] != b[_SCHOOL + x]:
            return False
        if a[_LEFT + x] < b[_LEFT + x] or a[_SHARE + x] > b[_SHARE + x]:
            return False
    return True


@njit(cache=True, nogil=True)
def _list_of(row: Ints, sets: Sets, nodes: int) -> int:
    """The list of labels that a label is compared with: by node and the open schools' set."""
    g = 0
    for x in range(row[_OPEN]):
        g = sets.plus[g, row[_SCHOOL + x]]
    return int(g * nodes + row[_NODE])


class _Shelves(NamedTuple):
    """A shelf of labels for each list: `held[z]` of `size[z]` places from `start[z]`, cheap first.

    A shelf that is full moves to twice the places, after the `taken` ones.
    """

    start: NDArray[np.int64]
    held: Ints
    size: Ints
    taken: NDArray[np.int64]
    label: Ints
    cost: Ints
    clock: Ints


@njit(cache=True, nogil=True)
def _put_up(shelves: int, labels: int) -> _Shelves:
    """Empty shelves; with doubling they never take more than four places a label."""
    places = 4 * labels + 4
    return _Shelves(
        np.zeros(shelves, np.int64),
        np.zeros(shelves, np.int32),
        np.zeros(shelves, np.int32),
        np.zeros(1, np.int64),
        np.empty(places, np.int32),
        np.empty(places, np.int32),
        np.empty(places, np.int32),
    )


@njit(cache=True, nogil=True)
def _shift(f: _Shelves, first: int, last: int, by: int) -> None:
    """Move the labels from place `first` up to `last` by so many places, or by fewer than none."""
    for x in range(first, last) if by < 0 else range(last - 1, first - 1, -1):
        f.label[x + by] = f.label[x]
        f.cost[x + by] = f.cost[x]
        f.clock[x + by] = f.clock[x]


@njit(cache=True, nogil=True)
def _enter(
    rows: Ints, called: NDArray[np.int64], is_dead: Ints, f: _Shelves, z: int, new: int
) -> bool:
    """Put a label on its shelf unless one there is no worse; end worse ones.

    Only so many are compared: a needless label costs time, never validity.
    """
    cost, clock = rows[new, _COST], rows[new, _CLOCK]
    start = f.start[z]
    at = start
    while at < start + f.held[z] and f.cost[at] <= cost:
        if at < start + _MOST_COMPARED and f.clock[at] <= clock:
            a = f.label[at]
            if _is_no_worse(rows[a], rows[new], called[a], called[new]):
                return False
        at += 1
    kept = at
    for x in range(at, start + f.held[z]):
        a = f.label[x]
        is_near = x < at + _MOST_COMPARED and clock <= f.clock[x]
        if is_near and _is_no_worse(rows[new], rows[a], called[new], called[a]):
            is_dead[a] = 1
            continue
        if kept < x:
            _shift(f, x, x + 1, kept - x)
        kept += 1
    f.held[z] = kept - start
    if f.held[z] == f.size[z]:
        _shift(f, start, kept, f.taken[0] - start)
        at += f.taken[0] - start
        f.start[z] = f.taken[0]
        f.size[z] = max(4, 2 * f.held[z])
        f.taken[0] += f.size[z]
    _shift(f, at, f.start[z] + f.held[z], 1)
    f.label[at], f.cost[at], f.clock[at] = new, cost, clock
    f.held[z] += 1
    return True


@njit(cache=True, nogil=True)
def _bucket_of(clock_s: int, from_s: int) -> int:
    return min(_BUCKETS - 1, max(0, (clock_s - from_s) // 15))


@njit(cache=True, nogil=True)
def grow_runs(m: Ground, dual: Ints, vehicle: int, sets: Sets, t: Ahead, most: int) -> Found:
    """Find the least reduced cost of a run of a mode.

    Parameters
    ----------
    vehicle
        What one vehicle more of the type costs beyond its charge (minus its dual), whole parts.
    most
        So many labels at most.
    """
    homes = len(m.school)
    nodes = homes + len(m.opens_s)
    rows = np.empty((most + 1, _ROW), np.int32)
    called = np.empty(most + 1, np.int64)
    waiting = np.empty(most + 1, np.int32)
    is_dead = np.empty(most + 1, np.int32)
    low = np.zeros(most + 1, np.int64)
    back = np.full(most + 1, -1, np.int32)
    cheapest = 0
    last_label = -1
    shelves = _put_up(len(sets.has) * nodes, most + 1)
    queue = np.full(_BUCKETS, -1, np.int32)
    from_s = m.ready_s.min()
    count = 0
    least = 0
    now = 0
    start = 0
    while True:
        label = -1
        first, last = 0, nodes
        if start < homes:
            first, last = start, start + 1
            start += 1
        else:
            while now < _BUCKETS and queue[now] < 0:
                now += 1
            if now == _BUCKETS:
                return Found(least, True, cheapest, count, _trace(last_label, back, rows))
            label = queue[now]
            queue[now] = waiting[label]
            if is_dead[label]:
                continue
        opened = rows[label, _OPEN] if label >= 0 else 0
        for j in range(first, homes + opened if label >= 0 else last):
            new = rows[count]
            if label < 0:
                if m.takes[j] > m.seats or m.own[j] > m.most_own or m.most_schools < 1:
                    continue
                if not m.starts[j]:
                    continue
                new[_COST] = m.first_cost[j] + vehicle - dual[j]
                new[_CLOCK] = m.ready_s[j]
                new[_OWN] = m.own[j] if m.most_own < FAR else 0
                new[_OPEN] = 1
                new[_NODE] = j
                new[_CALLS] = 0
                new[_LOAD] = m.takes[j]
                new[_SCHOOL] = m.school[j]
                new[_LEFT] = m.cap_s[j]
                new[_SHARE] = m.takes[j]
                called[count] = 0
                if not _is_in_time(new, m):
                    continue
            elif j < homes:
                i = rows[label, _NODE]
                cost = rows[label, _COST] - dual[j]
                cost += m.live[i, j] if rows[label, _OPEN] > 0 else m.dead[i, j]
                clock = max(rows[label, _CLOCK] + m.step_s[i, j], m.ready_s[j])
                if m.leg_s[i, j] >= NO_ROAD_S or cost + find_floor(t, j, clock) >= 0:
                    continue
                done = _board(rows[label], called[label], new, j, dual, m)
                if done == 0:
                    continue
                called[count] = called[label]
                if done == 2:
                    # one school too many to hold: forget the last and count what may follow
                    least = min(least, _bound_crowded(rows[label], int(j), dual, m, sets, t))
                    continue
            else:
                s = rows[label, _SCHOOL + j - homes]
                if not _call(rows[label], new, int(j - homes), m):
                    continue
                called[count] = called[label] | (1 << s if s < _BITS else 0)
            # the table is asked twice: with what is remembered before the step, then after it
            new[_KNOWN] = 0
            rest = _rest_of(new, m, sets, t)
            if new[_COST] + rest >= 0:
                continue
            if label >= 0:
                new[_KNOWN] = _recall(rows[label, _KNOWN], rows[label, _NODE], new[_NODE], m)
            else:
                new[_KNOWN] = 1 << m.place[j, j]
            rest = _rest_of(new, m, sets, t)
            if new[_COST] + rest >= 0:
                continue
            if not _enter(rows, called, is_dead, shelves, _list_of(new, sets, nodes), count):
                continue
            is_dead[count] = 0
            low[count] = new[_COST] + rest
            back[count] = label
            if new[_OPEN] == 0:
                whole = int(new[_COST] + m.last_cost[new[_NODE] - homes])
                least = min(least, whole)
                if whole < cheapest:
                    cheapest, last_label = whole, count
            b = _bucket_of(int(new[_CLOCK]), int(from_s))
            waiting[count] = queue[b]
            queue[b] = count
            now = min(now, b)
            count += 1
            if count == most:
                for q in range(count):
                    if not is_dead[q]:
                        least = min(least, low[q])
                least = max(least, -FAR) if start >= homes else -FAR
                return Found(least, False, cheapest, count, _trace(last_label, back, rows))
        if label >= 0:
            low[label] = 0  # grown: whatever follows it has a label of its own


@njit(cache=True, nogil=True)
def _trace(label: int, back: Ints, rows: Ints) -> Ints:
    """The nodes of a label's run, from its first home."""
    count = 0
    at = label
    while at >= 0:
        count += 1
        at = back[at]
    way = np.empty(count, np.int32)
    while label >= 0:
        count -= 1
        way[count] = rows[label, _NODE]
        label = back[label]
    return way


@njit(cache=True, nogil=True)
def _bound_crowded(row: Ints, h: int, dual: Ints, m: Ground, sets: Sets, t: Ahead) -> int:
    """A reduced cost that no run passes below which opens one school more than a label can hold."""
    if not t.is_filled:
        return -FAR
    i = row[_NODE]
    step = m.step_s[i, h]
    at = max(row[_CLOCK] + step, m.ready_s[h])
    g = 0
    for x in range(row[_OPEN]):
        s = row[_SCHOOL + x]
        left = row[_LEFT + x] - step
        way = m.short_s[h, s]
        if way > left or at + way + m.dwell_s[s] > m.done_to_s[s]:
            return 0
        g = sets.plus[g, s]
    g = sets.plus[g, m.school[h]]
    rest = _look_ahead(row, h, at, row[_LOAD] + m.takes[h], 0, g, m, t)
    return int(min(0, row[_COST] + m.live[i, h] - dual[h] + rest))
