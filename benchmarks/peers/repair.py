"""Mend a solver's runs where they break a rule that its model cannot express, at the true price.

1. Where the vehicle is empty on the way, a run is cut if the parts are cheaper or only they hold.
2. A run that still breaks a rule leaves out as few pupils as makes it hold.
3. Those left out go where the price of the day rises least, a run of their own included.
Every run then has its cheapest vehicle type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numba import njit

from benchmarks.peers.pricing import IntArray, Tables, price_run
from benchmarks.peers.problem import Answer, Problem
from solver.domain import InstanceError

NEAR_RUNS = 80
"""Runs tried for a pupil that was left out: those that pass nearest, or call at their school."""


def repair(problem: Problem, raw: Iterable[Sequence[int]]) -> Answer:
    """Return a feasible plan of everyone from the runs (nodes) of a solver.

    Raises
    ------
    InstanceError
        If a pupil cannot even ride alone.
    """
    kept: list[IntArray] = []
    waiting = set(problem.riders)
    for nodes in raw:
        for part in _cut(problem, [int(node) for node in nodes]):
            run = _thin(problem, part)
            if run:
                kept.append(np.array(run, dtype=np.int64))
                waiting -= set(run)
    drive = problem.t.time_s
    for rider in sorted(waiting, key=lambda r: (-int(drive[r, problem.get_call(r)]), r)):
        _insert(problem, kept, rider)
    kept += [_ride_alone(problem, rider) for rider in problem.solos]
    return price_answer(problem, kept)


def price_answer(problem: Problem, runs: Sequence[IntArray]) -> Answer:
    """Price feasible runs, each in its cheapest vehicle type."""
    priced = [price_run(run, problem.t) for run in runs]
    return Answer(tuple(runs), tuple(int(p[1]) for p in priced), float(sum(p[0] for p in priced)))


def _price(problem: Problem, nodes: Sequence[int]) -> float:
    return float(price_run(np.array(nodes, dtype=np.int64), problem.t)[0])


def _cut(problem: Problem, nodes: list[int]) -> list[list[int]]:
    """Cut a run at every moment with nobody aboard, if the parts are cheaper than the whole."""
    parts: list[list[int]] = [[]]
    aboard = 0
    for node in nodes:
        parts[-1].append(node)
        if node < problem.t.riders:
            aboard += 1
            continue
        aboard -= sum(problem.get_call(r) == node for r in nodes if r < problem.t.riders)
        if aboard == 0:
            parts.append([])
    parts = [part for part in parts if part]
    if len(parts) < 2 or len(set(nodes)) < len(nodes):
        return parts
    whole = _price(problem, nodes)
    apart = sum(_price(problem, part) for part in parts)
    return [nodes] if whole <= apart and np.isfinite(whole) else parts


def _thin(problem: Problem, nodes: list[int]) -> list[int]:
    """Leave out as few riders as makes a run feasible: one if one is enough, else from the end."""
    if np.isfinite(_price(problem, nodes)):
        return nodes
    riders = [node for node in nodes if node < problem.t.riders]
    without = [_keep(problem, nodes, set(riders) - {rider}) for rider in riders]
    prices = [_price(problem, run) if run else np.inf for run in without]
    if prices and np.isfinite(min(prices)):
        return without[int(np.argmin(prices))]
    kept: set[int] = set()
    for rider in riders:
        if np.isfinite(_price(problem, _keep(problem, nodes, kept | {rider}))):
            kept.add(rider)
    return _keep(problem, nodes, kept)


def _keep(problem: Problem, nodes: Sequence[int], riders: set[int]) -> list[int]:
    """Keep some riders of a run, and the schools that they go to."""
    wanted = riders | {problem.get_call(r) for r in riders}
    return [node for node in nodes if node in wanted]


def _ride_alone(problem: Problem, rider: int) -> IntArray:
    run = np.array([rider, problem.get_call(rider)], dtype=np.int64)
    if not np.isfinite(_price(problem, run.tolist())):
        raise InstanceError(
            f"pupil {problem.instance.riders[rider].reference} cannot be carried even alone: no "
            f"vehicle type, window or ride limit of the instance allows it"
        )
    return run


def _insert(problem: Problem, runs: list[IntArray], rider: int) -> None:
    """Put a rider where the day's price rises least; `runs` is changed."""
    t, call = problem.t, problem.get_call(rider)
    apart = np.array([t.time_s[run, rider].min() for run in runs], dtype=np.int64)
    calls_there = np.array([call in run for run in runs], dtype=bool)
    near = np.argsort(np.where(calls_there, -1, apart), kind="stable")[
        : NEAR_RUNS + int(calls_there.sum())
    ]
    alone = _ride_alone(problem, rider)
    best, best_row, best_run = _price(problem, alone.tolist()), -1, alone
    for row in near:
        run = runs[int(row)]
        before = price_run(run, t)[0]
        after, longer = find_cheapest_place(run, rider, call, t)
        if after - before < best - 1e-9:
            best, best_row, best_run = after - before, int(row), longer
    if best_row < 0:
        runs.append(best_run)
    else:
        runs[best_row] = best_run


@njit(cache=True)
def find_cheapest_place(run: IntArray, rider: int, call: int, t: Tables) -> tuple[float, IntArray]:
    """Return the least price of a run with one more rider, infinite where none, and that run."""
    n = len(run)
    at = n
    has_call = False
    for i in range(n):
        if run[i] == call:
            at = i
            has_call = True
    longer = np.empty(n + 2 - int(has_call), np.int64)
    best = np.inf
    best_run = longer.copy()
    for i in range(at + 1):
        longer[:i] = run[:i]
        longer[i] = rider
        for j in range(n if has_call else i, n + 1):
            longer[i + 1 : j + 1] = run[i:j]
            if not has_call:
                longer[j + 1] = call
                longer[j + 2 :] = run[j:]
            price = price_run(longer, t)[0]
            if price < best:
                best = price
                best_run[:] = longer
    return best, best_run
