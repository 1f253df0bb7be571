"""The school calendar: terms and holidays, or one date a row, to the open days of the year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from data.readers.records import Record, RecordSet
from solver.domain import TermCalendar

_LONGEST_TERM_DAYS: Final = 400
_USUAL_DAYS: Final = (185, 195)


def check_calendar(records: RecordSet) -> TermCalendar | None:
    """Check the calendar and build it; None where it has faults or no open day."""
    open_days: set[date] = set()
    closed_days: set[date] = set()
    for record in records.records:
        days = _list_days(record, records)
        if _kind_of(record) in ("holiday", "closed"):
            closed_days.update(days)
        else:
            open_days.update(days)
    if not records.records or any(record.faulty for record in records.records):
        return None
    kept = tuple(sorted(open_days - closed_days))
    if not kept:
        records.log.add(
            None,
            "",
            "no-open-days",
            "The calendar has not one open day.",
            "Add the terms, or one open date a row.",
        )
        return None
    _warn_of_odd_years(kept, records)
    return TermCalendar(name=records.file, open_days=kept)


def _kind_of(record: Record) -> str:
    return str(record.get("kind", "term" if record["last_day"] else "open"))


def _list_days(record: Record, records: RecordSet) -> list[date]:
    """Return the Mondays to Fridays of a row."""
    first = record["first_day"]
    if first is None or record.faulty:
        return []
    last = record["last_day"] or first
    if last < first:
        _add_date_fault(record, records, "The last day lies before the first.")
        return []
    if (last - first).days > _LONGEST_TERM_DAYS:
        _add_date_fault(record, records, f"The row spans more than {_LONGEST_TERM_DAYS} days.")
        return []
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    weekdays = [day for day in span if day.weekday() < 5]
    if not weekdays and _kind_of(record) in ("term", "open"):
        records.log.warn(
            record.row,
            "first_day",
            "weekend",
            "The row has only a Saturday or Sunday, which is never a school day.",
            "Check the date: the day comes first.",
        )
    return weekdays


def _add_date_fault(record: Record, records: RecordSet, text: str) -> None:
    record.faulty.add("last_day")
    records.log.add(
        record.row, "last_day", "impossible-dates", text, "Check both dates: the day comes first."
    )


def _warn_of_odd_years(open_days: tuple[date, ...], records: RecordSet) -> None:
    if not _USUAL_DAYS[0] <= len(open_days) <= _USUAL_DAYS[1]:
        records.log.warn(
            None,
            "",
            "unusual-year",
            f"The calendar has {len(open_days)} open days; a school year has about 190.",
            "Check that every term and holiday is there and is one year's. Yearly costs are for "
            "the days of the calendar.",
        )
