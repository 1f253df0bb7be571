"""What can still be gained in front of a label: a bound by sets of schools and clock time.

For a set C of called schools, a node i and the latest clock time at which service at i may start,
the least reduced cost of anything put in front: homes of C, and calls at further schools. Loads,
rides and repeats are relaxed (no home twice in a row, nor with one home between).
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.modes import FAR, REACHABLE, Ints, Mode

_MOST_STEPS = 400
_WIDEST_S = 60


class Sets(NamedTuple):
    """All sets of up to `deep` schools: members (sorted, -1 to fill), each set with one more."""

    members: Ints
    size: Ints
    child: Ints
    root: Ints


class Rest(NamedTuple):
    """The table: best and second-best value and first step, by set, node and time step."""

    members: Ints
    size: Ints
    child: Ints
    root: Ints
    begin: NDArray[np.int64]
    one: Ints
    two: Ints
    step: NDArray[np.int16]
    other: NDArray[np.int16]
    any_one: Ints
    clock_from: int
    width: int
    steps: int


def build_sets(schools: int, deep: int) -> Sets:
    """Number all sets of up to `deep` of the schools, small ones first."""
    groups = [c for k in range(1, deep + 1) for c in combinations(range(schools), k)]
    number = {c: i for i, c in enumerate(groups)}
    members = np.full((len(groups), deep), -1, dtype=np.int32)
    child = np.full((len(groups), schools), -1, dtype=np.int32)
    for i, group in enumerate(groups):
        members[i, : len(group)] = group
        if len(group) < deep:
            for s in range(schools):
                if s not in group:
                    child[i, s] = number[tuple(sorted((*group, s)))]
    size = np.array([len(c) for c in groups], dtype=np.int32)
    root = np.array([number.get((s,), -1) for s in range(schools)], dtype=np.int32)
    return Sets(members, size, child, root)


def build_rest(m: Mode, dual: Ints, sets: Sets) -> Rest:
    """Fill the table for a mode and its duals; an empty one where steps in time are too small."""
    count = len(m.homes)
    moving = m.step_time[:, :count].astype(np.int64).copy()
    moving[np.arange(count), np.arange(count)] = FAR
    calling = m.step_time[count:].astype(np.int64).copy()
    least = int(min(moving.min(initial=FAR), calling.min(initial=FAR)))
    start = int(min(m.board_from.min(), m.opens.min()))
    width = min(least, _WIDEST_S)
    steps = 0 if width < 1 else (int(m.opens.max()) - start) // width + 2
    if not 0 < steps <= _MOST_STEPS:
        return build_no_rest(m, sets)
    begin = _number_nodes(m, sets)
    total = int(begin[-1]) * steps
    one, two = np.full(total, FAR, np.int32), np.full(total, FAR, np.int32)
    step, other = np.full(total, -1, np.int16), np.full(total, -1, np.int16)
    any_one = _fill_any(m, dual, start, width, steps)
    _fill(
        m,
        dual,
        sets.members,
        sets.size,
        sets.child,
        begin,
        one,
        two,
        step,
        other,
        any_one,
        start,
        width,
        steps,
    )
    return Rest(
        sets.members,
        sets.size,
        sets.child,
        sets.root,
        begin,
        one,
        two,
        step,
        other,
        any_one,
        start,
        width,
        steps,
    )


def build_no_rest(m: Mode, sets: Sets) -> Rest:
    """Number the nodes of each set without a table: nothing is known of what can be gained."""
    none, few = np.empty(0, np.int32), np.empty(0, np.int16)
    return Rest(
        sets.members,
        sets.size,
        sets.child,
        sets.root,
        _number_nodes(m, sets),
        none,
        none,
        few,
        few,
        np.empty((0, 0), np.int32),
        0,
        1,
        0,
    )


def _number_nodes(m: Mode, sets: Sets) -> NDArray[np.int64]:
    """Where each set's nodes begin: the homes of its schools, then the schools."""
    homes = np.append(np.diff(m.first_home), -1)
    sizes = (homes[sets.members] + 1).sum(axis=1)
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


