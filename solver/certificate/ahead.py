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
from solver.certificate.memories import count_states, list_homes, number_state
from solver.certificate.sets import Levels, Sets, Standing
from solver.domain import UNREACHABLE

NO_ROAD_S = UNREACHABLE
ENDLESS = -2_000_000_000
"""Stands for a gain without limit; sums of costs never reach it."""
_ENDLESS_FROM = -1_500_000_000
WIDTHS_S = (10, 20, 30, 60)
"""Steps of the clock."""
_LEAST_STEP_S = 8
_MOST_ENTRIES = 60_000_000
_MOST_WORK = 6_000_000_000
_QUARTERS_ROOM = 8
"""Sets of quarters of several schools may take this part of a table: the rest is for its memory."""


class Ahead(NamedTuple):
    """The table: the least cost of what follows.

    Entry of a home: begin + ((bucket * (crew + 1) + crew free) * (room + 1) + seats left) * states
    + memory, with so many `states` of a node's memory; of a school the same without seats. The crew
    are assistants of pupils' own. `begin` is -1 where a node cannot stand with a set.
    `onward[i, j]` is the memory at j for each at i before, -1 where j itself has come.
    """

    begin: NDArray[np.int64]
    first_bucket: Ints
    span: Ints
    grid_s: int
    width_s: int
    rest: Ints
    onward: NDArray[np.int8]
    states: NDArray[np.int64]
    is_filled: bool


def build_ahead(ground: Ground, dual: Ints, standing: Standing, step_s: int = 60) -> Ahead:
    """Fill the table for a mode at its duals; unfilled where steps are too short for a grid.

    Or where it would take more memory or time than there is. The clock goes in steps of `step_s`,
    or of the shortest step of a run where that is less.
    """
    grid = _lay_grid(ground, step_s)
    size = _size_nodes(ground, grid)
    is_filled = grid.shortest_s >= _LEAST_STEP_S and _is_affordable(ground, size, standing.at)
    flat = np.where(standing.at, size[None, :], 0).ravel()
    ends = np.cumsum(flat)
    total = int(ends[-1]) if is_filled else 1
    ahead = Ahead(
        begin=np.where(standing.at, (ends - flat).reshape(standing.at.shape), -1),
        first_bucket=grid.first.astype(np.int32),
        span=grid.span.astype(np.int32),
        grid_s=grid.from_s,
        width_s=grid.width_s,
        rest=np.full(total, FAR, np.int32),
        onward=_pass_on(ground, count_states(ground.tabled)),
        states=count_states(ground.tabled),
        is_filled=is_filled,
    )
    if is_filled:
        _fill(ground, dual, standing.sets, ahead)
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
    b = (clock_s - t.grid_s) // t.width_s - t.first_bucket[i]
    if b >= t.span[i] or t.begin[g, i] < 0:
        return -1
    x = max(b, 0) * (count_crew(m) + 1) + crew
    if i < len(m.school):
        x = x * (m.room + 1) + seats
    return int(t.begin[g, i] + x * t.states[i])


@njit(cache=True, nogil=True)
def _bit(m: Ground, j: int, h: int) -> int:
    """The bit of home h in the table's memory of node j, 0 where it has none."""
    p = m.place[j, h] - (1 if j < len(m.school) else 0)
    return 1 << p if 0 <= p < m.tabled[j] else 0


@njit(cache=True, nogil=True)
def _pass_on(m: Ground, states: NDArray[np.int64]) -> NDArray[np.int8]:
    """The memory at each node for each at the node before it."""
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
                onward[i, j, memory] = number_state(mask)
    return onward


@njit(cache=True, nogil=True)
def _offer(t: Ahead, x: int, cost: int, after: int) -> None:
    """Offer entry x a step at `cost`, followed by `after`."""
    whole = cost + after
    if after <= _ENDLESS_FROM or whole <= _ENDLESS_FROM:
        whole = ENDLESS
    t.rest[x] = min(t.rest[x], whole)


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
                    _fill_entry(m, dual, sets, t, g, i, b, clock, crew, seats)


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
) -> None:
    """Fill the entries of a node, set, bucket and free crew for all seats left and memories.

    No run stands here earlier than at `clock`; at a school there is one entry, for the seats that
    its set leaves.
    """
    homes = len(m.school)
    schools = len(m.opens_s)
    is_home = i < homes
    mine = t.states[i]
    width = m.room + 1 if is_home else 1
    x = t.begin[g, i] + (b * (count_crew(m) + 1) + crew) * width * mine
    if not is_home and g == 0:
        t.rest[x : x + mine] = m.last_cost[i - homes]
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
        y = locate(m, t, sets.plus[g, s], h, at, crew - taken, 0)
        if y < 0:
            continue
        for q in range(max(use, fewest), most + 1):
            into = x + (q * mine if is_home else 0)
            for memory in range(mine):
                known = t.onward[i, h, memory]
                if known >= 0:
                    after = t.rest[y + (q - use) * t.states[h] + known]
                    _offer(t, into + memory, cost, after)
    for s in range(schools):
        if homes + s == i or m.leg_s[i, homes + s] >= NO_ROAD_S or not sets.has[g, s]:
            continue
        at = max(clock + m.step_s[i, homes + s], m.done_from_s[s])
        if at > m.done_to_s[s]:
            continue
        for stays in range(2 if sets.stays[s] else 1):
            y = locate(m, t, g if stays else sets.minus[g, s], homes + s, at, crew, 0)
            if y < 0:
                continue
            for memory in range(mine):
                rest = t.rest[y + t.onward[i, homes + s, memory]]
                for q in range(width):
                    _offer(t, x + q * mine + memory, int(m.live[i, homes + s]), rest)
