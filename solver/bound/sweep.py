"""What no run of negative reduced cost passes: sets and ways to be left out of a finer table.

The table of what may follow (:mod:`solver.bound.ahead`) looks backwards from the last call. A sweep
goes the other way through the same states, from each home that a run may start at, and keeps the
least reduced cost at which each is reached. Where that and what may follow are together not
negative, no negative run passes. Open schools that are never passed at a node, and ways that are
never taken, are left out: a finer table, or one that remembers more, has room then.

It holds for the duals of the table only.
"""

from __future__ import annotations

from typing import NamedTuple

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
from solver.bound.modes import REACHABLE, Ints, Mode
from solver.bound.open_sets import OpenSets, keep_sets

UNREACHED = np.iinfo(np.int32).max
"""The cost of a state that no run reaches: above all costs, those with a vehicle's dual too."""

Flags = NDArray[np.bool_]


class Passed(NamedTuple):
    """What negative runs may pass: `sets[i, g]`, set g at node i, and `ways[i, j]`, j after i."""

    sets: Flags
    ways: Flags


def sweep(m: Mode, dual: Ints, sets: OpenSets, t: Ahead, halt: Ints) -> tuple[Mode, OpenSets]:
    """Leave out what no negative run passes; a table that is not built leaves out nothing."""
    if t.width == 0:
        return m, sets
    nodes = len(t.begin)
    passed = Passed(np.zeros((nodes, len(sets.has)), np.bool_), np.zeros((nodes, nodes), np.bool_))
    _sweep(m, dual, sets, t, np.full(len(t.rest), UNREACHED, np.int32), passed, halt)
    if halt[0]:
        return m, sets
    leg_time = np.where(passed.ways, m.leg_time, REACHABLE).astype(np.int32)
    return m._replace(leg_time=leg_time), keep_sets(sets, passed.sets)


@njit(cache=True, nogil=True)
def _sweep(
    m: Mode, dual: Ints, sets: OpenSets, t: Ahead, cost: Ints, passed: Passed, halt: Ints
) -> None:
    """Fill `cost`, the least of every state, the earliest clock first, and note what is passed."""
    homes = len(m.homes)
    nodes = homes + len(m.opens)
    loads = count_loads(m)
    left = m.room - sets.seats
    at = np.empty(len(sets.has), np.int32)
    _start_all(m, dual, sets, t, cost)
    last = 0
    for i in range(nodes):
        last = max(last, t.first[i] + t.span[i])
    for bucket in range(last):
        if halt[0] != 0:
            return
        for i in range(nodes):
            b = bucket - t.first[i]
            if b < 0 or b >= t.span[i]:
                continue
            some = _list_reached(sets, t, i, b, loads, cost, at, passed)
            if some == 0:
                continue
            clock = t.from_s + bucket * t.width
            clock = max(clock, m.ready[i] if i < homes else m.opens[i - homes])
            _board_all(m, dual, sets, t, i, clock, b, at, cost, passed)
            _call_all(m, sets, t, i, clock, b, left, at, cost, passed)


@njit(cache=True, nogil=True)
def _start_all(m: Mode, dual: Ints, sets: OpenSets, t: Ahead, cost: Ints) -> None:
    """Let a run start at every home."""
    loads, crew = count_loads(m), count_crew(m)
    for h in range(len(m.homes)):
        g = sets.plus[0, m.school_of[h]]
        own = crew - (m.is_dedicated[h] if crew > 0 else 0)
        if g < 0 or sets.place[h, g] < 0 or m.use[h] > m.room or own < 0:
            continue
        if not m.starts[h]:
            continue
        z = find_row(sets, t, h, find_bucket(t, h, m.ready[h]), loads)
        load = own * (m.room + 1) + m.room - m.use[h]
        z += (sets.place[h, g] * loads + load) * t.memories[h]
        cost[z] = min(cost[z], m.first_cost[h] - dual[h])


