"""What the rest of a run can gain at most: a table over open schools, clock, seats and memory.

For a node, the schools open there, the clock, the assistants of riders' own that are still free,
the seats left and some homes that the run has been to, it holds the least reduced cost of whatever
may follow. Relaxed: clocks are rounded down to a grid; rides are held only by the time at which a
home may be reached at the earliest; each node remembers few homes (ng), those that walks have been
found to come back to; a call frees all seats but one for each school that stays open;
near schools may count as one (:mod:`solver.bound.open_sets`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.memories import MASKS, NUMBERS, PARTS, count_memories
from solver.bound.modes import FAR, REACHABLE, Ints, Mode
from solver.bound.open_sets import OpenSets

NO_FLOOR = -1_000_000_000
"""A gain without limit: sums of real costs stay above it."""
_WIDTHS_S = (60, 30, 20, 10, 5)
"""Steps of the clock; the widest that no leg is shorter than, or a finer one."""


class Ahead(NamedTuple):
    """The table: the least cost of what follows.

    Entry of node i with set g: begin[i] + memories[i] x (((bucket - first[i]) x many + place) x
    count_loads(m) + assistants left x (room + 1) + seats left) + memory, with the `place` of the
    set among the `many` of the node. A memory holds a few of the node's tabled homes; `numbers` has
    it by their bits, and `passes[i, j]` that at j by that at node i before, -1 where home j is in
    it. One with too many homes has several `parts`, of which any may stand for it. `width` is 0
    where no table was built: then nothing is known of what follows. `floor` is the least of a
    node's bucket, whatever is open, from entry `under[i]` on.
    """

    begin: NDArray[np.int64]
    first: Ints
    span: Ints
    from_s: int
    width: int
    memories: NDArray[np.int64]
    rest: Ints
    passes: NDArray[np.int8]
    numbers: NDArray[np.int64]
    parts: NDArray[np.int64]
    under: NDArray[np.int64]
    floor: Ints


def build_ahead(
    m: Mode, dual: Ints, most_entries: int, halt: Ints, sets: OpenSets, *, is_coarse: bool = False
) -> Ahead:
    """Fill the table for a mode and its duals; not built where its sets do not fit.

    Its clock is as fine as the sets leave room for in `most_entries`, or coarse where that is asked
    for. As soon as the one number of `halt` is not 0 it ends early: then the table is not whole and
    says nothing.
    """
    widths, is_possible = _list_widths(m)
    per_bucket = sets.many * count_loads(m) * count_memories(m.tabled)
    width = widths[0]
    from_s, first, span = _measure_clocks(m, width)
    for finer in [] if is_coarse else widths[1:]:
        clocks = _measure_clocks(m, finer)
        if int((clocks[2] * per_bucket).sum()) <= most_entries:
            width = finer
            from_s, first, span = clocks
    sizes = span * per_bucket
    is_built = is_possible and int(sizes.sum()) <= most_entries
    t = Ahead(
        begin=np.cumsum(sizes) - sizes,
        first=first.astype(np.int32),
        span=span.astype(np.int32),
        from_s=from_s,
        width=width if is_built else 0,
        memories=count_memories(m.tabled),
        rest=np.full(int(sizes.sum()) if is_built else 1, FAR, np.int32),
        passes=_pass_memory(m, count_memories(m.tabled), MASKS, NUMBERS),
        numbers=NUMBERS,
        parts=PARTS,
        under=np.cumsum(span) - span,
        floor=np.full(int(span.sum()), FAR, np.int32),
    )
    if is_built:
        _fill(m, dual, sets, t, halt)
        if not halt[0]:
            _find_floors(m, sets, t)
    return t


def _list_widths(m: Mode) -> tuple[list[int], bool]:
    """The steps that the clock may have, the widest first, and whether one is short enough."""
    moves = m.step_time.copy()
    np.fill_diagonal(moves, FAR)
    shortest = int(moves[m.leg_time < REACHABLE].min(initial=FAR))
    widths = [width for width in _WIDTHS_S if width <= shortest]
    return widths or [_WIDTHS_S[-1]], bool(widths)


def weigh_nodes(m: Mode) -> NDArray[np.int64]:
    """The numbers that a set takes at each node, at the widest clock and without a memory."""
    _, _, span = _measure_clocks(m, _list_widths(m)[0][0])
    return span * count_loads(m)


def _measure_clocks(m: Mode, width: int) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """The first clock of all, and every node's first bucket and how many it has."""
    earliest = np.concatenate([m.ready, m.opens]).astype(np.int64)
    latest = np.concatenate([m.latest, m.closes]).astype(np.int64)
    from_s = int(earliest.min())
    first = (earliest - from_s) // width
    return from_s, first, np.maximum((latest - from_s) // width - first + 1, 1)


@njit(cache=True, nogil=True)
def count_crew(m: Mode) -> int:
    """How many riders with an assistant of their own the table counts; 0 where any may board."""
    return int(m.most_dedicated) if m.most_dedicated < FAR else 0


@njit(cache=True, nogil=True)
def count_loads(m: Mode) -> int:
    """The entries for each set: all seats and assistants that may be left."""
    return int((m.room + 1) * (count_crew(m) + 1))


@njit(cache=True, nogil=True)
def find_bucket(t: Ahead, i: int, clock: int) -> int:
    """Node i's bucket of a clock; a clock before its first counts as that."""
    return int(max((clock - t.from_s) // t.width - t.first[i], 0))


@njit(cache=True, nogil=True)
def find_row(sets: OpenSets, t: Ahead, i: int, bucket: int, loads: int) -> int:
    """The first entry of a node's bucket, of all its sets."""
    return int(t.begin[i] + bucket * sets.many[i] * loads * t.memories[i])


@njit(cache=True, nogil=True)
def find_entry(sets: OpenSets, t: Ahead, g: int, i: int, clock: int, loads: int) -> int:
    """The first entry of a node with a set at a clock; -1 where it is too late."""
    bucket = find_bucket(t, i, clock)
    if bucket >= t.span[i] or sets.place[i, g] < 0:
        return -1
    return int(find_row(sets, t, i, bucket, loads) + sets.place[i, g] * loads * t.memories[i])


@njit(cache=True, nogil=True)
def find_memory(i: int, memory: int, z: int, m: Mode, t: Ahead) -> int:
    """What the table knows of a label's memory at node i: a home's own place comes before.

    Of all pairs of homes the one of which least may follow, from entry z on.
    """
    known = (memory >> (1 if i < len(m.homes) else 0)) & ((1 << m.tabled[i]) - 1)
    best = 0
    for x in range(m.tabled[i]):
        if not known >> x & 1:
            continue
        for y in range(x, m.tabled[i]):
            if known >> y & 1:
                pair = t.numbers[1 << x | 1 << y]
                if t.rest[z + pair] > t.rest[z + best]:
                    best = pair
    return int(best)


@njit(cache=True, nogil=True)
def choose_memory(t: Ahead, z: int, known: int) -> int:
    """Of the parts of a memory that of which least may follow, from entry z on."""
    best = t.parts[known, 0]
    for x in range(1, t.parts.shape[1]):
        if t.rest[z + t.parts[known, x]] > t.rest[z + best]:
            best = t.parts[known, x]
    return int(best)


@njit(cache=True, nogil=True)
def _pass_memory(
    m: Mode, memories: NDArray[np.int64], masks: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.int8]:
    """What each node knows of what the node before it remembered, and of that node."""
    homes = len(m.homes)
    nodes = homes + len(m.opens)
    known = np.zeros((nodes, nodes, memories.max()), np.int8)
    for i in range(nodes):
        first = 1 if i < homes else 0
        for j in range(nodes):
            for memory in range(memories[i]):
                before = masks[memory]
                kept = _know(m, i, j) if i < homes else 0
                for x in range(m.tabled[i]):
                    if not before >> x & 1:
                        continue
                    is_back = j < homes and m.place[i, j] == first + x
                    kept = -1 if is_back or kept < 0 else kept | _know(m, m.near[i, first + x], j)
                known[i, j, memory] = numbers[kept] if kept >= 0 else -1
    return known


@njit(cache=True, nogil=True)
def _know(m: Mode, h: int, j: int) -> int:
    """The bit of home h in the memory of node j; 0 where it has none."""
    x = m.place[j, h] - (1 if j < len(m.homes) else 0)
    return 1 << x if 0 <= x < m.tabled[j] else 0


@njit(cache=True, nogil=True)
def _fill(m: Mode, dual: Ints, sets: OpenSets, t: Ahead, halt: Ints) -> None:
    """Fill all entries, the latest clock first: every step takes at least one bucket."""
    homes = len(m.homes)
    schools = len(m.opens)
    left = m.room - sets.seats
    last = 0
    for i in range(homes + schools):
        last = max(last, t.first[i] + t.span[i])
    for bucket in range(last - 1, -1, -1):
        if halt[0] != 0:
            return
        for i in range(homes + schools):
            b = bucket - t.first[i]
            if b < 0 or b >= t.span[i]:
                continue
            clock = t.from_s + bucket * t.width
            clock = max(clock, m.ready[i] if i < homes else m.opens[i - homes])
            if i >= homes:
                _end_all(m, sets, t, i, b)
            _board_all(m, dual, sets, t, i, clock, b)
            _call_all(m, sets, t, i, clock, b, left)


@njit(cache=True, nogil=True)
def _find_floors(m: Mode, sets: OpenSets, t: Ahead) -> None:
    """Find the least of every node's buckets, of runs that remember nothing.

    With homes in mind what follows costs no less: whatever bars a way for some of them bars it for
    all.
    """
    for i in range(len(t.begin)):
        entries = sets.many[i] * count_loads(m)
        for b in range(t.span[i]):
            x = find_row(sets, t, i, b, count_loads(m))
            for y in range(x, x + entries * t.memories[i], t.memories[i]):
                t.floor[t.under[i] + b] = min(t.floor[t.under[i] + b], t.rest[y])


@njit(cache=True, nogil=True)
def find_floor(t: Ahead, i: int, clock: int) -> int:
    """What nothing that follows node i from a clock on goes below, whatever is open there."""
    if t.width == 0:
        return NO_FLOOR
    bucket = find_bucket(t, i, clock)
    return int(t.floor[t.under[i] + bucket]) if bucket < t.span[i] else FAR


@njit(cache=True, nogil=True)
def _end_all(m: Mode, sets: OpenSets, t: Ahead, i: int, b: int) -> None:
    """Let runs end at school i in a bucket where nothing is open."""
    loads = count_loads(m)
    y = find_row(sets, t, i, b, loads) + sets.place[i, 0] * loads * t.memories[i]
    t.rest[y : y + loads * t.memories[i]] = m.last_cost[i - len(m.homes)]


@njit(cache=True, nogil=True)
def _board_all(m: Mode, dual: Ints, sets: OpenSets, t: Ahead, i: int, clock: int, b: int) -> None:
    """Offer all homes that can follow node i at a clock to its entries of bucket b."""
    loads, crew = count_loads(m), count_crew(m)
    rest, place, mine = t.rest, sets.place, t.memories[i]
    begin, source, target = sets.boards.begin, sets.boards.source, sets.boards.target
    row = find_row(sets, t, i, b, loads)
    for h in range(len(m.homes)):
        if m.leg_time[i, h] >= REACHABLE or h == i:
            continue
        at = max(clock + m.step_time[i, h], m.ready[h])
        places = m.room + 1 - m.use[h]
        if at > m.latest[h] or places <= 0:
            continue
        s, theirs = m.school_of[h], t.memories[h]
        has_memory = mine > 1 or theirs > 1
        cost = np.int32(m.step_cost[i, h] - dual[h])
        takes = m.is_dedicated[h] if crew > 0 else 0
        x = row + m.use[h] * mine
        z = find_row(sets, t, h, find_bucket(t, h, at), loads)
        for e in range(begin[i, s], begin[i, s + 1]):
            to = place[h, target[e]]
            if to < 0:
                continue
            for own in range(takes, crew + 1):
                y = x + (source[e] * loads + own * (m.room + 1)) * mine
                then = z + (to * loads + (own - takes) * (m.room + 1)) * theirs
                if not has_memory:
                    for q in range(places):
                        _take(rest, y + q, np.int32(rest[then + q] + cost))
                    continue
                for memory in range(mine):
                    known = t.passes[i, h, memory]
                    if known < 0:
                        continue
                    first, second, third = t.parts[known]
                    for q in range(places):
                        w = then + q * theirs
                        after = max(rest[w + first], rest[w + second], rest[w + third])
                        _take(rest, y + q * mine + memory, np.int32(after + cost))


@njit(cache=True, nogil=True)
def _call_all(m: Mode, sets: OpenSets, t: Ahead, i: int, clock: int, b: int, left: Ints) -> None:
    """Offer all calls that can follow node i at a clock to its entries of bucket b."""
    homes = len(m.homes)
    loads = count_loads(m)
    for s in range(len(m.opens)):
        j = homes + s
        start = clock + m.step_time[i, j]
        at = max(start, m.opens[s])
        if j == i or m.leg_time[i, j] >= REACHABLE or at > m.closes[s]:
            continue
        x = find_row(sets, t, i, b, loads)
        z = find_row(sets, t, j, find_bucket(t, j, at), loads)
        for e in range(sets.calls.begin[i, s], sets.calls.begin[i, s + 1]):
            after = sets.calls.target[e]
            then = sets.place[j, after]
            if then < 0 or left[after] < 0:
                continue
            for own in range(0, loads, m.room + 1):
                empty = z + (then * loads + own + left[after]) * t.memories[j]
                y = x + (sets.calls.source[e] * loads + own) * t.memories[i]
                for memory in range(t.memories[i]):
                    known = choose_memory(t, empty, t.passes[i, j, memory])
                    v = np.int32(t.rest[empty + known] + m.step_cost[i, j])
                    for q in range(m.room + 1):
                        _take(t.rest, y + q * t.memories[i] + memory, v)


@njit(cache=True, nogil=True, inline="always")
def _take(rest: Ints, y: int, value: np.int32) -> None:
    """Take what a step may lead to into an entry."""
    rest[y] = min(rest[y], max(value, np.int32(NO_FLOOR)))
