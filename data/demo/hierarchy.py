"""Which roads are main roads: the ways between centres, found on the network itself."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from data.demo.streets import list_candidates

_MAIN_ROAD_PULL: Final = (0.5, 0.62, 0.75)
"""A way over an existing main road counts this much of its length, so that ways join up."""


def rank_roads(
    xy_m: NDArray[np.float64],
    pairs: NDArray[np.int64],
    tiers: tuple[NDArray[np.int64], ...],
) -> NDArray[np.int64]:
    """Rank each edge: 0 where it lies on a way between hubs of the first tier, and so on.

    Parameters
    ----------
    pairs
        Edges as pairs of junctions.
    tiers
        Hubs (junctions) of each tier, the most important first. Each hub is joined to its
        neighbours among the hubs of its tier.

    Returns
    -------
    numpy.ndarray
        Tier of each edge; `len(tiers)` where it is on no such way.
    """
    rank = np.full(len(pairs), len(tiers), dtype=np.int64)
    length = np.hypot(*(xy_m[pairs[:, 0]] - xy_m[pairs[:, 1]]).T)
    edge_of = {}
    for edge, (first, second) in enumerate(pairs.tolist()):
        edge_of[first, second] = edge_of[second, first] = edge
    for tier, hubs in enumerate(tiers):
        links, _ = list_candidates(xy_m[hubs])
        for position, hub in enumerate(hubs.tolist()):
            partners = hubs[links[links[:, 0] == position, 1]]
            if not len(partners):
                continue
            before = _search(len(xy_m), pairs, _weigh(length, rank), hub)
            for partner in partners.tolist():
                node = partner
                while node != hub and before[node] >= 0:
                    edge = edge_of[node, int(before[node])]
                    rank[edge] = min(rank[edge], tier)
                    node = int(before[node])
    return rank


def spread_hubs(
    xy_m: NDArray[np.float64], start: NDArray[np.int64], spacing_m: float, among: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return `start` and further junctions of `among` so that hubs lie about `spacing_m` apart."""
    hubs = [int(hub) for hub in start]
    away: NDArray[np.float64] = np.asarray(cKDTree(xy_m[hubs]).query(xy_m)[0])
    away[~among] = 0.0
    while float(np.max(away)) > spacing_m:
        hub = int(np.argmax(away))
        hubs.append(hub)
        away = np.minimum(away, np.hypot(*(xy_m - xy_m[hub]).T))
    return np.array(hubs, dtype=np.int64)


def _weigh(length: NDArray[np.float64], rank: NDArray[np.int64]) -> NDArray[np.float64]:
    pull = np.array([*_MAIN_ROAD_PULL, 1.0])
    weighed: NDArray[np.float64] = length * pull[rank]
    return weighed


def _search(
    count: int, pairs: NDArray[np.int64], weight: NDArray[np.float64], source: int
) -> NDArray[np.int32]:
    graph = csr_array((weight, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    predecessors: NDArray[np.int32] = before
    return predecessors
