"""Pricing by labelling: runs grow from their first home, and the least reduced cost is proven.

A label is a run so far: its cost, the earliest start of service at its last node, the load, what
the node remembers, the schools called, and for each open school (riders aboard) the seconds left
until it must be reached and the seats that its riders take. Waits count for clocks, not for rides
or cost: a relaxation. A label ends where the table of what may follow (:mod:`solver.bound.ahead`)
leaves no run of negative reduced cost, and where another label of its node and open schools is no
worse in anything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.ahead import (
    NO_FLOOR,
    Ahead,
    count_crew,
    count_loads,
    find_bucket,
    find_entry,
    find_floor,
    find_memory,
)
from solver.bound.follow import BUCKET, MEMORY, NODE, SEATS, SET, STATE, follow
from solver.bound.follow import OWN as OWN_LEFT
from solver.bound.lists import (
    CALLS,
    CLOCK,
    COST,
    LEFT,
    LOAD,
    OPEN,
    OPEN_AT_ONCE,
    OWN,
    ROW,
    SCHOOL,
    SHARE,
    enter,
    open_lists,
)
from solver.bound.modes import FAR, REACHABLE, Ints, Mode
from solver.bound.open_sets import OpenSets

UNKNOWN = NO_FLOOR // 2
"""A least that says nothing: what is added to a gain without limit stays below."""
_BITS = 62
_QUEUES = 4096
_CLOCK_STEP_S = 15
_COST_STEP = 50_000
_MOST_SHOWN = 600
_LONGEST_REST = 80
_GREED = 7
"""Tenths of what may follow that count for a label's turn: long runs come before new ones."""


class Priced(NamedTuple):
    """What labelling found; costs in whole parts of a penny (`PENNY_PARTS`).

    No run of the mode has a reduced cost below `least`; `is_whole` says whether a run has it, or 0
    is the least. Where labelling ended early `least` is what its open labels may still reach, and
    :data:`UNKNOWN` where nothing is known. `value` is per label the cost of the complete run that
    ends there, :data:`FAR` where none does. `open` are the labels left open that may reach the
    least, the least first, and `rest` a walk after each that does (padded with -1).
    """

    least: int
    is_whole: bool
    value: Ints
    node: Ints
    back: Ints
    open: Ints
    rest: Ints


class Pace(NamedTuple):
    """How to label: at most so many labels, ending at so many negative runs.

    Greedy labelling takes promising labels first, otherwise early ones. Quick labelling compares
    labels by cost, clock and load alone: it may lose the least run, and proves nothing.
    """

    labels: int
    runs: int
    is_greedy: bool
    is_quick: bool


@njit(cache=True, nogil=True)
def _remember(memory: int, i: int, j: int, clock: int, called: int, m: Mode) -> int:
    """What node j knows of what node i remembered: near homes that can not board any more.

    Those are homes on the way so far, homes that could not start in time, and those whose school
    has been called.
    """
    kept = 0
    b = 0
    while memory:
        if memory & 1:
            p = m.place[j, m.near[i, b]]
            if p >= 0:
                kept |= 1 << p
        memory >>= 1
        b += 1
    for b in range(m.near.shape[1]):
        h = m.near[j, b]
        if h < 0:
            break
        s = m.school_of[h]
        if h == j or clock + m.short_time[j, h] > m.latest[h] or (s < _BITS and called >> s & 1):
            kept |= 1 << b
    return kept


@njit(cache=True, nogil=True)
def _is_in_time(row: Ints, i: int, m: Mode) -> bool:
    """Whether every open school can still be reached from node i, by ride and by window."""
    homes = len(m.homes)
    for x in range(row[OPEN]):
        s = row[SCHOOL + x]
        way = m.short_time[i, homes + s]
        if way > row[LEFT + x] or row[CLOCK] + way > m.closes[s]:
            return False
    return True


