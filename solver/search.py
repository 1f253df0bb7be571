"""Improvement by ruin and recreate, compiled: strings of neighbouring pupils leave their runs and
return where the exact price rises least; the change is kept by simulated annealing.

Source: J. Christiaens and G. Vanden Berghe, Slack induction by string removals for vehicle routing
problems, Transportation Science 54 (2020) 417-433; here with pick-ups and deliveries, assistants,
layouts and exact timetables in the price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, BoolArray, FloatArray, IntArray
from solver.desk import Desk, build_desk
from solver.insertion import insert_group
from solver.kernel import INFEASIBLE
from solver.state import MAX_NODES, State, copy_state, set_run

AVERAGE_REMOVED = 8
LONGEST_STRING = 6
SPLIT = 0.3
"""Share of strings taken out in two parts, with riders between them who stay aboard."""
BLINK = 0.01
LEAST_GAIN = 1e-7


@njit(cache=True)
def seed_search(seed: int) -> None:
    """Seed numba's generator, which the compiled search draws from."""
    np.random.seed(seed)


@njit(cache=True, nogil=True)
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
    is_behind = np.ones(rows, np.bool_)
    bench = build_bench(rows, groups, a)
    before = copy_state(state)
    for _ in range(steps):
        is_whole, changed = shake(state, groups, group_of, neighbours, bench, a)
        touched = bench.touched[:changed]
        more = INFEASIBLE
        if is_whole:
            more = 0.0
            for row in touched:
                more += state.price[row] - before.price[row]
        if more < -heat * np.log(np.random.random()):
            current += more
            for row in touched:
                copy_row(state, before, row, a)
                is_behind[row] = True
            before.free[:] = state.free
            if current < record - LEAST_GAIN:
                record = current
                for row in range(rows):
                    if is_behind[row]:
                        copy_row(state, best, row, a)
                        is_behind[row] = False
                best.free[:] = state.free
        else:
            for row in touched:
                copy_row(before, state, row, a)
            state.free[:] = before.free
    return np.array([current, record])


class Bench(NamedTuple):
    """What steps need beside the runs, made once: marks of rows, riders and groups."""

    checked: IntArray
    touched: IntArray
    is_touched: BoolArray
    is_out: BoolArray
    removed: IntArray
    stamp: IntArray
    desk: Desk


@njit(cache=True)
def build_bench(rows: int, groups: IntArray, a: Arrays) -> Bench:
    """Make a bench for a state of so many rows."""
    return Bench(
        np.full(rows, -1, np.int64),
        np.empty(rows, np.int64),
        np.zeros(rows, np.bool_),
        np.zeros(len(a.rider), np.bool_),
        np.empty(len(groups), np.int64),
        np.zeros(1, np.int64),
        build_desk(len(a.type)),
    )


@njit(cache=True)
def shake(
    state: State,
    groups: IntArray,
    group_of: IntArray,
    neighbours: IntArray,
    bench: Bench,
    a: Arrays,
) -> tuple[bool, int]:
    """Take strings of riders out and put them back: one step of `state`.

    Returns
    -------
    bool, int
        Whether all are back, and how many rows changed; which, `bench.touched` begins with.
    """
    touched, is_touched, is_out = bench.touched, bench.is_touched, bench.is_out
    count, changed = _ruin(
        state, groups, group_of, neighbours, bench.removed, touched, is_touched, is_out, a
    )
    is_whole = True
    for g in _order(bench.removed[:count], groups, a):
        bench.stamp[0] += 1
        size = 0
        while size < groups.shape[1] and groups[g, size] >= 0:
            is_out[groups[g, size]] = False
            size += 1
        if is_whole:
            row = insert_group(
                state,
                groups[g, :size],
                neighbours,
                bench.checked,
                bench.stamp[0],
                BLINK,
                bench.desk,
                a,
            )
            is_whole = row >= 0
            if is_whole and not is_touched[row]:
                is_touched[row] = True
                touched[changed] = row
                changed += 1
    for row in touched[:changed]:
        is_touched[row] = False
    return is_whole, changed


