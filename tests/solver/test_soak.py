"""Two hundred random sessions with every odd feature together, each plan checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from solver.checker import check_session_plan
from solver.domain import (
    Habit,
    Instance,
    InstanceError,
    PinnedRun,
    SessionPlan,
    TravelMatrix,
)
from solver.sequences import to_sequence
from solver.session import SearchLimits, solve_session
from tests.solver.builders import build_rules
from tests.solver.random_cases import draw_instance, make_wait

INSTANCES = 200
STEPS = 60


def _draw(rng: Generator, number: int) -> tuple[Instance, TravelMatrix]:
    rules = build_rules(
        shared_door_extra_s=None if rng.random() < 0.2 else 30,
        shared_pupils_per_assistant=None if rng.random() < 0.5 else int(rng.integers(1, 4)),
        max_schools_per_run=None if rng.random() < 0.3 else int(rng.integers(1, 4)),
        ride_excess_gbp_per_min=0.0 if rng.random() < 0.4 else 0.2,
    )
    instance, matrix = draw_instance(
        rng,
        int(rng.integers(2, 17)),
        "AM" if number % 2 else "PM",
        schools=int(rng.integers(1, 4)),
        is_metric=rng.random() < 0.5,
        is_limited=rng.random() < 0.4,
        is_part_week=rng.random() < 0.5,
        has_bases=rng.random() < 0.5,
        rules=rules,
    )
    if rng.random() < 0.5:
        riders = tuple(
            replace(r, ride_target_s=int(r.ride_cap_s * rng.uniform(0.4, 1.0)))
            for r in instance.riders
        )
        instance = replace(instance, riders=riders)
    if rng.random() < 0.2:
        instance = make_wait(instance, 0)
    return instance, matrix


def _add_baseline(
    rng: Generator, instance: Instance, plan: SessionPlan
) -> tuple[Instance, list[PinnedRun]]:
    """Take a plan as the baseline: habits, changes priced, and some runs pinned."""
    riders = list(instance.riders)
    for number, run in enumerate(plan.runs):
        for i, visit in enumerate(run.visits):
            for r in visit.riders if visit.school is None else ():
                at = next(d.start_s[i] for d in run.days if d.start_s[i] >= 0)
                moved = at + int(rng.integers(-1500, 1500))
                riders[r] = replace(
                    riders[r], habit=Habit(run=number, vehicle_type=run.vehicle_type, home_s=moved)
                )
    rules = replace(
        instance.rules,
        change_run_gbp=float(rng.choice([0.0, 2.0])),
        change_type_gbp=float(rng.choice([0.0, 1.0])),
        change_time_gbp=float(rng.choice([0.0, 0.5])),
    )
    pinned = [PinnedRun(run.vehicle_type, run.visits) for run in plan.runs if rng.random() < 0.3]
    return replace(instance, riders=tuple(riders), rules=rules, pinned=tuple(pinned)), pinned


def test_every_plan_of_random_sessions_keeps_every_rule() -> None:
    rng = np.random.default_rng(20261125)
    carried = unassigned = pinned_runs = changed = several = 0
    for number in range(INSTANCES):
        instance, matrix = _draw(rng, number)
        limits = SearchLimits(iterations=STEPS, seed=number)
        first = solve_session(instance, matrix, limits)
        assert check_session_plan(instance, matrix, first) == ()
        changed_instance, pinned = _add_baseline(rng, instance, first)
        start = [to_sequence(instance, run) for run in first.runs]
        second = solve_session(changed_instance, matrix, limits, starts=[start])
        assert check_session_plan(changed_instance, matrix, second) == ()
        again = solve_session(changed_instance, matrix, limits, starts=[start])
        assert replace(again, seconds=0.0) == replace(second, seconds=0.0)
        carried += sum(len(run.riders) for run in second.runs)
        unassigned += len(second.unassigned)
        pinned_runs += len(pinned)
        changed += second.penalty > 0
        several += any(len(set(run.riders)) > 1 for run in second.runs)
    assert carried > 5 * unassigned > 0
    assert pinned_runs > INSTANCES / 4
    assert changed > INSTANCES / 4
    assert several > INSTANCES / 2


def test_a_pinned_run_that_breaks_a_rule_is_refused_by_number() -> None:
    rng = np.random.default_rng(3)
    instance, matrix = draw_instance(rng, 6, "AM", is_limited=False)
    plan = solve_session(instance, matrix, SearchLimits(iterations=20))
    run = plan.runs[0]
    pinned = replace(
        instance,
        pinned=(PinnedRun(run.vehicle_type, run.visits),),
        fleet=tuple(
            replace(t, count=0) if v == run.vehicle_type else t
            for v, t in enumerate(instance.fleet)
        ),
    )
    with pytest.raises(InstanceError, match="pinned run 1"):
        solve_session(pinned, matrix, SearchLimits(iterations=20))
