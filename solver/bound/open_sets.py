"""Sets of open schools (schools with riders aboard): where a run can have them, and what follows.

At every node only those sets are kept whose schools can still be called in some order, in time for
their windows and rides: a few of the many that could be drawn. Up to `deep` schools a set is exact.
A run with more open is seen through smaller sets of up to `shallow` schools, in which some are
forgotten: every choice of who is forgotten bounds the run from below, so the best of them counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.modes import FAR, Ints, Mode

_CODE_BITS = 60
"""A set's code holds its schools in rising order, each with as many bits as their number needs."""
_MOST_OPEN = 8

Codes = NDArray[np.int64]


class Steps(NamedTuple):
    """What a step to a home of school s, or to s itself, makes of the sets of node i.

    Rows `begin[i, s]` to `begin[i, s + 1]` lead from the `source`-th set of node i to set `target`;
    where a set can hold no more, it has a row for each choice of who is forgotten.
    """

    begin: NDArray[np.int64]
    source: Ints
    target: Ints


class OpenSets(NamedTuple):
    """All sets, exact ones first, then those with some schools forgotten (`exact` is the first).

    The first of either kind is the empty set.
    `plus[g, s]` is set g with s, -1 where no run has them or it is too large for its kind.
    `place[i, g]` is the place of set g among the `many[i]` of node i, -1 where node i has it not.
    No run has more than `deep` schools open where `is_all`.
    """

    has: NDArray[np.bool_]
    plus: Ints
    place: Ints
    many: Ints
    boards: Steps
    calls: Steps
    exact: int
    deep: int
    shallow: int
    is_all: bool


class _Timing(NamedTuple):
    """When the schools that are open at node i must be called, and the ways from it and between.

    `left[i, s]` are the most seconds that riders of s may have left there, `clock[i, s]` the
    earliest clock with one of them aboard. `own` is a home's school, -1 at schools. A rider of s
    takes `least_use[s]` of the room, or more.
    """

    left: Ints
    clock: Ints
    way: Ints
    opens: Ints
    closes: Ints
    own: Ints
    least_use: Ints
    room: int


