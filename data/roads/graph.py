"""The network with points set into it, ready for shortest paths.

An edge with points on it is cut at each of them, so that times and distances from, to and between
points on one road come out of the same search as all others. Time and distance travel together in
one packed weight: whole milliseconds times 2**24 plus whole decimetres. The search then finds the
fastest path and, among equally fast ones, the shortest, and carries its distance exactly (sums
stay below 2**53, that is 149 hours and 1,677 km).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from data.roads.network import RoadNetwork
from data.roads.snapping import Placing

_PACK: Final = 1 << 24
_MS_PER_S: Final = 1000
_DM_PER_M: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class PlacedGraph:
    """A graph for scipy, and where each of its pieces lies on the network.

    Parameters
    ----------
    weights
        Packed weights, shape (n, n), n = nodes of the network + places inside edges.
    node
        Node of the graph that each placed point is; -1 for points without a place.
    edge, start, end
        For each stored weight, in the order of `weights.indices`: the edge it is a piece of, and
        the fractions of that edge between which it lies.
    """

    weights: csr_array
    node: NDArray[np.int64]
    edge: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def build_placed_graph(network: RoadNetwork, placing: Placing) -> PlacedGraph:
    """Return the graph of a network with points set into its edges."""
    node, cuts = _number_places(network, placing)
    pieces = [_list_whole_edges(network, cuts)]
    for road, places in cuts.items():
        pieces.append(_cut_edge(network, road, places))
        twin = int(network.twin[road])
        if twin >= 0:
            mirrored = [(1.0 - fraction, place) for fraction, place in reversed(places)]
            pieces.append(_cut_edge(network, twin, mirrored))
    tail, head, edge, start, end = (
        np.concatenate([piece[column] for piece in pieces]) for column in range(5)
    )
    weight = _pack(network, edge, start, end)
    order = np.lexsort((edge, weight, head, tail))
    tail, head = tail[order], head[order]
    is_first = np.concatenate(([True], (tail[1:] != tail[:-1]) | (head[1:] != head[:-1]))) & (
        tail != head
    )
    kept = order[is_first]
    size = len(network.node_lat) + sum(len(places) for places in cuts.values())
    row_from = np.searchsorted(tail[is_first], np.arange(size + 1))
    weights = csr_array((weight[kept], head[is_first], row_from), shape=(size, size))
    return PlacedGraph(weights, node, edge[kept], start[kept], end[kept])


def unpack(packed: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return milliseconds and decimetres of finite packed weights."""
    whole = packed.astype(np.int64)
    return whole // _PACK, whole % _PACK


def _number_places(
    network: RoadNetwork, placing: Placing
) -> tuple[NDArray[np.int64], dict[int, list[tuple[float, int]]]]:
    """Return each point's node, and by road its new nodes in order along it."""
    node = np.full(len(placing.edge), -1, dtype=np.int64)
    next_node = len(network.node_lat)
    cuts: dict[int, list[tuple[float, int]]] = {}
    for point in np.lexsort((placing.fraction, placing.edge)):
        road, fraction = int(placing.edge[point]), float(placing.fraction[point])
        if road < 0:
            continue
        if fraction in (0.0, 1.0):
            node[point] = network.tail[road] if fraction == 0.0 else network.head[road]
            continue
        places = cuts.setdefault(road, [])
        if not places or places[-1][0] != fraction:
            places.append((fraction, next_node))
            next_node += 1
        node[point] = places[-1][1]
    return node, cuts


type _Pieces = tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
]


def _list_whole_edges(network: RoadNetwork, cuts: dict[int, list[tuple[float, int]]]) -> _Pieces:
    is_whole = np.ones(len(network.tail), dtype=bool)
    for road in cuts:
        is_whole[road] = False
        if network.twin[road] >= 0:
            is_whole[network.twin[road]] = False
    edge = np.flatnonzero(is_whole).astype(np.int64)
    tail = network.tail[edge].astype(np.int64)
    head = network.head[edge].astype(np.int64)
    return tail, head, edge, np.zeros(len(edge)), np.ones(len(edge))


def _cut_edge(network: RoadNetwork, edge: int, places: list[tuple[float, int]]) -> _Pieces:
    inner = [place for _, place in places]
    stations = np.array([0.0, *(fraction for fraction, _ in places), 1.0])
    nodes = np.array([network.tail[edge], *inner, network.head[edge]], dtype=np.int64)
    return (
        nodes[:-1],
        nodes[1:],
        np.full(len(nodes) - 1, edge, dtype=np.int64),
        stations[:-1],
        stations[1:],
    )


def _pack(
    network: RoadNetwork,
    edge: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Pack time and distance; the pieces of an edge add up to the whole edge exactly."""
    time_ms = np.rint(network.time_s[edge] * _MS_PER_S)
    dist_dm = np.rint(network.dist_m[edge] * _DM_PER_M)
    piece_ms = np.rint(time_ms * end) - np.rint(time_ms * start)
    piece_dm = np.rint(dist_dm * end) - np.rint(dist_dm * start)
    packed: NDArray[np.float64] = np.maximum(piece_ms * _PACK + piece_dm, 1.0)
    return packed
