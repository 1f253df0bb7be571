"""What the rest of a run can still gain at most: a table over open schools, clock and seats.

A school is open while pupils for it are aboard. For a node, the set of open schools, the clock, the
seats left until the next call and which of a few homes have come before, the table holds the least
reduced cost of anything that can follow. Relaxed: rides end only with a school's window; homes that
a node does not remember may come again; after a call only one pupil of each open school is aboard,
the smallest; near schools may be open as one (:mod:`solver.certificate.sets`). A node has no
entries for open schools that could not all be called in time from there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ground import FAR, Ground, Ints
from solver.certificate.memories import count_states, list_homes, list_states
from solver.certificate.sets import Levels, Sets, Standing
from solver.domain import UNREACHABLE

NO_ROAD_S = UNREACHABLE
ENDLESS = -2_000_000_000
"""Stands for a gain without limit, and where there is no table."""
_MOST_DUAL = 140_000_000
"""With a pupil worth no more, a clamped gain and one step more stay within 32 bits."""
WIDTHS_S = (10, 20, 30, 60)
"""Steps of the clock."""
_LEAST_STEP_S = 8
_MOST_ENTRIES = 60_000_000
_MOST_WORK = 15_000_000_000
_QUARTERS_ROOM = 2
"""Sets of quarters of several schools may take this part of a table: the rest is for its memory."""


class Ahead(NamedTuple):
    """The table: the least cost of what follows.

    Entry of a home: begin + ((bucket * (crew + 1) + crew free) * (room + 1) + seats left) * states
    + memory, with so many `states` of a node's memory; of a school the same without seats. The crew
    are assistants of pupils' own. `begin[i, g]` is -1 where node i cannot stand with set g; those
    it can stand with are `held` from `held_from[i]` on. `onward[i, j]` are the homes that j knows
    to have come, a bit for each, for each memory at i before, -1 where j itself has; `pairs` are
    the states that may stand for those. `floor` is the least of a node's bucket, whatever is open,
    from entry `under[i]` on.
    """

    begin: NDArray[np.int64]
    held: NDArray[np.int64]
    held_from: NDArray[np.int64]
    first_bucket: Ints
    span: Ints
    grid_s: int
    width_s: int
    rest: Ints
    onward: NDArray[np.int8]
    pairs: NDArray[np.int64]
    floor: Ints
    under: NDArray[np.int64]
    states: NDArray[np.int64]
    is_filled: bool


def build_ahead(ground: Ground, dual: Ints, standing: Standing, step_s: int = 60) -> Ahead:
    """Fill the table for a mode at its duals; unfilled where steps are too short for a grid.

    Or where it would take more memory or time than there is, or duals are so high that its numbers
    do not hold their sums. The clock goes in steps of `step_s`, or of the shortest step
    of a run where that is less.
    """
    grid = _lay_grid(ground, step_s)
    size = _size_nodes(ground, grid)
    is_filled = grid.shortest_s >= _LEAST_STEP_S and _is_affordable(ground, size, standing.at)
    is_filled = is_filled and _is_exact(ground, dual, grid)
    at = np.ascontiguousarray(standing.at.T)
    flat = np.where(at, size[:, None], 0).ravel()
    ends = np.cumsum(flat)
    total = int(ends[-1]) if is_filled else 1
    ahead = Ahead(
        begin=np.where(at, (ends - flat).reshape(at.shape), -1),
        held=np.nonzero(at)[1],
        held_from=np.concatenate([np.zeros(1, np.int64), np.cumsum(at.sum(axis=1))]),
        first_bucket=grid.first.astype(np.int32),
        span=grid.span.astype(np.int32),
        grid_s=grid.from_s,
        width_s=grid.width_s,
        rest=np.full(total, FAR, np.int32),
        onward=_pass_on(ground, count_states(ground.tabled)),
        pairs=list_states(int(ground.tabled.max())),
        floor=np.full(int(grid.span.sum()), FAR, np.int32),
        under=np.cumsum(grid.span) - grid.span,
        states=count_states(ground.tabled),
        is_filled=is_filled,
    )
    if is_filled:
        _fill(ground, dual, standing.sets, ahead)
        _find_floors(ground, ahead)
    return ahead


def fit_table(
    ground: Ground, levels: Levels, kept: Standing | None, step_s: int, most_tabled: int
) -> tuple[Ground, Standing, int]:
    """Choose what a table has room for: the sets, the memory, and last the clock.

    Sets over quarters as small as there is room for, of those `kept`; quarters of several schools
    leave room for a memory. Returns the ground that remembers so much, the sets and the step of the
    clock, `step_s` or more.
    """
    widest = _lay_grid(ground, max(WIDTHS_S))
    plain = _size_nodes(ground._replace(tabled=np.zeros_like(ground.tabled)), widest)
    standing = kept or levels.number(0)
    assert standing is not None, "a quarter of all schools has two sets"
    last = len(levels.quarterings) - 1
    known = levels.find(standing.sets)
    for level in (last, *range(known + 1, last)) if known < last else ():
        finer = levels.number(level, kept)
        room = 1 if level == last else _QUARTERS_ROOM
        if finer is not None and _is_affordable(ground, room * plain, finer.at):
            standing = finer
        elif level < last:
            break
        if standing.sets.is_fine:
            break
    for most in range(min(most_tabled, int(ground.tabled.max())), -1, -1):
        ground = ground._replace(tabled=np.minimum(ground.tabled, most))
        if _is_affordable(ground, _size_nodes(ground, widest), standing.at):
            break
    for width in WIDTHS_S:
        size = _size_nodes(ground, _lay_grid(ground, width))
        if width >= step_s and _is_affordable(ground, size, standing.at):
            return ground, standing, width
    return ground, standing, max(WIDTHS_S)


class _Grid(NamedTuple):
    """The clock in steps: every node's first, and how many it has; the shortest step of a run."""

    from_s: int
    width_s: int
    first: NDArray[np.int64]
    span: NDArray[np.int64]
    shortest_s: int


