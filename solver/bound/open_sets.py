"""Sets of open schools (schools with riders aboard): where a run can have them, and what follows.

At every node only those sets are kept whose schools can still be called in some order, in time for
their windows and rides: a few of the many that could be drawn. Where even those are too many, near
schools count as one (:mod:`solver.bound.near_schools`): a group is open from the first rider of any
of its schools on, and a call at one of them may close it. No run has a set that is not listed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.in_time import MOST_OPEN, Timing, can_call, time_calls
from solver.bound.modes import FAR, Ints, Mode
from solver.bound.near_schools import list_groupings

_CODE_BITS = 60
"""A set's code holds its groups in rising order, each with as many bits as their number needs."""
_EACH = _CODE_BITS // MOST_OPEN
_MOST_ROWS = 3_000_000
"""So many sets of all nodes at most, of one size, are gone through."""
_ROOM = 1 / 2
"""Sets of groups take that part of what they may at most: the rest is for what is remembered."""

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
_Level = tuple[Ints, Codes, Ints]


class Steps(NamedTuple):
    """What a step to a home of school s, or to s itself, makes of the sets of node i.

    Rows `begin[i, s]` to `begin[i, s + 1]` lead from the `source`-th set of node i to set `target`.
    A call has two for a group of several schools: others of it may be open still.
    """

    begin: NDArray[np.int64]
    source: Ints
    target: Ints


class OpenSets(NamedTuple):
    """All sets of groups of schools, the empty set first.

    School s is in group `group[s]`; `is_fine` says that no group has more than one. Set g has the
    groups `has[g]`, whose riders take `seats[g]` at least. `plus[g, s]` is set g with the group of
    school s, `less[g, c]` without group c; -1 where no run has them. `place[i, g]` is the place of
    set g among the `many[i]` of node i, -1 where node i has it not.
    """

    group: Ints
    is_fine: bool
    has: Flags
    seats: Ints
    plus: Ints
    less: Ints
    place: Ints
    many: Ints
    boards: Steps
    calls: Steps


class _Coarser(NamedTuple):
    """Sets of larger groups that have been listed before: what is no part of any is not listed.

    `may[i, g]` says whether coarser set g is part of one of node i, `is_kept[i, g]` whether it is
    one; `plus[g, c]` is it with the group that has the finer group c.
    """

    may: Flags
    is_kept: Flags
    plus: Ints


def list_sets(
    m: Mode, weight: NDArray[np.int64], most: int, before: OpenSets | None = None
) -> OpenSets | None:
    """List the sets of every node over as small groups of schools as `most` allows.

    Parameters
    ----------
    weight
        What a set takes of `most` at each node.
    before
        Sets of larger groups, from which some have been left out: their parts are not listed.

    Returns
    -------
    OpenSets or None
        Those before where no smaller groups are allowed; None where not even one of all schools is.
    """
    finer = [
        group for group in list_groupings(m) if before is None or group.max() > before.group.max()
    ]
    if not finer:
        return before
    fine = _list_grouped(m, finer[-1], weight, most, before)
    if fine is not None:
        return fine
    best = before
    for group in finer[:-1]:
        listed = _list_grouped(m, group, weight, int(_ROOM * most) if group.max() else most, before)
        if listed is None:
            break
        best = listed
    return best


def _list_grouped(
    m: Mode, group: Ints, weight: NDArray[np.int64], most: int, before: OpenSets | None
) -> OpenSets | None:
    """List the sets of groups; None where they take more than `most`, or one has too many."""
    timing = time_calls(m, group)
    nodes, groups = timing.left.shape
    every = np.arange(nodes, dtype=np.int32)
    nothing = np.zeros(nodes, np.int64)
    coarser = _look_back(group, before) if before is not None else _allow_all(nodes, groups)
    at_schools = timing.own < 0  # at a home its own school is open
    level: _Level = (every, nothing, nothing.astype(np.int32))
    levels: list[_Level] = [(every[at_schools], nothing[at_schools], level[2][at_schools])]
    used = int(weight[at_schools].sum())
    while len(level[0]):
        if len(levels) > MOST_OPEN + 1:
            return None
        grown, more = _extend(*level, timing, coarser, most - used, weight)
        used += more
        if used > most or len(grown[0]) > _MOST_ROWS:
            return None
        level = grown
        levels.append(level)
    at, codes, images = (np.concatenate(column) for column in zip(*levels, strict=True))
    is_kept = coarser.is_kept[at, images] | (codes == 0)
    at, codes = at[is_kept], codes[is_kept]
    return _number(group, timing, _close_down(np.unique(codes)), at, codes)


