"""Understand single cells: dates, times, money, yes and no, weekdays and the like.

Each parser takes the stripped text of a filled cell and returns its value, or raises
:class:`CellError`. No message repeats the cell: whether it may be shown is the column's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from data.readers.columns import CellType
from solver.domain import EVERY_WEEKDAY, Layout, Point

_YES: Final = frozenset({"yes", "y", "true", "t", "1"})
_NO: Final = frozenset({"no", "n", "false", "f", "0", "none"})
_MOBILITY: Final = {
    "seat": "seat",
    "walker": "seat",
    "walking": "seat",
    "walkon": "seat",
    "ambulant": "seat",
    "none": "seat",
    "no": "seat",
    "n": "seat",
    "wheelchair": "wheelchair",
    "wc": "wheelchair",
    "wheelchairuser": "wheelchair",
    "yes": "wheelchair",
    "y": "wheelchair",
    "transfer": "transfer",
    "transfers": "transfer",
    "wheelchairtransfer": "transfer",
}
_ASSISTANT: Final = {
    "none": "none",
    "no": "none",
    "n": "none",
    "0": "none",
    "shared": "shared",
    "sharedpa": "shared",
    "dedicated": "dedicated",
    "onetoone": "dedicated",
    "11": "dedicated",
    "1to1": "dedicated",
    "individual": "dedicated",
}
_SESSIONS: Final = {
    "am": ("AM",),
    "morning": ("AM",),
    "toschool": ("AM",),
    "pm": ("PM",),
    "afternoon": ("PM",),
    "home": ("PM",),
    "both": ("AM", "PM"),
    "ampm": ("AM", "PM"),
    "amandpm": ("AM", "PM"),
}
_CALENDAR_KINDS: Final = {
    "term": "term",
    "halfterm": "holiday",
    "holiday": "holiday",
    "holidays": "holiday",
    "bankholiday": "holiday",
    "open": "open",
    "closed": "closed",
    "inset": "closed",
    "insetday": "closed",
}
_DAY_NUMBERS: Final = {"mo": 0, "tu": 1, "we": 2, "th": 3, "fr": 4}
_DAY_NAME: Final = re.compile(
    r"mon?(day)?s?|tue?s?(day)?s?|we?d?(nesday)?s?|thu?r?s?(day)?s?|fri?(day)?s?"
)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-/_.]{0,39}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?|[+-]?\.[0-9]{1,15}")
_CLOCK: Final = re.compile(r"([0-9]{1,2})[:.;h]([0-9]{1,2})(?::([0-9]{2})(?:\.0+)?)?\s*(am|pm)?")
_CLOCK_DIGITS: Final = re.compile(r"([0-9]{1,2})([0-9]{2})\s*(am|pm)?")
_POSTCODE: Final = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_YEAR: Final = re.compile(r"(?:year|yr|y|nc)?\s*(-?[0-9]{1,2})")
_LAYOUT: Final = re.compile(r"([0-9]{1,2})(?:\+([0-9]{1,2}))?(?:\+([0-9]{1,2}))?")
_PLACE: Final = re.compile(r"(-?[0-9]{1,2}\.[0-9]+)[\s,/]+(-?[0-9]{1,2}(?:\.[0-9]+)?)")
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


def parse_cell(kind: CellType, text: str) -> Any:
    """Return the value of a filled cell.

    Raises
    ------
    CellError
        If the text is not written as the type asks.
    """
    return _PARSERS[kind](text)


def normalise_postcode(text: str) -> str:
    """Return a postcode in capitals without spaces; empty where it is no full postcode."""
    joined = re.sub(r"\s+", "", text.upper())
    return joined if _POSTCODE.fullmatch(joined) else ""


def _words_of(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def _from_table(table: dict[str, Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return table[_words_of(text)]
        except KeyError:
            raise CellError from None

    return parse


def _parse_reference(text: str) -> str:
    if not _REFERENCE.fullmatch(text):
        raise CellError("A pupil's name must not be used as a reference.")
    return text


def _split_list(text: str) -> list[str]:
    return [part for part in (part.strip() for part in re.split(r"[;,\n]", text)) if part]


def _parse_references(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parse_reference(part) for part in _split_list(text)))


def _parse_text(text: str) -> str:
    if len(text) > 200:
        raise CellError("It has more than 200 characters.")
    return " ".join(text.split())


def _parse_words(text: str) -> tuple[str, ...]:
    parts = [re.sub(r"[\s_]+", "-", part.lower()) for part in _split_list(text)]
    if any(len(part) > 60 for part in parts):
        raise CellError("A word has more than 60 characters.")
    return tuple(dict.fromkeys(part for part in parts if part not in ("none", "-")))


def _parse_yes_no(text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError


def _parse_number(text: str) -> float:
    plain = (
        text.replace(",", "")
        if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text)
        else text
    )
    if not _NUMBER.fullmatch(plain):
        raise CellError
    return float(plain)


def _parse_whole_number(text: str) -> int:
    value = _parse_number(text)
    if not value.is_integer() or value < 0 or value > 1e9:
        raise CellError
    return int(value)


def _parse_money(text: str) -> Decimal:
    plain = text.replace("£", "").replace("GBP", "").strip()
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain):
        plain = plain.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", plain):
        raise CellError
    try:
        return Decimal(plain)
    except InvalidOperation as fault:  # pragma: no cover - the pattern admits decimals only
        raise CellError from fault


def _parse_minutes(text: str) -> int:
    """Return seconds."""
    plain = re.sub(r"\s*(min(ute)?s?)?\.?$", "", text.lower())
    value = _parse_number(plain)
    if not 0 <= value <= 300:
        raise CellError("It is not between 0 and 300 minutes.")
    return round(value * 60)


def _parse_clock(text: str) -> int:
    """Return seconds since midnight; a spreadsheet's fraction of a day counts as its time."""
    word = text.lower().strip()
    if re.fullmatch(r"0?\.[0-9]{2,}", word):
        return round(float(word) * 1440) * 60
    match = _CLOCK.fullmatch(word)
    if match:
        hours, minutes = int(match.group(1)), match.group(2)
        if len(minutes) == 1 and "." not in word:
            raise CellError
        half = match.group(4)
        total = hours * 3600 + int(minutes.ljust(2, "0")) * 60 + int(match.group(3) or 0)
    else:
        match = _CLOCK_DIGITS.fullmatch(word)
        if not match:
            raise CellError
        hours, minutes, half = int(match.group(1)), match.group(2), match.group(3)
        total = hours * 3600 + int(minutes) * 60
    if int(minutes.ljust(2, "0")) > 59 or hours > 23 or total % 60 > 59:
        raise CellError("There is no such time.")
    if half == "pm" and hours < 12:
        total += 12 * 3600
    if half == "am" and hours == 12:
        total -= 12 * 3600
    return total