@njit(cache=True, nogil=True)
def _fill_any(m: Mode, dual: Ints, start: int, width: int, steps: int) -> Ints:
    """The same with every school called: by node and time step, no node twice in a row."""
    homes = len(m.homes)
    nodes = homes + len(m.opens)
    slack = (m.closes - m.opens).max()
    table = np.full((nodes, steps), FAR, np.int32)
    for b in range(steps):
        latest = start + b * width
        for i in range(nodes):
            least = m.end_cost[i] if i < homes else FAR
            for h in range(homes):
                if h == i or m.leg_time[h, i] >= REACHABLE:
                    continue
                at = latest - m.step_time[h, i]
                if at + slack < m.earliest[h] or at < m.board_from[h]:
                    continue
                x = -((start - at) // width)
                c = m.step_cost[h, i] - dual[h] + table[h, x]
                least = min(least, c)
            table[i, b] = min(least, FAR)
    return table


@njit(cache=True, nogil=True)
def _fill(
    m: Mode,
    dual: Ints,
    members: Ints,
    size: Ints,
    child: Ints,
    begin: NDArray[np.int64],
    one: Ints,
    two: Ints,
    step: NDArray[np.int16],
    other: NDArray[np.int16],
    any_one: Ints,
    start: int,
    width: int,
    steps: int,
) -> None:
    homes = len(m.homes)
    schools = len(m.opens)
    local = np.empty(homes + schools, np.int32)
    slack = (m.closes - m.opens).max()
    for g in range(len(size) - 1, -1, -1):
        n = 0
        for x in range(size[g]):
            s = members[g, x]
            for h in range(m.first_home[s], m.first_home[s + 1]):
                local[n] = h
                n += 1
        inner = n
        for x in range(size[g]):
            local[n] = homes + members[g, x]
            n += 1
        if inner == 0:
            continue
        for b in range(steps):
            latest = start + b * width
            for y in range(n):
                i = local[y]
                first = m.end_cost[i] if i < homes else FAR
                second = FAR
                via = -1
                via2 = -1
                if i < homes:
                    second = first
                    via2 = -2
                for z in range(inner):
                    h = local[z]
                    if h == i or m.leg_time[h, i] >= REACHABLE:
                        continue
                    at = latest - m.step_time[h, i]
                    if at + slack < m.earliest[h] or at < m.board_from[h]:
                        continue
                    q = (begin[g] + z) * steps - ((start - at) // width)
                    c = m.step_cost[h, i] - dual[h] + (one[q] if step[q] != i else two[q])
                    if c < first:
                        second, via2 = first, via
                        first, via = c, h
                    elif c < second:
                        second, via2 = c, h
                for s in range(schools):
                    if m.first_home[s] == m.first_home[s + 1]:
                        continue
                    j = homes + s
                    if j == i or m.leg_time[j, i] >= REACHABLE:
                        continue
                    is_in = False
                    for x in range(size[g]):
                        if members[g, x] == s:
                            is_in = True
                    if is_in:
                        continue
                    at = latest - m.step_time[j, i]
                    if at + slack < m.opens[s]:
                        continue
                    at = max(at, m.opens[s])
                    w = -((start - at) // width)
                    d = child[g, s]
                    c = m.step_cost[j, i]
                    if d >= 0:
                        last = begin[d + 1] - size[d]
                        for x in range(size[d]):
                            if members[d, x] == s:
                                last += x
                        q = last * steps + w
                        c += one[q] if step[q] != i else two[q]
                    else:
                        c += any_one[j, w]
                    if c < first:
                        second, via2 = first, via
                        first, via = c, j
                    elif c < second:
                        second, via2 = c, j
                q = (begin[g] + y) * steps + b
                one[q] = min(first, FAR)
                two[q] = min(second, FAR)
                step[q] = via
                other[q] = via2


@njit(cache=True, nogil=True)
def bound_rest(r: Rest, g: int, s: int, i: int, latest: int, memory: int, m: Mode) -> int:
    """Return a lower bound of what can be put in front of node i of school s (minus = gain).

    `g` is the set of schools called, -1 where it is larger than the table's sets; `latest` the
    latest start of service at i.
    """
    if r.steps == 0:
        return -FAR
    homes = len(m.homes)
    b = min(r.steps - 1, max(0, -((r.clock_from - latest) // r.width)))
    if g < 0:
        return int(r.any_one[i, b])
    local = 0
    place = 0
    for x in range(r.size[g]):
        t = r.members[g, x]
        if t == s:
            place = x
            break
        local += m.first_home[t + 1] - m.first_home[t]
    if i < homes:
        q = r.begin[g] + local + i - m.first_home[s]
    else:
        q = r.begin[g + 1] - r.size[g] + place
    q = q * r.steps + b
    via = r.step[q]
    if via >= 0 and via < homes:
        p = m.place[i, via]
        if p >= 0 and memory >> p & 1:
            return int(r.two[q])
    return int(r.one[q])
