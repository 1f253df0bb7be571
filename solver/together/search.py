"""Ruin and recreate at what runs cost with their second runs and vehicle days, compiled.

Strings leave and return as in :mod:`solver.search`; after each step the weekdays of the runs that
changed are measured, their links priced and the assignment mended, and the change is judged by what
the session costs then.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solver.arrays import Arrays, FloatArray, IntArray
from solver.search import LEAST_GAIN, build_bench, copy_row, shake
from solver.state import State, copy_state
from solver.together.chains import (
    Chains,
    Tariff,
    assign,
    build_chains,
    measure_rows,
    value_chains,
)


@njit(cache=True, nogil=True)
def improve_together(
    state: State,
    best: State,
    groups: IntArray,
    group_of: IntArray,
    neighbours: IntArray,
    steps: int,
    heat: float,
    tariff: Tariff,
    a: Arrays,
) -> FloatArray:
    """Do `steps` steps on `state`; `best` is overwritten by anything cheaper.

    Parameters
    ----------
    groups, group_of, heat
        As :func:`solver.search.improve` takes them.

    Returns
    -------
    (2,) float64
        What `state` and `best` cost (:func:`solver.together.chains.value_chains`), GBP a day.
    """
    record = weigh_state(best, tariff, a)[0]
    rows = len(state.length)
    top = _find_top(state)
    chains = _chain(state, rows, top, tariff, a)
    current = value_chains(chains, state, top)
    is_behind = np.ones(rows, np.bool_)
    bench = build_bench(rows, groups, a)
    before = copy_state(state)
    kept = _copy_chains(chains)
    for _ in range(steps):
        is_whole, changed = shake(state, groups, group_of, neighbours, bench, a)
        touched = bench.touched[:changed]
        value = np.inf
        reach = top
        if is_whole:
            for row in touched:
                reach = max(reach, row + 1)
            measure_rows(chains, state, touched, reach, tariff, a)
            assign(chains, touched, reach)
            value = value_chains(chains, state, reach)
        if value - current < -heat * np.log(np.random.random()):
            current, top = value, reach
            for row in touched:
                copy_row(state, before, row, a)
                is_behind[row] = True
            before.free[:] = state.free
            _copy_rows(chains, kept, touched, reach)
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
            if is_whole:
                _copy_rows(kept, chains, touched, reach)
    return np.array([current, record])


@njit(cache=True, nogil=True)
def weigh_state(state: State, tariff: Tariff, a: Arrays) -> tuple[float, IntArray]:
    """What the runs of a state cost with second runs and vehicles, and what follows what.

    Returns
    -------
    float, (rows,) int64
        GBP on a mean weekday; by row the run that follows it on its vehicle, or -1.
    """
    top = _find_top(state)
    chains = _chain(state, top, top, tariff, a)
    following = np.full(len(state.length), -1, np.int64)
    for row in range(top):
        after = chains.after[row]
        if chains.link[row, after] < 0:
            following[row] = after
    return value_chains(chains, state, top), following


@njit(cache=True)
def _find_top(state: State) -> int:
    """The row after the last run."""
    top = 0
    for row in range(len(state.length)):
        if state.length[row] > 0:
            top = row + 1
    return top


@njit(cache=True)
def _chain(state: State, rows: int, top: int, tariff: Tariff, a: Arrays) -> Chains:
    """Measure and assign the runs below row `top`, with room for so many rows."""
    chains = build_chains(rows)
    everyone = np.arange(top)
    measure_rows(chains, state, everyone, top, tariff, a)
    assign(chains, everyone, top)
    return chains


@njit(cache=True)
def _copy_chains(chains: Chains) -> Chains:
    return Chains(
        chains.week.copy(),
        chains.cost.copy(),
        chains.link.copy(),
        chains.after.copy(),
        chains.before.copy(),
        chains.u.copy(),
        chains.v.copy(),
    )


@njit(cache=True)
def _copy_rows(source: Chains, target: Chains, rows: IntArray, top: int) -> None:
    """Copy what changes with some rows: their weeks and links, and the whole assignment."""
    for row in rows:
        target.week[row] = source.week[row]
        target.cost[row] = source.cost[row]
        target.link[row, :top] = source.link[row, :top]
        target.link[:top, row] = source.link[:top, row]
    target.after[:top] = source.after[:top]
    target.before[:top] = source.before[:top]
    target.u[:top] = source.u[:top]
    target.v[:top] = source.v[:top]
