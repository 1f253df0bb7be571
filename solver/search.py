"""Improvement by ruin and recreate, compiled: strings of neighbouring pupils leave their runs and
return where the exact price rises least; the change is kept by simulated annealing.

Source: J. Christiaens and G. Vanden Berghe, Slack induction by string removals for vehicle routing
problems, Transportation Science 54 (2020) 417-433; here with pick-ups and deliveries, assistants,
layouts and exact timetables in the price.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solver.arrays import Arrays, BoolArray, FloatArray, IntArray
from solver.kernel import INFEASIBLE
from solver.state import State, insert_group, set_run

AVERAGE_REMOVED = 8
LONGEST_STRING = 6
BLINK = 0.01


@njit(cache=True)
def seed_search(seed: int) -> None:
    """Seed numba's generator, which the compiled search draws from."""
    np.random.seed(seed)


@njit(cache=True)
def improve(
    state: State,
    best: State,
    groups: IntArray,
    group_of: IntArray,
    neighbours: IntArray,
    steps: int,
    heat: float,
    a: Arrays,
) -> FloatArray:
    """Do `steps` ruin-and-recreate steps on `state`; `best` is overwritten by anything cheaper.

    Parameters
    ----------
    groups
        (G, m) riders that move together, padded with -1.
    group_of
        (R,) the group of each rider, -1 for riders that no run carries.
    heat
        Temperature of the annealing, GBP.

    Returns
    -------
    (2,) float64
        Total price of `state` and of `best`.
    """
    current = float(np.sum(state.price))
    record = float(np.sum(best.price))
    rows = len(state.length)
    checked = np.full(rows, -1, np.int64)
    stamp = 0
    backup = _empty_like(state)
    _copy(state, backup)
    touched = np.empty(rows, np.int64)
    removed = np.empty(len(groups), np.int64)
    for _ in range(steps):
        count = _ruin(state, groups, group_of, neighbours, removed, a)
        order = _order(removed[:count], groups, a)
        is_whole = True
        for g in order:
            stamp += 1
            size = 0
            while size < groups.shape[1] and groups[g, size] >= 0:
                size += 1
            if not insert_group(state, groups[g, :size], neighbours, checked, stamp, BLINK, a):
                is_whole = False
                break
        total = float(np.sum(state.price)) if is_whole else INFEASIBLE
        if total < current - heat * np.log(np.random.random()):
            current = total
            _sync(state, backup, touched)
            if total < record - 1e-9:
                record = total
                _copy(state, best)
        else:
            _sync(backup, state, touched)
    return np.array([current, record])


@njit(cache=True)
def _empty_like(s: State) -> State:
    return State(
        s.table.copy(),
        s.length.copy(),
        s.price.copy(),
        s.wait.copy(),
        s.crew.copy(),
        s.kind.copy(),
        s.run_of.copy(),
        s.free.copy(),
    )


@njit(cache=True)
def _copy(source: State, target: State) -> None:
    target.table[:] = source.table
    target.length[:] = source.length
    target.price[:] = source.price
    target.wait[:] = source.wait
    target.crew[:] = source.crew
    target.kind[:] = source.kind
    target.run_of[:] = source.run_of
    target.free[:] = source.free


@njit(cache=True)
def _sync(source: State, target: State, touched: IntArray) -> None:
    """Copy the rows that differ (by price, length, type or nodes) and the short arrays."""
    count = 0
    for row in range(len(source.length)):
        if (
            source.price[row] != target.price[row]
            or source.length[row] != target.length[row]
            or source.kind[row] != target.kind[row]
        ):
            touched[count] = row
            count += 1
            continue
        for i in range(source.length[row]):
            if source.table[row, i] != target.table[row, i]:
                touched[count] = row
                count += 1
                break
    for row in touched[:count]:
        n = source.length[row]
        target.table[row, :n] = source.table[row, :n]
        target.length[row] = n
        target.price[row] = source.price[row]
        target.wait[row] = source.wait[row]
        target.crew[row] = source.crew[row]
        target.kind[row] = source.kind[row]
    target.run_of[:] = source.run_of
    target.free[:] = source.free


