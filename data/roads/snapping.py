"""Points to the nearest place on a road, in metres on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from data.roads.network import RoadNetwork
from solver.domain.geography import Point

ISLAND_SLACK_M: Final = 100.0
"""A point beside a road that is cut off is placed on a joined road only if that is hardly farther
(assumed): a gated cul-de-sac is forgiven, the other bank of a river is not."""

_EDGE_END: Final = 1e-6
"""Fractions of an edge nearer to an end than this are that end."""


_MARGIN_DEGREES: Final = 5.0
"""Points farther than this beyond the roads cannot be projected with them."""

_AT_ROAD_M: Final = 1e-3
"""A limit of 0 m still finds a point that lies on a road."""


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """Where points lie on the network.

    Parameters
    ----------
    edge
        The edge each point lies on, one of :meth:`RoadNetwork.list_roads`; -1 where there is none.
    fraction
        How far along that edge, 0 to 1.
    away_m
        Metres from the point to the nearest joined road, whether placed there or not; infinite
        for points on another part of the globe.
    off_map
        Indices of points with no road within the limit.
    unreachable
        Indices of points whose nearest road is joined to no other part of the network.
    """

    edge: NDArray[np.int64]
    fraction: NDArray[np.float64]
    away_m: NDArray[np.float64]
    off_map: tuple[int, ...]
    unreachable: tuple[int, ...]


def place_points(network: RoadNetwork, points: Sequence[Point], *, snap_limit_m: float) -> Placing:
    """Place each point on the nearest road that a home or school may stand on.

    Parameters
    ----------
    snap_limit_m
        A point farther than this from every such road is not placed; infinite for no limit.

    Returns
    -------
    Placing
        Points that cannot be placed are named by index, never moved farther than the limit.
    """
    count = len(points)
    edge = np.full(count, -1, dtype=np.int64)
    fraction = np.zeros(count)
    roads = network.list_roads()
    lines = _project(_draw(network, roads))
    targets = _project_points(points, lines, network)
    joined = np.flatnonzero(network.is_snappable[roads])
    cut_off = np.flatnonzero(network.is_island[roads])
    on_joined, joined_m = _find_nearest(lines, joined, targets)
    _, island_m = _find_nearest(lines, cut_off, targets)
    limit_m = max(snap_limit_m, _AT_ROAD_M)
    is_near_joined = (on_joined >= 0) & (joined_m <= limit_m)
    is_placed = is_near_joined & (joined_m <= island_m + ISLAND_SLACK_M)
    placed = np.flatnonzero(is_placed)
    geometries = lines.geometry.to_numpy()[on_joined[placed]]
    along = shapely.line_locate_point(geometries, targets[placed], normalized=True)
    edge[placed] = roads[on_joined[placed]]
    fraction[placed] = np.where(along < _EDGE_END, 0.0, np.where(along > 1 - _EDGE_END, 1.0, along))
    is_off = ~is_near_joined & (island_m > limit_m)
    return Placing(
        edge,
        fraction,
        joined_m,
        tuple(int(i) for i in np.flatnonzero(is_off)),
        tuple(int(i) for i in np.flatnonzero(~is_placed & ~is_off)),
    )


def _draw(network: RoadNetwork, roads: NDArray[np.int64]) -> geopandas.GeoSeries:
    lengths = np.diff(network.shape_from)[roads]
    owner = np.repeat(np.arange(len(roads)), lengths)
    starts = np.repeat(network.shape_from[roads] - np.cumsum(lengths) + lengths, lengths)
    rows = starts + np.arange(len(owner))
    corners = np.column_stack((network.shape_lon[rows], network.shape_lat[rows]))
    return geopandas.GeoSeries(shapely.linestrings(corners, indices=owner), crs="EPSG:4326")


def _project(lines: geopandas.GeoSeries) -> geopandas.GeoSeries:
    return lines.to_crs(lines.estimate_utm_crs())


def _project_points(
    points: Sequence[Point], lines: geopandas.GeoSeries, network: RoadNetwork
) -> NDArray[np.object_]:
    """Return the points in the lines' projection, empty where they are far off the map."""
    lat = np.array([point.lat for point in points], dtype=np.float64)
    lon = np.array([point.lon for point in points], dtype=np.float64)
    west, south, east, north = network.bounds
    is_near = (np.abs(lat - (south + north) / 2) <= (north - south) / 2 + _MARGIN_DEGREES) & (
        np.abs(lon - (west + east) / 2) <= (east - west) / 2 + _MARGIN_DEGREES
    )
    places = np.full(len(points), shapely.Point(), dtype=object)
    if is_near.any():
        near = geopandas.GeoSeries(shapely.points(lon[is_near], lat[is_near]), crs="EPSG:4326")
        places[is_near] = near.to_crs(lines.crs).to_numpy()
    return places


def _find_nearest(
    lines: geopandas.GeoSeries,
    candidates: NDArray[np.int64],
    targets: NDArray[np.object_],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each target's nearest line (lowest index on ties, -1 for none) and its metres."""
    nearest = np.full(len(targets), -1, dtype=np.int64)
    away_m = np.full(len(targets), np.inf)
    if len(candidates) and len(targets):
        index = geopandas.GeoSeries(lines.iloc[candidates]).sindex
        (which, found), metres = index.nearest(
            targets,
            return_all=True,
            return_distance=True,
        )
        order = np.lexsort((found, which))
        which, found, metres = which[order], found[order], metres[order]
        first = np.concatenate(([True], which[1:] != which[:-1])) if len(which) else slice(0)
        nearest[which[first]] = candidates[found[first]]
        away_m[which[first]] = metres[first]
    return nearest, away_m
