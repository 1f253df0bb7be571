"""Today's contract as a plan: order, times, layouts, who is on no route, and what it costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from straight_town import (
    FRIDAY,
    MONDAY,
    at,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_route,
    build_school,
    clock,
    close_school,
)

from data.roads import RoadNetwork
from scenarios.asis import NoContractError
from scenarios.pipeline import AsIs, value_as_is
from solver.domain import AddressRule, Dataset, Policy, Run, Session


def value(dataset: Dataset, road: RoadNetwork, policy: Policy | None = None) -> AsIs:
    return value_as_is(dataset, policy or Policy(), build_rate_card(), road)


def list_order(as_is: AsIs, session: Session, number: int = 0) -> list[str]:
    """List a run's stops as it makes them: pupil references at homes, URNs at schools."""
    instance, plan = as_is.at_rate_card.plan.get_session(session)
    return [
        instance.schools[v.school].urn
        if v.school is not None
        else "+".join(instance.riders[r].reference for r in v.riders)
        for v in plan.runs[number].visits
    ]


def get_run(as_is: AsIs, session: Session, number: int = 0) -> Run:
    return as_is.at_rate_card.plan.get_session(session)[1].runs[number]


def list_reasons(as_is: AsIs, session: Session) -> dict[str, list[str]]:
    instance, plan = as_is.at_rate_card.plan.get_session(session)
    return {
        instance.riders[item.rider].reference: [reason.text for reason in item.reasons]
        for item in plan.unassigned
    }


def sum_pence(costed: Any, code: str) -> int:
    return sum(line.amount_pence for line in costed.lines if line.code == code)


PAIR = (build_pupil("P1", 6), build_pupil("P2", 4))


# --- order and times ------------------------------------------------------------------------------


def test_known_order_is_kept_and_timed(road: RoadNetwork) -> None:
    as_is = value(build_dataset(PAIR, contract=(build_route("R1", ["P1", "P2"]),)), road)
    assert list_order(as_is, "AM") == ["P1", "P2", "100"]
    assert list_order(as_is, "PM") == ["100", "P2", "P1"]
    run = get_run(as_is, "AM")
    assert not run.is_order_planned
    # arrival at 08:30, when the window opens; P1: 08:30 - 2 min - 240 s - 2 min - 480 s = 08:14
    assert run.days[0].start_s == (clock("08:14"), clock("08:20"), clock("08:30"))
    assert run.days[0].depart_s == (clock("08:16"), clock("08:22"), clock("08:31"))
    assert [day.weekday for day in run.days] == [0, 1, 2, 3, 4]
    # loading at 15:10 for 60 s; 4 km at 110 s = 440 s; 120 s; 2 km = 220 s
    home = get_run(as_is, "PM").days[0]
    begin = clock("15:10")
    assert home.start_s == (begin, begin + 500, begin + 840)


def test_known_order_is_kept_though_another_is_shorter(road: RoadNetwork) -> None:
    as_is = value(build_dataset(PAIR, contract=(build_route("R1", ["P2", "P1"]),)), road)
    assert list_order(as_is, "AM") == ["P2", "P1", "100"]


def test_unknown_order_is_planned_and_marked_and_the_afternoon_mirrors(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 4), build_pupil("P2", 8), build_pupil("P3", 6)]
    route = build_route("R1", ["P1", "P2", "P3"], is_am_order_known=False, is_pm_order_known=False)
    as_is = value(build_dataset(pupils, contract=(route,)), road)
    # the farthest first, then always the nearest
    assert list_order(as_is, "AM") == ["P2", "P3", "P1", "100"]
    assert list_order(as_is, "PM") == ["100", "P1", "P3", "P2"]
    assert get_run(as_is, "AM").is_order_planned
    assert get_run(as_is, "PM").is_order_planned


def test_neighbours_at_one_door_board_at_one_halt(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 6), build_pupil("P2", 6), build_pupil("P3", 4)]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2", "P3"]),)), road)
    assert list_order(as_is, "AM") == ["P1+P2", "P3", "100"]
    day = get_run(as_is, "AM").days[0]
    # both board in 120 + 30 s
    assert day.depart_s[0] - day.start_s[0] == 150


def test_schools_follow_by_their_bells(road: RoadNetwork) -> None:
    schools = (
        build_school("100", 0, am_bell_s=(clock("09:20"),) * 5, pm_finish_s=(clock("15:30"),) * 5),
        build_school("200", 2, am_bell_s=(clock("08:50"),) * 5, pm_finish_s=(clock("15:00"),) * 5),
    )
    pupils = [build_pupil("P1", 6), build_pupil("P2", 4, school_urn="200")]
    dataset = build_dataset(pupils, schools=schools, contract=(build_route("R1", ["P1", "P2"]),))
    as_is = value(dataset, road)
    assert list_order(as_is, "AM") == ["P1", "P2", "200", "100"]
    assert list_order(as_is, "PM") == ["200", "100", "P2", "P1"]


# --- who is carried -------------------------------------------------------------------------------


