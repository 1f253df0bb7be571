"""The OR-Tools routing model of a few runs: pick-ups and deliveries under rules C1-C10 and C12.

The model is narrower than the rules, never wider: everyone attends every day, one person boards
after another except at one address, and a soft ride target is not priced. So each answer is
re-priced exactly by the caller, which keeps it only where it is cheaper.

A vehicle of the model is a copy of (type, layout, shared assistants, dedicated assistants): the
assistants' seats, hours and fixed charge go into the copy. Money is in 1/1000 of a penny.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from solver.arrays import Arrays, IntArray
from solver.kernel import count_assistants, find_layout

MONEY = 100_000
"""Model units a pound."""
_DAY_S = 200_000
_SHIFT_S = 86_400
"""Added to every time, so that a reversed PM run has no negative times."""
_FORBIDDEN_S = 150_000


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle of the model: a type's layout with its crew of assistants."""

    vehicle_type: int
    layout: int
    shared: int
    dedicated: int


@dataclass(frozen=True, slots=True)
class Limits:
    """When one model stops: after so many solutions, or seconds where given."""

    solutions: int
    seconds: float | None = None


def can_model(seq: IntArray, a: Arrays) -> bool:
    """Whether a run can be handed to the model: no rule in it that the model lacks."""
    riders = [int(node) for node in seq if node < len(a.rider)]
    if any(a.rider[r].solo or a.rider[r].bars for r in riders):
        return False
    return all(a.rider[r].days == a.rider[riders[0]].days for r in riders)


def improve_runs(
    a: Arrays,
    runs: Sequence[IntArray],
    kinds: Sequence[int],
    spare: IntArray,
    partners: Sequence[tuple[int, int]],
    limits: Limits,
) -> tuple[list[list[IntArray]], int]:
    """Search for cheaper runs that carry the same riders.

    Parameters
    ----------
    runs
        Node sequences (see :mod:`solver.kernel`), each of which :func:`can_model`.
    kinds
        The vehicle type of each run.
    spare
        Vehicles of each type that could be added.
    partners
        Pairs of riders that must share a run.

    Returns
    -------
    list of lists of int64 arrays, int
        Answers from best to worst by the model's price (a few of them), and the number of
        solutions that the search went through.
    """
    model = _Model(a, runs, kinds, spare, partners)
    return model.solve(limits)


def _constant(limit: int) -> Callable[[int, int], int]:
    return lambda _pickup, _delivery: limit


