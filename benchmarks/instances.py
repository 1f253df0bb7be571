"""Fresh instances of the same family as the reference instances, by other seeds.

    .venv/bin/python -m benchmarks.instances FOLDER --pupils 60 150 500 1500 --seeds 2 3

So that nothing is tuned to four files: the same shares of needs, caps, windows and kinds of school,
drawn anew on real schools and postcodes of Walsall. Shares and sizes are those counted in the
reference instances. Drives are not of real roads: metres are the straight line times a drawn
factor, seconds follow from metres by speeds that rise with distance, both fitted to the reference
instances' matrices. `--demo` writes an AM session of the demo borough instead, over the
roads that the demo builds, as far as the reference format can say it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import floyd_warshall

from benchmarks.measuring import SHARED

EARTH_M = 6_371_000.0
DETOUR = (1.28, 1.42)
"""Metres by road over the straight line, drawn for each two places before a detour by a third."""
MOST_CLOSED = 2_000
"""Places beyond which every road is the least detour, since closing the table takes too long."""
SPEEDS = ((1_000, 6.6), (2_600, 8.0), (5_900, 10.9), (11_700, 12.8), (10**9, 16.0))
"""(up to so many metres, metres a second there): long drives use faster roads."""
OUTSIDE_KM = 12.0
"""Schools outside the borough lie no farther from its boundary."""
VEHICLE_TYPES = (
    ("taxi", [[4, 0]], False, 25.0, 1.0, 14.0),
    ("mpv", [[7, 0]], False, 32.0, 1.1, 15.0),
    ("wav", [[4, 1], [2, 2]], True, 38.0, 1.15, 15.0),
    ("minibus", [[16, 0], [13, 1], [10, 2], [7, 3], [4, 4]], True, 75.0, 1.3, 18.0),
)
"""Name, layouts, lift, GBP a run, a kilometre and an hour, as in the reference instances."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of school: its share of pupils, and how uneven its schools' sizes are (gamma)."""

    name: str
    share: float
    evenness: float


KINDS = (Kind("special", 0.61, 2.5), Kind("main", 0.23, 0.6), Kind("oob", 0.16, 0.6))


def main() -> int:
    """Write the instances that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pupils", type=int, nargs="+", default=[60, 150, 500, 1500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--demo", action="store_true", help="the demo borough's AM session")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for pupils in arguments.pupils:
        for seed in arguments.seeds:
            if arguments.demo:
                from benchmarks.demo_session import write_demo_instance

                path = write_demo_instance(arguments.folder, pupils, seed)
            else:
                path = write_walsall(arguments.folder, arguments.shared, pupils, seed)
            print(path)
    return 0


def write_walsall(folder: Path, shared: Path, pupils: int, seed: int) -> Path:
    """Write one instance and its two matrices; returns the path of the instance."""
    rng = np.random.default_rng([seed, pupils])
    schools, places = _draw_schools(rng, shared, pupils)
    school_of = _draw_school_of(rng, pupils, schools)
    homes = _draw_homes(rng, shared, np.array(places)[school_of])
    points = np.array([*homes, *places])
    dist_m, time_s = _build_drives(rng, points)
    content = {
        "name": f"walsall_{pupils}_s{seed}",
        "points": np.round(points, 6).tolist(),
        "pupils": _draw_pupils(rng, school_of, time_s),
        "schools": [
            {
                "id": f"S{i}",
                "point": pupils + i,
                "arrive_from": (opens := int(29_400 + 300 * rng.integers(0, 9))),
                "arrive_to": opens + 900,
                "unload_s": 60,
                "kind": kind.name,
            }
            for i, kind in enumerate(schools)
        ],
        **_list_prices(),
    }
    return write_instance(folder, content, time_s, dist_m)


def write_instance(
    folder: Path, content: dict[str, Any], time_s: NDArray[np.int32], dist_m: NDArray[np.int32]
) -> Path:
    """Write an instance under its name, with its matrices beside it; returns its path."""
    name = str(content["name"])
    np.save(folder / f"{name}_time.npy", time_s)
    np.save(folder / f"{name}_dist.npy", dist_m)
    path = folder / f"{name}.json"
    files = {"time": f"{name}_time.npy", "dist": f"{name}_dist.npy"}
    path.write_text(json.dumps({**content, **files}), encoding="utf-8")
    return path


def _list_prices() -> dict[str, Any]:
    keys = ("id", "layouts", "lift", "fixed", "per_km", "per_hour")
    return {
        "vehicle_types": [
            {**dict(zip(keys, row, strict=True)), "count": None, "depot": None}
            for row in VEHICLE_TYPES
        ],
        "pa_per_hour": 13.0,
        "pa_fixed": 6.0,
    }


# --- places ---------------------------------------------------------------------------------------


def _draw_schools(
    rng: np.random.Generator, shared: Path, pupils: int
) -> tuple[list[Kind], list[tuple[float, float]]]:
    """Draw real schools: how many of each kind follows the reference instances (4 + 4 + 3 for 60
    pupils, 14 + 50 + 32 for 1,500)."""
    special, main, outside = KINDS
    count = round(0.72 * pupils**0.67)
    specials = round(0.75 * pupils**0.4)
    mains = round(0.61 * (count - specials))
    path = shared / "data" / "schools" / "schools_within_20km_of_walsall.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    inside = [row for row in rows if row["in_walsall"] == "True"]
    beyond = [
        row
        for row in rows
        if row["in_walsall"] != "True" and float(row["km_from_walsall_boundary"]) <= OUTSIDE_KM
    ]
    drawn = [inside[i] for i in rng.choice(len(inside), specials + mains, replace=False)]
    drawn += [beyond[i] for i in rng.choice(len(beyond), count - specials - mains, replace=False)]
    kinds = [special] * specials + [main] * mains + [outside] * (count - specials - mains)
    return kinds, [(float(row["lat"]), float(row["lon"])) for row in drawn]


def _draw_homes(
    rng: np.random.Generator, shared: Path, schools: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Draw a home near a postcode of Walsall for each pupil, given their school's place.

    Most take the nearer to school of two postcodes; a few live where the pupil before them does.
    """
    path = shared / "data" / "postcodes" / "walsall_postcodes_cpo2025.csv"
    with path.open(encoding="utf-8", newline="") as file:
        units = np.array([(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)])
    homes: list[tuple[float, float]] = []
    for school in schools:
        two = units[rng.choice(len(units), 2)]
        apart = np.hypot(two[:, 0] - school[0], (two[:, 1] - school[1]) * np.cos(np.radians(52.6)))
        lat, lon = two[int(np.argmin(apart)) if rng.random() < 0.75 else 0]
        north_m, east_m = rng.normal(0, 30, 2)
        home = (float(lat) + north_m / 111_200, float(lon) + east_m / 67_500)
        homes.append(homes[-1] if homes and rng.random() < 0.03 else home)
    return homes


