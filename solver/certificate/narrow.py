"""What no run that undercuts its duals passes, so that a better table need not hold it.

Runs are followed through the table of what may follow (:mod:`solver.certificate.ahead`), from every
home on, each entry with the least that it is reached at. Where that and what may follow are not
negative together, the entry is left. Sets of open schools that no other run stands with at a node,
and ways that it does not take, are dropped. True for the duals of the table alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.certificate.ahead import NO_ROAD_S, Ahead, count_crew, find_bucket, find_seats, locate
from solver.certificate.ground import Ground, Ints
from solver.certificate.memories import choose_state
from solver.certificate.sets import Flags, Sets, Standing

UNREACHED = np.iinfo(np.int32).max
"""Stands for entries that no run reaches: no cost is as high."""
_SET, _CREW, _LEFT, _MEMORY, _COST = range(5)
_SPOT = 5
"""Where a run stands: its set, the crew free and the seats left, its memory, and its least cost."""


def narrow(
    ground: Ground, dual: Ints, vehicle: int, standing: Standing, ahead: Ahead
) -> tuple[Ground, Standing]:
    """Drop ways and sets; nothing where no table is filled.

    Parameters
    ----------
    vehicle
        What one vehicle more of the type costs beyond its charge, whole parts.
    """
    if not ahead.is_filled:
        return ground, standing
    reached = np.full(len(ahead.rest), UNREACHED, np.int32)
    at = np.zeros(standing.at.shape, np.bool_)
    ways = np.zeros(ground.leg_s.shape, np.bool_)
    _follow_all(ground, dual, vehicle, standing.sets, ahead, reached, at, ways)
    ground = ground._replace(leg_s=np.where(ways, ground.leg_s, NO_ROAD_S).astype(np.int32))
    at[0, len(ground.school) :] = standing.at[0, len(ground.school) :]  # runs end there
    return ground, Standing(standing.sets, at & standing.at)


@njit(cache=True, nogil=True)
def _follow_all(
    m: Ground,
    dual: Ints,
    vehicle: int,
    sets: Sets,
    t: Ahead,
    reached: Ints,
    at: Flags,
    ways: Flags,
) -> None:
    """Follow all runs, the earliest clock first; note where they stand and which ways they take."""
    homes = len(m.school)
    nodes = homes + len(m.opens_s)
    seats = find_seats(m, sets)
    crews = count_crew(m) + 1
    for h in range(homes):
        crew = crews - 1 - (m.own[h] if crews > 1 else 0)
        if m.use[h] > m.room or crew < 0 or not m.starts[h]:
            continue
        y = locate(m, t, sets.plus[0, m.school[h]], h, m.ready_s[h], crew, m.room - m.use[h])
        if y >= 0:
            reached[y] = min(reached[y], m.first_cost[h] + vehicle - dual[h])
    last = 0
    some = 0
    for i in range(nodes):
        last = max(last, t.first_bucket[i] + t.span[i])
        some = max(some, (t.held_from[i + 1] - t.held_from[i]) * t.states[i])
    spots = np.empty((some * crews * (m.room + 1), _SPOT), np.int64)
    plus = sets.plus.T.copy()
    for bucket in range(last):
        for i in range(nodes):
            b = bucket - t.first_bucket[i]
            if b < 0 or b >= t.span[i]:
                continue
            some = _list_spots(m, t, i, b, seats, reached, at, spots)
            if some == 0:
                continue
            clock = t.grid_s + bucket * t.width_s
            clock = max(clock, m.ready_s[i] if i < homes else m.done_from_s[i - homes])
            _go_home(m, plus, t, i, clock, dual, spots[:some], reached, ways)
            _go_to_school(m, sets, t, i, clock, spots[:some], reached, ways)


@njit(cache=True, nogil=True)
def _list_spots(
    m: Ground,
    t: Ahead,
    i: int,
    b: int,
    seats: Ints,
    reached: Ints,
    at: Flags,
    spots: NDArray[np.int64],
) -> int:
    """List where undercutting runs stand in a node's bucket, and note with which sets."""
    some = 0
    crews = count_crew(m) + 1
    width = m.room + 1 if i < len(m.school) else 1
    for n in range(t.held_from[i], t.held_from[i + 1]):
        g = t.held[n]
        before = some
        for crew in range(crews):
            for q in range(width):
                for memory in range(t.states[i]):
                    y = t.begin[i, g] + ((b * crews + crew) * width + q) * t.states[i] + memory
                    if reached[y] < UNREACHED and np.int64(reached[y]) + t.rest[y] < 0:
                        left = q if i < len(m.school) else seats[g]
                        spots[some, _SET], spots[some, _CREW] = g, crew
                        spots[some, _LEFT], spots[some, _MEMORY] = left, memory
                        spots[some, _COST] = reached[y]
                        some += 1
        if some > before:
            at[g, i] = True
    return some


@njit(cache=True, nogil=True)
def _go_home(
    m: Ground,
    plus: Ints,
    t: Ahead,
    i: int,
    clock: int,
    dual: Ints,
    spots: NDArray[np.int64],
    reached: Ints,
    ways: Flags,
) -> None:
    """Let the runs that stand at node i go on to every home; `plus[s]` are its sets."""
    crews = count_crew(m) + 1
    for h in range(len(m.school)):
        if h == i or m.leg_s[i, h] >= NO_ROAD_S:
            continue
        then = find_bucket(t, h, max(clock + m.step_s[i, h], m.ready_s[h]))
        if then >= t.span[h]:
            continue
        s, use, taken = m.school[h], m.use[h], m.own[h] if crews > 1 else 0
        for n in range(len(spots)):
            g, crew, q = spots[n, _SET], spots[n, _CREW], spots[n, _LEFT]
            z = t.begin[h, plus[s, g]]
            known = t.onward[i, h, spots[n, _MEMORY]]
            if z < 0 or crew < taken or q < use or known < 0:
                continue
            step = m.live[i, h] if g > 0 else min(m.live[i, h], m.dead[i, h])
            whole = spots[n, _COST] + np.int64(step) - dual[h]
            w = z + ((then * crews + crew - taken) * (m.room + 1) + q - use) * t.states[h]
            w += choose_state(t.rest, w, known)
            if whole + t.rest[w] < 0:
                ways[i, h] = True
                reached[w] = min(reached[w], whole)


@njit(cache=True, nogil=True)
def _go_to_school(
    m: Ground,
    sets: Sets,
    t: Ahead,
    i: int,
    clock: int,
    spots: NDArray[np.int64],
    reached: Ints,
    ways: Flags,
) -> None:
    """Let the runs that stand at node i go on to every school that is open."""
    crews = count_crew(m) + 1
    for s in range(len(m.opens_s)):
        j = len(m.school) + s
        done = max(clock + m.step_s[i, j], m.done_from_s[s])
        then = find_bucket(t, j, done)
        if j == i or m.leg_s[i, j] >= NO_ROAD_S or done > m.done_to_s[s] or then >= t.span[j]:
            continue
        for n in range(len(spots)):
            g = spots[n, _SET]
            if not sets.has[g, s]:
                continue
            whole = spots[n, _COST] + np.int64(m.live[i, j])
            for stays in range(2 if sets.stays[s] else 1):
                z = t.begin[j, g if stays else sets.minus[g, s]]
                if z < 0:
                    continue
                w = z + (then * crews + spots[n, _CREW]) * t.states[j]
                w += choose_state(t.rest, w, t.onward[i, j, spots[n, _MEMORY]])
                if whole + t.rest[w] < 0:
                    ways[i, j] = True
                    reached[w] = min(reached[w], whole)
