"""How stored plans are shown: clock times, runs with halts, and CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from test_app_mapping import build_costed

from app.http.plan_views import (
    format_clock,
    list_lines,
    list_runs,
    list_violations,
    write_lines_csv,
)
from app.roles import ROLES
from solver.domain import Violation


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0, "00:00:00"), (30_661, "08:31:01"), (63_000, "17:30:00")]
)
def test_clock(seconds: int, clock: str) -> None:
    assert format_clock(seconds) == clock


def test_runs_are_shown_with_route_layout_and_times() -> None:
    (run,) = list_runs(build_costed().plan)
    assert (run.session, run.number, run.route) == ("AM", 1, "R001")
    assert (run.vehicle_type, run.seats, run.bays) == ("MB8", 5, 1)
    home, school = run.visits
    assert (home.place, home.pupils) == ("home", ["P1"])
    assert school.school == "Canalside"
    (time,) = school.times
    assert (time.weekday, time.pupils) == ("Monday", ["P1"])
    assert (time.arrive, time.start, time.depart) == ("08:32:00", "08:32:00", "08:33:00")


def test_halt_names_by_weekday_who_travels_that_day() -> None:
    plan = build_costed().plan
    (rider,) = plan.am_instance.riders
    instance = replace(plan.am_instance, riders=(replace(rider, weekdays=0b00010),))
    (run,) = list_runs(replace(plan, am_instance=instance))
    assert [visit.pupils for visit in run.visits] == [["P1"], ["P1"]]
    assert [time.pupils for visit in run.visits for time in visit.times] == [[], []]


def test_skipped_halt_has_no_time_that_day() -> None:
    costed = build_costed()
    (run,) = costed.plan.am.runs
    (day,) = run.days
    skipped = replace(day, arrive_s=(-1, 30720), start_s=(-1, 30720), depart_s=(-1, 30780))
    runs = (replace(run, days=(skipped,)),)
    plan = replace(costed.plan, am=replace(costed.plan.am, runs=runs))
    assert list_runs(plan)[0].visits[0].times == []


@pytest.mark.parametrize("role", ROLES)
def test_violation_names_its_run_and_route_and_pupils_to_planners_only(role: str) -> None:
    (found,) = list_violations(build_costed().plan, role)  # type: ignore[arg-type]
    assert (found.rule, found.session, found.number) == ("C2 ride time", "AM", 1)
    assert (found.route, found.text) == ("R001", "46 minutes")
    assert found.pupils == (["P1"] if role in {"commissioner", "planner"} else [])


@pytest.mark.parametrize(
    ("text", "route"), [("route R001: 9.5 hours at the wheel", "R001"), ("siblings", None)]
)
def test_violation_of_a_whole_day_names_the_route_that_its_text_does(
    text: str, route: str | None
) -> None:
    plan = replace(build_costed().plan, violations=(Violation("C11", "day", None, text),))
    (found,) = list_violations(plan, "planner")
    assert (found.number, found.route) == (None, route)


@pytest.mark.parametrize("role", ROLES)
def test_line_of_a_pupil_names_them_to_planners_only(role: str) -> None:
    lines = list_lines(build_costed(), role)  # type: ignore[arg-type]
    named = any("P1" in line.text for line in lines)
    assert named == (role in {"commissioner", "planner"})
    assert sum(line.amount_pence for line in lines) == build_costed().year_pence


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_disarms_formulas(start: str) -> None:
    (line, _other) = list_lines(build_costed(), "planner")
    evil = line.model_copy(update={"text": f"{start}cmd|' /C calc'!A0"})
    rows = list(csv.DictReader(io.StringIO(write_lines_csv([evil]), newline="")))
    assert rows[0]["text"].startswith("'")
    assert rows[0]["amount_pence"] == "1425000"