def _lay_grid(ground: Ground, step_s: int) -> _Grid:
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
    return _Grid(grid, width, first, span, shortest)


def _is_exact(ground: Ground, dual: Ints, grid: _Grid) -> bool:
    """Whether no gain clamped to :data:`ENDLESS` could be less than what a run really gains.

    Either all pupils together are worth no more, and so what is left of any run, or nothing in the
    table has steps enough to gain as much. Costs are never below 0.
    """
    dearest = int(dual.max(initial=0))
    total = int(dual[ground.starts].sum(dtype=np.int64))
    buckets = int((grid.first + grid.span).max())
    steps = buckets // (grid.shortest_s // grid.width_s) + 2
    return dearest < _MOST_DUAL and min(total, steps * dearest) <= -ENDLESS


def _size_nodes(ground: Ground, grid: _Grid) -> NDArray[np.int64]:
    """The entries of each node for a set."""
    size = grid.span * (count_crew(ground) + 1) * count_states(ground.tabled)
    size[: len(ground.school)] *= ground.room + 1
    return size


def _is_affordable(ground: Ground, size: NDArray[np.int64], stands: NDArray[np.bool_]) -> bool:
    """Whether memory and time allow so many entries."""
    entries = stands.sum(axis=0) * size
    ways = (ground.leg_s < NO_ROAD_S).sum(axis=1)
    return int(entries.sum()) <= _MOST_ENTRIES and int((entries * ways).sum()) <= _MOST_WORK


@njit(cache=True, nogil=True)
def count_crew(m: Ground) -> int:
    """Assistants of pupils' own that the table counts; 0 where any number may be needed."""
    return int(m.most_own) if m.most_own < FAR else 0


@njit(cache=True, nogil=True)
def locate(m: Ground, t: Ahead, g: int, i: int, clock_s: int, crew: int, seats: int) -> int:
    """The entry of a node at a clock (rounded down to the grid), or -1 where it is too late."""
    b = find_bucket(t, i, clock_s)
    if b >= t.span[i] or t.begin[i, g] < 0:
        return -1
    x = b * (count_crew(m) + 1) + crew
    if i < len(m.school):
        x = x * (m.room + 1) + seats
    return int(t.begin[i, g] + x * t.states[i])