def _build_drives(
    rng: np.random.Generator, points: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Build metres and seconds between all places; a detour never pays, in either."""
    lat, lon = np.radians(points[:, 0]), np.radians(points[:, 1])
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    straight = 2 * EARTH_M * np.arcsin(np.sqrt(half))
    if len(points) <= MOST_CLOSED:
        metres = np.ceil(straight * rng.uniform(*DETOUR, straight.shape))
        metres = floyd_warshall(metres)
    else:
        metres = np.ceil(straight * DETOUR[0])
    seconds = np.zeros_like(metres)
    begin = 0.0
    for end, speed in SPEEDS:
        seconds += np.clip(metres - begin, 0, end - begin) / speed
        begin = end
    return metres.astype(np.int32), np.ceil(seconds).astype(np.int32)


# --- pupils ---------------------------------------------------------------------------------------


def _draw_school_of(rng: np.random.Generator, count: int, schools: list[Kind]) -> NDArray[np.int64]:
    weight = np.zeros(len(schools))
    for kind in KINDS:
        mine = np.array([school is kind for school in schools])
        size = rng.gamma(kind.evenness, size=int(mine.sum())) + 1e-6
        weight[mine] = kind.share * size / size.sum()
    return rng.choice(len(schools), count, p=weight / weight.sum())


def _draw_pupils(
    rng: np.random.Generator, school_of: NDArray[np.int64], time_s: NDArray[np.int32]
) -> list[dict[str, Any]]:
    count = len(school_of)
    secondary = rng.choice([0.0, 1.0, 0.5], len(time_s) - count, p=[0.4, 0.4, 0.2])
    pupils = []
    for i in range(count):
        school = int(school_of[i])
        in_chair = rng.random() < 0.115
        limit = 4_500 if rng.random() < secondary[school] else 2_700
        direct = int(time_s[i, count + school])
        pupils.append(
            {
                "id": f"P{i}",
                "point": i,
                "school": f"S{school}",
                "wheelchair": int(in_chair),
                "pa": str(rng.choice(["none", "shared", "one_to_one"], p=[0.52, 0.425, 0.055])),
                "solo": bool(rng.random() < 0.03),
                "board_s": int(rng.integers(150, 241) if in_chair else rng.integers(60, 151)),
                "max_ride_s": max(limit, direct + 900),
                "needs_lift": bool(in_chair or rng.random() < 0.013),
                "incompatible": [],
            }
        )
    _draw_pairs(rng, pupils)
    return pupils


def _draw_pairs(rng: np.random.Generator, pupils: list[dict[str, Any]]) -> None:
    """Let one pupil in fifty be half of a pair, at one school, that must not share."""
    for first in rng.choice(len(pupils), max(len(pupils) // 50, 1), replace=False):
        mates = [
            i
            for i, pupil in enumerate(pupils)
            if pupil["school"] == pupils[first]["school"] and i != first
        ]
        if mates:
            second = int(rng.choice(mates))
            for one, other in ((int(first), second), (second, int(first))):
                if pupils[other]["id"] not in pupils[one]["incompatible"]:
                    pupils[one]["incompatible"].append(pupils[other]["id"])


if __name__ == "__main__":
    sys.exit(main())