@njit(cache=True)
def _ruin(
    state: State,
    groups: IntArray,
    group_of: IntArray,
    neighbours: IntArray,
    removed: IntArray,
    a: Arrays,
) -> int:
    """Take strings out of the runs around a random pupil; returns how many groups left."""
    riders = len(a.rider_stop)
    runs = 0
    for row in range(len(state.length)):
        runs += 1 if state.length[row] > 0 else 0
    average = riders / max(runs, 1)
    longest = min(LONGEST_STRING, max(1.0, average))
    most = 4.0 * AVERAGE_REMOVED / (1.0 + longest) - 1.0
    strings = int(np.floor(np.random.random() * max(most, 1.0)) + 1)
    is_out = np.zeros(riders, np.bool_)
    is_done = np.zeros(len(state.length), np.bool_)
    centre = np.random.randint(riders)
    count = 0
    done = 0
    for x in range(-1, neighbours.shape[1]):
        rider = centre if x < 0 else neighbours[centre, x]
        row = state.run_of[rider]
        if row < 0 or is_done[row] or done >= strings:
            continue
        n = state.length[row]
        aboard = np.empty(n, np.int64)
        size = 0
        place = 0
        for node in state.table[row, :n]:
            if node < riders:
                if node == rider:
                    place = size
                aboard[size] = node
                size += 1
        cut = int(np.floor(np.random.random() * min(longest, size)) + 1)
        begin = max(0, min(size - cut, place - np.random.randint(cut)))
        is_done[row] = True
        done += 1
        for rider_out in aboard[begin : begin + cut]:
            group = group_of[rider_out]
            if not is_out[rider_out]:
                removed[count] = group
                count += 1
                for member in groups[group]:
                    if member >= 0:
                        is_out[member] = True
                        is_done[state.run_of[member]] = True
    for row in range(len(state.length)):
        if is_done[row]:
            kept = _list_kept(state, row, is_out, a)
            if not set_run(state, row, kept, a):
                # what is left cannot run by itself: it is taken out as well
                for node in kept:
                    if node < riders and not is_out[node]:
                        removed[count] = group_of[node]
                        count += 1
                        for member in groups[group_of[node]]:
                            if member >= 0:
                                is_out[member] = True
    return count


@njit(cache=True)
def _list_kept(state: State, row: int, is_out: BoolArray, a: Arrays) -> IntArray:
    """Nodes of a run without the riders that are out and without schools left for nobody."""
    riders = len(a.rider_stop)
    n = state.length[row]
    kept = np.empty(n, np.int64)
    size = 0
    for node in state.table[row, :n]:
        if node < riders:
            if not is_out[node]:
                kept[size] = node
                size += 1
            continue
        for other in state.table[row, :n]:
            if other < riders and not is_out[other] and a.rider_school[other] == node - riders:
                kept[size] = node
                size += 1
                break
    return kept[:size].copy()


@njit(cache=True)
def _order(removed: IntArray, groups: IntArray, a: Arrays) -> IntArray:
    """Order of return: by chance, by need of space, by far or near from school."""
    key = np.empty(len(removed), np.float64)
    draw = np.random.random()
    for i, g in enumerate(removed):
        rider = groups[g, 0]
        drive = a.time_s[a.rider_stop[rider], a.school_stop[a.rider_school[rider]]]
        if draw < 0.4:
            key[i] = np.random.random()
        elif draw < 0.6:
            key[i] = -10.0 * a.rider_bays[rider] - a.rider_dedicated[rider] - a.rider_seats[rider]
            key[i] += 0.5 * np.random.random()
        elif draw < 0.8:
            key[i] = -drive
        else:
            key[i] = drive
    return removed[np.argsort(key)]
