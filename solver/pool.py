"""The pool of good runs, and the best plan that can be put together from it by CP-SAT.

Every run that a search keeps for a while is remembered by the riders it carries, at the least price
seen. Choosing runs that carry each rider exactly once at least price is a set partitioning. Its
linear relaxation (GLOP) gives each run a reduced cost; a run whose reduced cost is above the gap
between the relaxation and the best plan is in no better plan, so CP-SAT gets the few others only.
CP-SAT betters the plan that it is given within a second; where there is more time than that, after
a proof, SCIP goes through all there is (branch and bound on the relaxation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread

import numpy as np
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

from solver.arrays import IntArray

MOST_RUNS = 60_000
MOST_CHOICES = 4_000
_PARTS = 1000
_LEAST_GAIN = 0.005
_WATCH_S = 0.2
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class PooledRun:
    """A run as nodes of the search with its price (penalties too), GBP, and its vehicle type."""

    nodes: IntArray
    price: float
    kind: int
    riders: IntArray


@dataclass(slots=True)
class Pool:
    """Runs by the riders they carry, the cheapest of each, oldest first."""

    rider_count: int
    runs: dict[bytes, PooledRun] = field(default_factory=dict)

    def add(self, nodes: IntArray, price: float, kind: int) -> None:
        """Remember a run; the one not offered for longest goes when the pool is full."""
        riders = np.sort(nodes[nodes < self.rider_count])
        key = riders.tobytes()
        known = self.runs.pop(key, None)
        if known is not None and known.price <= price:
            self.runs[key] = known
            return
        self.runs[key] = PooledRun(nodes.copy(), price, kind, riders)
        if len(self.runs) > MOST_RUNS:
            del self.runs[next(iter(self.runs))]


def recombine(
    pool: Pool,
    riders: IntArray,
    best: list[IntArray],
    price: float,
    counts: IntArray,
    *,
    effort: float,
    seconds: float | None,
    seed: int,
    should_stop: Callable[[], bool] = lambda: False,
    by_relaxation: bool = False,
) -> list[PooledRun] | None:
    """Put the cheapest plan together from pooled runs; None where none is cheaper than `price`.

    Parameters
    ----------
    riders
        Those who must be carried, each exactly once.
    best
        Nodes of the present best plan's runs, which the pool holds: the hint.
    price
        Their price, GBP.
    counts
        Vehicles there are of each type.
    effort
        CP-SAT's deterministic limit: about seconds of an idle processor.
    seconds
        A limit by the clock beside it, where the search has one.
    by_relaxation
        Ask SCIP instead of CP-SAT; `seconds` is the only limit then.
    """
    place = np.full(pool.rider_count, -1, dtype=np.int64)
    place[riders] = np.arange(len(riders))
    runs = [run for run in pool.runs.values() if (place[run.riders] >= 0).all()]
    if not runs:
        return None
    scarce = [v for v in range(len(counts)) if counts[v] < len(riders)]
    runs = _filter(runs, place, counts, scarce, price)
    if not runs:
        return None
    if by_relaxation:
        chosen = _choose_by_relaxation(runs, place, counts, scarce, seconds or 0.0, should_stop)
        return chosen if chosen and _price(chosen) < price - _LEAST_GAIN else None
    model = cp_model.CpModel()
    take = [model.new_bool_var("") for _ in runs]
    rows: list[list[cp_model.IntVar]] = [[] for _ in riders]
    for x, run in zip(take, runs, strict=True):
        for r in place[run.riders]:
            rows[int(r)].append(x)
    for row in rows:
        model.add_exactly_one(row)
    for v in scarce:
        used = [x for x, run in zip(take, runs, strict=True) if run.kind == v]
        model.add(sum(used) <= int(counts[v]))
    model.minimize(sum(round(run.price * _PARTS) * x for x, run in zip(take, runs, strict=True)))
    hint = {np.sort(nodes[nodes < pool.rider_count]).tobytes() for nodes in best}
    for x, run in zip(take, runs, strict=True):
        model.add_hint(x, run.riders.tobytes() in hint)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = effort
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    stopper = _Stopper(should_stop)
    solver.best_bound_callback = stopper.bind(solver)
    status = solver.solve(model, stopper)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    chosen = [run for x, run in zip(take, runs, strict=True) if solver.boolean_value(x)]
    return chosen if _price(chosen) < price - _LEAST_GAIN else None


def _price(runs: list[PooledRun]) -> float:
    return sum(run.price for run in runs)


def _choose_by_relaxation(
    runs: list[PooledRun],
    place: IntArray,
    counts: IntArray,
    scarce: list[int],
    seconds: float,
    should_stop: Callable[[], bool],
) -> list[PooledRun] | None:
    """The cheapest choice of runs that SCIP finds in some seconds, or until a stop."""
    solver = pywraplp.Solver.CreateSolver("SCIP")
    take = _set_up(solver, runs, place, counts, scarce, is_whole=True)
    solver.SetTimeLimit(round(1000 * seconds))
    done = Event()

    def watch() -> None:
        while not done.wait(_WATCH_S):
            if should_stop():
                solver.InterruptSolve()
                return

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        status = solver.Solve()
    finally:
        done.set()
        watcher.join()
    if status not in {pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE}:
        return None
    return [run for x, run in zip(take, runs, strict=True) if x.solution_value() > _HALF]


def _set_up(
    solver: pywraplp.Solver,
    runs: list[PooledRun],
    place: IntArray,
    counts: IntArray,
    scarce: list[int],
    *,
    is_whole: bool,
) -> list[pywraplp.Variable]:
    """Write the choice of runs as a linear programme; returns a variable for each."""
    rows = [solver.Constraint(1.0, 1.0) for _ in range(int(place.max()) + 1)]
    limits = {v: solver.Constraint(-solver.infinity(), float(counts[v])) for v in scarce}
    variables = []
    for run in runs:
        x = solver.BoolVar("") if is_whole else solver.NumVar(0.0, solver.infinity(), "")
        solver.Objective().SetCoefficient(x, run.price)
        for r in place[run.riders]:
            rows[int(r)].SetCoefficient(x, 1.0)
        if run.kind in limits:
            limits[run.kind].SetCoefficient(x, 1.0)
        variables.append(x)
    return variables


class _Stopper(cp_model.CpSolverSolutionCallback):
    """Ends CP-SAT when the search is asked to stop."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        super().__init__()
        self.should_stop = should_stop

    def bind(self, solver: cp_model.CpSolver) -> Callable[[float], None]:
        def look(_: float) -> None:
            if self.should_stop():
                solver.stop_search()

        return look

    def on_solution_callback(self) -> None:
        """Stop at a solution where that was asked for."""
        if self.should_stop():
            self.stop_search()


def _filter(
    runs: list[PooledRun],
    place: IntArray,
    counts: IntArray,
    scarce: list[int],
    price: float,
) -> list[PooledRun]:
    """Drop runs that no plan cheaper than `price` holds, by reduced cost; at most MOST_CHOICES."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    variables = _set_up(solver, runs, place, counts, scarce, is_whole=False)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return runs[-MOST_CHOICES:]
    gap = price - solver.Objective().Value()
    reduced = np.array([x.reduced_cost() for x in variables])
    good = np.flatnonzero(reduced < gap + 1e-6)
    good = good[np.argsort(reduced[good], kind="stable")][:MOST_CHOICES]
    return [runs[int(x)] for x in np.sort(good)]
