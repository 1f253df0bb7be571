"""The road network as arrays: what every travel time, route line and map is made from."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.roads.speeds import HIGHWAY_CLASSES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """A directed road graph with drawn geometry, free-flow times and its provenance.

    Nodes are 0..n-1, directed edges 0..m-1. A two-way road is two edges that name each other in
    `twin`. Two networks with one `content_hash` are the same.

    Parameters
    ----------
    node_lat, node_lon
        WGS84 degrees, shape (n,).
    tail, head
        Node indices of each edge's start and end, shape (m,).
    time_s, dist_m
        Free-flow driving seconds and metres along each edge, shape (m,).
    highway
        Index of each edge's class in :data:`data.roads.speeds.HIGHWAY_CLASSES`.
    twin
        The same road the other way, or -1 where it is one-way.
    is_snappable
        A home or school may be placed on the edge: its class has frontage, and it is part of the
        largest set of roads in which each can be reached from each other.
    is_island
        Its class has frontage, but it is outside that set.
    shape_from, shape_lat, shape_lon
        Edge e is drawn through points `shape_from[e]` to `shape_from[e + 1]` (excluded).
    """

    name: str
    content_hash: str
    extract_date: date | None
    licence: str
    attribution: str
    is_synthetic: bool
    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    time_s: NDArray[np.float64]
    dist_m: NDArray[np.float64]
    highway: NDArray[np.uint8]
    twin: NDArray[np.int32]
    is_snappable: NDArray[np.bool_]
    is_island: NDArray[np.bool_]
    shape_from: NDArray[np.int64]
    shape_lat: NDArray[np.float64]
    shape_lon: NDArray[np.float64]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the nodes, degrees."""
        return (
            float(self.node_lon.min()),
            float(self.node_lat.min()),
            float(self.node_lon.max()),
            float(self.node_lat.max()),
        )

    def get_shape(self, edge: int) -> NDArray[np.float64]:
        """Return an edge's drawn line in driving direction, shape (k, 2), columns lon and lat."""
        part = slice(self.shape_from[edge], self.shape_from[edge + 1])
        return np.column_stack((self.shape_lon[part], self.shape_lat[part]))

    def list_roads(self) -> NDArray[np.int64]:
        """List one edge for each road: one-way edges, and the first of every pair of twins."""
        edges = np.arange(len(self.tail))
        return edges[(self.twin < 0) | (edges < self.twin)]

    def save(self, path: Path) -> None:
        """Write the network to a .npz file, whole or not at all."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        facts = {name: getattr(self, name) for name in _FACTS}
        text = json.dumps(facts, default=str, sort_keys=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".npz.part")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, facts=np.array(text), **arrays)
            os.replace(unfinished, path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> RoadNetwork:
        """Read a network that :meth:`save` wrote.

        Raises
        ------
        OSError, ValueError, KeyError, zipfile.BadZipFile
            If the file is missing, damaged or of another version.
        """
        with np.load(path, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            arrays = {name: stored[name] for name in _ARRAYS}
        if facts["extract_date"] is not None:
            facts["extract_date"] = date.fromisoformat(facts["extract_date"])
        return cls(**facts, **arrays)


_FACTS = ("name", "content_hash", "extract_date", "licence", "attribution", "is_synthetic")
_ARRAYS = tuple(item.name for item in fields(RoadNetwork) if item.name not in _FACTS)


def list_lines(network: RoadNetwork) -> Mapping[str, list[NDArray[np.float64]]]:
    """List every road's line by highway class, quietest class first, for drawing beneath a map.

    Returns
    -------
    Mapping
        Class name to lines, each of shape (k, 2), columns lon and lat; classes without a road
        are left out.
    """
    roads = network.list_roads()
    lines: dict[str, list[NDArray[np.float64]]] = {}
    for index in reversed(range(len(HIGHWAY_CLASSES))):
        edges = roads[network.highway[roads] == index]
        if len(edges):
            lines[HIGHWAY_CLASSES[index].name] = [network.get_shape(int(e)) for e in edges]
    return lines
