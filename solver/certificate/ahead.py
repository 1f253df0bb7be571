"""What the rest of a run can still gain at most: a table over open schools, clock and seats.

A school is open while pupils for it are aboard. For a node, the set of open schools, the clock, the
seats left until the next call and which of a few homes have come before, the table holds the least
reduced cost of anything that can follow. Relaxed: rides end only with a school's window; homes that
a node does not remember may come again; after a call only one pupil of each open school is aboard,
the smallest; of more open schools than a set may hold, one is forgotten (and may be called without
being open): the one that makes the rest dearest. A node has no entries for open schools that could
not all be called in time from there.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ground import FAR, Ground, Ints
from solver.domain import UNREACHABLE

NO_ROAD_S = UNREACHABLE
ENDLESS = -2_000_000_000
"""Stands for a gain without limit; sums of costs never reach it."""
_ENDLESS_FROM = -1_500_000_000
_LEAST_STEP_S = 8
_MOST_ENTRIES = 60_000_000
_MOST_WORK = 6_000_000_000
_MOST_SETS = 40_000


class Sets(NamedTuple):
    """All sets of up to `depth` schools, the empty one first.

    `plus[g, k]` are set g with k: one set, or where g is full one for each school that may be
    forgotten instead (the last repeated to fill). `minus[g, k]` is set g without k. `has[g, k]`
    says whether k is in g.
    """

    plus: Ints
    minus: Ints
    has: NDArray[np.bool_]
    depth: int


class Ahead(NamedTuple):
    """The table: the least cost of what follows.

    Entry of a home: begin + ((bucket * (crew + 1) + crew free) * (room + 1) + seats left) * 2^t +
    memory, with t homes that the node remembers; of a school the same without seats. The crew are
    assistants of pupils' own. `begin` is -1 where a node cannot stand with a set. `onward[i, j]` is
    the memory at j for each at i before, -1 where j itself has come.
    """

    begin: NDArray[np.int64]
    first_bucket: Ints
    span: Ints
    grid_s: int
    width_s: int
    rest: Ints
    onward: NDArray[np.int8]
    is_filled: bool


@lru_cache(maxsize=8)
def number_sets(schools: int, depth: int) -> Sets:
    """Number all sets of up to `depth` schools."""
    groups = [frozenset(c) for k in range(depth + 1) for c in combinations(range(schools), k)]
    number = {group: i for i, group in enumerate(groups)}
    shape = (len(groups), schools)
    plus, minus = np.zeros((*shape, depth), np.int32), np.zeros(shape, np.int32)
    has = np.zeros(shape, dtype=bool)
    for i, group in enumerate(groups):
        for k in range(schools):
            has[i, k] = k in group
            others = group - {k}
            kept = [others] if len(others) < depth else [others - {f} for f in sorted(others)]
            joined = [number[some | {k}] for some in kept]
            plus[i, k] = joined + joined[-1:] * (depth - len(joined))
            minus[i, k] = number[group - {k}]
    return Sets(plus, minus, has, depth)


def build_ahead(
    ground: Ground, dual: Ints, most_depth: int, step_s: int = 60
) -> tuple[Sets, Ahead]:
    """Fill the table for a mode at its duals; unfilled where steps are too short for a grid.

    Sets hold up to `most_depth` schools, or so many as memory and time allow. The clock goes in
    steps of `step_s`, or of the shortest step of a run where that is less.
    """
    homes, schools = len(ground.school), len(ground.opens_s)
    off_diagonal = ~np.eye(homes + schools, dtype=bool)
    off_diagonal[:, homes:] = True
    shortest = int(ground.step_s[off_diagonal].min(initial=FAR))
    width = max(1, min(shortest, step_s))
    last = ground.done_to_s.astype(np.int64)
    latest = np.concatenate([last[ground.school] - ground.dwell_s[ground.school], last])
    earliest = np.concatenate([ground.ready_s, ground.done_from_s]).astype(np.int64)
    grid = int(earliest.min())
    first = (earliest - grid) // width
    span = np.maximum((latest - grid) // width - first + 1, 1)
    size = span * (count_crew(ground) + 1) * 2 ** ground.tabled.astype(np.int64)
    size[:homes] *= ground.room + 1
    sets, needs = number_sets(schools, 1), _find_needs(ground)
    stands = _stand(ground, sets, needs)
    is_filled = shortest >= _LEAST_STEP_S and _is_affordable(size, stands)
    for depth in range(2, min(most_depth, schools) + 1 if is_filled else 0):
        if sum(comb(schools, k) for k in range(depth + 1)) > _MOST_SETS:
            break
        larger = number_sets(schools, depth)
        standing = _stand(ground, larger, needs)
        if not _is_affordable(size, standing):
            break
        sets, stands = larger, standing
    flat = np.where(stands, size[None, :], 0).ravel()
    ends = np.cumsum(flat)
    total = int(ends[-1]) if is_filled else 1
    ahead = Ahead(
        begin=np.where(stands, (ends - flat).reshape(stands.shape), -1),
        first_bucket=first.astype(np.int32),
        span=span.astype(np.int32),
        grid_s=grid,
        width_s=width,
        rest=np.full(total, FAR, np.int32),
        onward=_pass_on(ground),
        is_filled=is_filled,
    )
    if is_filled:
        _fill(ground, dual, sets, ahead)
    return sets, ahead


def _is_affordable(size: NDArray[np.int64], stands: NDArray[np.bool_]) -> bool:
    """Whether memory and time allow so many entries."""
    entries = int((stands.sum(axis=0) * size).sum())
    return entries <= _MOST_ENTRIES and entries * len(size) <= _MOST_WORK


class _Needs(NamedTuple):
    """For each node and school: the earliest that a pupil can be aboard there, the most left."""

    boarded: NDArray[np.int64]
    left: NDArray[np.int64]


def _find_needs(ground: Ground) -> _Needs:
    """What pupils aboard at a node can have behind them, by the quickest way from their homes."""
    homes, schools = len(ground.school), len(ground.opens_s)
    way = ground.step_s.astype(np.int64)
    np.fill_diagonal(way, 0)
    for via in range(len(way)):
        np.minimum(way, way[:, via, None] + way[None, via, :], out=way)
    boarded = np.full((homes + schools, schools), FAR, dtype=np.int64)
    left = np.full((homes + schools, schools), -1, dtype=np.int64)
    for s in range(schools):
        own = np.flatnonzero(ground.school == s)
        boarded[:, s] = (ground.ready_s[own, None] + way[own]).min(axis=0, initial=FAR)
        left[:, s] = (ground.cap_s[own, None] - way[own]).max(axis=0, initial=-1)
    at = np.arange(homes)
    boarded[at, ground.school], left[at, ground.school] = ground.ready_s, ground.cap_s
    ready = np.concatenate([ground.ready_s, ground.done_from_s])
    return _Needs(np.maximum(boarded, ready[:, None]), left)


def _stand(ground: Ground, sets: Sets, needs: _Needs) -> NDArray[np.bool_]:
    """Which sets a node can stand with: its own school open or closed, and all called in time."""
    stands = np.concatenate([sets.has[:, ground.school], ~sets.has], axis=1)
    _drop_late(ground, sets.has, needs, stands)
    return stands


@njit(cache=True, nogil=True)
def _drop_late(
    m: Ground,
    has: NDArray[np.bool_],
    needs: _Needs,
    stands: NDArray[np.bool_],
) -> None:
    """Drop sets whose schools cannot all be called from a node, by the least time of each order.

    For every part of a set and its last school it keeps the earliest end of service and the least
    ride: each alone the least over all orders, so that nothing possible is dropped.
    """
    homes = len(m.school)
    schools = len(m.opens_s)
    inside = np.empty(schools, np.int64)
    for g in range(len(has)):
        some = 0
        for s in range(schools):
            if has[g, s]:
                inside[some] = s
                some += 1
        done = np.empty((1 << some, some), np.int64)
        ridden = np.empty((1 << some, some), np.int64)
        for i in range(homes + schools):
            if not stands[g, i] or some == 0:
                continue
            start = -FAR
            for x in range(some):
                start = max(start, needs.boarded[i, inside[x]])
            done[:] = FAR
            ridden[:] = FAR
            is_possible = False
            for part in range(1, 1 << some):
                for x in range(some):
                    if not part >> x & 1:
                        continue
                    s = inside[x]
                    rest = part ^ (1 << x)
                    if rest == 0:
                        arrived = start + m.short_s[i, s]
                        rode = np.int64(m.short_s[i, s])
                    else:
                        arrived, rode = np.int64(FAR), np.int64(FAR)
                        for y in range(some):
                            if rest >> y & 1 and done[rest, y] < FAR:
                                leg = m.short_s[homes + inside[y], s]
                                arrived = min(arrived, done[rest, y] + leg)
                                stood = m.dwell_s[inside[y]]
                                rode = min(rode, ridden[rest, y] + stood + leg)
                    end = max(arrived + m.dwell_s[s], m.done_from_s[s])
                    if end <= m.done_to_s[s] and rode <= needs.left[i, s]:
                        done[part, x], ridden[part, x] = end, rode
                        is_possible = is_possible or part == (1 << some) - 1
            stands[g, i] = is_possible


@njit(cache=True, nogil=True)
def count_crew(m: Ground) -> int:
    """Assistants of pupils' own that the table counts; 0 where any number may be needed."""
    return int(m.most_own) if m.most_own < FAR else 0