@njit(cache=True, nogil=True)
def _start(new: Ints, h: int, dual: Ints, m: Mode) -> bool:
    """Write the run that has boarded only home h; whether there is one."""
    if (
        not m.starts[h]
        or m.takes[h] > m.seats
        or m.is_dedicated[h] > m.most_dedicated
        or m.most_schools < 1
    ):
        return False
    new[COST] = m.first_cost[h] - dual[h]
    new[CLOCK] = m.ready[h]
    new[LOAD] = m.takes[h]
    new[OWN] = m.is_dedicated[h] if m.most_dedicated < FAR else 0
    new[OPEN] = 1
    new[CALLS] = 0
    new[SCHOOL] = m.school_of[h]
    new[LEFT] = m.reach[h]
    new[SHARE] = m.takes[h]
    return _is_in_time(new, h, m)


@njit(cache=True, nogil=True)
def _board(row: Ints, new: Ints, i: int, h: int, dual: Ints, m: Mode) -> bool:
    """Write run `row` with home h boarded; whether it may be."""
    if m.leg_time[i, h] >= REACHABLE or row[LOAD] + m.takes[h] > m.seats:
        return False
    if row[OWN] + m.is_dedicated[h] > m.most_dedicated:
        return False
    step = m.step_time[i, h]
    clock = max(row[CLOCK] + step, m.ready[h])
    if clock > m.latest[h]:
        return False
    s = m.school_of[h]
    k = row[OPEN]
    at = 0
    while at < k and row[SCHOOL + at] < s:
        at += 1
    is_new = 0 if at < k and row[SCHOOL + at] == s else 1
    if is_new and row[CALLS] + k + 1 > m.most_schools:
        return False
    for x in range(k):
        y = x + is_new if x >= at else x
        new[SCHOOL + y] = row[SCHOOL + x]
        new[LEFT + y] = row[LEFT + x] - step
        new[SHARE + y] = row[SHARE + x]
    if is_new:
        new[SCHOOL + at] = s
        new[LEFT + at] = m.reach[h]
        new[SHARE + at] = 0
    new[LEFT + at] = min(new[LEFT + at], m.reach[h])
    new[SHARE + at] += m.takes[h]
    new[COST] = row[COST] + m.step_cost[i, h] - dual[h]
    new[CLOCK] = clock
    new[LOAD] = row[LOAD] + m.takes[h]
    new[OWN] = row[OWN] + m.is_dedicated[h] if m.most_dedicated < FAR else 0
    new[OPEN] = k + is_new
    new[CALLS] = row[CALLS]
    return _is_in_time(new, h, m)


@njit(cache=True, nogil=True)
def _call(row: Ints, new: Ints, i: int, at: int, m: Mode) -> bool:
    """Write run `row` with its open school at place `at` called; whether it can be."""
    s = row[SCHOOL + at]
    j = len(m.homes) + s
    step = m.step_time[i, j]
    if m.leg_time[i, j] >= REACHABLE or step > row[LEFT + at]:
        return False
    clock = max(row[CLOCK] + step, m.opens[s])
    if clock > m.closes[s]:
        return False
    y = 0
    for x in range(row[OPEN]):
        if x != at:
            new[SCHOOL + y] = row[SCHOOL + x]
            new[LEFT + y] = row[LEFT + x] - step
            new[SHARE + y] = row[SHARE + x]
            y += 1
    new[COST] = row[COST] + m.step_cost[i, j]
    new[CLOCK] = clock
    new[LOAD] = row[LOAD] - row[SHARE + at]
    new[OWN] = row[OWN]
    new[OPEN] = y
    new[CALLS] = row[CALLS] + 1 if m.most_schools < FAR else 0
    return _is_in_time(new, j, m)


@njit(cache=True, nogil=True)
def _find_set(row: Ints, sets: OpenSets) -> int:
    """The set of a run's open schools; -1 where no run has it."""
    g = 0
    for x in range(row[OPEN]):
        g = sets.plus[g, row[SCHOOL + x]]
        if g < 0:
            break
    return int(g)