def test_pupil_on_no_route_is_unassigned_with_that_reason(road: RoadNetwork) -> None:
    pupils = [*PAIR, build_pupil("P3", 2)]
    route = build_route("R1", ["P1", "P2"], pm_pupils=("P1",))
    as_is = value(build_dataset(pupils, contract=(route,)), road)
    no_route = ["today's contract has no route for them"]
    assert list_reasons(as_is, "AM") == {"P3": no_route}
    assert list_reasons(as_is, "PM") == {"P2": no_route, "P3": no_route}
    # a car of their own on each of ten days: nobody is left out for nothing
    paid = as_is.at_contract_prices.lines
    lines = {x.text.split(":")[0]: x for x in paid if x.code == "UNASSIGNED"}
    assert set(lines) == {"pupil P2, PM", "pupil P3, AM and PM"}
    assert all(line.amount_pence > 0 and line.quantity == 10 for line in lines.values())


def test_pupil_off_the_roads_is_said_to_be_so_and_not_to_lack_a_route(road: RoadNetwork) -> None:
    pupils = [*PAIR, build_pupil("P3", 2, home=at(2, east=0.01))]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2", "P3"]),)), road)
    (reason,) = list_reasons(as_is, "AM")["P3"]
    assert "from the nearest road" in reason
    assert list_order(as_is, "AM") == ["P1", "P2", "100"]


def test_pupil_with_one_home_off_the_roads_is_carried_from_the_other(road: RoadNetwork) -> None:
    lost = AddressRule(FRIDAY, "AM", at(3, east=0.01))
    pupils = [build_pupil("P1", 6, other_addresses=(lost,)), PAIR[1]]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),)), road)
    assert list_order(as_is, "AM") == ["P1", "P2", "100"]
    assert list(list_reasons(as_is, "AM")) == ["P1"]
    assert list_reasons(as_is, "PM") == {}


def test_pupil_with_two_homes_is_two_records_on_one_run(road: RoadNetwork) -> None:
    other = AddressRule(FRIDAY, "AM", at(5))
    pupils = [build_pupil("P1", 6, other_addresses=(other,)), PAIR[1]]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),)), road)
    assert list_order(as_is, "AM") == ["P1", "P1", "P2", "100"]
    days = get_run(as_is, "AM").days
    # Monday from mark 6: 08:14; Friday from mark 5, 120 s later: 08:16; the other is skipped
    assert days[0].start_s == (clock("08:14"), -1, clock("08:20"), clock("08:30"))
    assert days[4].start_s == (-1, clock("08:16"), clock("08:20"), clock("08:30"))
    assert as_is.at_rate_card.plan.violations == ()


def test_early_friday_is_another_call_of_the_same_run(road: RoadNetwork) -> None:
    finish = (*(clock("15:10"),) * 4, clock("13:00"))
    schools = (build_school("100", 0, pm_finish_s=finish),)
    route = build_route("R1", ["P1", "P2"])
    as_is = value(build_dataset(PAIR, schools=schools, contract=(route,)), road)
    assert list_order(as_is, "PM") == ["100", "100", "P2+P2", "P1+P1"]
    days = get_run(as_is, "PM").days
    # Friday's call comes first by its finish, and each day makes one of the two
    assert days[0].start_s[:2] == (-1, clock("15:10"))
    assert days[4].start_s[:2] == (clock("13:00"), -1)
    # 60 s of loading, 4 km at 110 s: the same rides on both
    assert days[0].start_s[2] - clock("15:10") == days[4].start_s[2] - clock("13:00") == 500
    assert as_is.at_rate_card.plan.violations == ()
    # the vehicle is one and is paid a day
    assert sum_pence(as_is.at_rate_card, "DAY") == 80_000


def test_route_that_carries_nobody_is_no_route_of_the_plan(road: RoadNetwork) -> None:
    pupils = [*PAIR, build_pupil("P3", 3, weekdays_am=0, weekdays_pm=0)]
    contract = (build_route("R1", ["P1", "P2"]), build_route("R2", ["P3"]))
    plan = value(build_dataset(pupils, contract=contract), road).at_rate_card.plan
    assert [route.reference for route in plan.routes] == ["R1"]
    assert plan.is_as_is


def test_data_set_without_a_contract_is_refused(road: RoadNetwork) -> None:
    with pytest.raises(NoContractError, match="upload the register of today's routes"):
        value(build_dataset(PAIR), road)


# --- rules broken are found, never refused --------------------------------------------------------


def test_ride_over_the_cap_is_timed_and_found(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 6, ride_cap_s=800), PAIR[1]]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),)), road)
    # P1 rides 240 + 120 + 480 = 840 s in the morning, 440 + 120 + 220 = 780 s in the afternoon
    found = as_is.at_rate_card.plan.violations
    assert {(v.rule, v.session, v.riders) for v in found} == {("C2", "AM", ("P1",))}
    day = get_run(as_is, "AM").days[0]
    assert day.start_s[2] - day.depart_s[0] == 840