def build_sets(m: Mode, weight: NDArray[np.int64], most: int) -> tuple[OpenSets, bool]:
    """List the sets of every node, as large as `most` allows, and whether it allows any.

    Parameters
    ----------
    weight
        What a set takes of `most` at each node.
    """
    bits = _count_bits(m)
    timing = _time_calls(m)
    every = np.arange(len(timing.own), dtype=np.int32)
    nothing = np.zeros(len(every), np.int64)
    at_schools = timing.own < 0  # at a home its own school is open
    levels = [(every[at_schools], nothing[at_schools]), _extend(every, nothing, timing, bits)]
    largest = min(_MOST_OPEN, _CODE_BITS // bits)
    while len(levels[-1][0]) and len(levels) <= largest and _weigh(weight, levels) <= most:
        levels.append(_extend(*levels[-1], timing, bits))
    while (
        len(levels) > 2
        and len(levels[-1][0])
        and _weigh(weight, levels) + _weigh(weight, levels[:-1]) > most
    ):
        levels.pop()
    is_all = not len(levels[-1][0])
    deep = max(1, len(levels) - 1 - is_all)
    shallow = max(1, deep - 1)
    exact = levels[: deep + 1]
    rough = [] if is_all else levels[: shallow + 1]
    fits = _weigh(weight, exact + rough) <= most
    return _number(m, exact, rough, deep, shallow, is_all), fits


def _count_bits(m: Mode) -> int:
    """The bits that a school takes in the code of a set."""
    return max(len(m.opens).bit_length(), _CODE_BITS // _MOST_OPEN)


def _weigh(weight: NDArray[np.int64], levels: list[tuple[Ints, Codes]]) -> int:
    return sum(int(weight[nodes].sum()) for nodes, _ in levels)


def _time_calls(m: Mode) -> _Timing:
    homes, schools = len(m.homes), len(m.opens)
    nodes = homes + schools
    left = np.full((nodes, schools), -1, np.int32)
    clock = np.full((nodes, schools), FAR, np.int32)
    for s in range(schools):
        riders = np.flatnonzero(m.school_of == s)
        if len(riders):
            left[:, s] = (m.reach[riders, None] - m.short_time[riders, :]).max(axis=0)
            clock[:, s] = (m.ready[riders, None] + m.short_time[riders, :]).min(axis=0)
    at = np.arange(homes)
    left[at, m.school_of], clock[at, m.school_of] = m.reach, m.ready
    clock = np.maximum(clock, np.concatenate([m.ready, m.opens])[:, None])
    own = np.concatenate([m.school_of, np.full(schools, -1, np.int32)]).astype(np.int32)
    way = m.short_time[:, homes:].copy()
    return _Timing(left, clock, way, m.opens, m.closes, own, m.least_use, m.room)


@njit(cache=True, nogil=True)
def _unpack(code: int, schools: Ints, each: int) -> int:
    """Write the schools of a set in rising order; returns how many."""
    some = 0
    while code:
        schools[some] = (code & ((1 << each) - 1)) - 1
        code >>= each
        some += 1
    return some


@njit(cache=True, nogil=True)
def _pack(schools: Ints, some: int, extra: int, each: int) -> int:
    """The code of a set in rising order with one school more (-1: with none)."""
    code = 0
    bits = 0
    is_in = extra < 0
    for x in range(some):
        if not is_in and extra < schools[x]:
            code |= (extra + 1) << bits
            bits += each
            is_in = True
        code |= (schools[x] + 1) << bits
        bits += each
    return code if is_in else code | (extra + 1) << bits


@njit(cache=True, nogil=True)
def _can_call(t: _Timing, i: int, start: int, schools: Ints, some: int) -> bool:
    """Whether so many schools can be called in some order from node i on, depth first."""
    homes = len(t.own) - len(t.opens)
    at, clock, net = np.empty((3, _MOST_OPEN + 2), np.int64)
    done, tried = np.zeros((2, _MOST_OPEN + 2), np.int64)
    at[0], clock[0], net[0] = i, start, 0
    depth = 0
    while depth >= 0:
        if depth == some:
            return True
        x = tried[depth]
        tried[depth] += 1
        if x == some:
            depth -= 1
            continue
        if done[depth] >> x & 1:
            continue
        s = schools[x]
        way = t.way[at[depth], s]
        arrived = max(clock[depth] + way, t.opens[s])
        ridden = net[depth] + way
        if arrived > t.closes[s] or ridden > t.left[i, s]:
            depth -= 1  # later in the order it would be no earlier
            continue
        at[depth + 1], clock[depth + 1], net[depth + 1] = homes + s, arrived, ridden
        done[depth + 1], tried[depth + 1] = done[depth] | 1 << x, 0
        depth += 1
    return False


@njit(cache=True, nogil=True)
def _extend(nodes: Ints, codes: Codes, t: _Timing, bits: int) -> tuple[Ints, Codes]:
    """All sets of one school more that can still be called; at a home its own school comes first.

    A set is a row of a node and a code.
    """
    homes = len(t.own) - len(t.opens)
    new_nodes = [np.int32(0)]
    new_codes = [np.int64(0)]
    schools = np.empty(_MOST_OPEN + 1, np.int32)
    for row in range(len(nodes)):
        i = nodes[row]
        some = _unpack(codes[row], schools, bits)
        greatest = -1
        clock = -FAR
        room = t.room
        for x in range(some):
            room -= t.least_use[schools[x]]
            clock = max(clock, t.clock[i, schools[x]])
            if schools[x] != t.own[i]:
                greatest = max(greatest, schools[x])
        for s in range(greatest + 1, len(t.opens)):
            is_begun_here = some == 0 and t.own[i] >= 0
            if (s == t.own[i]) != is_begun_here or i == homes + s or t.left[i, s] < 0:
                continue
            if t.least_use[s] > room:
                continue
            schools[some] = s
            begin = max(clock, t.clock[i, s])
            if _can_call(t, i, begin, schools, some + 1):
                new_nodes.append(np.int32(i))
                new_codes.append(np.int64(_pack(schools, some, s, bits)))
    return np.array(new_nodes)[1:], np.array(new_codes)[1:]


def _number(
    m: Mode,
    exact: list[tuple[Ints, Codes]],
    rough: list[tuple[Ints, Codes]],
    deep: int,
    shallow: int,
    is_all: bool,
) -> OpenSets:
    """Number the sets over all nodes, and list what steps make of them."""
    homes, schools = len(m.homes), len(m.opens)
    kinds = [np.unique(np.concatenate([codes for _, codes in k])) for k in (exact, rough) if k]
    firsts = [0, len(kinds[0])]
    codes = np.concatenate(kinds)
    place = np.full((homes + schools, len(codes)), -1, np.int32)
    for first, known, levels in zip(firsts, kinds, (exact, rough), strict=False):
        for nodes, held in levels:
            place[nodes, first + np.searchsorted(known, held)] = 0
    stands = place == 0
    place[stands] = (np.cumsum(stands, axis=1) - 1)[stands]
    has, plus, after, begin, choices = _combine(
        codes, len(kinds[0]), schools, deep, shallow, is_all, _count_bits(m)
    )
    return OpenSets(
        has=has,
        plus=plus,
        place=place,
        many=stands.sum(axis=1).astype(np.int32),
        boards=_list_boards(plus, place, begin, choices),
        calls=_list_calls(after, place),
        exact=len(kinds[0]),
        deep=deep,
        shallow=shallow,
        is_all=is_all,
    )


@njit(cache=True, nogil=True)
def _combine(
    codes: Codes, exact: int, schools: int, deep: int, shallow: int, is_all: bool, bits: int
) -> tuple[NDArray[np.bool_], Ints, Ints, NDArray[np.int64], Ints]:
    """Every set with each school more and less, and the choices where it holds no more."""
    sets = len(codes)
    has = np.zeros((sets, schools), np.bool_)
    plus = np.full((sets, schools), -1, np.int32)
    after = np.full((sets, schools), -1, np.int32)
    first = np.zeros((sets, schools + 1), np.int64)
    choices = [np.int32(0)]
    inside = np.empty(_MOST_OPEN + 1, np.int32)
    part = np.empty(_MOST_OPEN + 1, np.int32)
    for g in range(sets):
        begin = 0 if g < exact else exact
        own = codes[:exact] if g < exact else codes[exact:]
        some = _unpack(codes[g], inside, bits)
        for x in range(some):
            has[g, inside[x]] = True
        for s in range(schools):
            first[g, s] = len(choices)
            if has[g, s]:
                plus[g, s] = g
                left = _keep(inside, some, (1 << some) - 1, s, part)
                after[g, s] = _find(own, _pack(part, left, -1, bits), begin)
                continue
            if g >= exact:
                after[g, s] = g
            if some < (deep if g < exact else shallow):
                plus[g, s] = _find(own, _pack(inside, some, s, bits), begin)
                continue
            for chosen in range(0 if is_all else 1 << some):
                left = _keep(inside, some, chosen, s, part)
                found = _find(codes[exact:], _pack(part, left, s, bits), exact)
                if left == shallow - 1 and found >= 0:
                    choices.append(np.int32(found))
        first[g, schools] = len(choices)
    return has, plus, after, first, np.array(choices)


@njit(cache=True, nogil=True)
def _find(codes: Codes, code: int, begin: int) -> int:
    """The number of a code among sorted ones that are numbered from `begin`, -1 for none."""
    at = np.searchsorted(codes, code)
    return int(begin + at) if at < len(codes) and codes[at] == code else -1


@njit(cache=True, nogil=True)
def _keep(inside: Ints, some: int, chosen: int, without: int, part: Ints) -> int:
    """Write the chosen schools of a set but one; returns how many."""
    left = 0
    for x in range(some):
        if chosen >> x & 1 and inside[x] != without:
            part[left] = inside[x]
            left += 1
    return left


@njit(cache=True, nogil=True)
def _list_held(place: Ints, i: int) -> Ints:
    """The sets of node i."""
    return np.flatnonzero(place[i] >= 0).astype(np.int32)


@njit(cache=True, nogil=True)
def _list_boards(plus: Ints, place: Ints, first: NDArray[np.int64], choices: Ints) -> Steps:
    """What boarding a rider of every school makes of the sets of every node."""
    nodes, schools = len(place), plus.shape[1]
    begin = np.zeros((nodes, schools + 1), np.int64)
    source = [np.int32(0)]
    target = [np.int32(0)]
    for i in range(nodes):
        held = _list_held(place, i)
        for s in range(schools):
            begin[i, s] = len(source)
            for g in held:
                if plus[g, s] >= 0:
                    source.append(place[i, g])
                    target.append(plus[g, s])
                    continue
                for x in range(first[g, s], first[g, s + 1]):
                    source.append(place[i, g])
                    target.append(choices[x])
        begin[i, schools] = len(source)
    return Steps(begin, np.array(source), np.array(target))


@njit(cache=True, nogil=True)
def _list_calls(after: Ints, place: Ints) -> Steps:
    """What calling at every school makes of the sets of every node."""
    nodes, schools = len(place), after.shape[1]
    begin = np.zeros((nodes, schools + 1), np.int64)
    source = [np.int32(0)]
    target = [np.int32(0)]
    for i in range(nodes):
        held = _list_held(place, i)
        for s in range(schools):
            begin[i, s] = len(source)
            for g in held:
                if after[g, s] >= 0:
                    source.append(place[i, g])
                    target.append(after[g, s])
        begin[i, schools] = len(source)
    return Steps(begin, np.array(source), np.array(target))


def keep_sets(sets: OpenSets, kept: NDArray[np.bool_]) -> OpenSets:
    """Leave out what is not `kept[i, g]`, set g at node i; the empty sets stay at schools."""
    kept = kept & (sets.place >= 0)
    ends = [0, sets.exact] if sets.exact < len(sets.has) else [0]
    kept[:, ends] = sets.place[:, ends] >= 0
    place = np.full(sets.place.shape, -1, np.int32)
    place[kept] = (np.cumsum(kept, axis=1) - 1)[kept]
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
