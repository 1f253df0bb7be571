"""What a worker may store, and how a failed solve is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_app_mapping import build_costed

from app.errors import AbsentError
from app.work.child import check_plans, name_failure
from solver.domain import CostedPlan, PlanRejectedError, SchoolrunError


def _ours(costed: CostedPlan) -> CostedPlan:
    return replace(costed, plan=replace(costed.plan, is_as_is=False))


def test_plan_of_ours_with_violations_is_not_stored() -> None:
    failed = check_plans([_ours(build_costed())])
    assert failed is not None
    assert failed.code == "plan-rejected"
    assert "C2 ride time: AM run 1: 46 minutes" in failed.text


def test_as_is_plan_is_stored_with_its_violations() -> None:
    assert build_costed().plan.violations
    assert check_plans([build_costed()]) is None


def test_clean_plan_is_stored() -> None:
    ours = _ours(build_costed())
    assert check_plans([replace(ours, plan=replace(ours.plan, violations=()))]) is None


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PlanRejectedError(()), "plan-rejected"),
        (AbsentError("x"), "absent"),
        (SchoolrunError("x"), "schoolrun"),
    ],
)
def test_failure_is_named_by_its_class(failure: SchoolrunError, code: str) -> None:
    assert name_failure(failure) == code
