"""Two carriageways, and slip roads at a few of the bridges: the only ways on and off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

_HALF_GAP_M: Final = 14.0
"""From the middle of the motorway to the middle of a carriageway."""
_SLIP_M: Final = 330.0
"""Along the motorway from a junction's bridge to where its slip roads leave and join."""
_STEP_M: Final = 250.0
_JUNCTION_SHARES: Final = (0.22, 0.42, 0.62, 0.8)
"""Junctions are the bridges nearest to these shares of the motorway's length."""
_NAME: Final = "M99 (fictional)"


@dataclass(frozen=True, slots=True)
class MotorwayPart:
    """A one-way piece of carriageway or slip road."""

    corners: tuple[int, ...]
    highway: str
    limit_mph: int
    reference: str


@dataclass(frozen=True, slots=True, eq=False)
class Motorway:
    """Its own places (numbered after the junctions), its parts, and the lines of its slips."""

    xy_m: NDArray[np.float64]
    parts: tuple[MotorwayPart, ...]
    slips: list[shapely.LineString]


class _Builder:
    """Numbers the places of the motorway as they are first used."""

    def __init__(self, line: shapely.LineString, junctions_m: NDArray[np.float64]) -> None:
        self.line = line
        self.junctions_m = junctions_m
        self.places: list[NDArray[np.float64]] = []
        self.numbers: dict[tuple[float, int], int] = {}
        self.parts: list[MotorwayPart] = []
        self.slips: list[shapely.LineString] = []

    def locate(self, station_m: float, side: int) -> int:
        """Return the place at a station on the left (1) or right (-1) of the line."""
        key = (round(station_m, 3), side)
        if key not in self.numbers:
            step = 1.0
            before = shapely.get_coordinates(self.line.interpolate(max(station_m - step, 0.0)))[0]
            after = shapely.get_coordinates(
                self.line.interpolate(min(station_m + step, self.line.length))
            )[0]
            along = (after - before) / np.hypot(*(after - before))
            middle = shapely.get_coordinates(self.line.interpolate(station_m))[0]
            self.numbers[key] = len(self.junctions_m) + len(self.places)
            self.places.append(middle + np.array([-along[1], along[0]]) * _HALF_GAP_M * side)
        return self.numbers[key]

    def get_place(self, number: int) -> NDArray[np.float64]:
        if number < len(self.junctions_m):
            place: NDArray[np.float64] = self.junctions_m[number]
            return place
        return self.places[number - len(self.junctions_m)]

    def add_slip(self, tail: int, head: int) -> None:
        self.parts.append(MotorwayPart((tail, head), "motorway_link", 50, _NAME))
        self.slips.append(shapely.LineString([self.get_place(tail), self.get_place(head)]))


def build_motorway(
    line: shapely.LineString, junctions_m: NDArray[np.float64], bridges: NDArray[np.int64]
) -> Motorway:
    """Build the motorway along `line`, joined to the streets at a few of its bridges.

    The carriageway on the left of the line runs along it and that on the right against it, as
    traffic keeps left; each has its slip roads on its own side, so that only bridges cross it.

    Parameters
    ----------
    bridges
        The streets over the motorway as pairs of junctions, in order along it.
    """
    builder = _Builder(line, junctions_m)
    stations = {float(s) for s in np.arange(0.0, line.length, _STEP_M)} | {line.length}
    for first, second in _choose_junctions(line, junctions_m, bridges):
        station = line.project(shapely.Point((junctions_m[first] + junctions_m[second]) / 2))
        left, right = (first, second) if _is_left(line, junctions_m[first]) else (second, first)
        before, after = station - _SLIP_M, station + _SLIP_M
        stations |= {before, after}
        builder.add_slip(builder.locate(before, 1), left)
        builder.add_slip(left, builder.locate(after, 1))
        builder.add_slip(builder.locate(after, -1), right)
        builder.add_slip(right, builder.locate(before, -1))
    _join_ends(builder)
    ordered = sorted(stations)
    for side, sequence in ((1, ordered), (-1, ordered[::-1])):
        corners = [builder.locate(station, side) for station in sequence]
        for tail, head in pairwise(corners):
            builder.parts.append(MotorwayPart((tail, head), "motorway", 70, _NAME))
    return Motorway(np.array(builder.places), tuple(builder.parts), builder.slips)


def _choose_junctions(
    line: shapely.LineString, junctions_m: NDArray[np.float64], bridges: NDArray[np.int64]
) -> list[tuple[int, int]]:
    middles = junctions_m[bridges].mean(axis=1)
    stations = np.array([line.project(shapely.Point(middle)) for middle in middles])
    chosen = {int(np.abs(stations - share * line.length).argmin()) for share in _JUNCTION_SHARES}
    return [(int(bridges[number, 0]), int(bridges[number, 1])) for number in sorted(chosen)]


def _is_left(line: shapely.LineString, place: NDArray[np.float64]) -> bool:
    station = line.project(shapely.Point(place))
    before = shapely.get_coordinates(line.interpolate(max(station - 1.0, 0.0)))[0]
    after = shapely.get_coordinates(line.interpolate(min(station + 1.0, line.length)))[0]
    along, out = after - before, place - before
    return bool(along[0] * out[1] - along[1] * out[0] > 0)


def _join_ends(builder: _Builder) -> None:
    """End the motorway at a junction with the nearest street beyond it, at either end."""
    for station, arriving, leaving in ((0.0, -1, 1), (builder.line.length, 1, -1)):
        end = shapely.get_coordinates(builder.line.interpolate(station))[0]
        inward = shapely.get_coordinates(
            builder.line.interpolate(300.0 if station == 0.0 else station - 300.0)
        )[0]
        out = (end - inward) / np.hypot(*(end - inward))
        offset = builder.junctions_m - end
        is_beyond = offset @ out > 0.8 * np.hypot(*offset.T)
        away = np.where(is_beyond, np.hypot(*offset.T), np.inf)
        junction = int(away.argmin())
        builder.add_slip(builder.locate(station, arriving), junction)
        builder.add_slip(junction, builder.locate(station, leaving))
