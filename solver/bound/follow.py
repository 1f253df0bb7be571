"""The walks behind the numbers of the table of what may follow (:mod:`solver.bound.ahead`).

Labelling that ends early leaves open labels, each with the least that may still follow. Here that
rest becomes a walk again, node by node: each step is one whose cost and rest are what the table
says. In the master such walks lower the duals just where labelling could not end.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.bound.ahead import (
    Ahead,
    choose_memory,
    count_crew,
    count_loads,
    find_bucket,
    find_row,
)
from solver.bound.modes import FAR, REACHABLE, Ints, Mode
from solver.bound.open_sets import OpenSets

NODE, SET, BUCKET, OWN, SEATS, MEMORY = 0, 1, 2, 3, 4, 5
STATE = 6
"""A state of the table: a node, its set and bucket, assistants and seats left, its memory."""

State = NDArray[np.int64]


@njit(cache=True, nogil=True)
def follow(
    m: Mode, dual: Ints, sets: OpenSets, t: Ahead, state: State, rest: int, walk: Ints
) -> int:
    """Write the nodes of the walk that follows a state and costs `rest`; returns how many.

    None where it is longer than `walk`. The state is used up.
    """
    homes = len(m.homes)
    new = np.empty(STATE, np.int64)
    some = 0
    while True:
        i = state[NODE]
        if i >= homes and state[SET] == 0 and rest == m.last_cost[i - homes]:
            return some
        to = -1
        for j in range(homes + len(m.opens)):
            known = t.passes[i, j, state[MEMORY]]
            if j == i or m.leg_time[i, j] >= REACHABLE or known < 0:
                continue
            new[MEMORY] = known
            cost = m.step_cost[i, j] - (dual[j] if j < homes else 0)
            if j < homes:
                left = _board(m, sets, t, state, j, new)
            else:
                left = _call(m, sets, t, state, j, new)
            if left + cost == rest:
                to = j
                rest = left
                break
        if to < 0 or some == len(walk):
            return 0
        walk[some] = to
        some += 1
        state[:] = new


@njit(cache=True, nogil=True)
def _read(m: Mode, sets: OpenSets, t: Ahead, state: State) -> int:
    """What the table says of a state; of what has come it remembers what says most."""
    i = state[NODE]
    loads = count_loads(m)
    z = find_row(sets, t, i, state[BUCKET], loads)
    load = state[OWN] * (m.room + 1) + state[SEATS]
    z += (sets.place[i, state[SET]] * loads + load) * t.memories[i]
    state[MEMORY] = choose_memory(t, z, state[MEMORY])
    return int(t.rest[z + state[MEMORY]])


@njit(cache=True, nogil=True)
def _clock(m: Mode, t: Ahead, state: State) -> int:
    i = state[NODE]
    homes = len(m.homes)
    ready = m.ready[i] if i < homes else m.opens[i - homes]
    return int(max(t.from_s + (t.first[i] + state[BUCKET]) * t.width, ready))


@njit(cache=True, nogil=True)
def _board(m: Mode, sets: OpenSets, t: Ahead, state: State, h: int, new: State) -> int:
    """What follows if home h boards, in state `new`; FAR where it cannot."""
    i, s = state[NODE], m.school_of[h]
    start = _clock(m, t, state) + m.step_time[i, h]
    at = max(start, m.ready[h])
    takes = m.is_dedicated[h] if count_crew(m) > 0 else 0
    if at > m.latest[h] or state[SEATS] < m.use[h] or state[OWN] < takes:
        return FAR
    new[NODE], new[OWN], new[SEATS] = h, state[OWN] - takes, state[SEATS] - m.use[h]
    new[BUCKET] = find_bucket(t, h, at)
    new[SET] = sets.plus[state[SET], s]
    if new[SET] < 0 or sets.place[h, new[SET]] < 0:
        return FAR
    return _read(m, sets, t, new)


@njit(cache=True, nogil=True)
def _call(m: Mode, sets: OpenSets, t: Ahead, state: State, j: int, new: State) -> int:
    """What follows if school node j is called, in state `new`; FAR where it cannot."""
    i, s = state[NODE], j - len(m.homes)
    start = _clock(m, t, state) + m.step_time[i, j]
    at = max(start, m.opens[s])
    if at > m.closes[s]:
        return FAR
    new[NODE], new[OWN], new[BUCKET] = j, state[OWN], find_bucket(t, j, at)
    best, chosen, known, kept = FAR, -1, new[MEMORY], new[MEMORY]
    for e in range(sets.calls.begin[i, s], sets.calls.begin[i, s + 1]):
        if sets.calls.source[e] != sets.place[i, state[SET]]:
            continue
        new[SET] = sets.calls.target[e]
        new[SEATS] = m.room - sets.seats[new[SET]]
        if sets.place[j, new[SET]] < 0 or new[SEATS] < 0:
            continue
        new[MEMORY] = known
        value = _read(m, sets, t, new)
        if value < best:
            best, chosen, kept = value, new[SET], new[MEMORY]
    if chosen >= 0:
        new[SET], new[SEATS], new[MEMORY] = chosen, m.room - sets.seats[chosen], kept
    return best
