"""OR-Tools routing, started from the savings plan ("ortools-warm").

A pick-up and a delivery node for each rider; time with waiting and a span cost; the ride limit from
pick-up to delivery; seats, bays and dedicated assistants as loads; lift and assistants by the
vehicles that a rider may use; pairs that must not share on different vehicles; guided local search.
The model's objective is the true cost wherever no run has to be repaired. Where the search stands
still it starts again with its nodes in another order, and the cheapest plan is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from benchmarks.peers.pricing import IntArray
from benchmarks.peers.problem import (
    Answer,
    Clock,
    Problem,
    VehicleCopy,
    build_copy,
    build_drives,
    fold_calls,
    list_copies,
)
from benchmarks.peers.repair import price_answer, repair
from benchmarks.peers.savings import build_savings_runs

MONEY = 100_000
"""Model units a pound."""
SPARE = 2
"""Vehicles of each kind beyond those of the savings plan."""
STILL_S = 5.0
STILL_SHARE = 0.5
"""A search stands still after so many seconds without a better plan, or this share of its time."""
LEAST_SHARE = 0.15
"""Share of all the time that a further start is worth."""
_DAY_S = 86_400


def solve_ortools(problem: Problem, clock: Clock, seed: int) -> Answer:
    """Return the cheapest repaired plan of the model's starts, or the savings plan if cheaper.

    The metaheuristic draws no random numbers: the seed shuffles the order of the pupils.
    """
    savings = build_savings_runs(problem)
    best = repair(problem, savings)
    reserve = 0.5 + len(problem.riders) / 400
    rng = np.random.default_rng(seed)
    least_s = 0.0
    while clock.left() - reserve > least_s:
        order = [int(rider) for rider in rng.permutation(problem.riders)]
        found = _Model(problem, savings, order).solve(clock, reserve)
        if found is None:
            break
        best = min(repair(problem, found), best, key=lambda answer: answer.cost)
        least_s = LEAST_SHARE * clock.seconds
    return best


def _constant(limit: int) -> Callable[[int, int], int]:
    return lambda _pickup, _delivery: limit


class _Model:
    """The routing model of the riders that do not ride alone. Node 0 is no way from anywhere."""

    def __init__(
        self, problem: Problem, runs: Sequence[Sequence[int]], riders: Sequence[int]
    ) -> None:
        self.problem, self.runs, self.riders = problem, runs, list(riders)
        self.node_of = {rider: 1 + 2 * i for i, rider in enumerate(self.riders)}
        self.vehicles, self.vehicle_of_run = self._build_vehicles()
        self.manager = pywrapcp.RoutingIndexManager(1 + 2 * len(self.riders), len(self.vehicles), 0)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self._add_costs()
        self._add_time()
        self._add_pairs()
        self._add_loads()
        self._add_sharing()

    def _build_vehicles(self) -> tuple[list[VehicleCopy], list[int]]:
        """One for each savings run, and a few more of every kind; equal ones side by side."""
        present = [self._find_vehicle(run) for run in self.runs]
        extra = [copy for copy in list_copies(self.problem, self.riders) for _ in range(SPARE)]
        order = sorted(
            range(len(present) + len(extra)), key=lambda i: _sort_key([*present, *extra][i])
        )
        vehicles = [[*present, *extra][i] for i in order]
        place = {old: new for new, old in enumerate(order)}
        return vehicles, [place[i] for i in range(len(present))]

    def _find_vehicle(self, run: Sequence[int]) -> VehicleCopy:
        """Build the vehicle of a savings run: its cheapest type in the first layout that fits."""
        t = self.problem.t
        kind = price_answer(self.problem, [np.array(run, dtype=np.int64)]).kinds[0]
        riders = [node for node in run if node < t.riders]
        seats = sum(int(t.seats[r]) for r in riders)
        bays = sum(int(t.bays[r]) for r in riders)
        shared = int(any(t.shared[r] for r in riders))
        dedicated = sum(int(t.dedicated[r]) for r in riders)
        rows = range(int(t.layout_start[kind]), int(t.layout_start[kind + 1]))
        copies = [build_copy(self.problem, kind, row, shared, dedicated) for row in rows]
        return next(copy for copy in copies if copy.seats >= seats and copy.bays >= bays)

    def _spread(self, table: IntArray) -> IntArray:
        """A table between riders and schools as one between the model's nodes."""
        nodes = [node for r in self.riders for node in (r, self.problem.get_call(r))]
        full = np.zeros((1 + len(nodes), 1 + len(nodes)), dtype=np.int64)
        full[1:, 1:] = table[np.ix_(nodes, nodes)]
        return full

    def _add_costs(self) -> None:
        metres = self._spread(build_drives(self.problem)[1])
        arc: dict[float, int] = {}
        for number, vehicle in enumerate(self.vehicles):
            if vehicle.per_m not in arc:
                money = np.rint(metres * vehicle.per_m * MONEY).astype(np.int64)
                arc[vehicle.per_m] = self.routing.RegisterTransitMatrix(money.tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(arc[vehicle.per_m], number)
            self.routing.SetFixedCostOfVehicle(round(vehicle.fixed * MONEY), number)

    def _add_time(self) -> None:
        """Transit is dwell and drive; those set down at one school together unload once."""
        t = self.problem.t
        nodes = [node for r in self.riders for node in (r, self.problem.get_call(r))]
        transit = self._spread(build_drives(self.problem)[0])
        transit[1:, :] += t.dwell_s[nodes][:, None]
        call = np.array([node if node >= t.riders else -1 for node in nodes])
        together = (call[:, None] == call[None, :]) & (call[:, None] >= 0)
        transit[1:, 1:][together] = 0
        index = self.routing.RegisterTransitMatrix(transit.tolist())
        self.routing.AddDimension(index, 3600, _DAY_S, False, "time")
        self.time = self.routing.GetDimensionOrDie("time")
        for number, vehicle in enumerate(self.vehicles):
            self.time.SetSpanCostCoefficientForVehicle(round(vehicle.per_s * MONEY), number)
            start, end = self.routing.Start(number), self.routing.End(number)
            self.routing.AddVariableMaximizedByFinalizer(self.time.CumulVar(start))
            self.routing.AddVariableMinimizedByFinalizer(self.time.CumulVar(end))

    def _add_pairs(self) -> None:
        t = self.problem.t
        for pair, (rider, home) in enumerate(self.node_of.items()):
            begin, end = self.manager.NodeToIndex(home), self.manager.NodeToIndex(home + 1)
            call = self.problem.get_call(rider)
            self.time.CumulVar(end).SetRange(int(t.from_s[call]), int(t.to_s[call]))
            self.routing.AddPickupAndDelivery(begin, end)
            self.solver.Add(self.routing.VehicleVar(begin) == self.routing.VehicleVar(end))
            longest = int(t.dwell_s[rider] + t.cap_s[rider])
            self.time.SetPickupToDeliveryLimitFunctionForPair(_constant(longest), pair)

    def _add_loads(self) -> None:
        t = self.problem.t
        self._add_load("seats", t.seats, [v.seats for v in self.vehicles], is_set_down=True)
        self._add_load("bays", t.bays, [v.bays for v in self.vehicles], is_set_down=True)
        crew = [v.dedicated for v in self.vehicles]
        self._add_load("dedicated", t.dedicated, crew, is_set_down=False)

    def _add_load(
        self, name: str, taken: IntArray, capacity: list[int], *, is_set_down: bool
    ) -> None:
        demand = np.zeros(1 + 2 * len(self.riders), dtype=np.int64)
        demand[1::2] = taken[self.riders]
        if not demand.any():
            return
        if is_set_down:
            demand[2::2] = -demand[1::2]
        index = self.routing.RegisterUnaryTransitVector(demand.tolist())
        self.routing.AddDimensionWithVehicleCapacity(index, 0, capacity, True, name)

    def _add_sharing(self) -> None:
        t = self.problem.t
        vehicle_of = {
            rider: self.routing.VehicleVar(self.manager.NodeToIndex(home))
            for rider, home in self.node_of.items()
        }
        for rider, variable in vehicle_of.items():
            allowed = [
                number
                for number, vehicle in enumerate(self.vehicles)
                if (vehicle.has_lift or not t.lift[rider])
                and (vehicle.shared or not t.shared[rider])
                and (vehicle.dedicated or not t.dedicated[rider])
            ]
            variable.SetValues([-1, *allowed])
        for first, second in zip(*np.nonzero(np.triu(t.conflicts)), strict=True):
            if int(first) in vehicle_of and int(second) in vehicle_of:
                self.solver.Add(vehicle_of[int(first)] != vehicle_of[int(second)])

    def solve(self, clock: Clock, reserve: float) -> list[list[int]] | None:
        """Search until it stands still or `reserve` seconds are left; None if it cannot start."""
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        )
        self._stop_when_still()
        self.routing.CloseModelWithParameters(parameters)
        start = self.routing.ReadAssignmentFromRoutes(self._list_start_routes(), True)
        if start is None:
            return None
        parameters.time_limit.FromMilliseconds(round(1000 * max(clock.left() - reserve, 0.5)))
        found = self.routing.SolveFromAssignmentWithParameters(start, parameters)
        if found is None:
            return None
        runs = []
        for number in range(len(self.vehicles)):
            steps = []
            index = found.Value(self.routing.NextVar(self.routing.Start(number)))
            while not self.routing.IsEnd(index):
                node = self.manager.IndexToNode(index) - 1
                steps.append((self.riders[node // 2], node % 2 == 1))
                index = found.Value(self.routing.NextVar(index))
            if steps:
                runs.append(fold_calls(self.problem, steps))
        return runs

    def _stop_when_still(self) -> None:
        began = better = time.perf_counter()
        least: int | None = None

        def note() -> None:
            nonlocal least, better
            cost = int(self.routing.CostVar().Max())
            if least is None or cost < least:
                least, better = cost, time.perf_counter()

        def is_still() -> bool:
            now = time.perf_counter()
            return now - better > max(STILL_S, STILL_SHARE * (now - began))

        self.routing.AddAtSolutionCallback(note)
        self.routing.AddSearchMonitor(self.solver.CustomLimit(is_still))

    def _list_start_routes(self) -> list[list[int]]:
        routes: list[list[int]] = [[] for _ in self.vehicles]
        for number, run in zip(self.vehicle_of_run, self.runs, strict=True):
            riders = [node for node in run if node < self.problem.t.riders]
            routes[number] += [self.node_of[r] for r in riders]
            routes[number] += [self.node_of[r] + 1 for r in riders]
        return routes


def _sort_key(vehicle: VehicleCopy) -> tuple[int, int, int, int, int]:
    return (
        vehicle.vehicle_type,
        vehicle.seats,
        vehicle.bays,
        vehicle.shared,
        vehicle.dedicated,
    )
