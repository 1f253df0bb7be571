"""Pricing by labelling, backwards in time: from the last school, homes and calls are put in front.

Every label whose front is a home is a complete run, so the least reduced cost of a mode is that of
its least label. A home may be put in front once its school has been called. A label is one row of
16 numbers (one cache line): cost, next in its list, ng memory, assistants of one's own, and for
each call the seconds from the front to the call and the most aboard between the two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.bound.completion import Rest, bound_rest
from solver.bound.modes import FAR, REACHABLE, Ints, Mode

DEPTH = 6
"""So many school calls a label can hold."""
_COST, _NEXT, _MEMORY, _OWN, _OFF, _LOAD = 0, 1, 2, 3, 4, 10
_ROW = 16
_WIDTH_S = 60
_MOST_BUCKETS = 4096


class Priced(NamedTuple):
    """What labelling found; costs in whole parts of a penny (`PENNY_PARTS`).

    `least` is proven: no run of the mode has a lower reduced cost. `is_whole` is False where labels
    were dropped (too many, or too many calls), each counted in `least` by its completion bound.
    `value` is per label its cost as a complete run, :data:`FAR` where its front is a school.
    """

    least: int
    is_whole: bool
    value: Ints
    node: Ints
    back: Ints


@njit(cache=True, nogil=True)
def remember(memory: int, i: int, j: int, m: Mode) -> int:
    """Carry the ng memory at node i over to node j put before it; j itself is added if a home."""
    kept = 0
    b = 0
    while memory:
        if memory & 1:
            p = m.place[j, m.near[i, b]]
            if p >= 0:
                kept |= 1 << p
        memory >>= 1
        b += 1
    if j < len(m.homes):
        kept |= 1 << m.place[j, j]
    return kept


@njit(cache=True, nogil=True)
def _beats(row: Ints, p: int, q: int, k: int, is_exact: bool) -> bool:
    """Whether whatever can be put in front of label q can be put in front of p, no dearer."""
    if not is_exact:
        longer = 0
        fuller = 0
        for y in range(k):
            longer = max(longer, row[q, _OFF + y])
            fuller = max(fuller, row[q, _LOAD + y])
        is_less = True
        for y in range(k):
            is_less = is_less and row[p, _OFF + y] <= longer and row[p, _LOAD + y] <= fuller
        return is_less
    if row[p, _MEMORY] & ~row[q, _MEMORY] or row[p, _OWN] > row[q, _OWN]:
        return False
    for y in range(k):
        if row[p, _OFF + y] > row[q, _OFF + y] or row[p, _LOAD + y] > row[q, _LOAD + y]:
            return False
    return True


@njit(cache=True, nogil=True)
def _enter(row: Ints, dead: Ints, head: Ints, slot: int, q: int, k: int, is_exact: bool) -> bool:
    """Enter label q into its list, sorted by cost, unless one beats it; end those that it beats."""
    previous = -1
    p = head[slot]
    c = row[q, _COST]
    while p >= 0 and row[p, _COST] <= c:
        if _beats(row, p, q, k, is_exact):
            return False
        previous = p
        p = row[p, _NEXT]
    row[q, _NEXT] = p
    if previous >= 0:
        row[previous, _NEXT] = q
    else:
        head[slot] = q
    previous = q
    while p >= 0:
        after = row[p, _NEXT]
        if _beats(row, q, p, k, is_exact):
            dead[p] = 1
            row[previous, _NEXT] = after
        else:
            previous = p
        p = after
    return True


@njit(cache=True, nogil=True)
def _add_home(
    row: Ints,
    label: int,
    q: int,
    i: int,
    j: int,
    x: int,
    g: int,
    dual: Ints,
    rest: Rest,
    m: Mode,
) -> int:
    """Write into row q label `label` with home j of its call x in front; FAR if not allowed.

    Returns the net clock for the completion bound. The most aboard to call y grows by the rider if
    y comes before call x, else to what is aboard to x if that is more: which of the two is seen
    from the loads themselves, as the farther call never has the smaller one.
    """
    k = rest.size[g]
    p = m.place[i, j]
    if p >= 0 and row[label, _MEMORY] >> p & 1:
        return FAR
    leg = m.leg_time[j, i]
    if leg >= REACHABLE:
        return FAR
    step = m.step_time[j, i]
    is_door = leg == 0 and i < len(m.homes)
    ride = row[label, _OFF + x] + leg
    here = row[label, _LOAD + x]
    if (ride > m.cap[j] and not is_door) or here + m.use[j] > m.room:
        return FAR
    if m.is_dedicated[j] and row[label, _OWN] >= m.most_dedicated:
        return FAR
    net = -FAR
    for y in range(k):
        off = row[label, _OFF + y] + step
        s = rest.members[g, y]
        if m.closes[s] - off < m.earliest[j]:
            return FAR
        net = max(net, m.opens[s] - off)
        row[q, _OFF + y] = off
        load = row[label, _LOAD + y]
        row[q, _LOAD + y] = max(load, min(load, here) + m.use[j])
    c = row[label, _COST] + m.step_cost[j, i] - dual[j]
    if m.excess_per_s > 0 and not is_door and ride > m.target[j]:
        c += m.excess_per_s * (ride - m.target[j])
    row[q, _COST] = c
    row[q, _MEMORY] = remember(row[label, _MEMORY], i, j, m)
    row[q, _OWN] = row[label, _OWN] + m.is_dedicated[j]
    return net


@njit(cache=True, nogil=True)
def _add_call(
    row: Ints, label: int, q: int, i: int, s: int, g: int, rest: Rest, m: Mode
) -> tuple[int, int]:
    """Write into row q label `label` with a call at school s in front; FAR if not allowed.

    Returns the net clock and the set of schools called; -1 where that is too large for the table.
    """
    k = rest.size[g]
    j = len(m.homes) + s
    if m.leg_time[j, i] >= REACHABLE or m.first_home[s] == m.first_home[s + 1]:
        return FAR, -1
    step = m.step_time[j, i]
    for y in range(k):
        t = rest.members[g, y]
        if t == s or row[label, _OFF + y] + step > m.closes[t] - m.opens[s]:
            return FAR, -1
    net = m.opens[s]
    z = 0
    for y in range(k):
        t = rest.members[g, y]
        if t > s and z == y:
            z += 1
        if z < DEPTH:
            row[q, _OFF + z] = row[label, _OFF + y] + step
            row[q, _LOAD + z] = row[label, _LOAD + y]
        net = max(net, m.opens[t] - row[label, _OFF + y] - step)
        z += 1
    place = 0
    while place < k and rest.members[g, place] < s:
        place += 1
    if place < DEPTH:
        row[q, _OFF + place] = 0
        row[q, _LOAD + place] = 0
    d = rest.child[g, s]
    row[q, _COST] = row[label, _COST] + m.step_cost[j, i]
    row[q, _MEMORY] = remember(row[label, _MEMORY], i, j, m)
    row[q, _OWN] = row[label, _OWN]
    return net, d


@njit(cache=True, nogil=True)
def label_mode(m: Mode, dual: Ints, most: int, is_exact: bool, halt: Ints, rest: Rest) -> Priced:
    """Find the least reduced cost of a mode.

    Parameters
    ----------
    dual
        Per home of the mode, whole parts of a penny.
    most
        So many labels at most; where there would be more, nothing is proven (`least` = -FAR).
    is_exact
        Full dominance; otherwise by cost, time and load alone, which may lose the least run: then
        `least` is what was found, and nothing is proven.
    halt
        One number; as soon as it is not 0 labelling ends, and nothing is proven.
    """
    homes = len(m.homes)
    schools = len(m.opens)
    row = np.empty((most + 1, _ROW), np.int32)
    node = np.empty(most + 1, np.int32)
    back = np.empty(most + 1, np.int32)
    group = np.empty(most + 1, np.int32)
    value = np.empty(most + 1, np.int32)
    waiting = np.empty(most + 1, np.int32)
    dead = np.empty(most + 1, np.int32)
    head = np.full(rest.begin[-1], -1, np.int32)
    deep = rest.members.shape[1]
    buckets = _MOST_BUCKETS
    queue = np.full((deep + 1) * buckets, -1, np.int32)
    now = buckets
    dead[most] = 0
    count = 0
    least = 0
    is_whole = True
    root = -1
    while True:
        # the next label, or before the first the roots: one school each
        label = most
        g = -1
        i = homes
        k = 0
        first, last = 0, schools
        if root < schools - 1:
            root += 1
            first, last = root, root + 1
        else:
            while now < len(queue) and queue[now] < 0:
                now += 1
            if now == len(queue):
                break
            label = queue[now]
            queue[now] = waiting[label]
            if halt[0] != 0:
                return Priced(
                    -FAR, False, value[:count].copy(), node[:count].copy(), back[:count].copy()
                )
            if dead[label]:
                continue
            g = group[label]
            i = node[label]
            k = rest.size[g]
        n = rest.begin[g] if g >= 0 else 0
        for x in range(k):
            s = rest.members[g, x]
            for j in range(m.first_home[s], m.first_home[s + 1]):
                net = _add_home(row, label, count, i, j, x, g, dual, rest, m)
                if net == FAR:
                    continue
                c = row[count, _COST]
                low = c + bound_rest(rest, g, s, j, net, row[count, _MEMORY], m)
                if low >= 0:
                    continue
                slot = n + j - m.first_home[s]
                if not _enter(row, dead, head, slot, count, k, is_exact):
                    continue
                node[count] = j
                back[count] = label
                group[count] = g
                dead[count] = 0
                value[count] = c + m.end_cost[j]
                least = min(least, value[count])
                b = k * buckets + _bucket(net, m)
                waiting[count] = queue[b]
                queue[b] = count
                now = min(now, b)
                count += 1
                if count == most:
                    return Priced(
                        -FAR, False, value[:count].copy(), node[:count].copy(), back[:count].copy()
                    )
            n += m.first_home[s + 1] - m.first_home[s]
        if k >= m.most_schools:
            continue
        for s in range(first, last):
            if k == 0:
                if m.first_home[s] == m.first_home[s + 1]:
                    continue
                net = m.opens[s]
                d = rest.root[s]
                row[count] = 0
                row[count, _COST] = m.start_cost[s]
            else:
                net, d = _add_call(row, label, count, i, s, g, rest, m)
                if net == FAR:
                    continue
            low = row[count, _COST] + bound_rest(rest, d, s, homes + s, net, row[count, _MEMORY], m)
            if low >= 0:
                continue
            if d < 0:
                is_whole = False
                least = min(least, low)
                continue
            slot = rest.begin[d + 1] - k - 1
            while rest.members[d, slot - (rest.begin[d + 1] - k - 1)] != s:
                slot += 1
            if not _enter(row, dead, head, slot, count, k + 1, is_exact):
                continue
            node[count] = homes + s
            back[count] = label if k > 0 else -1
            group[count] = d
            dead[count] = 0
            value[count] = FAR
            b = (k + 1) * buckets + _bucket(net, m)
            waiting[count] = queue[b]
            queue[b] = count
            now = min(now, b)
            count += 1
            if count == most:
                return Priced(
                    -FAR, False, value[:count].copy(), node[:count].copy(), back[:count].copy()
                )
    return Priced(least, is_whole, value[:count].copy(), node[:count].copy(), back[:count].copy())


@njit(cache=True, nogil=True)
def _bucket(net: int, m: Mode) -> int:
    """Late clocks first, as labels grow towards the morning."""
    last = int(m.opens.max())
    return min(_MOST_BUCKETS - 1, max(0, (last - net) // _WIDTH_S))
