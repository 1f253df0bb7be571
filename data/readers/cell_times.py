"""Understand cells that hold clock times, dates and weekdays, as people in England write them."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from solver.domain import EVERY_WEEKDAY

_DAY_NUMBERS: Final = {"mo": 0, "tu": 1, "we": 2, "th": 3, "fr": 4}
_DAY_NAME: Final = re.compile(
    r"mon?(day)?s?|tue?s?(day)?s?|we?d?(nesday)?s?|thu?r?s?(day)?s?|fri?(day)?s?"
)
_CLOCK: Final = re.compile(r"([0-9]{1,2})[:.;h]([0-9]{1,2})(?::([0-9]{2})(?:\.0+)?)?\s*(am|pm)?")
_CLOCK_DIGITS: Final = re.compile(r"([0-9]{1,2})([0-9]{2})\s*(am|pm)?")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)


class CellError(ValueError):
    """A cell is not written as its column asks; `hint` adds what was noticed."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


def split_list(text: str) -> list[str]:
    """Return the parts of a list with semicolons, commas or lines between them."""
    return [part for part in (part.strip() for part in re.split(r"[;,\n]", text)) if part]


def parse_clock(text: str) -> int:
    """Return seconds since midnight; a spreadsheet's fraction of a day counts as its time."""
    word = text.lower().strip()
    if re.fullmatch(r"0?\.[0-9]{2,}", word):
        return round(float(word) * 1440) * 60
    match = _CLOCK.fullmatch(word)
    if match:
        hours, minutes, seconds, half = match.groups(default="0")
        if len(minutes) == 1:
            raise CellError(
                "The minutes have one digit: 8.5 may be ten to nine or half past eight."
            )
    else:
        match = _CLOCK_DIGITS.fullmatch(word)
        if not match:
            raise CellError
        hours, minutes, half = match.groups(default="0")
        seconds = "0"
    if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 59:
        raise CellError("There is no such time.")
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    if half == "pm" and int(hours) < 12:
        total += 12 * 3600
    if half == "am" and int(hours) == 12:
        total -= 12 * 3600
    return total


def parse_clock_or_closed(text: str) -> int | str:
    """Return seconds since midnight, or `closed`; raises `CellError`."""
    if text.lower() in ("closed", "none", "-", "no"):
        return "closed"
    return parse_clock(text)


def parse_date(text: str) -> date:
    """Return a date written the British way (day first) or as ISO; raises `CellError`."""
    word = re.sub(r"[ T]00:00(:00)?$", "", text.strip())
    match = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", word)
    if match:
        year, month, day = (int(part) for part in match.groups())
    else:
        match = re.fullmatch(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4}|[0-9]{2})", word)
        if match:
            day, month, year = (int(part) for part in match.groups())
        else:
            match = re.fullmatch(
                r"(?:[A-Za-z]+,?\s+)?([0-9]{1,2})(?:st|nd|rd|th)?[\s\-]+([A-Za-z]{3})[a-z]*[\s\-]+([0-9]{4}|[0-9]{2})",
                word,
            )
            if not match or match.group(2).lower() not in _MONTHS:
                raise CellError
            day, year = int(match.group(1)), int(match.group(3))
            month = _MONTHS.index(match.group(2).lower()) + 1
    year += 2000 if year < 100 else 0
    if not 2000 <= year <= 2100:
        raise CellError("The year is not between 2000 and 2100.")
    try:
        return date(year, month, day)
    except ValueError:
        raise CellError("There is no such date; the day comes first.") from None


def parse_dates(text: str) -> tuple[date, ...]:
    """Return the dates of a list in order, each once; raises `CellError`."""
    return tuple(sorted({parse_date(part) for part in split_list(text)}))


def parse_weekdays(text: str) -> int:
    """Return a mask, bit 0 = Monday."""
    word = text.upper().replace(" ", "")
    if word in ("NONE", "NEVER", "-----", "-"):
        return 0
    if word in ("ALL", "EVERY", "DAILY", "EVERYDAY", "WEEKDAYS"):
        return EVERY_WEEKDAY
    if len(word) == 5 and all(
        given in (letter, "-", ".", "_") for given, letter in zip(word, "MTWTF", strict=True)
    ):
        return sum(1 << day for day, given in enumerate(word) if given.isalpha())
    mask = 0
    for part in re.split(r"[;,/&+\s]+|and", text.lower().strip()):
        if part:
            mask |= _parse_day_range(part)
    return mask


def _parse_day_range(text: str) -> int:
    first, dash, last = text.partition("-")
    start = _parse_day(first)
    end = _parse_day(last) if dash else start
    if end < start:
        raise CellError("The first day of a span comes after its last.")
    return sum(1 << day for day in range(start, end + 1))


def _parse_day(text: str) -> int:
    if not _DAY_NAME.fullmatch(text) or text[:2] not in _DAY_NUMBERS:
        raise CellError
    return _DAY_NUMBERS[text[:2]]
