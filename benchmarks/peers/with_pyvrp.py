"""PyVRP: shipments with mixed loads, or one problem a school, started from the savings plan.

PyVRP prices time with waiting, and chooses among the vehicles. It has no ride limit (tight pick-up
windows stand in for it, which is sufficient) and no pairs that must not share (repaired). The
unloading is paid on the drive into a school, once for all who alight together, with the school's
window moved by as much.

One problem a school is smaller and converges sooner, but knows no mixed loads. Up to
:data:`MIXED_PUPILS` pupils all of the time goes to shipments; beyond, a share goes to the schools
first, and shipments start from what they found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyvrp
from pyvrp.stop import MaxRuntime

from benchmarks.peers.problem import (
    Answer,
    Clock,
    Problem,
    VehicleCopy,
    build_drives,
    build_pickup_window,
    fold_calls,
    list_copies,
)
from benchmarks.peers.repair import repair
from benchmarks.peers.savings import build_savings_runs

MONEY = 100_000
"""Model units a pound."""
MIXED_PUPILS = 200
LARGE_PUPILS = 800
SCHOOLS_SHARE = 0.5
LARGE_SHARE = 0.85
"""Share of the time for the schools, and beyond LARGE_PUPILS, where shipments hardly move."""
PENALTY = 1e8
"""Most that PyVRP may charge for a second too late; at its default it stays infeasible."""
_ANY = 10_000


def solve_pyvrp(problem: Problem, clock: Clock, seed: int) -> Answer:
    """Return the cheapest repaired plan among the savings', the schools' and the shipments'."""
    reserve = 0.5 + len(problem.riders) / 300
    runs = build_savings_runs(problem)
    answers = [repair(problem, runs)]
    if len(problem.riders) > MIXED_PUPILS:
        share = LARGE_SHARE if len(problem.riders) > LARGE_PUPILS else SCHOOLS_SHARE
        seconds = max(clock.left() - reserve, 1.0) * share
        runs = _solve_schools(problem, runs, seconds, seed)
        answers.append(repair(problem, runs))
    model = _Shipments(problem, problem.riders, as_seat=True)
    answers.append(repair(problem, model.solve(runs, clock.left() - reserve, seed)))
    return min(answers, key=lambda answer: answer.cost)


def _solve_schools(
    problem: Problem, runs: Sequence[Sequence[int]], seconds: float, seed: int
) -> list[list[int]]:
    """Solve each school apart; the time is shared out by its pupils to the power of 1.5."""
    by_call: dict[int, list[Sequence[int]]] = {}
    for run in runs:
        by_call.setdefault(run[-1], []).append(run)
    weight = {call: sum(len(run) - 1 for run in own) ** 1.5 for call, own in by_call.items()}
    weight = {call: size for call, size in weight.items() if size > 1}
    found = []
    for call, own in by_call.items():
        if call not in weight:
            found += [list(run) for run in own]
            continue
        riders = [node for run in own for node in run[:-1]]
        share = seconds * weight[call] / sum(weight.values())
        found += _Shipments(problem, riders, as_seat=False).solve(own, share, seed)
    return found


class _Shipments:
    """PyVRP's model of some riders; location 0 is no way from anywhere."""

    def __init__(self, problem: Problem, riders: Sequence[int], *, as_seat: bool) -> None:
        t = problem.t
        self.problem, self.riders, self.as_seat = problem, list(riders), as_seat
        self.calls = sorted({problem.get_call(r) for r in riders})
        self.copies = list_copies(problem, riders, most_dedicated=0 if as_seat else 1)
        nodes = [*self.riders, *self.calls]
        time_s, dist_m = build_drives(problem)
        time_s[:, t.riders :] += t.dwell_s[t.riders :][None, :]
        np.fill_diagonal(time_s, 0)
        place = {node: i + 1 for i, node in enumerate(nodes)}
        self.data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in range(len(nodes) + 1)],
            clients=[],
            depots=[pyvrp.Depot(0)],
            vehicle_types=[self._build_type(copy) for copy in self.copies],
            distance_matrices=[_with_nowhere(dist_m[np.ix_(nodes, nodes)])],
            duration_matrices=[_with_nowhere(time_s[np.ix_(nodes, nodes)])],
            shipments=[self._build_shipment(rider, place) for rider in self.riders],
        )

    def _build_type(self, copy: VehicleCopy) -> pyvrp.VehicleType:
        return pyvrp.VehicleType(
            num_available=len(self.riders),
            capacity=[
                copy.seats,
                copy.bays,
                copy.dedicated,
                _ANY * copy.has_lift,
                _ANY * copy.shared,
            ],
            fixed_cost=round(copy.fixed * MONEY),
            unit_distance_cost=round(copy.per_m * MONEY),
            unit_duration_cost=round(copy.per_s * MONEY),
        )

    def _build_shipment(self, rider: int, place: dict[int, int]) -> pyvrp.Shipment:
        t, call = self.problem.t, self.problem.get_call(rider)
        window = build_pickup_window(self.problem, rider, is_tight=True)
        unloading, dedicated = int(t.dwell_s[call]), int(t.dedicated[rider])
        return pyvrp.Shipment(
            pickup_location=place[rider],
            delivery_location=place[call],
            pickup_tw_early=window[0],
            pickup_tw_late=window[1],
            pickup_service_duration=int(t.dwell_s[rider]),
            delivery_tw_early=int(t.from_s[call]) + unloading,
            delivery_tw_late=int(t.to_s[call]) + unloading,
            amount=[
                int(t.seats[rider]) + dedicated * self.as_seat,
                int(t.bays[rider]),
                dedicated * (not self.as_seat),
                int(t.lift[rider]),
                int(t.shared[rider]),
            ],
        )

    def solve(self, runs: Sequence[Sequence[int]], seconds: float, seed: int) -> list[list[int]]:
        """Search from `runs` for so many seconds; returns runs as nodes."""
        parameters = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=PENALTY))
        result = pyvrp.solve(
            self.data,
            MaxRuntime(max(seconds, 0.1)),
            seed=seed,
            collect_stats=False,
            params=parameters,
            initial_solution=self._build_start(runs),
        )
        return [
            fold_calls(
                self.problem,
                [
                    (self.riders[step.idx], step.is_delivery())
                    for step in route
                    if not step.is_depot()
                ],
            )
            for route in result.best.routes()
        ]

    def _build_start(self, runs: Sequence[Sequence[int]]) -> pyvrp.Solution:
        number = {rider: i for i, rider in enumerate(self.riders)}
        kind, activity = pyvrp.ActivityType, pyvrp.Activity
        routes = []
        for run in runs:
            steps = []
            for node in run:
                if node < self.problem.t.riders:
                    steps.append(activity(kind.PICKUP, number[node]))
                    continue
                steps += [
                    activity(kind.DELIVERY, number[r])
                    for r in run
                    if r < self.problem.t.riders and self.problem.get_call(r) == node
                ]
            choices = [pyvrp.Route(self.data, steps, i) for i in range(len(self.copies))]
            routes.append(min(choices, key=_rank))
        return pyvrp.Solution(self.data, routes)


def _rank(route: pyvrp.Route) -> tuple[bool, int]:
    """Feasible routes first, then by cost."""
    cost = route.fixed_vehicle_cost() + route.distance_cost() + route.duration_cost()
    return not route.is_feasible(), cost


def _with_nowhere(table: np.ndarray) -> np.ndarray:
    return np.pad(table, ((1, 0), (1, 0)))
