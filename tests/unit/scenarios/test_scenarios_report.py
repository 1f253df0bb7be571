"""Tables: the right kinds and units, times that can be read, and rows that say what is meant."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from straight_town import (
    MONDAY,
    TUESDAY,
    at,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_route,
    clock,
)

from data.roads import RoadNetwork
from data.writers import Table, format_cell
from scenarios import report
from scenarios.comparison import compare
from scenarios.lots import build_lottings
from scenarios.pipeline import AsIs, value_as_is
from scenarios.report.units import round_bound, round_gap
from solver.domain import Bound, CostedPlan, Dataset, Policy

WHOLE_WEEK = "Mon, Tue, Wed, Thu, Fri"


def build_town() -> Dataset:
    """P1 and P2 in a car, P1 over a cap of 800 s; P3 off the roads, on no route."""
    pupils = [
        build_pupil("P1", 6, ride_cap_s=800),
        build_pupil("P2", 4),
        build_pupil("P3", 2, home=at(2, east=0.01)),
    ]
    return build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),))


@pytest.fixture(scope="module")
def town() -> Dataset:
    return build_town()


@pytest.fixture(scope="module")
def as_is(town: Dataset, road: RoadNetwork) -> AsIs:
    return value_as_is(town, Policy(), build_rate_card(), road)


def list_row(table: Table, number: int) -> dict[str, str]:
    """Return a row as a person reads it, by heading."""
    return {
        column.heading: format_cell(cell, table.get_column(number, i))
        for i, (column, cell) in enumerate(zip(table.columns, table.rows[number], strict=True))
    }


def find_row(table: Table, first: str) -> list[str]:
    number = next(i for i, row in enumerate(table.rows) if row[0] == first)
    return list(list_row(table, number).values())


def test_comparison_reads_in_pounds_minutes_and_shares(as_is: AsIs, town: Dataset) -> None:
    cheaper = replace(as_is.at_rate_card, plan=replace(as_is.at_rate_card.plan, is_as_is=False))
    plans = [("Contract", as_is.at_contract_prices), ("As-is", as_is.at_rate_card)]
    found = compare([*plans, ("Ours", replace(cheaper, lines=cheaper.lines[:-1]))], town)
    table = report.build_comparison_table(found)
    contract, today, ours = (m.year_pence for m in found.metrics)
    shown = [f"£{pence / 100:,.0f}" for pence in (contract, today, ours)]
    assert find_row(table, "Cost a year")[1:] == shown
    assert find_row(table, "Routes")[1:] == ["1", "1", "1"]
    assert find_row(table, "  Saloon")[1:] == ["1", "1", "1"]
    # 840, 780, 480 and 440 s a day: 635 s on average, and the longest 14 minutes
    assert find_row(table, "Ride, mean (minutes)")[1] == "11"
    assert find_row(table, "Ride, longest (minutes)")[1] == "14"
    # two of four seats
    assert find_row(table, "Seats and bays in use")[1] == "50%"
    assert find_row(table, "Pupils unassigned")[1] == "1"
    assert find_row(table, "Rules broken (found by the checker)")[1] == "1"
    saved = find_row(table, "Saving on as-is at the rate card")
    assert saved[1:3] == ["-", "-"]
    assert saved[3] == f"£{(today - ours) / 100:,.0f}"
    assert find_row(table, "  in per cent")[3] == f"{(today - ours) / today * 100:.1f}%"
    assert "illustrative" in table.notes[0]
    # 980.00 less 948.02 on the same route
    assert "£32 a year above the rate card" in table.notes[1]
    assert "no part of any saving" in table.notes[1]


def build_ours(as_is: AsIs, *, is_proven: bool) -> CostedPlan:
    """Return a plan of 60.254 in the morning and 40 in the afternoon, bounds 54.567 and 38."""
    plan = as_is.at_rate_card.plan
    am = replace(plan.am, cost=58.254, penalty=2.0, seconds=12.0)
    pm = replace(plan.pm, cost=40.0, penalty=0.0, seconds=12.0)
    if is_proven:
        riders = len(plan.am_instance.riders)
        am = replace(am, bound=Bound(54.567, (1.0,), 20.0, prices=(57.0, *[0.5] * (riders - 1))))
        pm = replace(pm, bound=Bound(38.0, (1.0,), 20.0, prices=(38.5, *[0.0] * (riders - 1))))
    plan = replace(plan, am=am, pm=pm, is_as_is=False, violations=())
    return replace(as_is.at_rate_card, plan=plan)


def test_bound_and_gap_stand_beside_the_cost_and_are_explained(as_is: AsIs, town: Dataset) -> None:
    plans = [
        ("As-is", as_is.at_rate_card),
        ("Not asked", build_ours(as_is, is_proven=False)),
        ("Ours", build_ours(as_is, is_proven=True)),
    ]
    table = report.build_comparison_table(compare(plans, town))
    labels = [row[0] for row in table.rows]
    assert labels[2:5] == ["Day objective, AM + PM", "  lower bound", "  gap at most"]
    assert find_row(table, "Day objective, AM + PM")[1:] == ["-", "£100.25", "£100.25"]
    # down to a penny, and (100.254 - 92.567) / 100.254 = 7.668 % up to a tenth
    assert find_row(table, "  lower bound")[1:] == ["-", "-", "£92.56"]
    assert find_row(table, "  gap at most")[1:] == ["-", "-", "7.7%"]
    said = [note for note in table.notes if note.startswith("Ours: ")]
    assert said == [
        "Ours: by the day objective no plan under these rules can be cheaper than £92.56; this "
        "one is at £100.25, so at most 7.7% of that could still be saved."
    ]
    assert report.ABOUT_BOUNDS in table.notes
    assert not any(note.startswith("Not asked: ") for note in table.notes)


def test_comparison_without_a_bound_explains_none(as_is: AsIs, town: Dataset) -> None:
    plans = [("Not asked", build_ours(as_is, is_proven=False))]
    assert report.ABOUT_BOUNDS not in report.build_comparison_table(compare(plans, town)).notes


def test_bounds_of_a_plan_are_by_session(as_is: AsIs) -> None:
    table = report.build_bounds_table(build_ours(as_is, is_proven=True), "Ours")
    assert list_row(table, 0) == {
        "Session": "AM",
        "Day objective": "£60.25",
        "of this cost": "£58.25",
        "of this soft prices": "£2.00",
        "Search (seconds)": "12.0",
        "Lower bound": "£54.56",
        # 5.687 / 60.254 = 9.438 %
        "Gap at most": "9.5%",
        "Bound (seconds)": "20.0",
    }
    assert list_row(table, 1)["Gap at most"] == "5.0%"
    assert table.notes[0] == report.ABOUT_BOUNDS
    assert [note[:3] for note in table.notes[1:]] == ["AM:", "PM:"]


def test_plan_without_a_bound_shows_dashes(as_is: AsIs) -> None:
    table = report.build_bounds_table(build_ours(as_is, is_proven=False), "Ours")
    row = list_row(table, 0)
    assert (row["Lower bound"], row["Gap at most"], row["Bound (seconds)"]) == ("-", "-", "-")
    assert table.notes == (report.ABOUT_BOUNDS,)


def test_pupils_prices_are_by_session_and_the_dearest_comes_first(as_is: AsIs) -> None:
    ours = build_ours(as_is, is_proven=True)
    riders = ours.plan.am_instance.riders
    table = report.build_prices_table(ours, "Ours")
    assert len(table.rows) == len({who.reference for who in riders})
    first = list_row(table, 0)
    assert first["Pupil"] == riders[0].reference
    assert (first["AM, a day"], first["PM, a day"]) == ("£57.00", "£38.50")
    assert first["Added a day"] == "£95.50"
    added = [float(str(row[-1])) for row in table.rows]
    assert added == sorted(added, reverse=True)
    assert table.notes == (report.ABOUT_PRICES,)


def test_pupils_prices_are_where_pupils_are_named_and_a_bound_was_asked_for(as_is: AsIs) -> None:
    for is_proven, has_pupils in ((True, True), (True, False), (False, True)):
        costed = build_ours(as_is, is_proven=is_proven)
        tables = report.list_plan_tables(costed, "Plan", (), has_pupils=has_pupils)
        is_there = "Prices Plan" in [table.title for table in tables]
        assert is_there == (is_proven and has_pupils)


def test_sheet_of_bounds_is_of_our_plans_only(as_is: AsIs) -> None:
    for costed, is_there in (
        (as_is.at_rate_card, False),
        (build_ours(as_is, is_proven=True), True),
    ):
        tables = report.list_plan_tables(costed, "Plan", (), has_pupils=False)
        assert ("Bounds Plan" in [table.title for table in tables]) is is_there


@pytest.mark.parametrize(
    ("gbp", "shown"), [(92.567, "92.56"), (92.57, "92.57"), (0.0, "0.00"), (-0.0, "0.00")]
)
def test_bound_is_rounded_down(gbp: float, shown: str) -> None:
    assert str(round_bound(gbp)) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0761, "0.077"), (0.077, "0.077"), (1e-12, "0.000"), (-1e-12, "0.000")]
)
def test_gap_is_rounded_up(share: float, shown: str) -> None:
    assert str(round_gap(share)) == shown


def test_routes_show_vehicle_pupils_and_clock_times(as_is: AsIs) -> None:
    table = report.build_routes_table(as_is.at_rate_card, "as-is")
    assert list_row(table, 0) == {
        "Route": "R1",
        "Operator": "Operator A",
        "Vehicle": "CAR4",
        "Assistants": "0",
        "AM pupils": "2",
        "AM first pick-up": "08:14",
        "AM end": "08:31",
        "PM pupils": "2",
        "PM loading": "15:10",
        "PM last set-down": "15:26",
        "Cost a year": "£948.02",
    }


def test_route_without_an_afternoon_shows_dashes(road: RoadNetwork) -> None:
    dataset = build_dataset(
        [build_pupil("P1", 6, weekdays_pm=0)], contract=(build_route("R1", ["P1"]),)
    )
    costed = value_as_is(dataset, Policy(), build_rate_card(), road).at_rate_card
    row = list_row(report.build_routes_table(costed, "as-is"), 0)
    assert (row["PM pupils"], row["PM loading"], row["PM last set-down"]) == ("0", "-", "-")


def test_stops_show_times_and_the_longest_ride(as_is: AsIs) -> None:
    table = report.build_stops_table(as_is.at_rate_card, "as-is")
    assert len(table.rows) == 6
    assert list_row(table, 0) == {
        "Route": "R1",
        "Session": "AM",
        "Run": "1",
        "Weekdays": WHOLE_WEEK,
        "Stop": "Home",
        "Pupils": "P1",
        "Arrive": "08:14",
        "Start": "08:14",
        "Leave": "08:16",
        "Longest ride of these (minutes)": "14.0",
    }
    school = list_row(table, 2)
    assert (school["Stop"], school["Pupils"], school["Start"]) == ("School 100", "P1, P2", "08:30")
    assert "keep this sheet from bidders" in table.notes[0]


def test_weekdays_with_equal_times_and_other_pupils_are_rows_of_their_own(
    road: RoadNetwork,
) -> None:
    pupils = [
        build_pupil("P1", 6, weekdays_am=MONDAY, weekdays_pm=0),
        build_pupil("P2", 6, weekdays_am=TUESDAY, weekdays_pm=0),
    ]
    dataset = build_dataset(pupils, contract=(build_route("R1", ["P1", "P2"]),))
    costed = value_as_is(dataset, Policy(), build_rate_card(), road).at_rate_card
    table = report.build_stops_table(costed, "as-is")
    assert [(row[3], row[4], row[5]) for row in table.rows] == [
        ("Mon", "Home", "P1"),
        ("Mon", "School 100", "P1"),
        ("Tue", "Home", "P2"),
        ("Tue", "School 100", "P2"),
    ]


def test_costs_multiply_and_add_up(as_is: AsIs) -> None:
    costed = as_is.at_rate_card
    table = report.build_costs_table(costed, "as-is")
    live = list_row(table, [row[1] for row in table.rows].index("LIVE"))
    assert live["Quantity"] == "74.5645"
    assert live["Unit"] == "mile"
    assert live["Rate"] == "£1.1000"
    assert live["Amount a year"] == "£82.02"
    assert live["Grade"] == "assumed"
    totals = table.find_totals()
    assert totals is not None
    assert totals[6] == Decimal(costed.year_pence) / 100
    assert all(row[0] == "-" for row in table.rows if row[1] == "UNASSIGNED")


def test_day_costs_are_by_weekday_and_unrounded(as_is: AsIs) -> None:
    table = report.build_day_costs_table(as_is.at_rate_card, "as-is")
    live = next(
        list_row(table, i)
        for i, row in enumerate(table.rows)
        if row[1] == "Monday" and row[2] == "LIVE"
    )
    # 12,000 m = 7.4565 miles x 1.10 = 8.20215
    assert live["Quantity"] == "7.4565"
    assert live["Amount a day"] == "£8.2022"
    assert {row[1] for row in table.rows} == {
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
    }
    assert table.find_totals() is None


def test_unassigned_pupils_have_every_reason(as_is: AsIs) -> None:
    table = report.build_unassigned_table([("As-is", as_is.at_rate_card)])
    rows = [row for row in table.rows if row[1] == "AM"]
    assert [row[2:4] for row in rows] == [("P3", "C1"), ("P3", "C1")]
    assert rows[0][4] == "today's contract has no route for them"
    assert "the limit is 250 m" in str(rows[1][4])
    assert table.notes == ()


def test_broken_rules_are_by_route_and_pupil(as_is: AsIs) -> None:
    table = report.build_violations_table(as_is.at_rate_card, "as-is")
    ((rule, session, route, _, pupils),) = table.rows
    assert (rule, session, route, pupils) == ("C2", "AM", "R1", "P1")


def test_lots_table_adds_up_with_what_is_outside(as_is: AsIs, town: Dataset) -> None:
    costed = as_is.at_rate_card
    for lotting in build_lottings(costed, town):
        table = report.build_lots_table(lotting)
        totals = table.find_totals()
        assert totals is not None
        assert totals[-1] == Decimal(costed.year_pence) / 100
        assert table.rows[-1][:2] == ("-", "Unassigned pupils, in no lot")
        assert list_row(table, 0)["Miles a year"] == "75"


def test_settings_read_as_clock_times_minutes_and_pounds() -> None:
    policy = Policy().with_changes({"turnaround_s": 900}, source="council", grade="sourced")
    rates = replace(build_rate_card().vehicles[0], per_live_mile=Decimal("1.155"))
    table = report.build_settings_table(policy, build_rate_card(vehicles=(rates,)))
    shown = {str(row[0]): row[1:3] for row in table.rows}
    assert shown["Earliest pickup"] == ("07:00", "")
    assert shown["Latest setdown"] == ("17:30", "")
    assert shown["Ride target primary"] == ("45", "minutes")
    assert shown["Ride limit"] == ("not set", "")
    assert shown["Turnaround"] == ("15", "minutes")
    assert shown["Max driving"] == ("9", "hours a day")
    assert shown["Dwell shared door extra"] == ("30", "seconds")
    assert shown["Snap limit"] == ("250", "m")
    assert shown["Traffic factor am"] == ("1.2", "x free-flow time")
    assert shown["Ride excess price"] == ("0.10", "pounds per minute over target")
    assert shown["CAR4 day charge"] == ("80.00", "GBP a day")
    assert shown["CAR4 per live mile"] == ("1.155", "GBP a mile")
    assert shown["assistant per hour"] == ("9.00", "GBP an hour")
    assert not any(unit in ("s", "s a day", "s since midnight") for _, unit in shown.values())
    turnaround = next(row for row in table.rows if row[0] == "Turnaround")
    assert turnaround[3:] == ("sourced", "council")
    assert len(table.rows) == len(policy.list_settings()) + 6 + 2


def test_ride_limit_of_a_scenario_reads_in_minutes() -> None:
    table = report.build_settings_table(Policy(ride_limit_s=clock("01:00")), build_rate_card())
    shown = {str(row[0]): row[1:3] for row in table.rows}
    assert shown["Ride limit"] == ("60", "minutes")