@pytest.mark.parametrize(
    ("weekdays", "layout", "is_within"),
    [
        # none in a chair: eight seats
        ((), 0, True),
        # one: five seats and a bay
        ((31,), 1, True),
        # two who never meet may use the same bay
        ((MONDAY, FRIDAY), 1, True),
        # two together: three seats and two bays
        ((31, 31), 2, True),
        # three: two bays lack one
        ((31, 31, 31), 2, False),
    ],
)
def test_layout_is_the_one_that_lacks_least(
    road: RoadNetwork, weekdays: tuple[int, ...], layout: int, is_within: bool
) -> None:
    chairs = [
        build_pupil(f"W{i}", 5, mobility="wheelchair", weekdays_am=mask, weekdays_pm=mask)
        for i, mask in enumerate(weekdays)
    ]
    pupils = [*chairs, build_pupil("P1", 3)]
    route = build_route("R1", [p.reference for p in pupils], vehicle_type="MB8")
    as_is = value(build_dataset(pupils, contract=(route,)), road)
    assert get_run(as_is, "AM").layout == layout
    rules = {v.rule for v in as_is.at_rate_card.plan.violations}
    assert ("C6" not in rules) is is_within


# --- what it costs --------------------------------------------------------------------------------


def test_rate_card_on_the_contracts_own_route(road: RoadNetwork) -> None:
    as_is = value(build_dataset(PAIR, contract=(build_route("R1", ["P1", "P2"]),)), road)
    costed = as_is.at_rate_card
    # 10 days x 80.00
    assert sum_pence(costed, "DAY") == 80_000
    # 6 km twice a day on 10 days: 120,000 m = 74.5645 miles x 1.10 = 82.02
    assert sum_pence(costed, "LIVE") == 8_202
    # AM 08:14 to 08:31 = 1,020 s; PM 840 + 120 = 960 s; x 10 = 19,800 s = 5.5 h x 12 = 66.00
    assert sum_pence(costed, "DRIVER") == 6_600
    assert costed.year_pence == 94_802
    assert costed.pricing == "rate card"
    # at contract prices: 10 x 98.00, and miles for nothing
    paid = as_is.at_contract_prices
    assert paid.year_pence == 98_000
    assert sum_pence(paid, "LIVE") == 0
    assert [x.quantity for x in paid.lines if x.code == "LIVE"] == [Decimal("74.5645")]
    assert paid.pricing == "contract prices"


def test_contract_is_paid_on_days_on_which_somebody_travels(road: RoadNetwork) -> None:
    schools = (
        close_school(build_school("100", 0), date(2026, 9, 8), date(2026, 9, 9)),
        close_school(build_school("200", 2), date(2026, 9, 9)),
    )
    pupils = [*PAIR, build_pupil("P3", 5, school_urn="200"), build_pupil("P4", 5, weekdays_pm=0)]
    contract = (
        build_route("R1", ["P1", "P2"]),
        build_route("R2", ["P3"], daily_price=Decimal("50.05")),
        build_route("R3", ["P4"], daily_price=Decimal("40.00")),
    )
    costed = value(build_dataset(pupils, schools=schools, contract=contract), road)
    paid = {
        line.route: (line.quantity, line.amount_pence)
        for line in costed.at_contract_prices.lines
        if line.code == "CONTRACT"
    }
    # school 100 is closed on two of ten days, 200 on one; R3 runs in the morning alone
    assert paid == {"R1": (8, 78_400), "R2": (9, 45_045), "R3": (8, 32_000)}
    halves = {
        line.route: line.quantity for line in costed.at_rate_card.lines if line.code == "HALF"
    }
    assert halves == {"R3": 8}


def test_part_week_route_is_paid_on_its_days_alone(road: RoadNetwork) -> None:
    pupil = build_pupil("P1", 6, weekdays_am=MONDAY | FRIDAY, weekdays_pm=MONDAY)
    as_is = value(build_dataset([pupil], contract=(build_route("R1", ["P1"]),)), road)
    # two Mondays and two Fridays x 98.00
    assert as_is.at_contract_prices.year_pence == 39_200
    lines = {line.code: line.quantity for line in as_is.at_rate_card.lines}
    assert (lines["DAY"], lines["HALF"]) == (2, 2)


def test_crew_of_the_contract_is_kept_and_paid(road: RoadNetwork) -> None:
    route = build_route("R1", ["P1", "P2"], assistants=2)
    as_is = value(build_dataset(PAIR, contract=(route,)), road)
    assert {day.assistants for day in get_run(as_is, "AM").days} == {2}
    # two assistants, though nobody needs one: 2 x 5.5 h x 9.00, and 2 x 20 sessions x 2.00
    assert sum_pence(as_is.at_rate_card, "PA") == 9_900
    assert sum_pence(as_is.at_rate_card, "PA FIXED") == 8_000


def test_crew_that_the_contract_lacks_is_found_and_not_made_up(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 6, assistant="dedicated"), PAIR[1]]
    as_is = value(build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),)), road)
    assert "C8" in {v.rule for v in as_is.at_rate_card.plan.violations}
    assert sum_pence(as_is.at_rate_card, "PA") == 0
