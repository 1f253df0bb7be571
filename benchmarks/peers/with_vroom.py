"""VROOM: shipments, with the unloading as a set-up that is paid once a stop at a school.

VROOM has no ride limit, so pick-up windows stand in for it: tight (sufficient, dearer) or loose
(necessary, then repaired). Its objective pays nothing for waiting or for boarding, and knows no
pairs that must not share. A dedicated assistant is a crew member of the vehicle, or (`as_seat`) a
second seat that costs nothing, which leaves half as many kinds of vehicle to choose from. VROOM
stops by itself, so variants run one after the other until the time is up, and the plan that is
cheapest after repair is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import vroom

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

PENCE = 100
LIFT, SHARED, DEDICATED = 1, 2, 3
"""Skills that a rider needs and a vehicle has."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One formulation, and VROOM's exploration level (0 to 5)."""

    is_tight: bool
    as_seat: bool
    level: int


VARIANTS = (
    Variant(is_tight=True, as_seat=True, level=5),
    Variant(is_tight=False, as_seat=True, level=5),
    Variant(is_tight=True, as_seat=False, level=5),
    Variant(is_tight=False, as_seat=False, level=5),
)


def solve_vroom(problem: Problem, clock: Clock, seed: int, threads: int) -> Answer:
    """Return the cheapest repaired plan of the variants that there is time for.

    VROOM draws no random numbers: the seed only shuffles the order of pupils and vehicles.
    """
    reserve = 1.0 + len(problem.riders) / 150
    best: Answer | None = None
    for variant in VARIANTS:
        left = clock.left() - reserve
        if best is not None and left < 0.15 * clock.seconds:
            break
        raw = _run(problem, variant, max(left, 1.0), seed, threads)
        answer = repair(problem, raw)
        if best is None or answer.cost < best.cost:
            best = answer
    assert best is not None
    return best


def _run(
    problem: Problem, variant: Variant, seconds: float, seed: int, threads: int
) -> list[list[int]]:
    """Run one variant; returns its runs as nodes."""
    rng = np.random.default_rng(seed)
    riders = [int(r) for r in rng.permutation(problem.riders)]
    copies = list_copies(problem, riders, most_dedicated=0 if variant.as_seat else 1)
    model = vroom.Input()
    time_s, dist_m = build_drives(problem)
    model.set_durations_matrix("car", _with_nowhere(time_s))
    model.set_distances_matrix("car", _with_nowhere(dist_m))
    nowhere = len(time_s)
    vehicles: list[vroom.Vehicle] = []
    for copy in copies:
        for _ in range(_count(problem, copy, riders)):
            vehicles.append(_build_vehicle(len(vehicles), copy, nowhere, variant))
    model.add_vehicle(vehicles)
    for rider in riders:
        model.add_job(_build_shipment(problem, rider, variant))
    solution = model.solve(
        exploration_level=variant.level,
        nb_threads=threads,
        timeout=timedelta(seconds=seconds),
    )
    routes = solution.routes
    steps: dict[int, list[tuple[int, bool]]] = {}
    for vehicle, kind, job in zip(routes.vehicle_id, routes.type, routes.id, strict=True):
        if kind in {"pickup", "delivery"}:
            steps.setdefault(int(vehicle), []).append((int(job), kind == "delivery"))
    return [fold_calls(problem, route) for route in steps.values()]


def _with_nowhere(table: np.ndarray) -> np.ndarray:
    """Add a place that is no way from anywhere: VROOM's vehicles need a start."""
    return np.pad(table, (0, 1)).astype(np.uint32)


def _count(problem: Problem, copy: VehicleCopy, riders: Sequence[int]) -> int:
    """How many vehicles of a kind are offered: more than any sensible plan uses."""
    t = problem.t
    able = [
        r for r in riders if (copy.has_lift or not t.lift[r]) and (copy.shared or not t.shared[r])
    ]
    most = math.ceil(0.75 * len(able) / max(copy.seats, 1)) + 1
    if copy.bays:
        chairs = sum(int(t.bays[r]) for r in able)
        most = min(most, math.ceil(0.75 * chairs / copy.bays) + 1)
    if copy.dedicated:
        most = min(most, sum(int(t.dedicated[r]) for r in able) + 1)
    return most


def _build_vehicle(number: int, copy: VehicleCopy, nowhere: int, variant: Variant) -> vroom.Vehicle:
    skills = {DEDICATED} if copy.dedicated or variant.as_seat else set()
    skills |= {LIFT} if copy.has_lift else set()
    skills |= {SHARED} if copy.shared else set()
    return vroom.Vehicle(
        number,
        start=nowhere,
        capacity=[copy.seats, copy.bays, max(copy.dedicated, 99 * variant.as_seat)],
        skills=skills,
        costs=vroom.VehicleCosts(
            fixed=round(copy.fixed * PENCE),
            per_hour=round(copy.per_s * 3600 * PENCE),
            per_km=round(copy.per_m * 1000 * PENCE),
        ),
    )


def _build_shipment(problem: Problem, rider: int, variant: Variant) -> vroom.Shipment:
    t, call = problem.t, problem.get_call(rider)
    dedicated = int(t.dedicated[rider])
    skills = {LIFT} if t.lift[rider] else set()
    skills |= {SHARED} if t.shared[rider] else set()
    skills |= {DEDICATED} if dedicated else set()
    seats = int(t.seats[rider]) + (dedicated if variant.as_seat else 0)
    window = build_pickup_window(problem, rider, is_tight=variant.is_tight)
    return vroom.Shipment(
        vroom.ShipmentStep(
            rider,
            location=rider,
            default_service=int(t.dwell_s[rider]),
            time_windows=[vroom.TimeWindow(*window)],
        ),
        vroom.ShipmentStep(
            rider,
            location=call,
            default_setup=int(t.dwell_s[call]),
            time_windows=[vroom.TimeWindow(int(t.from_s[call]), int(t.to_s[call]))],
        ),
        amount=[seats, int(t.bays[rider]), dedicated],
        skills=skills,
    )
