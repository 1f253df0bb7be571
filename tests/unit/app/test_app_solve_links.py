"""What stands beside the cost of a solve's plan, and what the demonstration says of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app.db.tables import PlanRow
from app.demo.show import _describe, _describe_plan
from app.http.solves import _link_plan

PROVEN = {"day_objective_gbp": 5210.126, "lower_bound_gbp": 4800.999, "gap_at_most": 0.078525}


def build_row(summary: dict[str, Any]) -> PlanRow:
    return PlanRow(id=uuid4(), pricing="rate card", year_pence=990_000_50, summary=summary)


def test_bound_of_a_plan_is_linked_from_its_metrics() -> None:
    link = _link_plan(build_row(PROVEN | {"routes": 3}))
    assert link.year_pence == 990_000_50
    assert link.day_objective_gbp == 5210.126
    assert (link.lower_bound_gbp, link.gap_at_most) == (4800.999, 0.078525)


def test_plan_stored_before_there_were_bounds_has_none() -> None:
    link = _link_plan(build_row({"routes": 3}))
    assert (link.day_objective_gbp, link.lower_bound_gbp, link.gap_at_most) == (None, None, None)


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (
            PROVEN,
            "£990,000 a year, checked; a day £5,210.13, none below £4,800.99: gap at most 7.9%",
        ),
        (dict.fromkeys(PROVEN), "£990,000 a year, checked"),
    ],
)
def test_demonstration_says_cost_and_gap(bound: dict[str, Any], said: str) -> None:
    link = _link_plan(build_row(bound)).model_dump()
    assert _describe_plan({"plans": [link]}) == said


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (None, "AM proving: £2,605 a day, 70 runs"),
        (2400.567, "AM proving: £2,605 a day, 70 runs, none below £2,400.56"),
    ],
)
def test_progress_says_the_bound_once_there_is_one(bound: float | None, said: str) -> None:
    content = {"session": "AM", "phase": "proving", "objective": 2605.1, "runs": 70}
    assert _describe(content | {"bound": bound}) == said
