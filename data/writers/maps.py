"""A plan as a picture: roads beneath, runs coloured by group, schools named."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import ScaledTranslation

from data.writers.colours import pick_colours, shade_colour
from data.writers.files import replace_file
from data.writers.labels import place_labels
from data.writers.margins import draw_legend, measure_credits, write_margins
from data.writers.picture import (
    INK,
    MINOR_LOOK,
    ROAD_LOOKS,
    SCHOOL_COLOUR,
    Line,
    MapPicture,
    MapRun,
    MapSchool,
)
from data.writers.tables import Provenance

_LAND: Final = "#fbfaf7"
_SIZE_IN: Final = (15.0, 10.0)
_DPI: Final = 150
_MILE_M: Final = 1609.344
_DEGREE_M: Final = 111_195.0
"""Metres of a degree of latitude on a sphere of 6,371 km; enough for a scale bar."""
_LEAST_SPAN_M: Final = 2_000.0
_MANY_HOMES: Final = 300
_NUMBERED_UP_TO: Final = 15
"""With so few runs each is named on the map; with more the names would hide the runs."""


def draw_map(path: Path, picture: MapPicture, about: Provenance) -> None:
    """Draw a PNG of a plan: 15 x 10 inches at 150 dots an inch.

    Draws runs over grey roads in colours by group, with every school named where there is room
    for its name, a legend with counts, a scale bar in miles and the attribution.
    The same content gives the same picture.

    Raises
    ------
    ExportError
        If the file cannot be written.
    """
    figure = Figure(figsize=_SIZE_IN, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    bottom = measure_credits(about)
    axes = figure.add_axes((0.012, bottom, 0.752, 0.91 - bottom))
    _frame(axes, picture)
    _draw_roads(axes, picture.roads)
    _draw_runs(axes, picture.runs)
    _draw_homes(axes, picture.homes)
    _draw_schools(axes, picture.schools)
    _draw_scale_bar(axes)
    write_margins(figure, picture, about)
    draw_legend(figure, picture)
    figure.draw_without_rendering()
    _name_places(axes, picture)
    with replace_file(path) as unfinished:
        figure.savefig(unfinished, format="png", metadata={"Software": None})


def _frame(axes: Axes, picture: MapPicture) -> None:
    """Show everything that is planned, with a margin, at true proportions."""
    points = [np.asarray(line, dtype=float) for run in picture.runs for line in run.lines]
    points += [np.array([[school.lon, school.lat]]) for school in picture.schools]
    points += [np.asarray(picture.homes, dtype=float).reshape(-1, 2)]
    if not any(len(part) for part in points):
        points = [np.asarray(line) for lines in picture.roads.values() for line in lines]
    known = [part for part in points if len(part)]
    every = np.concatenate(known) if known else np.array([[-1.98, 52.58]])
    (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
    middle_lat = (south + north) / 2
    squeeze = math.cos(math.radians(middle_lat))
    box = axes.get_window_extent()
    shape = box.width / box.height
    tall = max((north - south) * 1.1, (east - west) * squeeze * 1.1 / shape)
    tall = max(tall, _LEAST_SPAN_M / _DEGREE_M)
    wide = tall * shape / squeeze
    middle_lon = (west + east) / 2
    axes.set_xlim(middle_lon - wide / 2, middle_lon + wide / 2)
    axes.set_ylim(middle_lat - tall / 2, middle_lat + tall / 2)
    axes.set_aspect(1 / squeeze)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(_LAND)
    for spine in axes.spines.values():
        spine.set_color("#c9d1d9")


def _draw_roads(axes: Axes, roads: Mapping[str, Sequence[Line]]) -> None:
    for road_class, lines in roads.items():
        colour, width = ROAD_LOOKS.get(road_class.removesuffix("_link"), MINOR_LOOK)
        axes.add_collection(
            LineCollection(
                [np.asarray(line) for line in lines],
                colors=colour,
                linewidths=width,
                capstyle="round",
                zorder=1 + width / 10,
            ),
            autolim=False,
        )


def _draw_runs(axes: Axes, runs: Sequence[MapRun]) -> None:
    """Draw each run with a light edge, rare groups on top.

    Shades and a shift of a point or two tell runs on one road apart.
    """
    colours = dict(pick_colours(run.group for run in runs))
    counts = Counter(run.group for run in runs)
    seen: Counter[str] = Counter()
    for number, run in enumerate(sorted(runs, key=lambda run: -counts[run.group])):
        colour = shade_colour(colours[run.group], seen[run.group])
        seen[run.group] += 1
        lines = [np.asarray(line) for line in run.lines]
        across, along = (number % 5 - 2) * 0.9 / 72, (number // 5 % 3 - 1) * 0.9 / 72
        shift = ScaledTranslation(across, along, axes.figure.dpi_scale_trans)
        for look, opacity, width, order in (("white", 0.55, 2.9, 3.0), (colour, 1, 1.7, 3.1)):
            axes.add_collection(
                LineCollection(
                    lines,
                    colors=look,
                    linewidths=width,
                    alpha=opacity,
                    capstyle="round",
                    joinstyle="round",
                    transform=axes.transData + shift,
                    zorder=order + number / 10_000,
                ),
                autolim=False,
            )


def _draw_homes(axes: Axes, homes: Sequence[tuple[float, float]]) -> None:
    if len(homes):
        lon, lat = np.asarray(homes, dtype=float).T
        size = 9 if len(homes) < _MANY_HOMES else 6
        axes.scatter(lon, lat, s=size, c="white", edgecolors=INK, linewidths=0.55, zorder=5)


def _draw_schools(axes: Axes, schools: Sequence[MapSchool]) -> None:
    if schools:
        axes.scatter(
            [school.lon for school in schools],
            [school.lat for school in schools],
            s=95,
            marker="s",
            c=SCHOOL_COLOUR,
            edgecolors=INK,
            linewidths=1.3,
            zorder=7,
        )


def _name_places(axes: Axes, picture: MapPicture) -> None:
    """Write the schools' names, and where they are few the runs' references."""
    halo = [withStroke(linewidth=2.6, foreground="white", alpha=0.9)]
    anchors = [(school.lon, school.lat) for school in picture.schools]
    names = [_wrap(school.name) for school in picture.schools]
    colours = [INK] * len(names)
    if len(picture.runs) <= _NUMBERED_UP_TO:
        group_colours = dict(pick_colours(run.group for run in picture.runs))
        for run in picture.runs:
            longest = max(run.lines, key=len, default=())
            if len(longest):
                anchors.append(tuple(np.asarray(longest)[len(longest) // 2]))
                names.append(run.reference)
                colours.append(shade_colour(group_colours[run.group], 2))
    texts = [
        axes.text(
            lon,
            lat,
            name,
            fontsize=7.6,
            fontweight="bold",
            color=colour,
            path_effects=halo,
            zorder=9,
            linespacing=0.95,
        )
        for (lon, lat), name, colour in zip(anchors, names, colours, strict=True)
    ]
    place_labels(axes, texts, anchors, keep_clear=len(picture.schools))


def _wrap(name: str, width: int = 20) -> str:
    """Break a long name in two lines at the space nearest its middle."""
    spaces = [index for index, letter in enumerate(name) if letter == " "]
    if len(name) <= width or not spaces:
        return name
    cut = min(spaces, key=lambda index: abs(index - len(name) / 2))
    return f"{name[:cut]}\n{name[cut + 1 :]}"


def _draw_scale_bar(axes: Axes) -> None:
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    mile = _MILE_M / (_DEGREE_M * math.cos(math.radians((south + north) / 2)))
    miles = max(
        (size for size in (0.25, 0.5, 1, 2, 5, 10, 20) if size * mile <= (east - west) * 0.22),
        default=0.25,
    )
    left, base = west + (east - west) * 0.022, south + (north - south) * 0.03
    tick = (north - south) * 0.008
    xs = [left, left, left + miles * mile, left + miles * mile]
    ys = [base + tick, base, base, base + tick]
    outline = [withStroke(linewidth=4.5, foreground="white")]
    axes.plot(xs, ys, color=INK, linewidth=1.8, zorder=11, path_effects=outline)
    axes.text(
        left + miles * mile / 2,
        base + tick * 1.3,
        "1 mile" if miles == 1 else f"{miles:g} miles",
        ha="center",
        va="bottom",
        fontsize=9,
        color=INK,
        zorder=11,
        path_effects=outline,
    )
