"""Compile every kernel ahead of time by planning a tiny made-up session and proving its bound."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from decimal import Decimal
from multiprocessing import get_context

import numpy as np

from solver.bound.ahead import build_ahead, weigh_nodes
from solver.bound.generation import bound_session
from solver.bound.modes import Ground, round_duals
from solver.bound.open_sets import list_sets
from solver.bound.sweep import sweep
from solver.certificate import ground as certificate
from solver.certificate import prove_bound
from solver.certificate.ahead import build_ahead as fill_ahead
from solver.certificate.ground import list_modes, read_sketch, round_up
from solver.certificate.narrow import narrow
from solver.certificate.sets import Levels
from solver.domain import (
    EVERY_WEEKDAY,
    SESSIONS,
    FleetType,
    Instance,
    Layout,
    Point,
    Policy,
    RateCard,
    Rider,
    Rules,
    SchoolCall,
    SessionPlan,
    TravelMatrix,
    VehicleRates,
)
from solver.limits import SearchLimits, StopLimits
from solver.session import solve_session
from solver.together import choose_together


def compile_kernels() -> float:
    """Compile and cache the kernels, those of proofs in a second process; returns the seconds."""
    began = time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        proof = beside.submit(_prove)
        instance, matrix = build_tiny()
        limits = SearchLimits(iterations=120, seed=0)
        plan = solve_session(instance, matrix, limits)
        _plan_together(instance, matrix, plan, limits)
        proof.result()
    return time.perf_counter() - began


def _plan_together(
    instance: Instance, matrix: TravelMatrix, plan: SessionPlan, limits: SearchLimits
) -> None:
    """Search the tiny session as AM and PM at once."""
    rates = VehicleRates(
        vehicle_type="SAL",
        day_charge=Decimal(35),
        half_day_charge=Decimal(21),
        per_live_mile=Decimal(1),
        per_dead_mile=Decimal(1),
        per_driver_hour=Decimal(14),
    )
    card = RateCard(
        name="tiny",
        effective_from=date(2026, 9, 1),
        vehicles=(rates,),
        pa_per_hour=Decimal(14),
        pa_fixed=Decimal(6),
    )
    instances = dict.fromkeys(SESSIONS, instance)
    matrices, plans = dict.fromkeys(SESSIONS, matrix), dict.fromkeys(SESSIONS, plan)
    choose_together(instances, matrices, plans, Policy(), card, limits)


def _prove() -> None:
    """Prove a bound of the tiny session, and prove it again from its duals."""
    instance, matrix = build_tiny()
    bound = bound_session(instance, matrix, [], StopLimits(iterations=2))
    prove_bound(instance, matrix, bound.duals, bound.kind_duals)
    everyone = list(range(len(instance.riders)))
    _sweep(Ground(instance, matrix, everyone, 4))
    _narrow(list_modes(read_sketch(instance, matrix), everyone, 4)[0].ground)


def _sweep(ground: Ground) -> None:
    """Sweep a table of the bound, which the tiny session would end without."""
    mode = ground.build_mode(next(iter(ground.members)))
    dual = round_duals(np.full(len(mode.homes), 50.0))
    halt = np.zeros(1, dtype=np.int32)
    sets = list_sets(mode, weigh_nodes(mode), 1_000_000)
    if sets is not None:
        sweep(mode, dual, sets, build_ahead(mode, dual, 1_000_000, halt, sets), halt)


def _narrow(ground: certificate.Ground) -> None:
    """Follow runs through a table of the certificate, which the tiny session would end without."""
    dual = round_up(np.full(len(ground.school), 50.0))
    standing = Levels(ground).number(0)
    if standing is not None:
        narrow(ground, dual, 0, standing, fill_ahead(ground, dual, standing))


def build_tiny() -> tuple[Instance, TravelMatrix]:
    """Build nine pupils on a line with one school at its end: too many to go through all plans."""
    homes = 9
    places = np.arange(homes + 1)
    apart = np.abs(places[:, None] - places[None, :])
    riders = tuple(
        Rider(
            reference=f"P{i}",
            stop=i,
            school=0,
            weekdays=EVERY_WEEKDAY,
            seats=1,
            bays=0,
            folded_chairs=0,
            assistant="none",
            dwell_s=120,
            direct_s=0,
            ride_cap_s=3600,
            ride_target_s=2700,
        )
        for i in range(homes)
    )
    instance = Instance(
        name="tiny",
        session="AM",
        stops=tuple(Point(52.5 + i / 100, -2.0) for i in range(homes + 1)),
        riders=riders,
        schools=(
            SchoolCall(
                urn="1",
                name="School",
                stop=homes,
                window_from_s=31_200,
                window_to_s=32_100,
                dwell_s=60,
                wheelchair_extra_s=240,
            ),
        ),
        fleet=(
            FleetType(
                code="SAL",
                layouts=(Layout(4),),
                has_lift=False,
                tags=(),
                count=None,
                base=None,
                session_charge=17.5,
                per_live_m=0.001,
                per_dead_m=0.001,
                per_driver_s=0.004,
            ),
        ),
        rules=Rules(
            earliest_s=25_200,
            latest_s=63_000,
            shared_door_extra_s=30,
            shared_pupils_per_assistant=None,
            max_schools_per_run=3,
            ride_excess_gbp_per_min=0.1,
        ),
        pa_per_s=0.004,
        pa_fixed=6.0,
    )
    return instance, TravelMatrix((apart * 300).astype(np.int32), (apart * 2000).astype(np.int32))
