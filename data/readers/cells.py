"""Understand single cells: dates, times, money, yes and no, weekdays and the like.

Each parser takes the stripped text of a filled cell and returns its value, or raises
:class:`CellError`. No message repeats the cell: whether it may be shown is the column's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from data.readers.cell_times import (
    CellError,
    parse_clock,
    parse_clock_or_closed,
    parse_date,
    parse_dates,
    parse_weekdays,
    split_list,
)
from data.readers.columns import CellType
from solver.domain import Layout, Point

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
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-/_.]{0,39}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?|[+-]?\.[0-9]{1,15}")
_POSTCODE: Final = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_YEAR: Final = re.compile(r"(?:year|yr|y|nc)?\s*(-?[0-9]{1,2})")
_LAYOUT: Final = re.compile(r"([0-9]{1,2})(?:\+([0-9]{1,2}))?(?:\+([0-9]{1,2}))?")
_PLACE: Final = re.compile(r"(-?[0-9]{1,2}\.[0-9]+)[\s,/]+(-?[0-9]{1,2}(?:\.[0-9]+)?)")


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


def _parse_references(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parse_reference(part) for part in split_list(text)))


def _parse_text(text: str) -> str:
    if len(text) > 200:
        raise CellError("It has more than 200 characters.")
    return " ".join(text.split())


def _parse_words(text: str) -> tuple[str, ...]:
    parts = [re.sub(r"[\s_]+", "-", part.lower()) for part in split_list(text)]
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
    for part in split_list(text):
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
    "clock": parse_clock,
    "clock_or_closed": parse_clock_or_closed,
    "date": parse_date,
    "dates": parse_dates,
    "weekdays": parse_weekdays,
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