@njit(cache=True, nogil=True)
def locate(m: Ground, t: Ahead, g: int, i: int, clock_s: int, crew: int, seats: int) -> int:
    """The entry of a node at a clock (rounded down to the grid), or -1 where it is too late."""
    b = (clock_s - t.grid_s) // t.width_s - t.first_bucket[i]
    if b >= t.span[i] or t.begin[g, i] < 0:
        return -1
    x = max(b, 0) * (count_crew(m) + 1) + crew
    if i < len(m.school):
        x = x * (m.room + 1) + seats
    return int(t.begin[g, i] + (x << m.tabled[i]))


@njit(cache=True, nogil=True)
def _bit(m: Ground, j: int, h: int) -> int:
    """The bit of home h in the table's memory of node j, 0 where it has none."""
    p = m.place[j, h] - (1 if j < len(m.school) else 0)
    return 1 << p if 0 <= p < m.tabled[j] else 0


@njit(cache=True, nogil=True)
def _pass_on(m: Ground) -> NDArray[np.int8]:
    """The memory at each node for each at the node before it."""
    homes = len(m.school)
    nodes = len(m.known)
    onward = np.zeros((nodes, nodes, 1 << m.tabled.max()), np.int8)
    for i in range(nodes):
        first = 1 if i < homes else 0
        for j in range(nodes):
            for memory in range(1 << m.tabled[i]):
                if j < homes and memory & _bit(m, i, j):
                    onward[i, j, memory] = -1
                    continue
                if i < homes:
                    onward[i, j, memory] = _bit(m, j, i)
                for x in range(m.tabled[i]):
                    if memory >> x & 1:
                        onward[i, j, memory] |= _bit(m, j, m.known[i, first + x])
    return onward


