"""The demo borough's roads, all fictional: streets, main roads, one-ways, bridges, a motorway."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.demo.barriers import Barriers, choose_bridges, clear_corridors, draw_barriers
from data.demo.hierarchy import rank_roads, spread_hubs
from data.demo.motorway import build_motorway
from data.demo.streets import Ground, lay_ground, list_candidates

_EXTRA_STREET_SHARE: Final = 0.1
"""Streets beyond the sparsest pattern: blocks are closed here and there."""
_ONE_WAY_SHARE: Final = 0.05
_BEND_FROM_M: Final = 90.0
_BEND_SHARE: Final = 0.07


@dataclass(frozen=True, slots=True)
class Road:
    """One way of the map: corners as indices of places, with what is written on its signs."""

    corners: tuple[int, ...]
    highway: str
    limit_mph: int
    is_one_way: bool = False
    is_bridge: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RoadMap:
    """All ways over places in metres of the national grid, and the barriers they keep to."""

    xy_m: NDArray[np.float64]
    roads: tuple[Road, ...]
    barriers: Barriers
    outer_centres_m: NDArray[np.float64]
    """Middles of the towns beyond the borough."""


def build_roads(anchors_m: NDArray[np.float64], rng: np.random.Generator) -> RoadMap:
    """Build a strongly connected road map from the places of postcodes."""
    ground = lay_ground(anchors_m, rng)
    barriers = draw_barriers(anchors_m, ground.xy_m)
    ground = _keep_junctions(ground, clear_corridors(barriers, ground.xy_m))
    pairs, is_street = list_candidates(ground.xy_m)
    crossings = choose_bridges(barriers, ground.xy_m, pairs)
    pairs, is_street = pairs[crossings.kept], is_street[crossings.kept]
    motorway = build_motorway(barriers.motorway, ground.xy_m, pairs[crossings.motorway_bridges])
    is_clear = ~_crosses(motorway.slips, ground.xy_m, pairs) | crossings.is_bridge
    rank = rank_roads(ground.xy_m, pairs[is_clear], _choose_hubs(ground))
    ranks = np.full(len(pairs), 3, dtype=np.int64)
    ranks[is_clear] = rank
    is_extra = rng.random(len(pairs)) < _EXTRA_STREET_SHARE
    is_road = is_clear & (is_street | is_extra | crossings.is_bridge | (ranks < 3))
    streets = _classify(ground, pairs[is_road], ranks[is_road], crossings.is_bridge[is_road], rng)
    xy_m = np.concatenate((ground.xy_m, motorway.xy_m))
    slips = tuple(
        Road(
            part.corners,
            part.highway,
            part.limit_mph,
            is_one_way=True,
            is_bridge=shapely.LineString(xy_m[list(part.corners)]).intersects(barriers.canal),
            reference=part.reference,
        )
        for part in motorway.parts
    )
    roads = _keep_connected(len(xy_m), (*streets, *slips))
    roads = _set_one_ways(len(xy_m), roads, rng)
    xy_m, roads = _bend(xy_m, roads, barriers, rng)
    return RoadMap(xy_m, roads, barriers, ground.xy_m[ground.outer_centres])


def _keep_junctions(ground: Ground, is_kept: NDArray[np.bool_]) -> Ground:
    is_kept = is_kept.copy()
    is_kept[ground.centres] = True
    is_kept[ground.outer_centres] = True
    number = np.cumsum(is_kept) - 1
    return Ground(
        ground.xy_m[is_kept],
        ground.is_inside[is_kept],
        ground.is_built_up[is_kept],
        number[ground.centres],
        number[ground.outer_centres],
    )


def _choose_hubs(
    ground: Ground,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    main = np.concatenate((ground.centres, ground.outer_centres))
    everywhere = np.ones(len(ground.xy_m), dtype=bool)
    secondary = spread_hubs(ground.xy_m, main, 2300.0, everywhere)
    tertiary = spread_hubs(ground.xy_m, secondary, 800.0, ground.is_built_up)
    return main, secondary, tertiary


def _crosses(
    lines: list[shapely.LineString], xy_m: NDArray[np.float64], pairs: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark edges that cross a slip road other than at its end."""
    edges = shapely.linestrings(xy_m[pairs])
    crosses: NDArray[np.bool_] = shapely.crosses(edges, shapely.union_all(lines))
    return crosses


