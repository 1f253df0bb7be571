"""What the rest of a run can gain at most: a table over open schools, clock and seats left.

For a node, the schools open there, how late they may be reached, the clock and the seats left, it
holds the least reduced cost of whatever may follow. Relaxed: clocks are rounded down to a grid; a
home may come again, though not after one step; a call frees all seats but one for each school that
stays open; schools beyond the size of a set are forgotten (:mod:`solver.bound.open_sets`).
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.modes import FAR, REACHABLE, Ints, Mode
from solver.bound.open_sets import OpenSets, build_sets

NO_FLOOR = -1_000_000_000
"""A gain without limit: sums of real costs stay above it."""
_CLASSES = 4
_WIDEST_S = 60
_LEAST_S = 8
_SETS_AT_MOST = 12_000


class Ahead(NamedTuple):
    """The table: the least cost of what follows, its first node, and the least by another node.

    Entry of node i with set g: begin[g, i] + (class x span[i] + bucket - first[i]) x (room + 1) +
    seats left. Class c holds runs whose open schools may be reached up to late[c] seconds after
    they open. `width` is 0 where no table was built: then nothing is known of what follows.
    """

    begin: NDArray[np.int64]
    first: Ints
    span: Ints
    late: Ints
    from_s: int
    width: int
    one: Ints
    two: Ints
    via: NDArray[np.int16]


def build_ahead(m: Mode, dual: Ints, most_entries: int) -> tuple[OpenSets, Ahead]:
    """Fill the table for a mode and its duals, over as large sets as `most_entries` allows."""
    homes, schools = len(m.homes), len(m.opens)
    moves = m.step_time.copy()
    moves[np.arange(homes), np.arange(homes)] = FAR
    width = min(int(moves[m.leg_time < REACHABLE].min(initial=FAR)), _WIDEST_S)
    earliest = np.concatenate([m.ready, m.opens]).astype(np.int64)
    latest = np.concatenate([m.latest, m.closes]).astype(np.int64)
    from_s = int(earliest.min())
    first = (earliest - from_s) // max(width, 1)
    span = np.maximum((latest - from_s) // max(width, 1) - first + 1, 1)
    deep = 0
    if width >= _LEAST_S:
        deep = _pick_depth(m, span, most_entries)
    if deep == 0:
        nothing = np.zeros(1, np.int32)
        sets = build_sets(schools, 1, 1)
        begin = np.full((len(sets.has), homes + schools), -1, np.int64)
        return sets, Ahead(
            begin, nothing, nothing, nothing, 0, 0, nothing, nothing, nothing.astype(np.int16)
        )
    sets = build_sets(schools, deep, max(1, deep - 1))
    begin, total = _lay_out(m, sets, span)
    slack = int((m.closes - m.opens).max())
    late = [-(-slack * c // (_CLASSES - 1)) for c in range(_CLASSES - 1)] + [FAR]
    t = Ahead(
        begin=begin,
        first=first.astype(np.int32),
        span=span.astype(np.int32),
        late=np.array(late, dtype=np.int32),
        from_s=from_s,
        width=width,
        one=np.full(total, FAR, np.int32),
        two=np.full(total, FAR, np.int32),
        via=np.full(total, -1, np.int16),
    )
    _fill(m, dual, sets, t)
    return sets, t


def _pick_depth(m: Mode, span: NDArray[np.int64], most_entries: int) -> int:
    """The largest sets whose table has at most so many entries; 0 where no table has."""
    homes, schools = len(m.homes), len(m.opens)
    at_homes, at_schools = int(span[:homes].sum()), int(span[homes:].sum())

    def count(most: int) -> int:
        with_own = sum(comb(schools - 1, k - 1) for k in range(1, most + 1))
        without = sum(comb(schools - 1, k) for k in range(most + 1))
        return (at_homes * with_own + at_schools * without) * _CLASSES * (m.room + 1)

    best = 0
    for deep in range(1, schools + 1):
        rough = max(1, deep - 1) if deep < schools else 0
        sets = sum(comb(schools, k) for k in range(deep + 1))
        if count(deep) + count(rough) > most_entries or sets > _SETS_AT_MOST:
            break
        best = deep
    return best


def _lay_out(m: Mode, sets: OpenSets, span: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Give every node its entries with each set that it can stand with: a home's has its school."""
    stands = np.concatenate([sets.has[:, m.school_of], ~sets.has], axis=1)
    sizes = np.where(stands, span[None, :] * (_CLASSES * (m.room + 1)), 0).ravel()
    ends = np.cumsum(sizes)
    begin = np.where(stands, (ends - sizes).reshape(stands.shape), -1)
    return begin, int(ends[-1])


@njit(cache=True, nogil=True)
def pick_class(late: Ints, over: int) -> int:
    """The class of runs whose open schools may be reached `over` seconds after they open."""
    c = 0
    while c < len(late) - 1 and over > late[c]:
        c += 1
    return c


