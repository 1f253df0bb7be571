"""Which schools can be open together, and where: those that can all still be called in time.

A school is open while pupils for it are aboard. Where there are too many sets of schools, schools
near each other are taken together as a quarter: it is open from the first pupil for any of them on,
and closes with a call at one of them, or stays open for the others. Sets grow by a quarter at a
time: a set can stand at a node only where each smaller one can that has the node's own school,
since without a quarter the others are reached no later and ridden to no longer.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ground import FAR, Ground, Ints

MOST_SETS = 40_000
MOST_OPEN = 9
"""So many quarters at most a set has; where more can be open together quarters are larger."""
_NEVER = 2**60
_FEWER = 1.5
"""Each quartering has so many times fewer quarters than the next."""

Group = tuple[int, ...]
Flags = NDArray[np.bool_]


class Sets(NamedTuple):
    """All sets of quarters that can be open, the empty one first, and last one that stands nowhere.

    `quarter[k]` is the quarter of school k, `is_first[k]` whether k is its first; `is_fine` says
    that each has one school. `plus[g, k]` is set g with the quarter of k, `minus[g, k]` without it;
    `has[g, k]` says whether it is in g, `stays[k]` whether it may stay open after a call at k.
    """

    quarter: Ints
    is_first: Flags
    is_fine: bool
    plus: Ints
    minus: Ints
    has: Flags
    stays: Flags


class Standing(NamedTuple):
    """Sets, and whether `at[g, i]` set g can stand at node i."""

    sets: Sets
    at: Flags


class Levels:
    """The sets of a ground over each of its quarterings, large quarters first."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.quarterings = _join_near(ground)
        self.behind = _find_behind(ground)
        self.listed: dict[int, Standing | None] = {}

    def number(self, level: int, kept: Standing | None = None) -> Standing | None:
        """The sets over a quartering with where they stand, of those `kept` over larger quarters.

        None where there are too many.
        """
        if kept is not None:
            return self._list(level, kept)
        if level not in self.listed:
            self.listed[level] = self._list(level, None)
        return self.listed[level]

    def _list(self, level: int, kept: Standing | None) -> Standing | None:
        quarter = self.quarterings[level]
        return _list_sets(_find_needs(self.ground, quarter, self.behind), quarter, kept)

    def find(self, sets: Sets) -> int:
        """The level of sets listed before."""
        return next(
            level
            for level, quarter in enumerate(self.quarterings)
            if quarter.max() == sets.quarter.max()
        )


def _join_near(ground: Ground) -> list[Ints]:
    """Quarterings from one quarter of all schools to each school by itself.

    The two quarters whose farthest schools are nearest to each other are joined, again and again.
    """
    homes, schools = len(ground.school), len(ground.opens_s)
    worst = ground.short_s[homes:].astype(np.int64)
    worst = np.maximum(worst, worst.T)
    np.fill_diagonal(worst, _NEVER)
    quarter = np.arange(schools)
    quarterings: list[Ints] = []
    wanted = float(schools)
    while True:
        names, numbered = np.unique(quarter, return_inverse=True)
        if len(names) <= wanted:
            quarterings.append(numbered.astype(np.int32))
            wanted = len(names) / _FEWER
        if len(names) == 1:
            return quarterings[::-1]
        a, b = sorted(divmod(int(worst.argmin()), schools))
        quarter[quarter == b] = a
        worst[a] = worst[:, a] = np.maximum(worst[a], worst[b])
        worst[b] = worst[:, b] = worst[a, a] = _NEVER


class _Needs(NamedTuple):
    """What a set must hold to at each node, by quarter.

    `boarded` is the earliest that a pupil can be aboard there, `left` the most seconds left of
    their ride, `way` the quickest to a school of the quarter and `between` from quarter to quarter.
    `own` is the quarter of a home's school, -1 at schools, `shut` the one that is not open after a
    call there.
    """

    boarded: NDArray[np.int64]
    left: NDArray[np.int64]
    way: NDArray[np.int64]
    between: NDArray[np.int64]
    stood: NDArray[np.int64]
    done_from: NDArray[np.int64]
    done_to: NDArray[np.int64]
    own: NDArray[np.int64]
    shut: NDArray[np.int64]


def _find_behind(ground: Ground) -> NDArray[np.int64]:
    """The least seconds from each node to each other by any way, with service at the nodes."""
    behind = ground.step_s.astype(np.int64)
    np.fill_diagonal(behind, 0)
    for via in range(len(behind)):
        np.minimum(behind, behind[:, via, None] + behind[None, via, :], out=behind)
    return behind