@njit(cache=True, nogil=True)
def _find_left(row: Ints, m: Mode) -> int:
    """The seats left as the table counts them: none where it does not."""
    return int(m.room - row[LOAD]) if m.room > 0 else 0


@njit(cache=True, nogil=True)
def _find_entry(row: Ints, g: int, i: int, sets: OpenSets, t: Ahead, m: Mode) -> int:
    """Where the table has what follows a run with set g that remembers nothing; -1: nothing can."""
    z = find_entry(sets, t, g, i, row[CLOCK], count_loads(m))
    if z < 0:
        return -1
    load = (count_crew(m) - row[OWN]) * (m.room + 1) + _find_left(row, m)
    return int(z + load * t.memories[i])


@njit(cache=True, nogil=True)
def _bound_rest(row: Ints, g: int, i: int, memory: int, sets: OpenSets, t: Ahead, m: Mode) -> int:
    """A reduced cost that nothing which follows a run with set g goes below; FAR: nothing can."""
    if t.width == 0:
        return NO_FLOOR
    z = _find_entry(row, g, i, sets, t, m)
    return FAR if z < 0 else int(t.rest[z + find_memory(i, memory, z, m, t)])


@njit(cache=True, nogil=True)
def label_mode(m: Mode, dual: Ints, sets: OpenSets, t: Ahead, pace: Pace, halt: Ints) -> Priced:
    """Find the least reduced cost of a mode, or what its runs do not go below.

    Parameters
    ----------
    dual
        Per home of the mode, whole parts of a penny.
    halt
        One number; as soon as it is not 0 labelling ends early.
    """
    homes = len(m.homes)
    nodes = homes + len(m.opens)
    most = pace.labels
    row = np.empty((most + 1, ROW), np.int32)
    memory = np.empty(most + 1, np.int64)
    called = np.empty(most + 1, np.int64)
    node = np.empty(most + 1, np.int32)
    back = np.empty(most + 1, np.int32)
    value = np.empty(most + 1, np.int32)
    low = np.empty(most + 1, np.int32)
    waiting = np.empty(most + 1, np.int32)
    dead = np.empty(most + 1, np.bool_)
    slots = np.cumsum(sets.many + 1) - sets.many - 1
    lists = open_lists(int(sets.many.sum()) + nodes, most + 1)
    queue = np.full(_QUEUES, -1, np.int32)
    from_s = m.ready.min()
    count = 0
    found = 0
    least = 0
    now = 0
    first = 0
    is_over = False
    while not is_over:
        label = -1
        i = -1
        begin, end = 0, 0
        if first < homes:
            begin, end = first, first + 1
            first += 1
        else:
            while now < _QUEUES and queue[now] < 0:
                now += 1
            if now == _QUEUES:
                break
            label = queue[now]
            queue[now] = waiting[label]
            if dead[label]:
                continue
            dead[label] = True  # nothing of it is open once it has been grown
            i = node[label]
            end = homes + row[label, OPEN]
        for j in range(begin, end):
            new = row[count]
            to = j
            if label < 0:
                if not _start(new, j, dual, m):
                    continue
                called[count] = 0
                memory[count] = 0
            elif j < homes:
                p = m.place[i, j]
                if p >= 0 and memory[label] >> p & 1:
                    continue
                s = m.school_of[j]
                if s < _BITS and called[label] >> s & 1:
                    continue
                clock = max(row[label, CLOCK] + m.step_time[i, j], m.ready[j])
                cost = row[label, COST] + m.step_cost[i, j] - dual[j]
                if clock > m.latest[j] or cost + find_floor(t, j, clock) >= 0:
                    continue
                if not _board(row[label], new, i, j, dual, m):
                    continue
                called[count] = called[label]
                memory[count] = memory[label]
            else:
                if not _call(row[label], new, i, j - homes, m):
                    continue
                s = row[label, SCHOOL + j - homes]
                to = homes + s
                called[count] = called[label] | (1 << s if s < _BITS else 0)
                memory[count] = memory[label]
            g = _find_set(new, sets)
            if g < 0:
                continue
            # the table is asked twice: before what is remembered is known, and with it
            rest = _bound_rest(new, g, to, 0, sets, t, m)
            if new[COST] + rest >= 0:
                continue
            if new[OPEN] > OPEN_AT_ONCE:
                least = min(least, new[COST] + rest)
                continue
            memory[count] = _remember(memory[count], max(i, 0), to, new[CLOCK], called[count], m)
            rest = _bound_rest(new, g, to, memory[count], sets, t, m)
            if new[COST] + rest >= 0:
                continue
            slot = slots[to] + max(0, sets.place[to, g])
            if not enter(row, memory, called, dead, lists, slot, count, pace.is_quick):
                continue
            node[count] = to
            back[count] = label
            dead[count] = False
            low[count] = max(new[COST] + rest, NO_FLOOR)
            value[count] = FAR
            if to >= homes and new[OPEN] == 0:
                value[count] = new[COST] + m.last_cost[to - homes]
                least = min(least, value[count])
                found += value[count] < 0
            if pace.is_greedy:
                b = _QUEUES // 2 + (10 * new[COST] + _GREED * rest) // (10 * _COST_STEP)
            else:
                b = (new[CLOCK] - from_s) // _CLOCK_STEP_S
            b = min(_QUEUES - 1, max(0, b))
            waiting[count] = queue[b]
            queue[b] = count
            now = min(now, b)
            count += 1
            if count == most or found >= pace.runs or halt[0] != 0:
                is_over = True
                break
    is_whole = not is_over and not pace.is_quick
    if not is_whole:
        least = (
            UNKNOWN if pace.is_quick or first < homes else min(least, _find_least(low, dead, count))
        )
        if label >= 0:
            least = min(least, low[label])
            dead[label] = False
    shown = np.zeros(0, np.int32)
    if not is_whole and not pace.is_quick and t.width > 0:
        shown = _list_open(low, dead, count)
    rests = np.full((len(shown), _LONGEST_REST), -1, np.int32)
    for x in range(len(shown)):
        q = shown[x]
        _follow_label(row[q], node[q], memory[q], dual, sets, t, m, rests[x])
    return Priced(
        int(max(least, UNKNOWN)),
        is_whole,
        value[:count].copy(),
        node[:count].copy(),
        back[:count].copy(),
        shown,
        rests,
    )


