"""The real unit postcodes that homes and streets of the demo borough are drawn from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from solver.domain import Point, SchoolrunError

BUNDLED_POSTCODES: Final = Path(__file__).with_name("walsall_postcodes_cpo2025.csv")

ATTRIBUTION: Final = (
    "Contains OS data © Crown copyright and database right 2025. "
    "Contains Royal Mail data © Royal Mail copyright and database right 2025. "
    "Contains National Statistics data © Crown copyright and database right 2025. "
    "Open Government Licence v3.0."
)

_WORST_QUALITY: Final = 20
"""Code-Point Open's positional quality: 10 is within a matched building, 20 the same
found by inspection, 50 and over are rougher."""
_FEWEST_HOMES: Final = 1000

_TO_WGS84: Final = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Postcodes with their places on the British National Grid, metres.

    `is_home` leaves out large users (businesses with a postcode of their own).
    """

    postcodes: tuple[str, ...]
    xy_m: NDArray[np.float64]
    is_home: NDArray[np.bool_]


class PostcodesFileError(SchoolrunError):
    """A postcodes file cannot carry a demo borough."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"postcodes file {path.name}: {problem}; give Code-Point Open of one district with the "
            f"headers of {BUNDLED_POSTCODES.name}, or none"
        )


def read_anchors(path: Path) -> Anchors:
    """Read Code-Point Open with headers as bundled; places without a good position are left out.

    Raises
    ------
    PostcodesFileError
        If the file is missing or not such a file, or has too few postcodes.
    """
    postcodes, places, is_home = [], [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if int(row["Positional_quality_indicator"]) > _WORST_QUALITY:
                    continue
                postcodes.append(row["Postcode"])
                places.append((float(row["Eastings"]), float(row["Northings"])))
                is_home.append(row["usertype"] == "0")
    except OSError as error:
        raise PostcodesFileError(path, "it cannot be opened") from error
    except (KeyError, ValueError, TypeError) as error:
        raise PostcodesFileError(path, "it is not Code-Point Open with headers") from error
    if sum(is_home) < _FEWEST_HOMES:
        raise PostcodesFileError(
            path, f"{sum(is_home)} postcodes of homes, at least {_FEWEST_HOMES} are needed"
        )
    return Anchors(tuple(postcodes), np.array(places), np.array(is_home))


def to_points(xy_m: NDArray[np.float64]) -> list[Point]:
    """Return WGS84 points of places on the grid, to seven decimals (a centimetre)."""
    lon, lat = _TO_WGS84.transform(xy_m[:, 0], xy_m[:, 1])
    return [Point(round(float(y), 7), round(float(x), 7)) for x, y in zip(lon, lat, strict=True)]
