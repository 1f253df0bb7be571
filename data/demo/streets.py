"""Where the demo borough's junctions lie and which of them a street could join.

The pattern is that of real postcodes: junctions where homes are dense lie close together. Beyond
the borough there are a few towns of the same kind and open country, so that schools out of the
borough have roads to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

_CELL_M: Final = 105.0
"""Postcodes in one cell share a junction."""
_CLOSEST_M: Final = 55.0
_REACH_M: Final = 6500.0
"""How far roads go on beyond the borough."""
_COUNTRY_SPACING_M: Final = 560.0
_OUTER_TOWNS: Final = 8
_OUTER_TOWN_JUNCTIONS: Final = 120
_OUTER_TOWN_SPREAD_M: Final = 620.0


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Junctions in metres, those inside the borough, how built-up each is, and town centres."""

    xy_m: NDArray[np.float64]
    is_inside: NDArray[np.bool_]
    is_built_up: NDArray[np.bool_]
    centres: NDArray[np.int64]
    """Junctions at the middle of districts inside the borough."""
    outer_centres: NDArray[np.int64]
    """Junctions at the middle of the towns beyond it."""


def lay_ground(anchors_m: NDArray[np.float64], rng: np.random.Generator) -> Ground:
    """Lay out junctions from the places of postcodes."""
    inner = _thin(_average_by_cell(anchors_m), _CLOSEST_M)
    middles = _place_outer_towns(anchors_m, rng)
    towns = np.concatenate(
        [
            middle + rng.normal(0.0, _OUTER_TOWN_SPREAD_M, (_OUTER_TOWN_JUNCTIONS, 2))
            for middle in middles
        ]
    )
    towns = towns[_measure_nearest(anchors_m, towns) > 250]
    towns = _thin(towns, 90.0)
    country = _scatter_country(np.concatenate((inner, towns)), anchors_m, rng)
    xy_m = np.concatenate((inner, towns, country))
    is_inside = _measure_nearest(anchors_m, xy_m) < 300
    tree = cKDTree(np.concatenate((inner, towns)))
    near = np.array(tree.query_ball_point(xy_m, 420.0, return_length=True))
    return Ground(
        xy_m,
        is_inside,
        near >= 9,
        _find_centres(xy_m[: len(inner)], 8),
        np.asarray(cKDTree(xy_m).query(middles)[1], dtype=np.int64),
    )


def list_candidates(xy_m: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """List pairs of junctions that a road could join, and which of them are likely streets.

    Returns
    -------
    pairs
        Edges of the Gabriel graph, shape (m, 2): no third junction lies within the circle over
        the pair, so that roads do not cross without meeting.
    is_street
        Edges that are also in the relative neighbourhood graph (among each junction's nearest):
        no third junction is nearer to both ends than they are to each other.
    """
    corners = Delaunay(xy_m).simplices
    sides = np.concatenate((corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]))
    pairs = np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64)
    tree = cKDTree(xy_m)
    ends = xy_m[pairs]
    length = np.hypot(*(ends[:, 0] - ends[:, 1]).T)
    pairs = pairs[tree.query(ends.mean(axis=1))[0] > length / 2 - 1e-6]
    ends = xy_m[pairs]
    length = np.hypot(*(ends[:, 0] - ends[:, 1]).T)
    _, near = tree.query(ends[:, 0], k=13)
    third = xy_m[near]
    to_first = np.hypot(*(third - ends[:, :1]).transpose(2, 0, 1))
    to_second = np.hypot(*(third - ends[:, 1:]).transpose(2, 0, 1))
    between = np.maximum(to_first, to_second) < length[:, None] - 1e-6
    return pairs, ~between.any(axis=1)


def _measure_nearest(to_m: NDArray[np.float64], from_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres from each place to the nearest of `to_m`."""
    return np.asarray(cKDTree(to_m).query(from_m)[0], dtype=np.float64)


def _average_by_cell(anchors_m: NDArray[np.float64]) -> NDArray[np.float64]:
    cells = np.floor(anchors_m / _CELL_M).astype(np.int64)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    count = np.bincount(which)
    sums = [np.bincount(which, weights=anchors_m[:, axis]) / count for axis in (0, 1)]
    return np.column_stack(sums)


def _thin(xy_m: NDArray[np.float64], closest_m: float) -> NDArray[np.float64]:
    """Drop places, later ones first, until none is nearer to another than `closest_m`."""
    tree = cKDTree(xy_m)
    is_kept = np.ones(len(xy_m), dtype=bool)
    for first, second in sorted(tree.query_pairs(closest_m)):
        if is_kept[first] and is_kept[second]:
            is_kept[second] = False
    return xy_m[is_kept]


def _place_outer_towns(
    anchors_m: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the middles of towns all round, some three to five kilometres beyond the borough."""
    centre = anchors_m.mean(axis=0)
    middles = []
    for number in range(_OUTER_TOWNS):
        angle = (number + rng.uniform(0.2, 0.8)) * 2 * np.pi / _OUTER_TOWNS
        beyond_m = rng.uniform(2600.0, 4600.0)
        direction = np.array([np.cos(angle), np.sin(angle)])
        steps = centre + np.outer(np.arange(0.0, 25_000.0, 100.0), direction)
        far = _measure_nearest(anchors_m, steps) > beyond_m
        middles.append(steps[len(far) - np.argmin(far[::-1])])
    return np.array(middles)


def _scatter_country(
    built_m: NDArray[np.float64], anchors_m: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    low = anchors_m.min(axis=0) - _REACH_M
    high = anchors_m.max(axis=0) + _REACH_M
    axes = [np.arange(low[k], high[k], _COUNTRY_SPACING_M) for k in (0, 1)]
    grid = np.array(np.meshgrid(*axes)).reshape(2, -1).T
    spots = grid + rng.uniform(-0.42, 0.42, grid.shape) * _COUNTRY_SPACING_M
    is_near = _measure_nearest(anchors_m, spots) < _REACH_M
    is_open = _measure_nearest(built_m, spots) > 0.62 * _COUNTRY_SPACING_M
    country: NDArray[np.float64] = spots[is_near & is_open]
    return country


def _find_centres(xy_m: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the densest junctions that are at least 1.9 km apart."""
    tree = cKDTree(xy_m)
    density = np.array(tree.query_ball_point(xy_m, 600.0, return_length=True))
    chosen: list[int] = []
    for junction in np.argsort(-density, kind="stable"):
        apart = [np.hypot(*(xy_m[junction] - xy_m[other])) > 1900 for other in chosen]
        if all(apart):
            chosen.append(int(junction))
        if len(chosen) == count:
            break
    return np.array(chosen, dtype=np.int64)
