"""A vehicle of a pupil's own: the checker works out type and price for itself (C17, COST)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.checker import check_session_plan
from solver.domain import Reason, SessionPlan, Unassigned
from tests.solver.builders import (
    build_call,
    build_lift_bus,
    build_line,
    build_rider,
    build_type,
    build_wheelchair,
    solve,
)

FLEET = (build_type(), build_lift_bus())


def _leave_out(item: Unassigned) -> list[str]:
    """Rules found broken where the one pupil, in a wheelchair, is left out as `item` says."""
    instance, matrix = build_line([build_wheelchair(10)], [0], FLEET)
    plan = SessionPlan(
        session="AM", runs=(), unassigned=(item,), cost=item.session_price, penalty=0.0
    )
    return [v.rule for v in check_session_plan(instance, matrix, plan)]


# GBP 30 + 10 km x 0.001 a metre + (600 s boarding + 600 s drive + 60 + 240 s at school) x 0.01
DUE = 30.0 + 10.0 + 15.0
TRUE = Unassigned(0, (Reason("C2", "too far"),), 1, True, DUE)


def test_the_true_statement_is_accepted() -> None:
    assert _leave_out(TRUE) == []


@pytest.mark.parametrize(
    "item",
    [
        replace(TRUE, session_price=0.01),
        replace(TRUE, vehicle_type=0, session_price=35.0),
        replace(TRUE, is_type_able=False),
        replace(TRUE, vehicle_type=7),
    ],
)
def test_a_made_up_statement_is_found(item: Unassigned) -> None:
    assert set(_leave_out(item)) == {"COST"}


def test_leaving_a_pupil_out_never_saves_money() -> None:
    instance, matrix = build_line([build_rider(10)], [0], FLEET)
    carried = solve(instance, matrix)
    out = Unassigned(0, (Reason("C1", "left out"),), 0, True, carried.objective - 0.02)
    plan = replace(carried, runs=(), unassigned=(out,), cost=out.session_price)
    assert {v.rule for v in check_session_plan(instance, matrix, plan)} == {"COST"}


def test_two_bells_of_one_school_are_one_school() -> None:
    # Two schools with two bells each on one run: two schools, whatever the number of bells (C12).
    calls = [
        replace(build_call(0), urn="A"),
        replace(build_call(0), urn="A"),
        replace(build_call(1), urn="B"),
    ]
    riders = [build_rider(10 + i, school=i) for i in range(3)]
    instance, matrix = build_line(riders, calls)
    instance = replace(instance, rules=replace(instance.rules, max_schools_per_run=2))
    plan = solve(replace(instance, rules=replace(instance.rules, max_schools_per_run=3)), matrix)
    assert len(plan.runs) == 1
    assert "C12" not in {v.rule for v in check_session_plan(instance, matrix, plan)}
