"""Route lines along the roads, for maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from data.roads.graph import PlacedGraph, build_placed_graph
from data.roads.network import RoadNetwork
from data.roads.snapping import place_points
from solver.domain.geography import Point

_ROWS_AT_ONCE: Final = 64
_NO_PREDECESSOR: Final = -9999


def trace_paths(
    network: RoadNetwork,
    legs: Sequence[tuple[Point, Point]],
    *,
    snap_limit_m: float = math.inf,
) -> list[list[tuple[float, float]]]:
    """Trace the fastest way of each leg along the roads, as the matrix drives it.

    Parameters
    ----------
    legs
        Pairs of from and to, WGS84.
    snap_limit_m
        A leg with an end farther than this from a road has no path. By default none is too far:
        which pupils are off the map was settled when the matrix was built.

    Returns
    -------
    list of list of (lon, lat)
        One line a leg, from the place on the road nearest to its start to that nearest to its
        end; two equal points where these are one place; empty where no road joins them.
    """
    unique: dict[Point, int] = {}
    ends = np.array(
        [[unique.setdefault(point, len(unique)) for point in leg] for leg in legs], dtype=np.int64
    ).reshape(-1, 2)
    placing = place_points(network, list(unique), snap_limit_m=snap_limit_m)
    graph = build_placed_graph(network, placing)
    nodes = np.where(ends >= 0, graph.node[ends], -1) if len(ends) else ends
    paths: list[list[tuple[float, float]]] = [[] for _ in legs]
    is_placed = (nodes >= 0).all(axis=1)
    sources = np.unique(nodes[is_placed, 0])
    for first in range(0, len(sources), _ROWS_AT_ONCE):
        chunk = sources[first : first + _ROWS_AT_ONCE]
        _, before = dijkstra(graph.weights, directed=True, indices=chunk, return_predecessors=True)
        rows = {int(node): row for row, node in enumerate(chunk)}
        for leg in np.flatnonzero(is_placed & np.isin(nodes[:, 0], chunk)):
            start, end = int(nodes[leg, 0]), int(nodes[leg, 1])
            paths[leg] = _draw_path(network, graph, before[rows[start]], start, end)
    return paths


def _draw_path(
    network: RoadNetwork, graph: PlacedGraph, before: NDArray[np.int32], start: int, end: int
) -> list[tuple[float, float]]:
    sequence = [end]
    while sequence[-1] != start:
        previous = int(before[sequence[-1]])
        if previous == _NO_PREDECESSOR:
            return []
        sequence.append(previous)
    sequence.reverse()
    if len(sequence) == 1:
        place = _locate(network, graph, start)
        return [place, place]
    line: list[tuple[float, float]] = []
    for tail, head in pairwise(sequence):
        piece = _draw_piece(network, graph, tail, head)
        line.extend(piece if not line else piece[1:])
    return line


def _draw_piece(
    network: RoadNetwork, graph: PlacedGraph, tail: int, head: int
) -> list[tuple[float, float]]:
    """Return the drawn points of the piece of road from one node of the graph to the next."""
    row = slice(graph.weights.indptr[tail], graph.weights.indptr[tail + 1])
    slot = int(row.start + np.flatnonzero(graph.weights.indices[row] == head)[0])
    shape = network.get_shape(int(graph.edge[slot]))
    start, end = float(graph.start[slot]), float(graph.end[slot])
    if (start, end) == (0.0, 1.0):
        return [(float(lon), float(lat)) for lon, lat in shape]
    squeeze = math.cos(math.radians(float(shape[:, 1].mean())))
    steps = np.hypot(np.diff(shape[:, 0]) * squeeze, np.diff(shape[:, 1]))
    along = np.concatenate(([0.0], np.cumsum(steps)))
    along /= along[-1] or 1.0
    stations = np.concatenate(([start], along[(along > start) & (along < end)], [end]))
    lon = np.interp(stations, along, shape[:, 0])
    lat = np.interp(stations, along, shape[:, 1])
    return [(float(x), float(y)) for x, y in zip(lon, lat, strict=True)]


def _locate(network: RoadNetwork, graph: PlacedGraph, node: int) -> tuple[float, float]:
    if node < len(network.node_lat):
        return float(network.node_lon[node]), float(network.node_lat[node])
    tail_of = graph.weights.indices[graph.weights.indptr[node]]
    return _draw_piece(network, graph, node, int(tail_of))[0]
