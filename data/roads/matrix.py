"""Free-flow seconds and metres between points over a road network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from data.roads.graph import PlacedGraph, build_placed_graph, unpack
from data.roads.network import RoadNetwork
from data.roads.snapping import place_points
from solver.domain.geography import Point
from solver.domain.instance import UNREACHABLE, TravelMatrix

_ROWS_AT_ONCE: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class MatrixResult:
    """A travel matrix and the points that it could not place on the roads.

    Parameters
    ----------
    matrix
        Free flow; rows and columns of `off_map` and `unreachable` points are
        :data:`~solver.domain.instance.UNREACHABLE`, their diagonal 0.
    off_map
        Indices of points with no road within the limit.
    unreachable
        Indices of points beside a road from which the rest of the network cannot be driven to,
        or that cannot be driven to.
    snapped_m
        Metres from each point to the nearest road that it could be placed on, also where that is
        over the limit; infinite for points on another part of the globe.
    """

    matrix: TravelMatrix
    off_map: tuple[int, ...]
    unreachable: tuple[int, ...]
    snapped_m: NDArray[np.float64]


def build_matrix(
    network: RoadNetwork, points: Sequence[Point], *, snap_limit_m: float
) -> MatrixResult:
    """Build the matrix of driving seconds (rounded up) and metres between every two points.

    Points at one place are searched from once. The distance is that of the fastest path.

    Parameters
    ----------
    points
        WGS84 places in the order of the matrix.
    snap_limit_m
        A point farther than this from a road is named in `off_map`.
    """
    unique: dict[Point, int] = {}
    which = np.array([unique.setdefault(point, len(unique)) for point in points], dtype=np.int64)
    placing = place_points(network, list(unique), snap_limit_m=snap_limit_m)
    graph = build_placed_graph(network, placing)
    time_s, dist_m = _search(graph)
    off_map = np.isin(which, placing.off_map)
    unreachable = np.isin(which, placing.unreachable)
    if len(unique) < len(points):
        square = np.ix_(which, which)
        time_s, dist_m = time_s[square], dist_m[square]
    return MatrixResult(
        TravelMatrix(time_s, dist_m),
        tuple(int(i) for i in np.flatnonzero(off_map)),
        tuple(int(i) for i in np.flatnonzero(unreachable)),
        placing.away_m[which],
    )


def _search(graph: PlacedGraph) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return seconds and metres between the placed points, shape (points, points)."""
    count = len(graph.node)
    placed = np.flatnonzero(graph.node >= 0)
    nodes, back = np.unique(graph.node[placed], return_inverse=True)
    time_s = np.full((count, count), UNREACHABLE, dtype=np.int32)
    dist_m = np.full((count, count), UNREACHABLE, dtype=np.int32)
    for first in range(0, len(nodes), _ROWS_AT_ONCE):
        sources = nodes[first : first + _ROWS_AT_ONCE]
        packed = dijkstra(graph.weights, directed=True, indices=sources)[:, nodes]
        row_s, row_m = _round(packed)
        inside = (back >= first) & (back < first + len(sources))
        rows = placed[inside]
        time_s[np.ix_(rows, placed)] = row_s[np.ix_(back[inside] - first, back)]
        dist_m[np.ix_(rows, placed)] = row_m[np.ix_(back[inside] - first, back)]
    np.fill_diagonal(time_s, 0)
    np.fill_diagonal(dist_m, 0)
    return time_s, dist_m


def _round(packed: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    is_joined = np.isfinite(packed)
    time_ms, dist_dm = unpack(np.where(is_joined, packed, 0.0))
    time_s = np.where(is_joined, -(-time_ms // 1000), UNREACHABLE)
    dist_m = np.where(is_joined, (dist_dm + 5) // 10, UNREACHABLE)
    return time_s.astype(np.int32), dist_m.astype(np.int32)
