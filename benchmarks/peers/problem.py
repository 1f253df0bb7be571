"""A reference instance as the other solvers are given it: nodes, vehicle copies, a clock, a plan.

Nodes are numbered as in :mod:`benchmarks.peers.pricing`: rider r is r, school s is R + s. A solo
rider's run carries nobody else, so solo riders are priced apart and in no solver's model.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.pricing import IntArray, Tables, build_tables
from solver.domain import Instance, InstanceError
from solver.reference import read_instance

FORBIDDEN_S = 20_000
"""Drive that no morning allows: from a school straight to a home of one of its own pupils."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An instance, its tables, and which riders the models hold; `solos` ride alone."""

    instance: Instance
    t: Tables
    riders: tuple[int, ...]
    solos: tuple[int, ...]

    def get_call(self, rider: int) -> int:
        """Return the node of a rider's school."""
        return int(self.t.call[rider])


@dataclass(frozen=True, slots=True)
class VehicleCopy:
    """A vehicle of a model: one layout of a type, with its crew of assistants aboard throughout.

    `seats` are those left for riders; the prices (GBP) hold the crew's.
    """

    vehicle_type: int
    shared: int
    dedicated: int
    seats: int
    bays: int
    has_lift: bool
    fixed: float
    per_s: float
    per_m: float


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall time of a process: `seconds` from `began` (`time.perf_counter`)."""

    began: float
    seconds: float

    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(self.seconds - (time.perf_counter() - self.began), 0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """Feasible runs with the cheapest vehicle type of each. `cost` is GBP a day."""

    runs: tuple[IntArray, ...]
    kinds: tuple[int, ...]
    cost: float


def read_problem(path: Path) -> Problem:
    """Read a reference instance.

    Raises
    ------
    InstanceError
        If it cannot be read, or a vehicle type has a base or a limited number: the adapters of the
        other solvers leave both out.
    """
    instance, matrix = read_instance(path)
    for kind in instance.fleet:
        if kind.base is not None or kind.count is not None:
            raise InstanceError(
                f"{path.name}: vehicle type {kind.code} has a base or a limited number, which the "
                f"benchmarks of other solvers do not model: give null for both"
            )
    everyone = range(len(instance.riders))
    return Problem(
        instance,
        build_tables(instance, matrix),
        tuple(r for r in everyone if not instance.riders[r].is_solo),
        tuple(r for r in everyone if instance.riders[r].is_solo),
    )


def build_drives(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Build seconds and metres between all nodes, without dwell.

    From a school straight to a home of its own pupils takes :data:`FORBIDDEN_S`: a run calls at a
    school once.
    """
    time_s, dist_m = problem.t.time_s.copy(), problem.t.dist_m.copy()
    for rider in range(problem.t.riders):
        time_s[problem.get_call(rider), rider] = FORBIDDEN_S
    np.fill_diagonal(time_s, 0)
    np.fill_diagonal(dist_m, 0)
    return time_s, dist_m


def list_copies(
    problem: Problem, riders: Sequence[int], *, most_dedicated: int = 1
) -> list[VehicleCopy]:
    """List the useful vehicles for some riders: type x layout x shared x dedicated assistants.

    Without wheelchairs among the riders, only the layout with the most seats of each type is.
    """
    t = problem.t
    has_bays = any(t.bays[r] for r in riders)
    shared = 1 if any(t.shared[r] for r in riders) else 0
    dedicated = most_dedicated if any(t.dedicated[r] for r in riders) else 0
    copies = []
    for kind in range(len(t.type_lift)):
        rows = list(range(int(t.layout_start[kind]), int(t.layout_start[kind + 1])))
        if not has_bays:
            rows = [max(rows, key=lambda row: int(t.layout_seats[row]))]
        for row, with_shared, with_dedicated in product(
            rows, range(shared + 1), range(dedicated + 1)
        ):
            copy = build_copy(problem, kind, row, with_shared, with_dedicated)
            if copy.seats > 0 or copy.bays > 0:
                copies.append(copy)
    return copies


def build_copy(problem: Problem, kind: int, row: int, shared: int, dedicated: int) -> VehicleCopy:
    """Build the vehicle of a type in the layout at `row`, with its crew's seats and pay."""
    t = problem.t
    crew = shared + dedicated
    return VehicleCopy(
        vehicle_type=kind,
        shared=shared,
        dedicated=dedicated,
        seats=int(t.layout_seats[row]) - crew,
        bays=int(t.layout_bays[row]),
        has_lift=bool(t.type_lift[kind]),
        fixed=float(t.type_fixed[kind]) + crew * t.pa_fixed,
        per_s=float(t.type_per_s[kind]) + crew * t.pa_per_s,
        per_m=float(t.type_per_m[kind]),
    )


def build_pickup_window(problem: Problem, rider: int, *, is_tight: bool) -> tuple[int, int]:
    """Build a window on a rider's boarding for solvers that have no ride limit, seconds.

    Tight: late enough that even the last arrival keeps the limit (sufficient). Loose: late enough
    that the first arrival does (necessary, so plans may need repair).
    """
    t = problem.t
    call, dwell_s = problem.get_call(rider), int(t.dwell_s[rider])
    arrival = int(t.to_s[call] if is_tight else t.from_s[call])
    latest = int(t.to_s[call] - t.time_s[rider, call]) - dwell_s
    return min(max(arrival - dwell_s - int(t.cap_s[rider]), 0), latest), latest


def fold_calls(problem: Problem, steps: Iterable[tuple[int, bool]]) -> list[int]:
    """Turn a vehicle's steps (rider, whether set down) into nodes with one call a school.

    Where a solver calls at a school several times, everyone alights at the last call.
    """
    nodes: list[int] = []
    for rider, is_set_down in steps:
        node = problem.get_call(rider) if is_set_down else rider
        if node in nodes:
            nodes.remove(node)
        nodes.append(node)
    return nodes


def write_answer(path: Path, problem: Problem, answer: Answer, seconds: float, seed: int) -> None:
    """Write a plan in the reference format; it claims no bound."""
    instance = problem.instance
    runs = [
        {
            "type": instance.fleet[kind].code,
            "stops": [
                ["pickup", instance.riders[node].reference]
                if node < problem.t.riders
                else ["school", instance.schools[node - problem.t.riders].urn]
                for node in map(int, run)
            ],
        }
        for run, kind in zip(answer.runs, answer.kinds, strict=True)
    ]
    content = {
        "runs": runs,
        "cost": round(answer.cost, 4),
        "lower_bound": 0.0,
        "seconds": round(seconds, 2),
        "seed": seed,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
