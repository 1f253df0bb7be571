"""What is on a map of a plan, and the looks that the map and its legend share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64] | Sequence[tuple[float, float]]
"""Points of a drawn line, columns longitude and latitude (WGS84)."""

INK: Final = "#1b2a41"
SCHOOL_COLOUR: Final = "#f5c518"
ROAD_LOOKS: Final[Mapping[str, tuple[str, float]]] = {
    "motorway": ("#9aa7b8", 3.2),
    "trunk": ("#adb8c5", 2.4),
    "primary": ("#b9c2cc", 1.9),
    "secondary": ("#c4ccd4", 1.5),
    "tertiary": ("#ced5db", 1.1),
}
MINOR_LOOK: Final = ("#dadfe4", 0.7)
"""Colour and width in points; roads of other classes have the minor look."""


@dataclass(frozen=True, slots=True)
class MapRun:
    """A run or route as it is drawn: its lines, and the group that gives its colour and legend."""

    reference: str
    group: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class MapSchool:
    """A school on the map, WGS84 degrees."""

    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class MapPicture:
    """Everything on one map.

    Parameters
    ----------
    title, subtitle
        What is shown, and of which session or with what result.
    roads
        Lines by highway class, as :func:`data.roads.list_lines` gives them.
    runs
        Coloured by group, groups in the order of first sight.
    homes
        Points (longitude, latitude), drawn small and without a name.
    figures
        Pairs of what and how much, written beside the map.
    """

    title: str
    subtitle: str
    roads: Mapping[str, Sequence[Line]]
    runs: Sequence[MapRun]
    schools: Sequence[MapSchool]
    homes: Sequence[tuple[float, float]] = ()
    figures: Sequence[tuple[str, str]] = ()
    group_title: str = "Runs by vehicle"