@njit(cache=True, nogil=True)
def _offer(t: Ahead, x: int, cost: int, after: int) -> None:
    """Offer entry x a step at `cost`, followed by `after`."""
    whole = cost + after
    if after <= _ENDLESS_FROM or whole <= _ENDLESS_FROM:
        whole = ENDLESS
    t.rest[x] = min(t.rest[x], whole)


@njit(cache=True, nogil=True)
def _find_seats(m: Ground, sets: Sets) -> Ints:
    """The seats left after a call at the most, by set: one pupil of each of its schools is aboard.

    Negative where the set has too many schools for the vehicle.
    """
    smallest = np.full(len(m.opens_s), m.room + 1, np.int32)
    for h in range(len(m.school)):
        smallest[m.school[h]] = min(smallest[m.school[h]], m.use[h])
    seats = np.full(len(sets.has), m.room, np.int32)
    for g in range(len(sets.has)):
        for s in range(len(m.opens_s)):
            if sets.has[g, s]:
                seats[g] -= smallest[s]
    return seats


@njit(cache=True, nogil=True)
def _fill(m: Ground, dual: Ints, sets: Sets, t: Ahead) -> None:
    """Fill all entries, the latest clock first: every step takes at least one bucket."""
    homes = len(m.school)
    nodes = homes + len(m.opens_s)
    seen = np.empty(sets.depth, np.int64)
    seats = _find_seats(m, sets)
    last = 0
    for i in range(nodes):
        last = max(last, t.first_bucket[i] + t.span[i])
    for bucket in range(last - 1, -1, -1):
        for i in range(nodes):
            b = bucket - t.first_bucket[i]
            if b < 0 or b >= t.span[i]:
                continue
            clock = t.grid_s + bucket * t.width_s
            clock = max(clock, m.ready_s[i] if i < homes else m.done_from_s[i - homes])
            for g in range(len(t.begin)):
                if t.begin[g, i] < 0 or (i >= homes and seats[g] < 0):
                    continue
                for crew in range(count_crew(m) + 1):
                    _fill_entry(m, dual, sets, t, g, i, b, clock, crew, seats, seen)