def _find_needs(ground: Ground, quarter: Ints, behind: NDArray[np.int64]) -> _Needs:
    """What pupils aboard at a node can have behind them, by the quickest way from their homes."""
    homes, schools = len(ground.school), len(ground.opens_s)
    nodes, some = homes + schools, int(quarter.max()) + 1
    boarded = np.full((nodes, some), FAR, dtype=np.int64)
    left = np.full((nodes, some), -1, dtype=np.int64)
    way = np.full((nodes, some), FAR, dtype=np.int64)
    between = np.full((some, some), FAR, dtype=np.int64)
    for s in range(schools):
        q = quarter[s]
        pupils = np.flatnonzero(ground.school == s)
        sooner = (ground.ready_s[pupils, None] + behind[pupils]).min(axis=0, initial=FAR)
        longer = (ground.cap_s[pupils, None] - behind[pupils]).max(axis=0, initial=-1)
        boarded[:, q] = np.minimum(boarded[:, q], sooner)
        left[:, q] = np.maximum(left[:, q], longer)
        way[:, q] = np.minimum(way[:, q], ground.short_s[:, s])
    for s in range(schools):
        between[quarter[s]] = np.minimum(between[quarter[s]], way[homes + s])
    at = np.arange(homes)
    own = quarter[ground.school]
    # the first call in a home's own quarter comes no later than that at its own school
    boarded[at, own], left[at, own] = ground.ready_s, ground.cap_s
    ready = np.concatenate([ground.ready_s, ground.done_from_s])
    is_alone = np.bincount(quarter)[quarter] == 1
    stood, done_from = np.full((2, some), FAR, dtype=np.int64)
    done_to = np.full(some, -FAR, dtype=np.int64)
    np.minimum.at(stood, quarter, ground.dwell_s.astype(np.int64))
    np.minimum.at(done_from, quarter, ground.done_from_s.astype(np.int64))
    np.maximum.at(done_to, quarter, ground.done_to_s.astype(np.int64))
    nowhere = np.full(homes, -1)
    return _Needs(
        np.maximum(boarded, ready[:, None]),
        left,
        way,
        between,
        stood,
        done_from,
        done_to,
        np.concatenate([own, np.full(schools, -1)]).astype(np.int64),
        np.concatenate([nowhere, np.where(is_alone, quarter, -1)]).astype(np.int64),
    )


class _Kept(NamedTuple):
    """Larger sets: `part[g, i]` where set g is part of one that stands, and numbers by quarter."""

    part: Flags
    plus: Ints


def _list_sets(needs: _Needs, quarter: Ints, kept: Standing | None) -> Standing | None:
    """All sets of quarters with where they stand; None where there are too many."""
    nodes, some = needs.left.shape
    larger = _look_at(kept, quarter) if kept else None
    image: dict[Group, int] = {(): 0}
    levels: list[list[Group]] = [[()]]
    stood: list[Flags] = [(needs.own < 0)[None, :]]
    while levels[-1]:
        place = {group: i for i, group in enumerate(levels[-1])}
        grown = sorted(
            {tuple(sorted((*g, q))) for g in levels[-1] for q in range(some) if q not in g}
        )
        if sum(map(len, levels)) + len(grown) > MOST_SETS:
            return None
        has = np.zeros((len(grown), some), dtype=bool)
        smaller = np.zeros((len(grown), len(levels)), dtype=np.int64)
        for g, group in enumerate(grown):
            has[g, list(group)] = True
            for x in range(len(group)):
                smaller[g, x] = place.get(group[:x] + group[x + 1 :], -1)
        stands = np.where(needs.own < 0, ~has[:, needs.shut] | (needs.shut < 0), has[:, needs.own])
        members = np.array(grown, dtype=np.int64).reshape(len(grown), len(levels))
        below = np.concatenate([stood[-1], np.zeros((1, nodes), dtype=bool)])
        for x in range(members.shape[1]):
            stands &= below[smaller[:, x]] | (needs.own == members[:, x, None])
        if larger is not None:
            image |= {group: _chain(larger.plus, group) for group in grown}
            stands &= larger.part[[image[group] for group in grown]]
        _drop_late(has, needs, stands)
        is_somewhere = stands.any(axis=1)
        levels.append([group for group, is_in in zip(grown, is_somewhere, strict=True) if is_in])
        stood.append(stands[is_somewhere])
        if len(levels) > MOST_OPEN + 1 and levels[-1]:
            return None
    groups = [group for level in levels for group in level]
    closed = _close_down(groups)
    at = np.zeros((len(closed) + 1, nodes), dtype=bool)
    place = {group: i for i, group in enumerate(closed)}
    rows = [place[group] for group in groups]
    at[rows] = np.concatenate(stood)
    if kept is not None:
        at[rows[1:]] &= kept.at[[image[group] for group in groups[1:]]]
    return Standing(_number(closed, quarter), at)


