"""Clarke-Wright savings, school by school, with the true price of every merged run.

The usual first plan: no run serves two schools. It is also the start of OR-Tools and of PyVRP.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from benchmarks.peers.pricing import IntArray, Tables, price_run
from benchmarks.peers.problem import Answer, Problem
from benchmarks.peers.repair import repair


def solve_savings(problem: Problem) -> Answer:
    """Return the savings plan of everyone."""
    return repair(problem, build_savings_runs(problem))


def build_savings_runs(problem: Problem) -> list[list[int]]:
    """Build the runs of the non-solo riders, each run for one school."""
    runs = []
    for call in sorted({problem.get_call(r) for r in problem.riders}):
        riders = [r for r in problem.riders if problem.get_call(r) == call]
        runs += _split_rows(call, *merge_school(_to_array(riders), call, problem.t))
    return runs


def _to_array(riders: Sequence[int]) -> IntArray:
    return np.array(riders, dtype=np.int64)


def _split_rows(call: int, table: IntArray, length: IntArray) -> list[list[int]]:
    return [
        [*map(int, row[:size]), call] for row, size in zip(table, length, strict=True) if size > 0
    ]


@njit(cache=True)
def _price_joined(
    table: IntArray,
    length: IntArray,
    first: int,
    second: int,
    call: int,
    t: Tables,
) -> float:
    """Price the riders of one row, then those of another, then the school."""
    n = length[first]
    m = length[second]
    run = np.empty(n + m + 1, np.int64)
    run[:n] = table[first, :n]
    run[n : n + m] = table[second, :m]
    run[n + m] = call
    return float(price_run(run, t)[0])


@njit(cache=True)
def merge_school(riders: IntArray, call: int, t: Tables) -> tuple[IntArray, IntArray]:
    """Merge the runs of one school, largest saving first, until no merger saves.

    Returns
    -------
    (k, k) int64, (k,) int64
        Riders in order, a row a run, and how many are in each row; 0 where merged away.
    """
    k = len(riders)
    table = np.full((k, k), -1, np.int64)
    length = np.ones(k, np.int64)
    price = np.empty(k, np.float64)
    saving = np.full((k, k), -np.inf, np.float64)
    alone = np.empty(2, np.int64)
    for i in range(k):
        table[i, 0] = riders[i]
        alone[0] = riders[i]
        alone[1] = call
        price[i] = price_run(alone, t)[0]
    for i in range(k):
        for j in range(k):
            if i != j:
                joined = _price_joined(table, length, i, j, call, t)
                saving[i, j] = price[i] + price[j] - joined
    while True:
        best = 1e-9
        first = -1
        second = -1
        for i in range(k):
            for j in range(k):
                if saving[i, j] > best:
                    best = saving[i, j]
                    first = i
                    second = j
        if first < 0:
            return table, length
        n = length[first]
        table[first, n : n + length[second]] = table[second, : length[second]]
        price[first] += price[second] - best
        length[first] += length[second]
        length[second] = 0
        saving[second, :] = -np.inf
        saving[:, second] = -np.inf
        for i in range(k):
            if i != first and length[i] > 0:
                joined = _price_joined(table, length, i, first, call, t)
                saving[i, first] = price[i] + price[first] - joined
                joined = _price_joined(table, length, first, i, call, t)
                saving[first, i] = price[i] + price[first] - joined
