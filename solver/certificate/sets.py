"""Which schools can be open together, and where: those that can all still be called in time.

A school is open while pupils for it are aboard. Sets grow by a school at a time: a set can stand at
a node only where each smaller one can that has the node's own school, since without a school the
others are reached no later and ridden to no longer.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ground import FAR, Ground, Ints

MOST_SETS = 40_000

Group = tuple[int, ...]
Flags = NDArray[np.bool_]


class Sets(NamedTuple):
    """Sets of up to `depth` schools, the empty one first, and last one that stands for all others.

    `plus[g, k]` are set g with k: one set, or where g is full one for each school that may be
    forgotten instead (the last repeated to fill; none where `is_all`). `minus[g, k]` is set g
    without k. `has[g, k]` says whether k is in g; the last set has all schools. `is_all` says that
    no node can stand with more schools than sets hold.
    """

    plus: Ints
    minus: Ints
    has: Flags
    depth: int
    is_all: bool


class Standing(NamedTuple):
    """Sets, and whether `at[g, i]` set g can stand at node i."""

    sets: Sets
    at: Flags


class Levels:
    """The sets of a ground by size, as far as `most_depth` schools or :data:`MOST_SETS` allow."""

    def __init__(self, ground: Ground, most_depth: int) -> None:
        self.ground, self.schools = ground, len(ground.opens_s)
        self.needs = _find_needs(ground)
        self.groups: list[list[Group]] = [[()]]
        self.numbered: dict[int, Standing] = {}
        while self.groups[-1] and len(self.groups) <= most_depth + 1:
            larger = sorted(
                {
                    tuple(sorted((*group, k)))
                    for group in self.groups[-1]
                    for k in range(self.schools)
                    if k not in group
                }
            )
            if sum(map(len, self.groups)) + len(larger) > MOST_SETS:
                break
            has = _list_members(larger, self.schools)
            stood = _stand(ground, has, self.needs).any(axis=1)
            self.groups.append([group for group, is_in in zip(larger, stood, strict=True) if is_in])
        is_cut_off = len(self.groups) <= most_depth + 1 and bool(self.groups[-1])
        self.deepest = max(1, len(self.groups) - (1 if is_cut_off else 2))

    def number(self, depth: int) -> Standing:
        """The sets of up to so many schools, at most the deepest, with where they stand."""
        if depth not in self.numbered:
            levels = self.groups[: depth + 1]
            is_all = depth + 1 < len(self.groups) and not self.groups[depth + 1]
            sets = _number(_close_down(levels), self.schools, depth, is_all)
            at = np.zeros((len(sets.has), len(self.ground.known)), dtype=bool)
            at[:-1] = _stand(self.ground, sets.has[:-1], self.needs)
            self.numbered[depth] = Standing(sets, at)
        return self.numbered[depth]


def _close_down(levels: list[list[Group]]) -> list[Group]:
    """The sets with all smaller ones, the empty one first."""
    closed = {
        part
        for level in levels
        for group in level
        for size in range(len(group) + 1)
        for part in combinations(group, size)
    }
    return sorted(closed, key=lambda group: (len(group), group))


def _list_members(groups: list[Group], schools: int) -> Flags:
    has = np.zeros((len(groups), schools), dtype=bool)
    for i, group in enumerate(groups):
        has[i, list(group)] = True
    return has


def _number(groups: list[Group], schools: int, depth: int, is_all: bool) -> Sets:
    """Number sets; what is none of them is the last one, which stands nowhere."""
    number = {frozenset(group): i for i, group in enumerate(groups)}
    nowhere = len(groups)
    plus = np.full((len(groups) + 1, schools, depth), nowhere, np.int32)
    minus = np.full((len(groups) + 1, schools), nowhere, np.int32)
    has = np.ones((len(groups) + 1, schools), dtype=bool)
    has[:-1] = _list_members(groups, schools)
    for group, i in number.items():
        for k in range(schools):
            others = group - {k}
            kept = [others]
            if len(others) == depth and not is_all:
                kept = [others - {f} for f in sorted(others)]
            joined = [number.get(some | {k}, nowhere) for some in kept]
            plus[i, k] = joined + joined[-1:] * (depth - len(joined))
            minus[i, k] = number[others]
    return Sets(plus, minus, has, depth, is_all)


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


def _stand(ground: Ground, has: Flags, needs: _Needs) -> Flags:
    """Which sets a node can stand with: its own school open or closed, and all called in time."""
    stands = np.concatenate([has[:, ground.school], ~has], axis=1)
    _drop_late(ground, has, needs, stands)
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