@njit(cache=True, nogil=True)
def _list_reached(
    sets: OpenSets, t: Ahead, i: int, b: int, loads: int, cost: Ints, at: Ints, passed: Passed
) -> int:
    """Note which sets of a node's bucket negative runs pass, and where; returns how many.

    `at` has for each place of a set whether it is passed. What is not is no further looked at.
    """
    x = find_row(sets, t, i, b, loads)
    size = loads * t.memories[i]
    some = 0
    for g in range(len(sets.has)):
        p = sets.place[i, g]
        if p < 0:
            continue
        at[p] = 0
        for y in range(x + p * size, x + (p + 1) * size):
            if cost[y] < UNREACHED and np.int64(cost[y]) + t.rest[y] < 0:
                at[p] = 1
                break
        if at[p]:
            some += 1
            passed.sets[i, g] = True
    return some


@njit(cache=True, nogil=True)
def _board_all(
    m: Mode,
    dual: Ints,
    sets: OpenSets,
    t: Ahead,
    i: int,
    clock: int,
    b: int,
    at: Ints,
    cost: Ints,
    passed: Passed,
) -> None:
    """Let all homes that can follow node i at a clock board the runs that have reached it."""
    loads, crew = count_loads(m), count_crew(m)
    x = find_row(sets, t, i, b, loads)
    for h in range(len(m.homes)):
        then = max(clock + m.step_time[i, h], m.ready[h])
        places = m.room + 1 - m.use[h]
        if h == i or m.leg_time[i, h] >= REACHABLE or then > m.latest[h] or places <= 0:
            continue
        s = m.school_of[h]
        z = find_row(sets, t, h, find_bucket(t, h, then), loads)
        step = m.step_cost[i, h] - dual[h]
        takes = m.is_dedicated[h] if crew > 0 else 0
        for e in range(sets.boards.begin[i, s], sets.boards.begin[i, s + 1]):
            source, target = sets.boards.source[e], sets.boards.target[e]
            to = sets.place[h, target]
            if to < 0 or at[source] == 0:
                continue
            for own in range(takes, crew + 1):
                y = x + (source * loads + own * (m.room + 1) + m.use[h]) * t.memories[i]
                after = z + (to * loads + (own - takes) * (m.room + 1)) * t.memories[h]
                for q in range(places):
                    for memory in range(t.memories[i]):
                        had = cost[y + q * t.memories[i] + memory]
                        known = t.passes[i, h, memory]
                        if had == UNREACHED or known < 0:
                            continue
                        w = after + q * t.memories[h]
                        w += choose_memory(t, w, known)
                        if np.int64(had) + step + t.rest[w] < 0:
                            passed.ways[i, h] = True
                            cost[w] = min(cost[w], had + step)


@njit(cache=True, nogil=True)
def _call_all(
    m: Mode,
    sets: OpenSets,
    t: Ahead,
    i: int,
    clock: int,
    b: int,
    left: Ints,
    at: Ints,
    cost: Ints,
    passed: Passed,
) -> None:
    """Let the runs that have reached node i at a clock call at every school that is open."""
    homes = len(m.homes)
    loads = count_loads(m)
    x = find_row(sets, t, i, b, loads)
    for s in range(len(m.opens)):
        j = homes + s
        then = max(clock + m.step_time[i, j], m.opens[s])
        if j == i or m.leg_time[i, j] >= REACHABLE or then > m.closes[s]:
            continue
        z = find_row(sets, t, j, find_bucket(t, j, then), loads)
        for e in range(sets.calls.begin[i, s], sets.calls.begin[i, s + 1]):
            source, target = sets.calls.source[e], sets.calls.target[e]
            to = sets.place[j, target]
            if to < 0 or left[target] < 0 or at[source] == 0:
                continue
            for own in range(0, loads, m.room + 1):
                y = x + (source * loads + own) * t.memories[i]
                after = z + (to * loads + own + left[target]) * t.memories[j]
                for q in range(m.room + 1):
                    for memory in range(t.memories[i]):
                        had = cost[y + q * t.memories[i] + memory]
                        known = t.passes[i, j, memory]
                        if had == UNREACHED or known < 0:
                            continue
                        w = after + choose_memory(t, after, known)
                        if np.int64(had) + m.step_cost[i, j] + t.rest[w] < 0:
                            passed.ways[i, j] = True
                            cost[w] = min(cost[w], had + m.step_cost[i, j])