def _close_down(groups: list[Group]) -> list[Group]:
    """The sets with all smaller ones, the empty one first: larger ones are found through them."""
    closed = {
        part
        for group in groups
        for size in range(len(group) + 1)
        for part in combinations(group, size)
    }
    return sorted(closed, key=lambda group: (len(group), group))


def _look_at(kept: Standing, quarter: Ints) -> _Kept:
    part = kept.at.copy()
    schools = range(len(quarter))
    for g in np.argsort(-kept.sets.has[:-1].sum(axis=1), kind="stable"):
        for k in schools:
            if kept.sets.has[g, k]:
                part[kept.sets.minus[g, k]] |= part[g]
    part[-1] = False
    first = np.unique(quarter, return_index=True)[1]
    return _Kept(part, kept.sets.plus[:, first])


def _chain(plus: Ints, group: Group) -> int:
    """The larger set that a group's quarters are in."""
    number = 0
    for q in group:
        number = int(plus[number, q])
    return number


def _number(groups: list[Group], quarter: Ints) -> Sets:
    """Number sets; what is none of them is the last one, which stands nowhere."""
    number = {group: i for i, group in enumerate(groups)}
    nowhere, some = len(groups), int(quarter.max()) + 1
    plus = np.full((nowhere + 1, some), nowhere, np.int32)
    minus = np.full((nowhere + 1, some), nowhere, np.int32)
    has = np.ones((nowhere + 1, some), dtype=bool)
    for group, i in number.items():
        has[i] = False
        has[i, list(group)] = True
        for q in range(some):
            without = tuple(x for x in group if x != q)
            plus[i, q] = number.get(tuple(sorted((*without, q))), nowhere)
            minus[i, q] = number.get(without, nowhere)
    size = np.bincount(quarter)
    is_first = np.zeros(len(quarter), dtype=bool)
    is_first[np.unique(quarter, return_index=True)[1]] = True
    return Sets(
        quarter=quarter,
        is_first=is_first,
        is_fine=some == len(quarter),
        plus=np.ascontiguousarray(plus[:, quarter]),
        minus=np.ascontiguousarray(minus[:, quarter]),
        has=np.ascontiguousarray(has[:, quarter]),
        stays=size[quarter] > 1,
    )


@njit(cache=True, nogil=True)
def _drop_late(has: NDArray[np.bool_], t: _Needs, stands: NDArray[np.bool_]) -> None:
    """Drop sets whose quarters cannot all be called from a node, by the least time of each order.

    For every part of a set and its last quarter it keeps the earliest end of service and the least
    ride: each alone the least over all orders, so that nothing possible is dropped.
    """
    inside = np.empty(len(t.stood), np.int64)
    for g in range(len(has)):
        some = 0
        for s in range(len(t.stood)):
            if has[g, s]:
                inside[some] = s
                some += 1
        done = np.empty((1 << some, some), np.int64)
        ridden = np.empty((1 << some, some), np.int64)
        for i in range(len(t.way)):
            if not stands[g, i] or some == 0:
                continue
            start = -FAR
            for x in range(some):
                start = max(start, t.boarded[i, inside[x]])
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
                        arrived = start + t.way[i, s]
                        rode = t.way[i, s]
                    else:
                        arrived, rode = np.int64(FAR), np.int64(FAR)
                        for y in range(some):
                            if rest >> y & 1 and done[rest, y] < FAR:
                                leg = t.between[inside[y], s]
                                arrived = min(arrived, done[rest, y] + leg)
                                rode = min(rode, ridden[rest, y] + t.stood[inside[y]] + leg)
                    end = max(arrived + t.stood[s], t.done_from[s])
                    if end <= t.done_to[s] and rode <= t.left[i, s]:
                        done[part, x], ridden[part, x] = end, rode
                        is_possible = is_possible or part == (1 << some) - 1
            stands[g, i] = is_possible
