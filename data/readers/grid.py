"""British National Grid (EPSG:27700) to WGS84 (EPSG:4326)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyproj import Transformer

from solver.domain import Point


@cache
def _transformer() -> Transformer:
    return Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True)


def to_points(eastings_m: Sequence[float], northings_m: Sequence[float]) -> list[Point]:
    """Return WGS84 points of grid positions, metres, in the same order.

    Without the OSTN15 grid file on the machine PROJ uses the seven-parameter shift, which is
    right to about 5 m.
    """
    if not eastings_m:
        return []
    lons, lats = _transformer().transform(list(eastings_m), list(northings_m))
    return [
        Point(round(float(lat), 6), round(float(lon), 6))
        for lat, lon in zip(lats, lons, strict=True)
    ]