@njit(cache=True, nogil=True)
def find_bucket(t: Ahead, i: int, clock_s: int) -> int:
    """The bucket of a node at a clock; one before its first counts as that."""
    return int(max((clock_s - t.grid_s) // t.width_s - t.first_bucket[i], 0))


@njit(cache=True, nogil=True)
def _bit(m: Ground, j: int, h: int) -> int:
    """The bit of home h in the table's memory of node j, 0 where it has none."""
    p = m.place[j, h] - (1 if j < len(m.school) else 0)
    return 1 << p if 0 <= p < m.tabled[j] else 0


@njit(cache=True, nogil=True)
def _pass_on(m: Ground, states: NDArray[np.int64]) -> NDArray[np.int8]:
    """The homes behind that each node knows, for each memory at the node before it."""
    homes = len(m.school)
    nodes = len(m.known)
    onward = np.zeros((nodes, nodes, states.max()), np.int8)
    for i in range(nodes):
        first = 1 if i < homes else 0
        for j in range(nodes):
            for memory in range(states[i]):
                behind = list_homes(memory)
                if j < homes and behind & _bit(m, i, j):
                    onward[i, j, memory] = -1
                    continue
                mask = _bit(m, j, i) if i < homes else 0
                for x in range(m.tabled[i]):
                    if behind >> x & 1:
                        mask |= _bit(m, j, m.known[i, first + x])
                onward[i, j, memory] = mask
    return onward


@njit(cache=True, nogil=True, inline="always")
def _offer(rest: Ints, x: int, whole: np.int32) -> None:
    """Offer entry x what a step and what may follow it cost together."""
    rest[x] = min(rest[x], max(whole, np.int32(ENDLESS)))


@njit(cache=True, nogil=True)
def find_seats(m: Ground, sets: Sets) -> Ints:
    """The seats left after a call at the most: by set, with the smallest pupil of each quarter.

    Negative where the set has too many quarters for the vehicle.
    """
    smallest = np.full(len(m.opens_s), m.room + 1, np.int32)
    for h in range(len(m.school)):
        q = sets.quarter[m.school[h]]
        smallest[q] = min(smallest[q], m.use[h])
    seats = np.full(len(sets.has), m.room, np.int32)
    for g in range(len(sets.has)):
        for s in range(len(m.opens_s)):
            if sets.has[g, s] and sets.is_first[s]:
                seats[g] -= smallest[sets.quarter[s]]
    return seats


@njit(cache=True, nogil=True)
def _fill(m: Ground, dual: Ints, sets: Sets, t: Ahead) -> None:
    """Fill all entries, the latest clock first: every step takes at least one bucket."""
    homes = len(m.school)
    nodes = homes + len(m.opens_s)
    seats = find_seats(m, sets)
    plus = sets.plus.T.copy()
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
            if i >= homes:
                _end_runs(m, t, i, b)
            _board_all(m, plus, t, i, b, clock, dual, seats)
            _call_all(m, sets, t, i, b, clock, seats)


@njit(cache=True, nogil=True)
def _end_runs(m: Ground, t: Ahead, i: int, b: int) -> None:
    """Let runs end at a school where nobody is aboard."""
    some = (count_crew(m) + 1) * t.states[i]
    if t.begin[i, 0] >= 0:
        x = t.begin[i, 0] + b * some
        t.rest[x : x + some] = m.last_cost[i - len(m.school)]


@njit(cache=True, nogil=True)
def _board_all(
    m: Ground, plus: Ints, t: Ahead, i: int, b: int, clock: int, dual: Ints, seats: Ints
) -> None:
    """Offer every home to all entries of node i's bucket, at no earlier clock; `plus[s]` are sets.

    At a school there is one entry for a set, for the seats that it leaves.
    """
    rest, begin, held = t.rest, t.begin, t.held
    crews, mine = count_crew(m) + 1, t.states[i]
    is_home = i < len(m.school)
    width = m.room + 1 if is_home else 1
    for h in range(len(m.school)):
        s, use, theirs = m.school[h], m.use[h], t.states[h]
        at = max(clock + m.step_s[i, h], m.ready_s[h])
        if h == i or m.leg_s[i, h] >= NO_ROAD_S:
            continue
        then = find_bucket(t, h, at)
        if at + m.short_s[h, s] > m.done_to_s[s] - m.dwell_s[s] or then >= t.span[h]:
            continue
        taken = m.own[h] if crews > 1 else 0
        live = np.int32(m.live[i, h] - dual[h])
        cheap = min(live, np.int32(m.dead[i, h] - dual[h]))
        for n in range(t.held_from[i], t.held_from[i + 1]):
            g = held[n]
            z = begin[h, plus[s, g]]
            fewest, most = (0, m.room) if is_home else (seats[g], seats[g])
            places = most + 1 - max(use, fewest)
            if z < 0 or places <= 0:
                continue
            cost = live if g > 0 else cheap
            for crew in range(taken, crews):
                x = begin[i, g] + (b * crews + crew) * width * mine
                x += max(use - fewest, 0) * mine
                y = (
                    z
                    + ((then * crews + crew - taken) * (m.room + 1) + max(fewest - use, 0)) * theirs
                )
                if mine == 1 and theirs == 1:
                    for q in range(places):
                        _offer(rest, x + q, np.int32(rest[y + q] + cost))
                    continue
                for memory in range(mine):
                    known = t.onward[i, h, memory]
                    if known < 0:
                        continue
                    one, two, three = t.pairs[known]
                    for q in range(places):
                        w = y + q * theirs
                        after = max(rest[w + one], rest[w + two], rest[w + three])
                        _offer(rest, x + q * mine + memory, np.int32(after + cost))


@njit(cache=True, nogil=True)
def _call_all(m: Ground, sets: Sets, t: Ahead, i: int, b: int, clock: int, seats: Ints) -> None:
    """Offer a call at every school to all entries of node i's bucket, at no earlier clock."""
    rest, begin, held = t.rest, t.begin, t.held
    crews, mine = count_crew(m) + 1, t.states[i]
    is_home = i < len(m.school)
    width = m.room + 1 if is_home else 1
    for s in range(len(m.opens_s)):
        j = len(m.school) + s
        at = max(clock + m.step_s[i, j], m.done_from_s[s])
        then = find_bucket(t, j, at)
        if j == i or m.leg_s[i, j] >= NO_ROAD_S or at > m.done_to_s[s] or then >= t.span[j]:
            continue
        for n in range(t.held_from[i], t.held_from[i + 1]):
            g = held[n]
            if not sets.has[g, s] or (not is_home and seats[g] < 0):
                continue
            for stays in range(2 if sets.stays[s] else 1):
                z = begin[j, g if stays else sets.minus[g, s]]
                if z < 0:
                    continue
                for crew in range(crews):
                    x = begin[i, g] + (b * crews + crew) * width * mine
                    y = z + (then * crews + crew) * t.states[j]
                    for memory in range(mine):
                        one, two, three = t.pairs[t.onward[i, j, memory]]
                        after = max(rest[y + one], rest[y + two], rest[y + three])
                        for into in range(x + memory, x + width * mine, mine):
                            _offer(rest, into, np.int32(after + m.live[i, j]))


@njit(cache=True, nogil=True)
def _find_floors(m: Ground, t: Ahead) -> None:
    """Find the least of every node's buckets: with no home in mind there is none lower."""
    crews = count_crew(m) + 1
    for i in range(len(t.span)):
        size = crews * (m.room + 1 if i < len(m.school) else 1) * t.states[i]
        for n in range(t.held_from[i], t.held_from[i + 1]):
            for b in range(t.span[i]):
                x = t.begin[i, t.held[n]] + b * size
                for y in range(x, x + size, t.states[i]):
                    t.floor[t.under[i] + b] = min(t.floor[t.under[i] + b], t.rest[y])


@njit(cache=True, nogil=True)
def find_floor(t: Ahead, i: int, clock_s: int) -> int:
    """What nothing that follows node i from a clock on goes below, whatever is open."""
    if not t.is_filled:
        return ENDLESS
    b = find_bucket(t, i, clock_s)
    return int(t.floor[t.under[i] + b]) if b < t.span[i] else FAR