@njit(cache=True, nogil=True)
def _list_open(low: Ints, dead: NDArray[np.bool_], count: int) -> Ints:
    """The open labels that may reach the least, the least first: so many at most."""
    is_open = np.flatnonzero(~dead[:count] & (low[:count] < 0))
    order = np.argsort(low[:count][is_open])[:_MOST_SHOWN]
    return is_open[order].astype(np.int32)


@njit(cache=True, nogil=True)
def _follow_label(
    row: Ints, i: int, memory: int, dual: Ints, sets: OpenSets, t: Ahead, m: Mode, walk: Ints
) -> None:
    """Write the walk that follows a label as the table has it; nothing where it has none."""
    g = _find_set(row, sets)
    rest = _bound_rest(row, g, i, memory, sets, t, m) if g >= 0 else FAR
    if rest >= FAR:
        return
    state = np.empty(STATE, np.int64)
    state[NODE], state[SET], state[BUCKET] = i, g, find_bucket(t, i, row[CLOCK])
    state[OWN_LEFT], state[SEATS] = count_crew(m) - row[OWN], _find_left(row, m)
    z = _find_entry(row, g, i, sets, t, m)
    state[MEMORY] = find_memory(i, memory, z, m, t)
    some = follow(m, dual, sets, t, state, rest, walk)
    walk[some:] = -1


@njit(cache=True, nogil=True)
def _find_least(low: Ints, dead: NDArray[np.bool_], count: int) -> int:
    """What the labels that are still open may reach at least."""
    least = 0
    for q in range(count):
        if not dead[q]:
            least = min(least, low[q])
    return least