def _parse_clock_or_closed(text: str) -> int | str:
    if text.lower() in ("closed", "none", "-", "no"):
        return "closed"
    return _parse_clock(text)


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


def _parse_dates(text: str) -> tuple[date, ...]:
    return tuple(sorted({parse_date(part) for part in _split_list(text)}))


def _parse_weekdays(text: str) -> int:
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


def _parse_school_year(text: str) -> int:
    word = text.lower().strip()
    if word in ("r", "rec", "reception", "yr", "year r"):
        return 0
    if word in ("n", "n1", "n2", "nursery", "pre-school", "preschool"):
        return -1
    match = _YEAR.fullmatch(word.removesuffix(".0"))
    if not match or not -1 <= int(match.group(1)) <= 14:
        raise CellError
    return int(match.group(1))


def _parse_layouts(text: str) -> tuple[Layout, ...]:
    layouts = []
    for part in _split_list(text):
        match = _LAYOUT.fullmatch(re.sub(r"\s+", "", part))
        if not match:
            raise CellError
        layout = Layout(*(int(number or 0) for number in match.groups()))
        if layout.seats + layout.bays == 0:
            raise CellError("A layout without seats and bays carries nobody.")
        layouts.append(layout)
    if not layouts:
        raise CellError
    return tuple(dict.fromkeys(layouts))


def _parse_points(text: str) -> tuple[Point, ...]:
    points = []
    for part in re.split(r"[;\n]", text):
        match = _PLACE.fullmatch(part.strip())
        if not match:
            raise CellError
        points.append(Point(_parse_latitude(match.group(1)), _parse_longitude(match.group(2))))
    return tuple(points)


def _parse_within(lowest: float, highest: float, hint: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = _parse_number(text)
        if not lowest <= value <= highest:
            raise CellError(hint)
        return value

    return parse


_parse_latitude = _parse_within(
    49.8, 60.9, "It is not in Great Britain; latitude and longitude may have been swapped."
)
_parse_longitude = _parse_within(
    -8.7, 1.9, "It is not in Great Britain; latitude and longitude may have been swapped."
)
_OFF_GRID: Final = "It is not on land in Great Britain."


def _parse_postcode(text: str) -> str:
    postcode = normalise_postcode(text)
    if not postcode:
        raise CellError("Half a postcode is not enough.")
    return postcode


def _parse_urn(text: str) -> str:
    if not re.fullmatch(r"[0-9]{6}", text):
        raise CellError
    return text


_PARSERS: Final[dict[CellType, Callable[[str], Any]]] = {
    "reference": _parse_reference,
    "references": _parse_references,
    "text": _parse_text,
    "words": _parse_words,
    "yes_no": _parse_yes_no,
    "whole_number": _parse_whole_number,
    "number": _parse_number,
    "money": _parse_money,
    "minutes": _parse_minutes,
    "clock": _parse_clock,
    "clock_or_closed": _parse_clock_or_closed,
    "date": parse_date,
    "dates": _parse_dates,
    "weekdays": _parse_weekdays,
    "session": _from_table(_SESSIONS),
    "school_year": _parse_school_year,
    "mobility": _from_table(_MOBILITY),
    "assistant": _from_table(_ASSISTANT),
    "layouts": _parse_layouts,
    "points": _parse_points,
    "latitude": _parse_latitude,
    "longitude": _parse_longitude,
    "easting": _parse_within(1.0, 700_000.0, _OFF_GRID),
    "northing": _parse_within(1.0, 1_300_000.0, _OFF_GRID),
    "postcode": _parse_postcode,
    "urn": _parse_urn,
    "calendar_kind": _from_table(_CALENDAR_KINDS),
    "grade": _from_table({"sourced": "sourced", "derived": "derived", "assumed": "assumed"}),
}
