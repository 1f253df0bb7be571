"""The year over real dates, to the penny, by hand; and the checker of costs finds every change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from solver.checker import check_costs
from solver.cost import YearCost
from solver.domain import Block, CostedPlan, CostLine, Route, Session, TravelMatrix
from tests.solver.builders import (
    FRIDAY,
    MONDAY,
    build_call,
    build_line,
    build_rider,
    build_type,
    clock,
    plan_by_hand,
    solve,
)
from tests.solver.days import Day, build_card, build_rates, list_dates
from tests.solver.random_cases import draw_instance

DATES = list_dates(10)
CLOSED = {"S0": frozenset({DATES[8]})}  # the second Thursday


def _build(minimum: str = "0") -> Day:
    """A near pupil every day with a shared assistant, a far one on Monday and Friday mornings."""
    near = build_rider(10, reference="near", assistant="shared")
    far = build_rider(20, reference="far", weekdays=MONDAY | FRIDAY)
    am, matrix = build_line([near, far], [0])
    pm, pm_matrix = build_line([near], [0], session="PM", stops=20)
    rates = build_rates(
        per_live_mile=Decimal("1.50"),
        per_dead_mile=Decimal("0.70"),
        per_driver_hour=Decimal("15.00"),
        minimum_charge=Decimal(minimum),
    )
    return Day(
        (am, matrix, plan_by_hand(am, matrix, [[1, 0, "S0"]])),
        (pm, pm_matrix, plan_by_hand(pm, pm_matrix, [["S0", 0]])),
        build_card(rates, pa_per_hour=Decimal("13.20"), pa_fixed=Decimal("2.50")),
    )


def _pence(lines: tuple[CostLine, ...]) -> dict[str, int]:
    return {line.code: line.amount_pence for line in lines}


def test_two_weeks_by_hand() -> None:
    """Nine open days: the school is closed on one Thursday. The far pupil travels on four of them.

    AM with both: 20 km, 120 + 600 + 120 + 600 + 60 = 1,500 s; AM without: 10 km, 780 s; PM 10 km,
    780 s. In all 4 x 20 + 5 x 10 + 9 x 10 = 220 km and 4 x 1,500 + 5 x 780 + 9 x 780 = 16,920 s.
    """
    day = _build()
    plan = day.join()
    costed = day.cost(plan, DATES, CLOSED)
    assert _pence(costed.lines) == {
        "DAY": 18_000,  # 9 x GBP 20
        "LIVE": 20_505,  # 220,000 m / 1,609.344 = 136.7017 miles x 1.50 = 205.05255
        "DRIVER": 7_050,  # 16,920 s = 4.7 h x 15
        "PA": 6_204,  # 4.7 h x 13.20
        "PA FIXED": 4_500,  # 18 sessions x 2.50
    }
    assert costed.year_pence == 56_259
    assert costed.operating_days == 10
    assert day.check_costs(costed, DATES, CLOSED) == ()


def test_weekends_are_never_operating_days() -> None:
    day = _build()
    with_sunday = [*DATES, date(2026, 9, 13)]
    assert day.cost(day.join(), with_sunday, CLOSED).year_pence == 56_259


def test_the_minimum_charge_tops_up_each_day() -> None:
    """Vehicle alone, a day with the far pupil (Monday, Friday): DAY 20 + 30 km = 18.6411 miles x
    1.50 = 27.96165 + 2,280 s = 0.6333 h x 15 = 9.4995, in all 57.46115: above 55. A day without:
    20 + 12.4274 x 1.50 = 18.6411 + 1,560 s = 0.4333 h x 15 = 6.4995, in all 45.1406: 9.86 short.
    Five such days: 49.30.
    """
    day = _build(minimum="55")
    costed = day.cost(day.join(), DATES, CLOSED)
    assert _pence(costed.lines)["MINIMUM"] == 4_930
    assert costed.year_pence == 56_259 + 4_930
    assert day.check_costs(costed, DATES, CLOSED) == ()


def test_a_block_pays_the_gap_and_the_leg_but_no_second_way_to_the_base() -> None:
    """Two AM runs of one car based at 0: home 5 to school 10, then home 15 to school 20.

    Run 1: 08:24:00 to 08:31 at school 10 (120 + 300 + 60 s, window from 08:30): starts 08:23.
    Run 2: window from 09:00: starts 08:53, ends 09:01. Base legs: 5 km out to home 5, 20 km back
    from school 20; between: 5 km. Dead 30 km, live 10 km. Paid: 300 s out,
    2,280 s from 08:23 to 09:01, 1,200 s back: 3,780 s = 1.05 h.
    """
    schools = [
        build_call(10, urn="S0"),
        build_call(20, urn="S1", window_from_s=clock("09:00"), window_to_s=clock("09:10")),
    ]
    riders = [build_rider(5, 0, reference="a"), build_rider(15, 1, reference="b")]
    am, matrix = build_line(riders, schools, [build_type(base=0)])
    pm, pm_matrix = build_line([], [0], [build_type(base=0)], session="PM", stops=20)
    day = Day(
        (am, matrix, plan_by_hand(am, matrix, [[0, "S0"], [1, "S1"]])),
        (pm, pm_matrix, plan_by_hand(pm, pm_matrix, [])),
    )
    plan = day.build_plan([Route("R1", 0, Block("AM", (0, 1)), None)])
    costed = day.cost(plan, DATES[:1])
    assert day.check(plan) == ()
    quantity = {line.code: line.quantity for line in costed.lines}
    assert quantity == {
        "HALF": 1,
        "LIVE": Decimal("6.2137"),  # 10,000 m
        "DEAD": Decimal("18.6411"),  # 30,000 m
        "DRIVER": Decimal("1.0500"),
    }
    assert day.check_costs(costed, DATES[:1]) == ()


def test_an_unassigned_pupil_has_a_line_of_their_own() -> None:
    """GBP 13 (half day) + 6.2137 miles x 1.609344 + 780 s = 0.2167 h x 36 = 30.8012 a day."""
    rider = build_rider(10, reference="far", ride_cap_s=60, weekdays=MONDAY)
    am, matrix = build_line([rider], [0])
    pm, pm_matrix = build_line([], [0], session="PM", stops=10)
    day = Day((am, matrix, solve(am, matrix)), (pm, pm_matrix, solve(pm, pm_matrix)))
    costed = day.cost(day.join(), DATES)
    (line,) = costed.lines
    assert (line.code, line.quantity, line.rate) == ("UNASSIGNED", 2, Decimal("30.8012"))
    assert line.amount_pence == 6_160
    assert day.check_costs(costed, DATES) == ()


def test_a_date_on_which_the_caps_cannot_hold_is_paid_for_all_the_same() -> None:
    """The way by school 1 is quicker than the way straight on; school 1 is closed on one date.

    With school 1: 120 + 30 s at the door, 300, 60, 300 and 60 s: 870 s, the ride takes 660 s of a
    cap of 700 s. Without it: 120 + 900 + 60 = 1,080 s, and a ride of 900 s that nothing shortens.
    """
    riders = [build_rider(10, 0, reference="a", ride_cap_s=700), build_rider(10, 1, reference="b")]
    am, matrix = build_line(riders, [0, 5])
    time_s = matrix.time_s.copy()
    time_s[10, 0] = 900
    slow = TravelMatrix(time_s, matrix.dist_m)
    pm, pm_matrix = build_line([], [0], session="PM", stops=10)
    day = Day(
        (am, slow, plan_by_hand(am, slow, [[0, 1, "S1", "S0"]])),
        (pm, pm_matrix, plan_by_hand(pm, pm_matrix, [])),
    )
    plan = day.join()
    assert day.check(plan) == ()
    closed = {"S5": frozenset({DATES[0]})}
    costed = day.cost(plan, DATES[:2], closed)
    quantity = {line.code: line.quantity for line in costed.lines}
    assert quantity["HALF"] == 2
    assert quantity["DRIVER"] == Decimal("0.5417")  # 870 + 1,080 = 1,950 s
    assert day.check_costs(costed, DATES[:2], closed) == ()


# --- whatever is changed is found ---------------------------------------------------------------


def _first(code: str, **changes: object) -> Callable[[CostedPlan], CostedPlan]:
    def change(costed: CostedPlan) -> CostedPlan:
        lines = tuple(replace(x, **changes) if x.code == code else x for x in costed.lines)  # type: ignore[arg-type]
        return replace(costed, lines=lines)

    return change


@pytest.mark.parametrize(
    "change",
    [
        _first("LIVE", amount_pence=20_506),  # a penny more
        _first("DRIVER", amount_pence=7_049),  # a penny less
        _first("LIVE", quantity=Decimal("136.7117"), amount_pence=20_507),  # a longer way
        _first("DAY", rate=Decimal("19.99"), amount_pence=17_991),  # a rate that is not the card's
        _first("PA", quantity=Decimal("4.6"), amount_pence=6_072),
        _first("PA FIXED", route="R999"),
        lambda costed: replace(costed, lines=costed.lines[1:]),  # a line left out
        lambda costed: replace(costed, lines=(*costed.lines, costed.lines[0])),  # a line twice
    ],
)
def test_a_changed_line_is_found(change: Callable[[CostedPlan], CostedPlan]) -> None:
    day = _build()
    costed = day.cost(day.join(), DATES, CLOSED)
    found = day.check_costs(change(costed), DATES, CLOSED)
    assert {v.rule for v in found} == {"COST"}


def test_another_calendar_is_another_cost() -> None:
    day = _build()
    costed = day.cost(day.join(), DATES, CLOSED)
    assert {v.rule for v in day.check_costs(costed, DATES, {})} == {"COST"}


def test_random_years_are_accepted_by_the_checker() -> None:
    """Several types, bases, blocks, assistants, part-week pupils, closed days."""
    rng = np.random.default_rng(17)
    routes = 0
    for number in range(6):
        sessions = {}
        fleet = None
        for session in ("AM", "PM"):
            name: Session = session  # type: ignore[assignment]
            instance, matrix = draw_instance(rng, 8, name, schools=3, is_part_week=True)
            fleet = fleet or instance.fleet
            instance = replace(instance, fleet=fleet)
            sessions[name] = (instance, matrix, solve(instance, matrix, iterations=30, seed=number))
        card = build_card(
            *(
                build_rates(
                    kind.code,
                    day_charge=Decimal(str(round(2 * kind.session_charge, 2))),
                    half_day_charge=Decimal(str(round(1.3 * kind.session_charge, 2))),
                    minimum_charge=Decimal(str(int(rng.integers(0, 80)))),
                )
                for kind in fleet or ()
            )
        )
        day = Day(sessions["AM"], sessions["PM"], card)
        plan = day.join()
        assert day.check(plan) == ()
        dates = list_dates(20)
        urns = {call.urn for call in plan.am_instance.schools}
        closed = {urn: frozenset({dates[int(rng.integers(20))]}) for urn in urns}
        costed = YearCost(plan, day.matrices, card, dates, closed).build()
        assert check_costs(costed, day.matrices, card, dates, closed) == ()
        routes += len(plan.routes)
    assert routes > 12