@njit(cache=True, nogil=True)
def find_entry(t: Ahead, g: int, i: int, c: int, clock: int, room: int) -> int:
    """The entry of a node at a clock with no seats left; -1 where it is too late."""
    b = max((clock - t.from_s) // t.width - t.first[i], 0)
    if b >= t.span[i] or t.begin[g, i] < 0:
        return -1
    return int(t.begin[g, i] + (c * t.span[i] + b) * (room + 1))


@njit(cache=True, nogil=True)
def _fill(m: Mode, dual: Ints, sets: OpenSets, t: Ahead) -> None:
    """Fill all entries, the latest clock first: every step takes at least one bucket."""
    homes = len(m.homes)
    schools = len(m.opens)
    classes = len(t.late)
    best = np.empty(m.room + 1, np.int32)
    board = np.empty((homes, 4 + classes), np.int32)
    last = 0
    for i in range(homes + schools):
        last = max(last, t.first[i] + t.span[i])
    for bucket in range(last - 1, -1, -1):
        for i in range(homes + schools):
            b = bucket - t.first[i]
            if b < 0 or b >= t.span[i]:
                continue
            clock = t.from_s + bucket * t.width
            clock = max(clock, m.ready[i] if i < homes else m.opens[i - homes])
            some = _list_homes(m, t, i, clock, board)
            for g in range(len(sets.has)):
                if t.begin[g, i] < 0:
                    continue
                for c in range(classes):
                    x = t.begin[g, i] + (c * t.span[i] + b) * (m.room + 1)
                    if i >= homes and sets.size[g] == 0:
                        for q in range(m.room + 1):
                            t.one[x + q] = m.last_cost[i - homes]
                    _board_all(m, dual, sets, t, g, i, c, x, board[:some], best)
                    _call_all(m, sets, t, g, i, c, clock, x, best)


@njit(cache=True, nogil=True)
def _list_homes(m: Mode, t: Ahead, i: int, clock: int, board: Ints) -> int:
    """List the homes that can follow node i at a clock, with what is the same for all sets.

    A row is the home, its bucket, the seconds after opening at which its school would be reached,
    the class of its rider alone, and the class that each class of the run turns into.
    """
    some = 0
    for h in range(len(m.homes)):
        start = clock + m.step_time[i, h]
        at = max(start, m.ready[h])
        if h == i or m.leg_time[i, h] >= REACHABLE or at > m.latest[h]:
            continue
        s = m.school_of[h]
        row = board[some]
        row[0] = h
        row[1] = max((at - t.from_s) // t.width - t.first[h], 0)
        row[2] = at + m.short_time[h, len(m.homes) + s] - m.opens[s]
        row[3] = pick_class(t.late, at + m.reach[h] - m.opens[s])
        for c in range(len(t.late)):
            row[4 + c] = pick_class(t.late, t.late[c] + at - start) if at > start else c
        some += 1
    return some


@njit(cache=True, nogil=True)
def _board_all(
    m: Mode,
    dual: Ints,
    sets: OpenSets,
    t: Ahead,
    g: int,
    i: int,
    c: int,
    x: int,
    board: Ints,
    best: Ints,
) -> None:
    """Offer all homes that can follow node i to the entries from x on, for all seats left."""
    is_empty = sets.size[g] == 0
    for y in range(len(board)):
        row = board[y]
        h = row[0]
        s = m.school_of[h]
        d = row[3] if is_empty else row[4 + c]
        if not sets.has[g, s]:
            d = max(d, row[3])
        places = m.room + 1 - m.use[h]
        if row[2] > t.late[d] or places <= 0:
            continue
        offset = (d * t.span[h] + row[1]) * (m.room + 1)
        from_set = sets.first[g, s]
        for e in range(sets.some[g, s]):
            z = t.begin[sets.next[from_set + e], h] + offset
            one, two, via = t.one[z : z + places], t.two[z : z + places], t.via[z : z + places]
            for q in range(places):
                v = two[q] if via[q] == i else one[q]
                best[q] = v if e == 0 else max(best[q], v)
        cost = np.int32(m.step_cost[i, h] - dual[h])
        _offer(t, x + m.use[h], best[:places], cost, h)


@njit(cache=True, nogil=True)
def _call_all(
    m: Mode, sets: OpenSets, t: Ahead, g: int, i: int, c: int, clock: int, x: int, best: Ints
) -> None:
    """Offer all calls that can follow node i to the entries from x on."""
    homes = len(m.homes)
    for s in range(len(m.opens)):
        j = homes + s
        after = sets.after[g, s]
        if after < 0 or j == i or m.leg_time[i, j] >= REACHABLE:
            continue
        at = max(clock + m.step_time[i, j], m.opens[s])
        waited = at - clock - m.step_time[i, j]
        limit = m.closes[s]
        if sets.has[g, s]:
            limit = min(limit, m.opens[s] + t.late[c] + waited)
        if at > limit:
            continue
        d = c
        if sets.size[after] == 0:
            d = 0
        elif waited > 0:
            d = pick_class(t.late, t.late[c] + waited)
        left = m.room
        for k in range(len(m.opens)):
            if sets.has[after, k]:
                left -= m.least_use[k]
        if left < 0:
            continue
        z = find_entry(t, after, j, d, at, m.room) + left
        best[:] = t.two[z] if t.via[z] == i else t.one[z]
        _offer(t, x, best, np.int32(m.step_cost[i, j]), j)


@njit(cache=True, nogil=True)
def _offer(t: Ahead, x: int, after: Ints, cost: np.int32, node: int) -> None:
    """Offer the entries from x on a step to `node` at a cost, with what may follow it at best."""
    one, two = t.one[x : x + len(after)], t.two[x : x + len(after)]
    via = t.via[x : x + len(after)]
    for q in range(len(after)):
        v = max(np.int32(after[q] + cost), np.int32(NO_FLOOR))
        old = one[q]
        two[q] = min(two[q], max(old, v))
        via[q] = np.int16(node) if v < old else via[q]
        one[q] = min(old, v)
