"""A motorway and a canal through the demo borough, both fictional, and the bridges over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet
from scipy.interpolate import CubicSpline

MOTORWAY_CLEARANCE_M: Final = 55.0
CANAL_CLEARANCE_M: Final = 22.0
_MOTORWAY_BRIDGE_EVERY_M: Final = 1500.0
_CANAL_BRIDGE_EVERY_M: Final = 800.0

# Shapes in half-widths of the borough from its middle (east, north).
_MOTORWAY: Final = ((-1.75, 1.45), (-0.95, 0.62), (-0.52, -0.1), (-0.05, -0.62), (0.75, -1.75))
_CANAL: Final = (
    (-1.65, -0.75),
    (-0.7, -0.32),
    (-0.12, 0.08),
    (0.12, 0.5),
    (0.62, 0.72),
    (1.7, 0.95),
)


@dataclass(frozen=True, slots=True, eq=False)
class Barriers:
    """Lines in metres that streets cross only at bridges."""

    motorway: shapely.LineString
    canal: shapely.LineString


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """What is left of the candidate edges.

    Parameters
    ----------
    kept
        Candidates that may become roads: those that cross nothing, and the bridges.
    is_bridge
        Of the kept, those that cross a barrier.
    motorway_bridges
        Positions among the kept of bridges over the motorway, in order along it.
    """

    kept: NDArray[np.int64]
    is_bridge: NDArray[np.bool_]
    motorway_bridges: NDArray[np.int64]


def draw_barriers(anchors_m: NDArray[np.float64], junctions_m: NDArray[np.float64]) -> Barriers:
    """Draw both lines across the borough, as far as there are roads about them."""
    middle = (anchors_m.max(axis=0) + anchors_m.min(axis=0)) / 2
    half = (anchors_m.max(axis=0) - anchors_m.min(axis=0)) / 2
    ground = shapely.convex_hull(shapely.MultiPoint(junctions_m)).buffer(-700.0)
    lines = []
    for shape in (_MOTORWAY, _CANAL):
        corners = middle + np.array(shape) * half
        spline = CubicSpline(np.arange(len(corners)), corners)
        drawn = spline(np.linspace(0, len(corners) - 1, 200))
        lines.append(shapely.intersection(shapely.LineString(drawn), ground))
    return Barriers(*lines)


def clear_corridors(barriers: Barriers, xy_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the junctions that stand clear of both lines."""
    places = shapely.points(xy_m)
    is_clear: NDArray[np.bool_] = (
        shapely.distance(places, barriers.motorway) > MOTORWAY_CLEARANCE_M
    ) & (shapely.distance(places, barriers.canal) > CANAL_CLEARANCE_M)
    return is_clear


def choose_bridges(
    barriers: Barriers, xy_m: NDArray[np.float64], pairs: NDArray[np.int64]
) -> Crossings:
    """Choose which candidate edges bridge a barrier; all others that cross one are dropped.

    In each stretch of a barrier the shortest crossing becomes a bridge, and more where a part of
    the streets would otherwise be cut off.
    """
    edges = shapely.linestrings(xy_m[pairs])
    over_motorway = shapely.intersects(edges, barriers.motorway)
    over_canal = shapely.intersects(edges, barriers.canal)
    crosses = over_motorway | over_canal
    length = shapely.length(edges)
    is_bridge = np.zeros(len(pairs), dtype=bool)
    chosen = []
    for line, over, every_m in (
        (barriers.motorway, over_motorway & ~over_canal, _MOTORWAY_BRIDGE_EVERY_M),
        (barriers.canal, over_canal & ~over_motorway, _CANAL_BRIDGE_EVERY_M),
    ):
        single = np.flatnonzero(over)
        meets = shapely.intersection(edges[single], line)
        single = single[shapely.get_type_id(meets) == 0]
        station = shapely.line_locate_point(line, shapely.intersection(edges[single], line))
        stretch = (station // every_m).astype(np.int64)
        for order in np.unique(stretch):
            inside = single[stretch == order]
            chosen.append(int(inside[np.argmin(length[inside])]))
    is_bridge[chosen] = True
    parts = DisjointSet(range(len(xy_m)))
    for first, second in pairs[~crosses | is_bridge]:
        parts.merge(int(first), int(second))
    for edge in np.flatnonzero(crosses & ~is_bridge)[np.argsort(length[crosses & ~is_bridge])]:
        first, second = int(pairs[edge, 0]), int(pairs[edge, 1])
        if not (over_motorway[edge] and over_canal[edge]) and parts.merge(first, second):
            is_bridge[edge] = True
    kept = np.flatnonzero(~crosses | is_bridge)
    over = np.flatnonzero(over_motorway[kept])
    meets = shapely.intersection(edges[kept[over]], barriers.motorway)
    order = np.argsort(shapely.line_locate_point(barriers.motorway, shapely.centroid(meets)))
    return Crossings(kept, is_bridge[kept], over[order])
