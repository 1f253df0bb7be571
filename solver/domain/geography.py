"""Points on the ground and the days of the week, shared by every other record."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Session = Literal["AM", "PM"]
SESSIONS: Final[tuple[Session, Session]] = ("AM", "PM")

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
EVERY_WEEKDAY: Final = 0b11111
"""Weekday mask of a pupil who attends Monday to Friday: bit 0 is Monday."""


class Point(NamedTuple):
    """A place in WGS84 (EPSG:4326), degrees north and east."""

    lat: float
    lon: float


def is_on(mask: int, weekday: int) -> bool:
    """Whether `weekday` (0 = Monday) is in the weekday `mask`."""
    return bool(mask >> weekday & 1)
