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

from solver.certificate.ahead import NO_ROAD_S, Ahead, count_crew, find_seats, locate
from solver.certificate.ground import Ground, Ints
from solver.certificate.sets import Flags, Sets, Standing

UNREACHED = np.iinfo(np.int32).max
"""Stands for entries that no run reaches: no cost is as high."""


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
    for i in range(nodes):
        last = max(last, t.first_bucket[i] + t.span[i])
    most = t.states.max()
    spots = np.empty(((m.room + 1) * most, 2), np.int64)
    for bucket in range(last):
        for i in range(nodes):
            b = bucket - t.first_bucket[i]
            if b < 0 or b >= t.span[i]:
                continue
            clock = t.grid_s + bucket * t.width_s
            clock = max(clock, m.ready_s[i] if i < homes else m.done_from_s[i - homes])
            for g in range(len(t.begin)):
                if t.begin[g, i] < 0:
                    continue
                for crew in range(crews):
                    width = m.room + 1 if i < homes else 1
                    x = t.begin[g, i] + (b * crews + crew) * width * t.states[i]
                    some = _list_spots(m, t, i, x, width, seats[g], reached, spots)
                    if some == 0:
                        continue
                    at[g, i] = True
                    here = (g, i, crew, clock)
                    _go_home(m, dual, sets, t, here, x, spots[:some], reached, ways)
                    _go_to_school(m, sets, t, here, x, spots[:some], reached, ways)


@njit(cache=True, nogil=True)
def _list_spots(
    m: Ground,
    t: Ahead,
    i: int,
    x: int,
    width: int,
    seats: int,
    reached: Ints,
    spots: NDArray[np.int64],
) -> int:
    """List the seats left and the memories with which undercutting runs stand at entries from x."""
    some = 0
    for q in range(width):
        for memory in range(t.states[i]):
            y = x + q * t.states[i] + memory
            if reached[y] < UNREACHED and np.int64(reached[y]) + t.rest[y] < 0:
                spots[some, 0] = q if i < len(m.school) else seats
                spots[some, 1] = memory
                some += 1
    return some


@njit(cache=True, nogil=True)
def _go_home(
    m: Ground,
    dual: Ints,
    sets: Sets,
    t: Ahead,
    here: tuple[int, int, int, int],
    x: int,
    spots: NDArray[np.int64],
    reached: Ints,
    ways: Flags,
) -> None:
    """Let the runs that stand at entries from x go on to every home."""
    g, i, crew, clock = here
    homes = len(m.school)
    for h in range(homes):
        taken = m.own[h] if count_crew(m) > 0 else 0
        if h == i or m.leg_s[i, h] >= NO_ROAD_S or taken > crew:
            continue
        s = m.school[h]
        then = max(clock + m.step_s[i, h], m.ready_s[h])
        z = locate(m, t, sets.plus[g, s], h, then, crew - taken, 0)
        if z < 0:
            continue
        step = m.live[i, h] if g > 0 else min(m.live[i, h], m.dead[i, h])
        cost = np.int64(step) - dual[h]
        for n in range(len(spots)):
            q, memory = spots[n, 0], spots[n, 1]
            known = t.onward[i, h, memory]
            if q < m.use[h] or known < 0:
                continue
            y = x + (q if i < homes else 0) * t.states[i] + memory
            whole = reached[y] + cost
            w = z + (q - m.use[h]) * t.states[h] + known
            if whole + t.rest[w] < 0:
                ways[i, h] = True
                reached[w] = min(reached[w], whole)


@njit(cache=True, nogil=True)
def _go_to_school(
    m: Ground,
    sets: Sets,
    t: Ahead,
    here: tuple[int, int, int, int],
    x: int,
    spots: NDArray[np.int64],
    reached: Ints,
    ways: Flags,
) -> None:
    """Let the runs that stand at entries from x go on to every school that is open."""
    g, i, crew, clock = here
    homes = len(m.school)
    for s in range(len(m.opens_s)):
        j = homes + s
        then = max(clock + m.step_s[i, j], m.done_from_s[s])
        if j == i or m.leg_s[i, j] >= NO_ROAD_S or not sets.has[g, s] or then > m.done_to_s[s]:
            continue
        for stays in range(2 if sets.stays[s] else 1):
            z = locate(m, t, g if stays else sets.minus[g, s], j, then, crew, 0)
            if z < 0:
                continue
            for n in range(len(spots)):
                q, memory = spots[n, 0], spots[n, 1]
                had = x + (q if i < homes else 0) * t.states[i] + memory
                w = z + t.onward[i, j, memory]
                whole = reached[had] + np.int64(m.live[i, j])
                if whole + t.rest[w] < 0:
                    ways[i, j] = True
                    reached[w] = min(reached[w], whole)
