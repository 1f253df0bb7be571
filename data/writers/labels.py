"""Places names beside their points so that as few as possible cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

_SIDES: Final = (
    (1, 0),
    (-1, 0),
    (0, 1),
    (0, -1),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
)
_GAPS_PT: Final = (8.5, 15.0, 24.0, 36.0)
_MARK_PT: Final = 6.0
_LEADER_FROM_PT: Final = 20.0
_OUTSIDE: Final = 1e6


def place_labels(
    axes: Axes,
    texts: Sequence[Text],
    anchors: Sequence[tuple[float, float]],
    *,
    keep_clear: int,
) -> None:
    """Move each text beside its anchor, where it covers least.

    Places are tried to the right, left, above and below, near ones first. What must not be covered
    are the marks of the first `keep_clear` anchors and the texts placed so far; the axes are
    not left. Crowded texts go first. A text far from its mark gets a thin line to it.
    """
    scale = axes.figure.dpi / 72
    spots = [tuple(axes.transData.transform(anchor)) for anchor in anchors]
    reach = _MARK_PT * scale
    taken = [_box(x - reach, y - reach, 2 * reach, 2 * reach) for x, y in spots[:keep_clear]]
    frame = axes.get_window_extent()
    for index in sorted(range(len(texts)), key=lambda one: (-_crowd(spots, one), one)):
        extent = texts[index].get_window_extent()
        candidates = [
            (gap, _beside(spots[index], side, gap * scale, extent.width, extent.height))
            for gap in _GAPS_PT
            for side in _SIDES
        ]
        gap, best = min(candidates, key=lambda one: _penalty(one[1], one[0], taken, frame))
        taken.append(best)
        _move(axes, texts[index], best, anchors[index], gap)


def _box(left: float, bottom: float, width: float, height: float) -> Bbox:
    return Bbox.from_bounds(left, bottom, width, height)


def _crowd(spots: Sequence[tuple[float, float]], index: int) -> int:
    x, y = spots[index]
    return sum(abs(x - other_x) < 150 and abs(y - other_y) < 60 for other_x, other_y in spots)


def _beside(
    spot: tuple[float, float], side: tuple[int, int], gap: float, width: float, height: float
) -> Bbox:
    x, y = spot
    across, up = side
    left = x + across * gap + (across - 1) * width / 2
    bottom = y + up * gap + (up - 1) * height / 2
    return _box(left, bottom, width, height)


def _penalty(box: Bbox, gap: float, taken: Sequence[Bbox], frame: Bbox) -> float:
    is_inside = frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1
    covered = 0.0
    for other in taken:
        common = Bbox.intersection(box, other)
        if common is not None:
            covered += common.width * common.height
    return covered + gap * 2 + (0.0 if is_inside else _OUTSIDE)


def _move(axes: Axes, text: Text, box: Bbox, anchor: tuple[float, float], gap: float) -> None:
    inverse = axes.transData.inverted()
    left, bottom = inverse.transform((box.x0, box.y0))
    text.set_position((float(left), float(bottom)))
    text.set_horizontalalignment("left")
    text.set_verticalalignment("bottom")
    if gap >= _LEADER_FROM_PT:
        middle = inverse.transform(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
        axes.plot(
            [anchor[0], middle[0]],
            [anchor[1], middle[1]],
            color=text.get_color(),
            linewidth=0.7,
            alpha=0.7,
            zorder=6.5,
        )
