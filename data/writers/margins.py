"""What stands around a map: title, stamp, attribution, legend and figures."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import Final

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from data.writers.colours import pick_colours
from data.writers.picture import INK, ROAD_LOOKS, SCHOOL_COLOUR, MapPicture
from data.writers.tables import Provenance

_QUIET: Final = "#5c6b7a"
_STAMP: Final = "#9c2a10"
_CREDIT_LETTERS: Final = 255
"""As many of the small letters fit into the width of the picture."""
_MOST_GROUPS: Final = 16
"""Lines of the legend; further groups are counted in one line."""


def write_margins(figure: Figure, picture: MapPicture, about: Provenance) -> None:
    """Write the title, the stamp where data are synthetic, and the attribution beneath."""
    figure.text(
        0.012,
        0.962,
        picture.title,
        fontsize=min(19.0, 1100 / len(picture.title or "-")),
        fontweight="bold",
        color=INK,
    )
    figure.text(0.012, 0.925, picture.subtitle, fontsize=11.5, color=_QUIET)
    if about.stamp:
        figure.text(
            0.988,
            0.966,
            about.stamp,
            ha="right",
            fontsize=11,
            fontweight="bold",
            color=_STAMP,
            bbox={"boxstyle": "round,pad=0.4", "facecolor": "#fdf1ee", "edgecolor": _STAMP},
        )
    text = "\n".join(_list_credits(about))
    figure.text(0.012, 0.012, text, fontsize=7.5, color=_QUIET, va="bottom", linespacing=1.25)


def measure_credits(about: Provenance) -> float:
    """Return the share of the picture's height that the lines beneath the map take up."""
    return 0.024 + 0.0132 * len(_list_credits(about))


def _list_credits(about: Provenance) -> list[str]:
    made_on = f"Made on {about.made_on.day} {about.made_on:%B %Y} with Schoolrun."
    return textwrap.wrap("  \N{MIDDLE DOT}  ".join((made_on, *about.attribution)), _CREDIT_LETTERS)


def draw_legend(figure: Figure, picture: MapPicture) -> None:
    """Draw what colours and marks mean, with counts, and the figures below."""
    counts = Counter(run.group for run in picture.runs)
    handles = [
        Line2D([], [], color=colour, linewidth=3.2, label=f"{group}: {counts[group]}")
        for group, colour in pick_colours(run.group for run in picture.runs)
    ]
    if len(handles) > _MOST_GROUPS:
        others = f"and {len(handles) - _MOST_GROUPS + 1} more"
        handles = [*handles[: _MOST_GROUPS - 1], Line2D([], [], color="none", label=others)]
    if handles:
        _add_legend(figure, handles, picture.group_title, 0.91)
    marks = _list_marks(picture)
    below = 0.91 - (0.058 + 0.0245 * len(handles) if handles else 0.0)
    _add_legend(figure, marks, "On the map", below)
    below -= 0.072 + 0.0245 * len(marks)
    for what, how_much in picture.figures:
        figure.text(0.7775, below, what, fontsize=10, color=_QUIET, va="top")
        figure.text(
            0.985,
            below,
            how_much,
            fontsize=10.5,
            fontweight="bold",
            color=INK,
            ha="right",
            va="top",
        )
        below -= 0.027


def _list_marks(picture: MapPicture) -> list[Line2D]:
    marks = []
    if picture.schools:
        label = f"School or college ({len(picture.schools)})"
        marks.append(_build_mark("s", 9, SCHOOL_COLOUR, label))
    if len(picture.homes):
        marks.append(_build_mark("o", 4, "white", f"Home, unnamed ({len(picture.homes)})"))
    for label, road_class in (("Motorway", "motorway"), ("Other road", "secondary")):
        colour, width = ROAD_LOOKS[road_class]
        marks.append(Line2D([], [], color=colour, linewidth=width, label=label))
    return marks


def _build_mark(shape: str, size: float, colour: str, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        color="none",
        marker=shape,
        markersize=size,
        markerfacecolor=colour,
        markeredgecolor=INK,
        label=label,
    )


def _add_legend(figure: Figure, handles: list[Line2D], title: str, top: float) -> None:
    legend = figure.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(0.774, top),
        frameon=False,
        alignment="left",
        fontsize=10,
        title_fontproperties={"weight": "bold", "size": 11},
        labelcolor=INK,
        handlelength=1.8,
        borderaxespad=0,
    )
    legend.get_title().set_color(INK)