@njit(cache=True)
def copy_row(source: State, target: State, row: int, a: Arrays) -> None:
    """Copy one run, and the row of its riders."""
    n = source.length[row]
    target.length[row] = n
    target.price[row] = source.price[row]
    target.kind[row] = source.kind[row]
    target.crew[row] = source.crew[row]
    target.wait[row] = source.wait[row]
    for i in range(n):
        node = source.table[row, i]
        target.table[row, i] = node
        if node < len(a.rider):
            target.run_of[node] = row


@njit(cache=True)
def _ruin(
    state: State,
    groups: IntArray,
    group_of: IntArray,
    neighbours: IntArray,
    removed: IntArray,
    touched: IntArray,
    is_touched: BoolArray,
    is_out: BoolArray,
    a: Arrays,
) -> tuple[int, int]:
    """Take strings out of the runs around a random pupil; how many groups left how many rows.

    The groups are written to `removed`, the rows to `touched`; `is_out` marks the riders.
    """
    riders = len(a.rider)
    runs = 0
    for row in range(len(state.length)):
        runs += 1 if state.length[row] > 0 else 0
    average = riders / max(runs, 1)
    longest = min(LONGEST_STRING, max(1.0, average))
    most = 4.0 * AVERAGE_REMOVED / (1.0 + longest) - 1.0
    strings = int(np.floor(np.random.random() * max(most, 1.0)) + 1)
    centre = groups[np.random.randint(len(groups)), 0]
    aboard = np.empty(MAX_NODES, np.int64)
    count = changed = done = 0
    for x in range(-1, neighbours.shape[1]):
        if done >= strings:
            break
        rider = centre if x < 0 else neighbours[centre, x]
        row = state.run_of[rider]
        if row < 0 or is_touched[row]:
            continue
        size = place = 0
        for node in state.table[row, : state.length[row]]:
            if node < riders:
                if node == rider:
                    place = size
                aboard[size] = node
                size += 1
        cut = int(np.floor(np.random.random() * min(longest, size)) + 1)
        spared = 0
        if cut > 1 and cut < size and np.random.random() < SPLIT:
            spared = np.random.randint(size - cut) + 1
        span = cut + spared
        begin = max(0, min(size - span, place - np.random.randint(span)))
        keep = begin + np.random.randint(cut) if spared > 0 else begin
        is_touched[row] = True
        touched[changed] = row
        changed += 1
        done += 1
        for y in range(begin, begin + span):
            if keep <= y < keep + spared or is_out[aboard[y]]:
                continue
            removed[count] = group_of[aboard[y]]
            count += 1
            for member in groups[group_of[aboard[y]]]:
                if member >= 0:
                    is_out[member] = True
                    if not is_touched[state.run_of[member]]:
                        is_touched[state.run_of[member]] = True
                        touched[changed] = state.run_of[member]
                        changed += 1
    for row in touched[:changed]:
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
    return count, changed


@njit(cache=True)
def _list_kept(state: State, row: int, is_out: BoolArray, a: Arrays) -> IntArray:
    """Nodes of a run without the riders that are out and without schools left for nobody."""
    riders = len(a.rider)
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
            if other < riders and not is_out[other] and a.rider[other].school == node - riders:
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
        drive = a.time_s[a.rider[rider].stop, a.school[a.rider[rider].school].stop]
        if draw < 0.4:
            key[i] = np.random.random()
        elif draw < 0.6:
            key[i] = -10.0 * a.rider[rider].bays - a.rider[rider].dedicated - a.rider[rider].seats
            key[i] += 0.5 * np.random.random()
        elif draw < 0.8:
            key[i] = -drive
        else:
            key[i] = drive
    return removed[np.argsort(key)]
