"""C13: changes against the baseline are priced, and pinned runs do not move."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.arrays import build_arrays
from solver.checker import check_session_plan
from solver.domain import Habit, Instance, PinnedRun, SessionPlan, TravelMatrix, Visit
from solver.session import SearchLimits, solve_session
from tests.solver.builders import build_line, build_rider, build_rules, clock

LIMITS = SearchLimits(iterations=200, seed=1)


def _solve(instance: Instance, matrix: TravelMatrix) -> SessionPlan:
    plan = solve_session(instance, matrix, LIMITS)
    assert check_session_plan(instance, matrix, plan) == ()
    return plan


def _draw_line(**rules: float) -> tuple[Instance, TravelMatrix]:
    """Three pupils on a line; today the first two share a run and the third has one alone."""
    habits = [
        Habit(run=0, vehicle_type=0, home_s=clock("08:20")),
        Habit(run=0, vehicle_type=0, home_s=clock("08:20")),
        Habit(run=1, vehicle_type=0, home_s=clock("08:20")),
    ]
    riders = [build_rider(stop, habit=habit) for stop, habit in enumerate(habits)]
    return build_line(riders, [4], rules=build_rules(**rules))


def test_without_a_price_changes_cost_nothing() -> None:
    plan = _solve(*_draw_line())
    assert len(plan.runs) == 1
    assert plan.penalty == 0.0


def test_a_change_of_crew_is_priced_for_those_whose_run_is_not_continued() -> None:
    plan = _solve(*_draw_line(change_run_gbp=2.0))
    assert len(plan.runs) == 1  # a run saved is worth more than one change
    assert plan.penalty == pytest.approx(2.0)


def test_changes_dearer_than_a_run_keep_the_runs_apart() -> None:
    plan = _solve(*_draw_line(change_run_gbp=200.0))
    assert sorted(run.riders for run in plan.runs) == [(0, 1), (2,)]
    assert plan.penalty == 0.0


def test_a_moved_time_is_priced_beyond_ten_minutes() -> None:
    instance, matrix = _draw_line(change_time_gbp=3.0)
    plan = _solve(instance, matrix)
    at_home = {
        r: plan.runs[0].days[0].start_s[i]
        for i, visit in enumerate(plan.runs[0].visits)
        if visit.school is None
        for r in visit.riders
    }
    moved = sum(abs(at - clock("08:20")) > 600 for at in at_home.values())
    assert plan.penalty == pytest.approx(3.0 * moved)
    near = tuple(
        replace(r, habit=Habit(run=0, vehicle_type=0, home_s=at_home[n] + 600))
        for n, r in enumerate(instance.riders)
    )
    assert _solve(replace(instance, riders=near), matrix).penalty == 0.0


def test_another_vehicle_type_is_priced() -> None:
    instance, matrix = _draw_line(change_type_gbp=1.5)
    other = replace(instance.fleet[0], code="OTHER", session_charge=9.0)
    instance = replace(instance, fleet=(instance.fleet[0], other))
    plan = _solve(instance, matrix)
    assert [run.vehicle_type for run in plan.runs] == [0]  # £1 saved is less than three changes
    cheap = replace(instance, fleet=(instance.fleet[0], replace(other, session_charge=2.0)))
    plan = _solve(cheap, matrix)
    assert [run.vehicle_type for run in plan.runs] == [1]
    assert plan.penalty == pytest.approx(4.5)


def test_a_pinned_run_stays_and_its_loss_is_found() -> None:
    instance, matrix = _draw_line()
    alone = PinnedRun(0, (Visit(2, None, (2,)), Visit(4, 0, (2,))))
    pinned = replace(instance, pinned=(alone,))
    plan = _solve(pinned, matrix)
    assert sorted(run.riders for run in plan.runs) == [(0, 1), (2,)]
    broken = _solve(instance, matrix)
    assert [v.rule for v in check_session_plan(pinned, matrix, broken)] == ["C13"]


def test_understated_changes_are_found() -> None:
    instance, matrix = _draw_line(change_run_gbp=2.0)
    plan = _solve(instance, matrix)
    found = check_session_plan(instance, matrix, replace(plan, penalty=0.0))
    assert [v.rule for v in found] == ["COST"]


def test_habits_are_counted_by_run() -> None:
    instance, matrix = _draw_line()
    assert build_arrays(instance, matrix).habit_size.tolist() == [2, 1]
