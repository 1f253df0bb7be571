"""How a kind of file is described: its columns, how councils name them and how cells are written.

One description drives the reader, the templates to download and the guide, so that they agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

CellType = Literal[
    "reference",
    "references",
    "text",
    "words",
    "yes_no",
    "whole_number",
    "number",
    "money",
    "minutes",
    "clock",
    "clock_or_closed",
    "date",
    "dates",
    "weekdays",
    "session",
    "school_year",
    "mobility",
    "assistant",
    "layouts",
    "points",
    "latitude",
    "longitude",
    "easting",
    "northing",
    "postcode",
    "urn",
    "calendar_kind",
    "grade",
]

WRITTEN_AS: Final[dict[CellType, str]] = {
    "reference": "letters, digits and - / _ . : without spaces inside",
    "references": "references with semicolons between them",
    "text": "free text",
    "words": "short words with semicolons between them",
    "yes_no": "yes or no (also Y, N, true, false, 1, 0)",
    "whole_number": "a whole number",
    "number": "a number",
    "money": "pounds, such as 1,234.50 or £1,234.50",
    "minutes": "minutes, such as 10 or 2.5",
    "clock": "a clock time, such as 08:45, 8.45 or 0845",
    "clock_or_closed": "a clock time, such as 08:45, 8.45 or 0845; or closed",
    "date": "a date, such as 01/09/2026 (day first) or 2026-09-01",
    "dates": "dates with semicolons between them, such as 23/12/2026;24/12/2026",
    "weekdays": "weekdays, such as MTWTF, MT--F, Mon;Tue, Mon-Thu; or none",
    "session": "AM, PM or both",
    "school_year": "a national curriculum year: N, R or 0, 1 to 14, also Year 7 or Y7",
    "mobility": "seat, wheelchair or transfer",
    "assistant": "none, shared or dedicated",
    "layouts": "seats+bays or seats+bays+folded chairs, such as 16+0;13+1;10+2",
    "points": "latitude and longitude with semicolons between points, as 52.58 -1.98;52.59 -1.97",
    "latitude": "degrees north (WGS84), such as 52.586",
    "longitude": "degrees east (WGS84), such as -1.981",
    "easting": "metres of the British National Grid, such as 401365",
    "northing": "metres of the British National Grid, such as 298688",
    "postcode": "a full postcode, such as AB1 2CD",
    "urn": "the six digits of the school's unique reference number",
    "calendar_kind": "term, holiday, open or closed",
    "grade": "sourced, derived or assumed",
}
"""How a cell of each type is written, in the words of the guide and of the faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a council's file.

    `is_quotable` says that a wrong cell may be shown in a fault; it stays False wherever the cell
    could hold a name, an address, a home or a need, even by a slip of one column.
    """

    name: str
    type: CellType
    meaning: str
    synonyms: tuple[str, ...] = ()
    is_needed: bool = False
    is_quotable: bool = False
    default: str = ""
    """What an empty cell means, in words for the guide."""

    @property
    def written_as(self) -> str:
        """How a cell is written, for the guide and for remedies."""
        return WRITTEN_AS[self.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of file that a council hands in."""

    name: str
    title: str
    purpose: str
    columns: tuple[Column, ...]
    examples: tuple[dict[str, str], ...]
    is_needed: bool = False

    def get_column(self, name: str) -> Column:
        """Return the column of that canonical name; raises `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def normalise_header(text: str) -> str:
    """Return a header without case, spaces, underscores and punctuation, to compare headers by."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())
