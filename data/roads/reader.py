"""Roads files to networks: osmium takes the drivable ways, osmnx makes the graph of them."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.roads.network import RoadNetwork
from data.roads.source import (
    SourceFacts,
    detect_format,
    hash_source,
    read_facts,
    write_drivable_xml,
)
from data.roads.speeds import CLASS_INDEX, DRIVEN_SHARE, HIGHWAY_CLASSES

if TYPE_CHECKING:
    import networkx as nx


def read_network(path: Path, *, cache: Path | None = None) -> RoadNetwork:
    """Return the drivable road network of an OpenStreetMap file (.osm or .osm.pbf).

    Parameters
    ----------
    path
        The file; its content decides how it is read, not its name.
    cache
        Folder in which networks are kept by content hash, so that a file is read once.

    Raises
    ------
    RoadsFileError
        If the file is missing, empty, truncated, not OpenStreetMap's or without drivable roads.
    """
    path = Path(path)
    digest = hash_source(path)
    name = path.name.removesuffix(".pbf").removesuffix(".osm")
    kept = cache / f"{digest}.npz" if cache is not None else None
    if kept is not None and kept.is_file():
        try:
            return replace(RoadNetwork.load(kept), name=name)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            kept.unlink(missing_ok=True)
    file_format = detect_format(path)
    facts = read_facts(path, file_format)
    with tempfile.TemporaryDirectory(prefix="schoolrun-roads-") as folder:
        drivable = Path(folder) / "drivable.osm"
        write_drivable_xml(path, file_format, drivable)
        graph = _build_graph(drivable)
    network = _to_network(graph, facts, name, digest)
    if kept is not None:
        network.save(kept)
    return network


def _build_graph(drivable: Path) -> nx.MultiDiGraph:
    """Return osmnx's graph, simplified so that an edge is one class from junction to junction."""
    import osmnx  # takes seconds to import, and a network from the cache does without it

    graph = osmnx.graph_from_xml(drivable, simplify=False, retain_all=True)
    for _, _, values in graph.edges(data=True):
        speed_m_per_s = float(values["maxspeed"]) * DRIVEN_SHARE / 3.6
        values["travel_time"] = values["length"] / speed_m_per_s
    return osmnx.simplify_graph(
        graph,
        edge_attrs_differ=["highway"],
        edge_attr_aggs={"length": sum, "travel_time": sum},
        remove_rings=False,
    )


def _to_network(graph: nx.MultiDiGraph, facts: SourceFacts, name: str, digest: str) -> RoadNetwork:
    nodes = sorted(graph.nodes)
    index = {node: position for position, node in enumerate(nodes)}
    lon = np.array([graph.nodes[node]["x"] for node in nodes], dtype=np.float64)
    lat = np.array([graph.nodes[node]["y"] for node in nodes], dtype=np.float64)
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3])
    tail = np.array([index[edge[0]] for edge in edges], dtype=np.int32)
    head = np.array([index[edge[1]] for edge in edges], dtype=np.int32)
    highway = np.array([CLASS_INDEX[edge[3]["highway"]] for edge in edges], dtype=np.uint8)
    shapes = [_get_shape(graph, edge) for edge in edges]
    starts = np.concatenate(([0], np.cumsum([len(shape) for shape in shapes]))).astype(np.int64)
    drawn = np.concatenate(shapes)
    has_frontage = np.array([item.has_frontage for item in HIGHWAY_CLASSES])[highway]
    is_main = _find_main_edges(len(nodes), tail, head)
    return RoadNetwork(
        name=name,
        content_hash=digest,
        extract_date=facts.extract_date,
        licence=facts.licence,
        attribution=facts.attribution,
        is_synthetic=facts.is_synthetic,
        node_lat=lat,
        node_lon=lon,
        tail=tail,
        head=head,
        time_s=np.array([edge[3]["travel_time"] for edge in edges], dtype=np.float64),
        dist_m=np.array([edge[3]["length"] for edge in edges], dtype=np.float64),
        highway=highway,
        twin=_find_twins(tail, head, shapes),
        is_snappable=has_frontage & is_main,
        is_island=has_frontage & ~is_main,
        shape_from=starts,
        shape_lat=np.ascontiguousarray(drawn[:, 1]),
        shape_lon=np.ascontiguousarray(drawn[:, 0]),
    )


def _get_shape(graph: nx.MultiDiGraph, edge: tuple[Any, Any, Any, dict[str, Any]]) -> NDArray[Any]:
    tail, head, _, values = edge
    if "geometry" in values:
        return np.asarray(values["geometry"].coords, dtype=np.float64)
    ends = (graph.nodes[tail], graph.nodes[head])
    return np.array([(end["x"], end["y"]) for end in ends], dtype=np.float64)


def _find_main_edges(
    count: int, tail: NDArray[np.int32], head: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Mark the edges inside the largest strongly connected component (by nodes)."""
    links = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(count, count))
    _, labels = connected_components(links.tocsr(), directed=True, connection="strong")
    main = np.bincount(labels).argmax()
    inside: NDArray[np.bool_] = (labels[tail] == main) & (labels[head] == main)
    return inside


def _find_twins(
    tail: NDArray[np.int32], head: NDArray[np.int32], shapes: list[NDArray[Any]]
) -> NDArray[np.int32]:
    """Pair each edge with the one that is drawn through the same points the other way."""
    twin = np.full(len(tail), -1, dtype=np.int32)
    waiting: dict[tuple[int, int, bytes], list[int]] = {}
    for edge, shape in enumerate(shapes):
        mirror = (int(head[edge]), int(tail[edge]), shape[::-1].tobytes())
        partners = waiting.get(mirror)
        if partners:
            partner = partners.pop()
            twin[edge], twin[partner] = partner, edge
        else:
            waiting.setdefault((int(tail[edge]), int(head[edge]), shape.tobytes()), []).append(edge)
    return twin