@njit(cache=True, nogil=True)
def _fill_entry(
    m: Ground,
    dual: Ints,
    sets: Sets,
    t: Ahead,
    g: int,
    i: int,
    b: int,
    clock: int,
    crew: int,
    seats: Ints,
    seen: NDArray[np.int64],
) -> None:
    """Fill the entries of a node, set, bucket and free crew for all seats left and memories.

    No run stands here earlier than at `clock`; at a school there is one entry, for the seats that
    its set leaves.
    """
    homes = len(m.school)
    schools = len(m.opens_s)
    is_home = i < homes
    bits = m.tabled[i]
    width = m.room + 1 if is_home else 1
    x = t.begin[g, i] + ((b * (count_crew(m) + 1) + crew) * width << bits)
    if not is_home and g == 0:
        t.rest[x : x + (1 << bits)] = m.last_cost[i - homes]
    fewest, most = (0, m.room) if is_home else (seats[g], seats[g])
    for h in range(homes):
        taken = m.own[h] if count_crew(m) > 0 else 0
        if h == i or m.leg_s[i, h] >= NO_ROAD_S or taken > crew:
            continue
        s = m.school[h]
        at = max(clock + m.step_s[i, h], m.ready_s[h])
        if at + m.short_s[h, s] > m.done_to_s[s] - m.dwell_s[s]:
            continue
        step = m.live[i, h] if g > 0 else min(m.live[i, h], m.dead[i, h])
        cost = int(step) - int(dual[h])
        use = m.use[h]
        some = 0
        for z in range(sets.depth):
            if z == 0 or sets.plus[g, s, z] != sets.plus[g, s, z - 1]:
                y = locate(m, t, sets.plus[g, s, z], h, at, crew - taken, 0)
                if y < 0:  # some of its schools would be too late, so all of them would
                    some = 0
                    break
                seen[some] = y
                some += 1
        if some == 0:
            continue
        for q in range(max(use, fewest), most + 1):
            into = x + (q << bits if is_home else 0)
            for memory in range(1 << bits):
                known = t.onward[i, h, memory]
                if known < 0:
                    continue
                after = ENDLESS
                for z in range(some):
                    after = max(after, t.rest[seen[z] + (q - use << m.tabled[h]) + known])
                _offer(t, into + memory, cost, after)
    may_forget = sets.depth < schools
    for s in range(schools):
        if homes + s == i or m.leg_s[i, homes + s] >= NO_ROAD_S:
            continue
        if not sets.has[g, s] and not may_forget:
            continue
        at = max(clock + m.step_s[i, homes + s], m.done_from_s[s])
        if at > m.done_to_s[s]:
            continue
        after = sets.minus[g, s]
        y = locate(m, t, after, homes + s, at, crew, 0)
        if y < 0:
            continue
        cost = int(m.live[i, homes + s])
        if g == 0:
            cost = min(cost, int(m.dead[i, homes + s]))
        for memory in range(1 << bits):
            rest = t.rest[y + t.onward[i, homes + s, memory]]
            for q in range(width):
                _offer(t, x + (q << bits) + memory, cost, rest)