def _classify(
    ground: Ground,
    pairs: NDArray[np.int64],
    ranks: NDArray[np.int64],
    is_bridge: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[Road, ...]:
    """Give each edge its class and limit; limits are lower where both ends are built up."""
    streets = []
    draws = rng.random(len(pairs))
    for (first, second), rank, bridge, draw in zip(pairs, ranks, is_bridge, draws, strict=True):
        is_town = bool(ground.is_built_up[first] and ground.is_built_up[second])
        if rank == 0:
            is_trunk = not (ground.is_inside[first] or ground.is_inside[second])
            highway = "trunk" if is_trunk else "primary"
            limit = (30 if draw < 0.7 else 40) if is_town else 50
        elif rank == 1:
            highway, limit = "secondary", 30 if is_town else 40
        elif rank == 2:
            highway, limit = "tertiary", 30 if is_town or draw < 0.5 else 40
        elif is_town:
            highway, limit = "residential", 20 if draw < 0.3 else 30
        else:
            highway, limit = "unclassified", 30 if draw < 0.5 else 40
        streets.append(Road((int(first), int(second)), highway, limit, is_bridge=bool(bridge)))
    return tuple(streets)


def _label(count: int, roads: tuple[Road, ...]) -> tuple[NDArray[np.int32], int]:
    """Return each place's strongly connected component and the number of the largest."""
    links = [
        link
        for road in roads
        for link in (
            (road.corners[0], road.corners[-1]),
            *(() if road.is_one_way else ((road.corners[-1], road.corners[0]),)),
        )
    ]
    tail, head = np.array(links).T
    graph = coo_array((np.ones(len(links), dtype=np.int8), (tail, head)), shape=(count, count))
    _, labels = connected_components(graph.tocsr(), directed=True, connection="strong")
    return labels, int(np.bincount(labels).argmax())


def _keep_connected(count: int, roads: tuple[Road, ...]) -> tuple[Road, ...]:
    """Drop roads that cannot be reached from, or cannot reach, the main part of the map."""
    labels, main = _label(count, roads)
    return tuple(
        road
        for road in roads
        if labels[road.corners[0]] == main and labels[road.corners[-1]] == main
    )


def _set_one_ways(
    count: int, roads: tuple[Road, ...], rng: np.random.Generator
) -> tuple[Road, ...]:
    """Make a share of the residential streets one-way without cutting any place off."""
    chosen = [
        number
        for number, road in enumerate(roads)
        if road.highway == "residential" and not road.is_bridge and rng.random() < _ONE_WAY_SHARE
    ]
    flips = dict(zip(chosen, rng.random(len(chosen)) < 0.5, strict=True))
    labels, main = _label(count, roads)
    inside = labels == main
    while flips:
        tried = list(roads)
        for number, is_flipped in flips.items():
            corners = roads[number].corners[::-1] if is_flipped else roads[number].corners
            tried[number] = replace(roads[number], corners=corners, is_one_way=True)
        labels, main = _label(count, tuple(tried))
        is_lost = inside & (labels != main)
        if not is_lost.any():
            return tuple(tried)
        bad = [
            number
            for number in flips
            if is_lost[roads[number].corners[0]] or is_lost[roads[number].corners[-1]]
        ]
        for number in bad or list(flips):
            del flips[number]
    return roads


def _bend(
    xy_m: NDArray[np.float64],
    roads: tuple[Road, ...],
    barriers: Barriers,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], tuple[Road, ...]]:
    """Give long streets a bend, save where it would touch a barrier."""
    lines = shapely.union_all([barriers.motorway, barriers.canal])
    places = [xy_m]
    bent = []
    next_place = len(xy_m)
    for road in roads:
        if len(road.corners) > 2 or road.is_bridge or road.highway.startswith("motorway"):
            bent.append(road)
            continue
        first, last = xy_m[road.corners[0]], xy_m[road.corners[1]]
        along = last - first
        length = float(np.hypot(*along))
        aside = float(np.clip(rng.normal(0.0, _BEND_SHARE), -0.16, 0.16))
        if length < _BEND_FROM_M:
            bent.append(road)
            continue
        sideways = np.array([-along[1], along[0]]) * aside
        curve = np.array([first + along * 0.3 + sideways * 0.8, first + along * 0.65 + sideways])
        if shapely.intersects(shapely.LineString([first, *curve, last]), lines):
            bent.append(road)
            continue
        places.append(curve)
        corners = (road.corners[0], next_place, next_place + 1, road.corners[1])
        bent.append(replace(road, corners=corners))
        next_place += 2
    return np.concatenate(places), tuple(bent)
