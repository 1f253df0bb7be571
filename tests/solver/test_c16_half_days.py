"""C16 half days: a vehicle out in one session only is paid the half-day rate, on each date."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from solver.domain import CostedPlan
from tests.solver.builders import (
    FRIDAY,
    MONDAY,
    build_line,
    build_rider,
    plan_by_hand,
)
from tests.solver.days import Day, list_dates


def _build(am_days: int, pm_days: int | None) -> Day:
    am, matrix = build_line([build_rider(10, reference="P", weekdays=am_days)], [0])
    riders = [] if pm_days is None else [build_rider(10, reference="P", weekdays=pm_days)]
    pm, pm_matrix = build_line(riders, [0], session="PM", stops=10)
    return Day(
        (am, matrix, plan_by_hand(am, matrix, [[0, "S0"]])),
        (pm, pm_matrix, plan_by_hand(pm, pm_matrix, [["S0", 0]] if riders else [])),
    )


def _quantities(costed: CostedPlan) -> dict[str, Decimal]:
    return {line.code: line.quantity for line in costed.lines if line.code in ("DAY", "HALF")}


@pytest.mark.parametrize(
    ("am_days", "pm_days", "full", "half"),
    [
        (31, 31, 10, 0),
        (31, None, 0, 10),
        # PM on Mondays only: two full days and eight half days in two weeks
        (31, MONDAY, 2, 8),
        # AM on Mondays, PM on Fridays: never both
        (MONDAY, FRIDAY, 0, 4),
    ],
)
def test_full_and_half_days(am_days: int, pm_days: int | None, full: int, half: int) -> None:
    day = _build(am_days, pm_days)
    plan = day.join()
    dates = list_dates(10)
    costed = day.cost(plan, dates)
    assert day.check(plan) == ()
    assert day.check_costs(costed, dates) == ()
    counted = _quantities(costed)
    assert counted.get("DAY", Decimal(0)) == full
    assert counted.get("HALF", Decimal(0)) == half


def test_a_half_day_charged_as_a_full_one_is_found() -> None:
    day = _build(31, None)
    dates = list_dates(10)
    costed = day.cost(day.join(), dates)
    wrong = tuple(
        replace(line, code="DAY", rate=Decimal(20), amount_pence=20_000)
        if line.code == "HALF"
        else line
        for line in costed.lines
    )
    found = day.check_costs(replace(costed, lines=wrong), dates)
    assert {v.rule for v in found} == {"COST"}
    assert len(found) == 2  # a line that is not due and one that is missing
