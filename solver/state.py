"""The runs of a session while they are being changed, each with its exact price."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solver.arrays import Arrays, FloatArray, IntArray
from solver.kernel import keeps_every_weekday, price_in_full

MAX_NODES = 96
"""Most nodes (riders and schools) of one run."""


class State(NamedTuple):
    """Runs as rows of a table, priced. A row of length 0 is no run.

    `price` includes penalties, GBP; `crew` is the run's assistants, `wait` its seconds that are
    neither drive nor dwell; `run_of` is each rider's row or -1; `free` the vehicles of each type
    not in use.
    """

    table: IntArray
    length: IntArray
    price: FloatArray
    kind: IntArray
    crew: IntArray
    wait: IntArray
    run_of: IntArray
    free: IntArray


def build_state(a: Arrays, fleet: IntArray) -> State:
    """Build a state without runs; `fleet` is the number of vehicles of each type."""
    return new_state(len(a.rider), fleet)


def new_state(riders: int, fleet: IntArray) -> State:
    """Build a state without runs for a number of riders."""
    rows = riders + 1
    return State(
        table=np.full((rows, MAX_NODES), -1, dtype=np.int64),
        length=np.zeros(rows, dtype=np.int64),
        price=np.zeros(rows, dtype=np.float64),
        kind=np.full(rows, -1, dtype=np.int64),
        crew=np.zeros(rows, dtype=np.int64),
        wait=np.zeros(rows, dtype=np.int64),
        run_of=np.full(riders, -1, dtype=np.int64),
        free=fleet.copy(),
    )


@njit(cache=True)
def copy_state(state: State) -> State:
    """Copy a state, vehicle types and all."""
    return State(
        state.table.copy(),
        state.length.copy(),
        state.price.copy(),
        state.kind.copy(),
        state.crew.copy(),
        state.wait.copy(),
        state.run_of.copy(),
        state.free.copy(),
    )


def list_runs(state: State) -> list[IntArray]:
    """Copy the runs out, in order of rows."""
    return [
        state.table[row, : state.length[row]].copy()
        for row in range(len(state.length))
        if state.length[row] > 0
    ]


@njit(cache=True)
def set_run(state: State, row: int, seq: IntArray, a: Arrays) -> bool:
    """Put a sequence into a row and price it; False where no free vehicle type carries it."""
    riders = len(a.rider)
    clear_run(state, row, a)
    if len(seq) == 0:
        return True
    cost, penalty, kind, _, crew, wait = price_in_full(seq, state.free, a)
    if kind < 0 or not keeps_every_weekday(seq, a):
        return False
    state.table[row, : len(seq)] = seq
    state.length[row] = len(seq)
    state.price[row] = cost + penalty
    state.kind[row] = kind
    state.crew[row] = crew
    state.wait[row] = wait
    state.free[kind] -= 1
    for node in seq:
        if node < riders:
            state.run_of[node] = row
    return True


def is_sound(run: IntArray, a: Arrays) -> bool:
    """C1, C12: nobody twice, each rider's school once and after them, no school for nobody."""
    nodes = [int(node) for node in run]
    riders = [node for node in nodes if node < len(a.rider)]
    calls = [len(a.rider) + int(a.rider[r].school) for r in riders]
    return (
        len(set(nodes)) == len(nodes) == len(riders) + len(set(calls))
        and set(calls) <= set(nodes)
        and all(nodes.index(r) < nodes.index(c) for r, c in zip(riders, calls, strict=True))
    )


def put_run(state: State, row: int, seq: IntArray, source: State, like: int, riders: int) -> None:
    """Put a run whose price is known from row `like` of another state into an empty row.

    The vehicle must be counted among the free ones; `riders` is the number of riders of `state`.
    """
    state.table[row, : len(seq)] = seq
    state.length[row] = len(seq)
    state.price[row] = source.price[like]
    state.kind[row] = source.kind[like]
    state.crew[row] = source.crew[like]
    state.wait[row] = source.wait[like]
    state.free[state.kind[row]] -= 1
    state.run_of[seq[seq < riders]] = row


@njit(cache=True)
def clear_run(state: State, row: int, a: Arrays) -> None:
    """Take a row's run away and its vehicle back."""
    riders = len(a.rider)
    for i in range(state.length[row]):
        node = state.table[row, i]
        if node < riders and state.run_of[node] == row:
            state.run_of[node] = -1
    if state.kind[row] >= 0:
        state.free[state.kind[row]] += 1
    state.length[row] = 0
    state.price[row] = 0.0
    state.kind[row] = -1


@njit(cache=True)
def find_empty(state: State) -> int:
    """The first row without a run."""
    for row in range(len(state.length)):
        if state.length[row] == 0:
            return row
    return -1