def _close_down(codes: Codes) -> Codes:
    """Sets with all smaller ones: larger ones are found through them."""
    closed = level = codes
    while len(level):
        level = np.setdiff1d(_list_smaller(level), closed)
        closed = np.union1d(closed, level)
    return np.union1d(closed, np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def _list_smaller(codes: Codes) -> Codes:
    """All sets of one group less."""
    smaller = [np.int64(0)]
    groups = np.empty(MOST_OPEN + 1, np.int32)
    part = np.empty(MOST_OPEN + 1, np.int32)
    for code in codes:
        some = _unpack(code, groups)
        for x in range(some):
            smaller.append(np.int64(_pack(part, _leave_out(groups, some, groups[x], part), -1)))
    return np.array(smaller)


@njit(cache=True, nogil=True)
def _leave_out(groups: Ints, some: int, c: int, part: Ints) -> int:
    """Write the groups of a set but c; returns how many."""
    left = 0
    for x in range(some):
        if groups[x] != c:
            part[left] = groups[x]
            left += 1
    return left


def _allow_all(nodes: int, groups: int) -> _Coarser:
    everywhere = np.ones((nodes, 1), np.bool_)
    return _Coarser(everywhere, everywhere, np.zeros((1, groups), np.int32))


def _look_back(group: Ints, before: OpenSets) -> _Coarser:
    is_kept = before.place >= 0
    may = np.ascontiguousarray(is_kept.T)
    size = before.has.sum(axis=1)
    for g in np.argsort(-size, kind="stable"):
        for c in np.flatnonzero(before.has[g]):
            part = before.less[g, c]
            if part >= 0:
                may[part] |= may[g]
    first = np.unique(group, return_index=True)[1]
    return _Coarser(np.ascontiguousarray(may.T), is_kept, before.plus[:, first].copy())


@njit(cache=True, nogil=True)
def _unpack(code: int, groups: Ints) -> int:
    """Write the groups of a set in rising order; returns how many."""
    some = 0
    while code:
        groups[some] = (code & ((1 << _EACH) - 1)) - 1
        code >>= _EACH
        some += 1
    return some


@njit(cache=True, nogil=True)
def _pack(groups: Ints, some: int, extra: int) -> int:
    """The code of a set in rising order with one group more (-1: with none)."""
    code = 0
    bits = 0
    is_in = extra < 0
    for x in range(some):
        if not is_in and extra < groups[x]:
            code |= (extra + 1) << bits
            bits += _EACH
            is_in = True
        code |= (groups[x] + 1) << bits
        bits += _EACH
    return code if is_in else code | (extra + 1) << bits


@njit(cache=True, nogil=True)
def _extend(
    nodes: Ints,
    codes: Codes,
    images: Ints,
    t: Timing,
    coarser: _Coarser,
    most: int,
    weight: NDArray[np.int64],
) -> tuple[_Level, int]:
    """All sets of one group more that can still be called; at a home its own group comes first.

    A set is a row of a node, a code and the number of the coarser set that it is part of. Returns
    what they take too, but for those that are only part of larger ones; ends early above `most`.
    """
    new_nodes = [np.int32(0)]
    new_codes = [np.int64(0)]
    new_images = [np.int32(0)]
    groups = np.empty(MOST_OPEN + 1, np.int32)
    used = 0
    for row in range(len(nodes)):
        i = nodes[row]
        some = _unpack(codes[row], groups)
        greatest = -1
        clock = -FAR
        room = t.room
        for x in range(some):
            room -= t.least_use[groups[x]]
            clock = max(clock, t.clock[i, groups[x]])
            if groups[x] != t.own[i]:
                greatest = max(greatest, groups[x])
        for c in range(greatest + 1, len(t.opens)):
            is_begun_here = some == 0 and t.own[i] >= 0
            if (c == t.own[i]) != is_begun_here or c == t.shut[i] or t.left[i, c] < 0:
                continue
            image = coarser.plus[images[row], c]
            if t.least_use[c] > room or image < 0 or not coarser.may[i, image]:
                continue
            groups[some] = c
            begin = max(clock, t.clock[i, c])
            if can_call(t, i, begin, groups, some + 1):
                new_nodes.append(i)
                new_codes.append(np.int64(_pack(groups, some, c)))
                new_images.append(image)
                used += weight[i] if coarser.is_kept[i, image] else 0
        if used > most or len(new_nodes) > _MOST_ROWS:
            break
    level = np.array(new_nodes)[1:], np.array(new_codes)[1:], np.array(new_images)[1:]
    return level, used


def _number(group: Ints, timing: Timing, known: Codes, at: Ints, codes: Codes) -> OpenSets:
    """Number the known sets over all nodes, and list what steps make of them where they are."""
    nodes, groups = timing.left.shape
    place = np.full((nodes, len(known)), -1, np.int32)
    place[at, np.searchsorted(known, codes)] = 0
    stands = place == 0
    place[stands] = (np.cumsum(stands, axis=1, dtype=np.int32) - 1)[stands]
    has, more, less = _combine(known, groups)
    size = np.bincount(group)
    return OpenSets(
        group=group,
        is_fine=groups == len(group),
        has=has,
        seats=np.minimum(has @ timing.least_use.astype(np.int64), FAR).astype(np.int32),
        plus=np.ascontiguousarray(more[:, group]),
        less=less,
        place=place,
        many=stands.sum(axis=1).astype(np.int32),
        boards=_list_boards(more, group, place),
        calls=_list_calls(less, group, size, place),
    )


@njit(cache=True, nogil=True)
def _combine(codes: Codes, groups: int) -> tuple[Flags, Ints, Ints]:
    """Every set with each group more and less."""
    sets = len(codes)
    has = np.zeros((sets, groups), np.bool_)
    plus = np.full((sets, groups), -1, np.int32)
    less = np.full((sets, groups), -1, np.int32)
    inside = np.empty(MOST_OPEN + 1, np.int32)
    part = np.empty(MOST_OPEN + 1, np.int32)
    for g in range(sets):
        some = _unpack(codes[g], inside)
        for x in range(some):
            has[g, inside[x]] = True
        for c in range(groups):
            if has[g, c]:
                plus[g, c] = g
                less[g, c] = _find(codes, _pack(part, _leave_out(inside, some, c, part), -1))
            elif some < MOST_OPEN:
                plus[g, c] = _find(codes, _pack(inside, some, c))
    return has, plus, less


@njit(cache=True, nogil=True)
def _find(codes: Codes, code: int) -> int:
    """The number of a code among sorted ones, -1 for none."""
    at = np.searchsorted(codes, code)
    return int(at) if at < len(codes) and codes[at] == code else -1


@njit(cache=True, nogil=True)
def _list_held(place: Ints, i: int) -> Ints:
    """The sets of node i."""
    return np.flatnonzero(place[i] >= 0).astype(np.int32)


@njit(cache=True, nogil=True)
def _list_boards(plus: Ints, group: Ints, place: Ints) -> Steps:
    """What boarding a rider of every school makes of the sets of every node."""
    nodes, schools = len(place), len(group)
    begin = np.zeros((nodes, schools + 1), np.int64)
    source = [np.int32(0)]
    target = [np.int32(0)]
    for i in range(nodes):
        held = _list_held(place, i)
        for s in range(schools):
            begin[i, s] = len(source)
            for g in held:
                if plus[g, group[s]] >= 0:
                    source.append(place[i, g])
                    target.append(plus[g, group[s]])
        begin[i, schools] = len(source)
    return Steps(begin, np.array(source), np.array(target))


@njit(cache=True, nogil=True)
def _list_calls(less: Ints, group: Ints, size: NDArray[np.int64], place: Ints) -> Steps:
    """What calling at every school makes of the sets of every node."""
    nodes, schools = len(place), len(group)
    begin = np.zeros((nodes, schools + 1), np.int64)
    source = [np.int32(0)]
    target = [np.int32(0)]
    for i in range(nodes):
        held = _list_held(place, i)
        for s in range(schools):
            begin[i, s] = len(source)
            for g in held:
                if less[g, group[s]] >= 0:
                    source.append(place[i, g])
                    target.append(less[g, group[s]])
                    if size[group[s]] > 1:
                        source.append(place[i, g])
                        target.append(g)
        begin[i, schools] = len(source)
    return Steps(begin, np.array(source), np.array(target))


def keep_sets(sets: OpenSets, kept: NDArray[np.bool_]) -> OpenSets:
    """Leave out what is not `kept[i, g]`, set g at node i; the empty set stays at schools."""
    kept = kept & (sets.place >= 0)
    kept[:, 0] = sets.place[:, 0] >= 0
    place = np.full(sets.place.shape, -1, np.int32)
    place[kept] = (np.cumsum(kept, axis=1, dtype=np.int32) - 1)[kept]
    return sets._replace(
        place=place,
        many=kept.sum(axis=1).astype(np.int32),
        boards=_keep_steps(sets.boards, sets.place, place),
        calls=_keep_steps(sets.calls, sets.place, place),
    )


@njit(cache=True, nogil=True)
def _keep_steps(steps: Steps, before: Ints, place: Ints) -> Steps:
    """The steps of the sets that are still there, with the places they have now."""
    nodes, columns = steps.begin.shape
    begin = np.zeros((nodes, columns), np.int64)
    source = np.empty(len(steps.source), np.int32)
    target = np.empty(len(steps.target), np.int32)
    now = np.full(len(place[0]), -1, np.int32)
    some = 0
    for i in range(nodes):
        for g in range(len(place[i])):
            if before[i, g] >= 0:
                now[before[i, g]] = place[i, g]
        for s in range(columns):
            begin[i, s] = some
            if s + 1 == columns:
                break
            for e in range(steps.begin[i, s], steps.begin[i, s + 1]):
                if now[steps.source[e]] >= 0:
                    source[some] = now[steps.source[e]]
                    target[some] = steps.target[e]
                    some += 1
    return Steps(begin, source[:some].copy(), target[:some].copy())
