"""The school calendar: terms less holidays, or one date a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from data.faults import Fault, FaultReport

Only = Callable[[FaultReport, str], Fault]

# Terms of 2026/27, Mondays to Fridays, before the five training days:
# 1 Sep (Tue) - 18 Dec 2026 (Fri): 16 weeks less the Monday = 79, less half term 5 = 74
# 4 Jan (Mon) - 25 Mar 2027 (Thu): 12 weeks less the Friday = 59, less half term 5 = 54
# 12 Apr (Mon) - 21 Jul 2027 (Wed): 15 weeks less Thu and Fri = 73, less half term 5 and 3 May = 67
TERMS = [
    {"kind": "term", "first_day": "01/09/2026", "last_day": "18/12/2026"},
    {"kind": "Half term", "first_day": "26/10/2026", "last_day": "30/10/2026"},
    {"kind": "term", "first_day": "04/01/2027", "last_day": "25/03/2027"},
    {"kind": "holiday", "first_day": "15/02/2027", "last_day": "19/02/2027"},
    {"kind": "term", "first_day": "12/04/2027", "last_day": "21/07/2027"},
    {"kind": "holiday", "first_day": "31/05/2027", "last_day": "04/06/2027"},
    {"kind": "bank holiday", "first_day": "03/05/2027", "last_day": ""},
]
INSET = [
    {"kind": "closed", "first_day": day, "last_day": ""}
    for day in ("01/09/2026", "04/01/2027", "12/04/2027", "20/07/2027", "21/07/2027")
]


def test_terms_less_holidays_and_training_days_are_190_days(council: Any) -> None:
    council.rows["calendar"] = TERMS + INSET

    data = council.read()

    days = data.dataset.calendar.open_days
    assert len(days) == 74 + 54 + 67 - 5 == 190
    assert days[0] == date(2026, 9, 2)
    assert date(2026, 10, 28) not in days
    assert date(2027, 5, 3) not in days
    assert all(day.weekday() < 5 for day in days)
    assert list(days) == sorted(set(days))
    assert data.report.faults == ()


def test_one_date_a_row(council: Any) -> None:
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(280)]
    weekdays = [day for day in days if day.weekday() < 5][:190]
    council.rows["calendar"] = [{"Date": day.strftime("%d/%m/%Y")} for day in weekdays]

    data = council.read()

    assert data.dataset.calendar.open_days == tuple(weekdays)
    assert data.report.faults == ()


def test_short_year_is_a_warning_that_says_how_many_days(council: Any, only: Only) -> None:
    council.rows["calendar"] = TERMS[:2]

    data = council.read()

    assert len(data.dataset.calendar.open_days) == 74
    fault = only(data.report, "unusual-year")
    assert (fault.severity, "74" in fault.text) == ("warning", True)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"first_day": "18/12/2026", "last_day": "01/09/2026"}], "impossible-dates"),
        ([{"first_day": "01/09/2026", "last_day": "01/09/2028"}], "impossible-dates"),
        ([{"first_day": "05/09/2026", "last_day": "06/09/2026"}], "no-open-days"),
        ([{"kind": "holiday", "first_day": "01/09/2026", "last_day": ""}], "no-open-days"),
        ([{"kind": "fete", "first_day": "01/09/2026", "last_day": ""}], "not-calendar-kind"),
    ],
)
def test_calendar_that_cannot_be(
    council: Any, only: Only, rows: list[dict[str, str]], code: str
) -> None:
    council.rows["calendar"] = rows

    data = council.read()

    assert only(data.report, code).severity == "error"
    assert data.dataset is None
