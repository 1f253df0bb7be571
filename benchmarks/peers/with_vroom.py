"""VROOM: shipments, the quickest formulations first, as many as there is time for.

VROOM has no ride limit, so pick-up windows stand in for it: tight (sufficient, dearer) or loose
(necessary, then repaired). Its objective pays nothing for standing, so boarding and unloading are
paid on the drive to a place (once for all who alight together), with the windows moved by as much;
waiting stays free, and pairs that must not share are unknown to it. A dedicated assistant is a crew
member of the vehicle, or (`as_seat`) a second seat that costs nothing, which leaves half as many
kinds of vehicle. VROOM looks at every pair of vehicles, idle ones too, so how many are offered
decides how far it gets: about as many as a plan uses is best. It stops by itself and draws no
random numbers, so it is run again with another formulation until the time is up, and the plan that
is cheapest after repair is kept.
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
LEAST_S = 1.0
"""Seconds that a further variant is worth."""
LIFT, SHARED, DEDICATED = 1, 2, 3
"""Skills that a rider needs and a vehicle has."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One formulation: vehicles offered a place needed, VROOM's exploration level (0 to 5)."""

    level: int
    share: float
    is_tight: bool
    as_seat: bool


QUICK = tuple(Variant(0, share, is_tight=True, as_seat=True) for share in (0.22, 0.17))
"""First, for large councils, where nothing else may end in time."""
VARIANTS = QUICK + tuple(
    Variant(level, share, is_tight, as_seat)
    for level in (1, 3, 5)
    for share in (0.22, 0.25, 0.18, 0.32)
    for is_tight, as_seat in ((True, True), (True, False), (False, True), (False, False))
)


def solve_vroom(problem: Problem, clock: Clock, seed: int, threads: int) -> Answer:
    """Return the cheapest repaired plan of the variants that there is time for.

    The seed only shuffles the order of the pupils, which VROOM hardly minds.
    """
    reserve = 0.5 + len(problem.riders) / 300
    best: Answer | None = None
    for variant in VARIANTS:
        left = clock.left() - reserve
        if best is not None and left < LEAST_S:
            break
        answer = repair(problem, _run(problem, variant, max(left, LEAST_S), seed, threads))
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
    nowhere = len(time_s)
    dwelling = np.pad(time_s, (0, 1)) + np.pad(problem.t.dwell_s, (0, 1))
    np.fill_diagonal(dwelling, 0)
    model.set_durations_matrix("car", dwelling)
    model.set_distances_matrix("car", np.pad(dist_m, (0, 1)))
    vehicles: list[vroom.Vehicle] = []
    for copy in copies:
        for _ in range(_count(problem, copy, riders, variant.share)):
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


def _count(problem: Problem, copy: VehicleCopy, riders: Sequence[int], share: float) -> int:
    """How many vehicles of a kind are offered: a share of what would carry everyone it may."""
    t = problem.t
    able = [
        r for r in riders if (copy.has_lift or not t.lift[r]) and (copy.shared or not t.shared[r])
    ]
    most = math.ceil(share * len(able) / max(copy.seats, 1)) + 1
    if copy.bays:
        chairs = sum(int(t.bays[r]) for r in able)
        most = min(most, math.ceil(share * chairs / copy.bays) + 1)
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
    begin, end = build_pickup_window(problem, rider, is_tight=variant.is_tight)
    boarding, unloading = int(t.dwell_s[rider]), int(t.dwell_s[call])
    return vroom.Shipment(
        vroom.ShipmentStep(
            rider,
            location=rider,
            time_windows=[vroom.TimeWindow(begin + boarding, end + boarding)],
        ),
        vroom.ShipmentStep(
            rider,
            location=call,
            time_windows=[
                vroom.TimeWindow(int(t.from_s[call]) + unloading, int(t.to_s[call]) + unloading)
            ],
        ),
        amount=[seats, int(t.bays[rider]), dedicated],
        skills=skills,
    )
