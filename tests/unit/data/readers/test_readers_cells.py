"""Single cells as councils write them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.readers.cell_times import CellError
from data.readers.cells import normalise_postcode, parse_cell
from data.readers.columns import WRITTEN_AS, CellType
from solver.domain import Layout, Point


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("clock", "08:45", 31500),
        ("clock", "8:45", 31500),
        ("clock", "8.45", 31500),
        ("clock", "0845", 31500),
        ("clock", "845", 31500),
        ("clock", "08:45:00", 31500),
        ("clock", "8.45am", 31500),
        ("clock", "3.15pm", 54900),
        ("clock", "12:30 pm", 45000),
        ("clock", "12:10 am", 600),
        ("clock", "0.364583333333333", 31500),
        ("clock_or_closed", "Closed", "closed"),
        ("date", "01/09/2026", date(2026, 9, 1)),
        ("date", "1/9/26", date(2026, 9, 1)),
        ("date", "2026-09-01", date(2026, 9, 1)),
        ("date", "2026-09-01 00:00:00", date(2026, 9, 1)),
        ("date", "01.09.2026", date(2026, 9, 1)),
        ("date", "1 September 2026", date(2026, 9, 1)),
        ("date", "Tuesday 1st Sep 2026", date(2026, 9, 1)),
        ("dates", "24/12/2026; 23/12/2026", (date(2026, 12, 23), date(2026, 12, 24))),
        ("money", "£1,234.50", Decimal("1234.50")),
        ("money", "1234.5", Decimal("1234.5")),
        ("money", "£ 95", Decimal(95)),
        ("yes_no", "Y", True),
        ("yes_no", "TRUE", True),
        ("yes_no", "no", False),
        ("yes_no", "0", False),
        ("weekdays", "MTWTF", 0b11111),
        ("weekdays", "M-W-F", 0b10101),
        ("weekdays", "mt...", 0b00011),
        ("weekdays", "Mon;Tue", 0b00011),
        ("weekdays", "Monday, Wednesday and Friday", 0b10101),
        ("weekdays", "Mon-Thu", 0b01111),
        ("weekdays", "Tues/Thurs", 0b01010),
        ("weekdays", "daily", 0b11111),
        ("weekdays", "none", 0),
        ("session", "am", ("AM",)),
        ("session", "AM & PM", ("AM", "PM")),
        ("school_year", "R", 0),
        ("school_year", "Reception", 0),
        ("school_year", "Nursery", -1),
        ("school_year", "Year 7", 7),
        ("school_year", "Y13", 13),
        ("mobility", "Wheelchair user", "wheelchair"),
        ("mobility", "no", "seat"),
        ("assistant", "1:1", "dedicated"),
        ("assistant", "No", "none"),
        ("minutes", "2.5", 150),
        ("minutes", "10 mins", 600),
        ("layouts", "16+0; 13+1 ;10+2+1", (Layout(16), Layout(13, 1), Layout(10, 2, 1))),
        ("layouts", "4", (Layout(4),)),
        ("points", "52.58 -1.98; 52.59,-1.97", (Point(52.58, -1.98), Point(52.59, -1.97))),
        ("postcode", "ws1  1aa", "WS11AA"),
        ("urn", "100001", "100001"),
        ("words", "Harness; Tail Lift", ("harness", "tail-lift")),
        ("references", "P1; P2;P1", ("P1", "P2")),
        ("calendar_kind", "Half term", "holiday"),
        ("number", "1,250.5", 1250.5),
    ],
)
def test_cell_is_understood(kind: CellType, text: str, value: Any) -> None:
    assert parse_cell(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("clock", "25:00"),
        ("clock", "08:61"),
        ("clock", "8:4"),
        ("clock", "8.5"),  # ten to nine, or half past eight?
        ("clock", "08:45:61"),
        ("clock", "soon"),
        ("date", "13/13/2026"),
        ("date", "09/30/2026"),  # month first
        ("date", "29/02/2027"),
        ("date", "01/09/1926"),
        ("money", "-5"),
        ("money", "12,34"),
        ("money", "free"),
        ("yes_no", "maybe"),
        ("weekdays", "MTWTFSS"),
        ("weekdays", "Sat"),
        ("weekdays", "Fri-Mon"),
        ("session", "noon"),
        ("school_year", "15"),
        ("school_year", "seven"),
        ("assistant", "yes"),  # shared or dedicated? It must be said
        ("minutes", "900"),
        ("layouts", "0+0"),
        ("layouts", "16 seats"),
        ("latitude", "-1.98"),  # swapped with the longitude
        ("longitude", "52.58"),
        ("easting", "0"),
        ("postcode", "WS1"),
        ("urn", "10001"),
        ("reference", "Two Words"),
        ("reference", "=cmd"),
        ("whole_number", "2.5"),
        ("whole_number", "-1"),
    ],
)
def test_cell_is_refused(kind: CellType, text: str) -> None:
    with pytest.raises(CellError):
        parse_cell(kind, text)


@given(st.sampled_from(sorted(WRITTEN_AS)), st.text(min_size=1, max_size=30))
def test_any_text_is_understood_or_refused_without_being_repeated(
    kind: CellType, text: str
) -> None:
    try:
        parse_cell(kind, text)
    except CellError as fault:
        hint = fault.hint
        assert len(text.strip()) < 6 or text.strip() not in hint


@given(st.integers(0, 24 * 60 - 1))
def test_every_minute_of_the_day_in_every_form(minute: int) -> None:
    hours, minutes = divmod(minute, 60)
    clock = f"{hours:02d}:{minutes:02d}"
    half = "am" if hours < 12 else "pm"
    for text in (
        clock,
        clock.replace(":", ""),
        clock.replace(":", "."),
        f"{clock}:00",
        f"{hours % 12 or 12}:{minutes:02d} {half}",
    ):
        assert parse_cell("clock", text) == minute * 60, text
    if minute >= 1:
        assert parse_cell("clock", f"{minute / 1440:.15f}") == minute * 60


@given(st.integers(0, 36000))
def test_every_date_of_the_century_in_both_forms(days: int) -> None:
    day = date(2000, 1, 1) + timedelta(days=days)
    assert parse_cell("date", day.isoformat()) == day
    assert parse_cell("date", f"{day.day}/{day.month}/{day.year}") == day


@given(st.integers(0, 99_999_999))
def test_money_keeps_every_penny(pence: int) -> None:
    amount = Decimal(pence) / 100
    assert parse_cell("money", f"£{amount:,.2f}") == amount


@given(st.integers(0, 31))
def test_every_set_of_weekdays_in_both_forms(mask: int) -> None:
    letters = "".join(c if mask >> n & 1 else "-" for n, c in enumerate("MTWTF"))
    names = [n for day, n in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri")) if mask >> day & 1]
    assert parse_cell("weekdays", letters) == mask
    assert parse_cell("weekdays", ";".join(names) or "none") == mask


@given(st.from_regex(r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}", fullmatch=True))
def test_postcode_spacing_and_case_do_not_matter(postcode: str) -> None:
    joined = postcode.replace(" ", "")
    assert normalise_postcode(postcode.lower()) == joined
    assert normalise_postcode(f" {joined[:-3]}  {joined[-3:]} ") == joined