class _Model:
    def __init__(
        self,
        a: Arrays,
        runs: Sequence[IntArray],
        kinds: Sequence[int],
        spare: IntArray,
        partners: Sequence[tuple[int, int]],
    ) -> None:
        self.a = a
        self.total = len(a.rider)
        self.runs = runs
        self.riders = [int(n) for run in runs for n in run if n < self.total]
        self.node_of = {rider: 1 + 2 * i for i, rider in enumerate(self.riders)}
        self.vehicles, self.start_vehicle = self._build_vehicles(kinds, spare)
        self.manager = pywrapcp.RoutingIndexManager(1 + 2 * len(self.riders), len(self.vehicles), 0)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._add_costs()
        self._add_time()
        self._add_loads()
        self._add_sharing(partners)
        self._add_fleet(kinds, spare)

    # --- vehicles -------------------------------------------------------------------------------

    def _build_vehicles(
        self, kinds: Sequence[int], spare: IntArray
    ) -> tuple[list[Vehicle], list[int]]:
        """One copy for each present run, and one more of every useful kind."""
        a = self.a
        present = []
        for run, kind in zip(self.runs, kinds, strict=True):
            dedicated = int(sum(a.rider[n].dedicated for n in run if n < self.total))
            shared = int(count_assistants(run, 31, a)) - dedicated
            present.append(Vehicle(kind, int(find_layout(run, kind, a)), shared, dedicated))
        most_shared = max((v.shared for v in present), default=0)
        most_dedicated = max((v.dedicated for v in present), default=0)
        has_bays = any(a.rider[r].bays for r in self.riders)
        extra = []
        for kind in range(len(a.type)):
            begin, end = a.layout_start[kind], a.layout_start[kind + 1]
            if spare[kind] <= 0 and kind not in kinds:
                continue
            for layout, shared, dedicated in product(
                range(end - begin), range(most_shared + 1), range(most_dedicated + 1)
            ):
                if not has_bays and layout > 0 and a.layout[begin + layout].bays > 0:
                    continue
                if a.layout[begin + layout].seats > shared + dedicated:
                    extra.append(Vehicle(kind, layout, shared, dedicated))
        vehicles = sorted(
            present + extra, key=lambda v: (v.vehicle_type, v.layout, v.shared, v.dedicated)
        )
        taken: set[int] = set()
        start_vehicle = []
        for vehicle in present:
            number = next(
                i for i, other in enumerate(vehicles) if other == vehicle and i not in taken
            )
            taken.add(number)
            start_vehicle.append(number)
        return vehicles, start_vehicle

    # --- costs and times ------------------------------------------------------------------------

    def _node_arrays(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Stop, dwell, school and kind (0 home, 1 school) of each node after the depot."""
        a = self.a
        stop, dwell, school, at_school = [], [], [], []
        for rider in self.riders:
            call = a.rider[rider].school
            extra = a.school[call].extra if a.rider[rider].bays else 0
            stop += [a.rider[rider].stop, a.school[call].stop]
            dwell += [a.rider[rider].dwell, a.school[call].dwell + extra]
            school += [call, call]
            at_school += [0, 1]
        return tuple(np.array(x, dtype=np.int64) for x in (stop, dwell, school, at_school))  # type: ignore[return-value]

    def _drive(self, table: np.ndarray, base: int, stop: IntArray) -> IntArray:
        """Depot row and column (from and to the base, or nothing) around a stop-to-stop table."""
        n = len(stop)
        full = np.zeros((n + 1, n + 1), dtype=np.int64)
        full[1:, 1:] = table[np.ix_(stop, stop)]
        if base >= 0:
            full[0, 1:] = table[base, stop]
            full[1:, 0] = table[stop, base]
        return full

    def _transit(self, base: int) -> IntArray:
        a = self.a
        stop, dwell, school, at_school = self._node_arrays()
        transit = self._drive(a.time_s, base, stop)
        same_call = (school[:, None] == school[None, :]) & (at_school[:, None] == 1)
        together = same_call & (at_school[None, :] == 1)
        ahead = np.maximum(dwell[:, None] - dwell[None, :], 0)
        inner = transit[1:, 1:] + dwell[:, None]
        inner[together] = ahead[together]
        if a.door_extra >= 0:
            door = (stop[:, None] == stop[None, :]) & (at_school[:, None] + at_school[None, :] == 0)
            inner[door] = (ahead + a.door_extra)[door]
        inner[same_call & (at_school[None, :] == 0)] = _FORBIDDEN_S
        if a.max_schools == 1:
            inner[school[:, None] != school[None, :]] = _FORBIDDEN_S
        transit[1:, 1:] = np.minimum(inner, _FORBIDDEN_S)
        transit[1:, 0] += dwell
        return transit

    def _add_costs(self) -> None:
        a = self.a
        stop = self._node_arrays()[0]
        arc: dict[int, int] = {}
        for number, vehicle in enumerate(self.vehicles):
            kind = vehicle.vehicle_type
            if kind not in arc:
                metres = self._drive(a.dist_m, int(a.type[kind].base_stop), stop)
                rate = np.full(metres.shape, a.type[kind].live)
                rate[0, :] = rate[:, 0] = a.type[kind].dead
                money = np.rint(metres * rate * MONEY).astype(np.int64)
                arc[kind] = self.routing.RegisterTransitMatrix(money.tolist())
            assistants = vehicle.shared + vehicle.dedicated
            fixed = a.type[kind].fixed + assistants * a.pa_fixed
            self.routing.SetArcCostEvaluatorOfVehicle(arc[kind], number)
            self.routing.SetFixedCostOfVehicle(round(fixed * MONEY), number)

    def _add_time(self) -> None:
        a = self.a
        transit: dict[int, int] = {}
        for vehicle in self.vehicles:
            base = int(a.type[vehicle.vehicle_type].base_stop)
            if base not in transit:
                transit[base] = self.routing.RegisterTransitMatrix(self._transit(base).tolist())
        self.routing.AddDimensionWithVehicleTransits(
            [transit[int(a.type[v.vehicle_type].base_stop)] for v in self.vehicles],
            3600,
            _DAY_S,
            False,
            "time",
        )
        time = self.routing.GetDimensionOrDie("time")
        for number, vehicle in enumerate(self.vehicles):
            crew = vehicle.shared + vehicle.dedicated
            per_s = a.type[vehicle.vehicle_type].driver + crew * a.pa_per_s
            time.SetSpanCostCoefficientForVehicle(round(per_s * MONEY), number)
            self.routing.AddVariableMaximizedByFinalizer(time.CumulVar(self.routing.Start(number)))
            self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.End(number)))
        solver = self.routing.solver()
        for pair, (rider, home) in enumerate(self.node_of.items()):
            begin = self.manager.NodeToIndex(home)
            end = self.manager.NodeToIndex(home + 1)
            call = a.rider[rider].school
            dwell = int(a.school[call].dwell + (a.school[call].extra if a.rider[rider].bays else 0))
            shift = _SHIFT_S - (dwell if a.is_pm else 0)
            window = (int(a.school[call].opens) + shift, int(a.school[call].closes) + shift)
            time.CumulVar(end).SetRange(*window)
            earliest = a.home_from + _SHIFT_S - (int(a.rider[rider].dwell) if a.is_pm else 0)
            time.CumulVar(begin).SetMin(max(int(earliest), 0))
            self.routing.AddPickupAndDelivery(begin, end)
            solver.Add(self.routing.VehicleVar(begin) == self.routing.VehicleVar(end))
            longest = int(a.rider[rider].dwell + a.rider[rider].cap)
            time.SetPickupToDeliveryLimitFunctionForPair(_constant(longest), pair)

    # --- loads, crew and sharing ----------------------------------------------------------------

    def _add_demand(self, name: str, at_home: IntArray, capacity: list[int], *, back: bool) -> None:
        """Add a dimension that rises at homes and, where `back`, falls again at the school."""
        demand = np.zeros(1 + 2 * len(self.riders), dtype=np.int64)
        taken = at_home[self.riders]
        demand[1::2] = taken
        if back:
            demand[2::2] = -taken
        if not taken.any():
            return
        index = self.routing.RegisterUnaryTransitVector(demand.tolist())
        self.routing.AddDimensionWithVehicleCapacity(index, 0, capacity, True, name)

    def _add_loads(self) -> None:
        a = self.a
        rows = [int(a.layout_start[v.vehicle_type]) + v.layout for v in self.vehicles]
        crew = [v.shared + v.dedicated for v in self.vehicles]
        seats = [int(a.layout[row].seats) - n for row, n in zip(rows, crew, strict=True)]
        self._add_demand("seats", a.rider.seats, seats, back=True)
        self._add_demand("bays", a.rider.bays, [int(a.layout[r].bays) for r in rows], back=True)
        folded = [int(a.layout[r].folded) for r in rows]
        self._add_demand("folded", a.rider.folded, folded, back=True)
        dedicated = [v.dedicated for v in self.vehicles]
        self._add_demand("dedicated", a.rider.dedicated, dedicated, back=False)
        if a.riders_per_pa:
            shared = [v.shared * a.riders_per_pa for v in self.vehicles]
            self._add_demand("shared", a.rider.shared, shared, back=False)

    def _add_sharing(self, partners: Sequence[tuple[int, int]]) -> None:
        a = self.a
        solver = self.routing.solver()
        in_model = set(self.riders)
        for rider, home in self.node_of.items():
            index = self.manager.NodeToIndex(home)
            allowed = [
                number
                for number, vehicle in enumerate(self.vehicles)
                if (not a.rider[rider].lift or a.type[vehicle.vehicle_type].lift)
                and not a.rider[rider].tags & ~a.type[vehicle.vehicle_type].tags
                and (not a.rider[rider].shared or vehicle.shared)
            ]
            self.routing.VehicleVar(index).SetValues([-1, *allowed])
            for x in range(a.conflict_start[rider], a.conflict_start[rider + 1]):
                other = int(a.conflict_rider[x])
                if other in in_model and other > rider:
                    solver.Add(self._vehicle_of(rider) != self._vehicle_of(other))
        for first, second in partners:
            if first in in_model and second in in_model:
                solver.Add(self._vehicle_of(first) == self._vehicle_of(second))
        if a.max_schools > 1:
            self._limit_schools()

    def _limit_schools(self) -> None:
        """C12: a school call ends where a school's node is left for anything but that school."""
        _, _, school, at_school = self._node_arrays()
        leaves = np.zeros((len(school) + 1, len(school) + 1), dtype=np.int64)
        is_same = (school[:, None] == school[None, :]) & (at_school[None, :] == 1)
        leaves[1:, 1:] = (at_school[:, None] == 1) & ~is_same
        leaves[1:, 0] = at_school
        index = self.routing.RegisterTransitMatrix(leaves.tolist())
        self.routing.AddDimension(index, 0, int(self.a.max_schools), True, "schools")

    def _vehicle_of(self, rider: int) -> Any:
        return self.routing.VehicleVar(self.manager.NodeToIndex(self.node_of[rider]))

    def _add_fleet(self, kinds: Sequence[int], spare: IntArray) -> None:
        """C11 in the session: no more vehicles of a type than these runs have and are spare."""
        for kind in range(len(self.a.type)):
            copies = [n for n, v in enumerate(self.vehicles) if v.vehicle_type == kind]
            most = list(kinds).count(kind) + int(min(spare[kind], len(copies)))
            if most < len(copies):
                used = [self.routing.ActiveVehicleVar(number) for number in copies]
                self.routing.solver().Add(self.routing.solver().Sum(used) <= most)

    # --- search ---------------------------------------------------------------------------------

    def solve(self, limits: Limits) -> tuple[list[list[IntArray]], int]:
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        )
        parameters.first_solution_strategy = (
            routing_enums_pb2.FirstSolutionStrategy.LOCAL_CHEAPEST_INSERTION
        )
        parameters.solution_limit = limits.solutions
        if limits.seconds is not None:
            parameters.time_limit.FromMilliseconds(max(1, round(limits.seconds * 1000)))
        self.routing.CloseModelWithParameters(parameters)
        seen: list[tuple[int, list[list[int]]]] = []
        count = 0

        def note() -> None:
            nonlocal count
            count += 1
            cost = int(self.routing.CostVar().Max())
            if not seen or cost < seen[-1][0]:
                seen.append((cost, self._read_nodes()))

        self.routing.AddAtSolutionCallback(note)
        start = self.routing.ReadAssignmentFromRoutes(self._start_routes(), True)
        if start is None:
            return [], 0
        self.routing.SolveFromAssignmentWithParameters(start, parameters)
        best = sorted(seen, key=lambda item: item[0])[:3]
        return [[self._to_sequence(route) for route in routes] for _, routes in best], count

    def _start_routes(self) -> list[list[int]]:
        routes: list[list[int]] = [[] for _ in self.vehicles]
        for number, run in zip(self.start_vehicle, self.runs, strict=True):
            for node in run:
                if node < self.total:
                    routes[number].append(self.node_of[int(node)])
                    continue
                alighting = [
                    int(r)
                    for r in run
                    if r < self.total and self.a.rider[r].school == node - self.total
                ]
                alighting.sort(key=lambda r: (self.a.rider.bays[r] > 0, r))
                routes[number] += [self.node_of[r] + 1 for r in alighting]
        return routes

    def _read_nodes(self) -> list[list[int]]:
        routes = []
        for number in range(len(self.vehicles)):
            index = self.routing.NextVar(self.routing.Start(number)).Value()
            route = []
            while not self.routing.IsEnd(index):
                route.append(self.manager.IndexToNode(index))
                index = self.routing.NextVar(index).Value()
            if route:
                routes.append(route)
        return routes

    def _to_sequence(self, route: list[int]) -> IntArray:
        """Fold each school's deliveries to the last of its visits: one call a school (C12)."""
        sequence: list[int] = []
        for node in route:
            rider = self.riders[(node - 1) // 2]
            if node % 2:
                sequence.append(rider)
                continue
            call = self.total + int(self.a.rider[rider].school)
            if call in sequence:
                sequence.remove(call)
            sequence.append(call)
        return np.array(sequence, dtype=np.int64)
