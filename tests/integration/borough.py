"""A made-up borough small enough for tests: eight pupils, two schools, a grid of streets."""

from __future__ import annotations

import csv
from pathlib import Path

LAT, LON = 52.58, -1.98
STEP_LAT, STEP_LON = 0.0045, 0.0074
"""About 500 m north and east between two crossings."""
SIZE = 7


def write_borough(folder: Path) -> dict[str, Path]:
    """Write a council's files and a roads file; return their paths by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "pupils": _list_pupils(),
        "schools": [
            ["urn", "name", "latitude", "longitude", "am_bell", "pm_finish"],
            ["900001", "Canalside School", *_point(1, 1), "08:50", "15:10"],
            ["900002", "Hilltop College", *_point(5, 5), "09:00", "15:30"],
        ],
        "vehicles": [
            ["code", "name", "layouts", "lift", "count", "co2e_g_per_km"],
            ["CAR4", "Saloon", "4+0", "no", "", "150"],
            ["MB8", "Minibus with lift", "8+0;5+1;3+2", "yes", "", "240"],
        ],
        "rate_card": [
            ["vehicle_type", "day_charge", "half_day_charge", "per_live_mile", "per_dead_mile",
             "per_hour", "per_session", "effective_from"],
            ["CAR4", "80.00", "50.00", "1.10", "0.60", "12.00", "", "01/09/2025"],
            ["MB8", "120.00", "75.00", "1.40", "0.80", "14.00", "", "01/09/2025"],
            ["PA", "", "", "", "", "12.60", "2.00", "01/09/2025"],
        ],
        "calendar": [
            ["kind", "first_day", "last_day", "name"],
            ["term", "07/09/2026", "18/09/2026", "Autumn"],
        ],
        "contract": [
            ["route_reference", "operator", "vehicle_type", "daily_price", "assistants"],
            ["R1", "Operator A", "MB8", "190.00", "1"],
            ["R2", "Operator B", "MB8", "175.50", "1"],
            ["R3", "Operator A", "CAR4", "98.00", "0"],
        ],
        "contract_pupils": [
            ["route_reference", "session", "pupil_reference", "order"],
            ["R1", "both", "P1", "1"], ["R1", "both", "P2", "2"], ["R1", "both", "P3", "3"],
            ["R2", "both", "P4", ""], ["R2", "both", "P5", ""], ["R2", "both", "P6", ""],
            ["R3", "both", "P7", ""], ["R3", "both", "P8", ""],
        ],
    }  # fmt: skip
    paths = {}
    for kind, table in rows.items():
        paths[kind] = folder / f"{kind}.csv"
        with paths[kind].open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(table)
    paths["roads"] = folder / "roads.osm"
    paths["roads"].write_text(_write_grid(), encoding="utf-8")
    return paths


def _point(row: int, column: int) -> tuple[str, str]:
    return f"{LAT + row * STEP_LAT:.6f}", f"{LON + column * STEP_LON:.6f}"


def _list_pupils() -> list[list[str]]:
    header = [
        "reference", "school_urn", "latitude", "longitude", "school_year", "mobility", "assistant",
        "may_share_assistant",
    ]  # fmt: skip
    homes = [(0, 3), (2, 4), (3, 0), (4, 2), (6, 3), (5, 1), (2, 6), (0, 6)]
    pupils = []
    for number, (row, column) in enumerate(homes, start=1):
        school = "900001" if number in (1, 2, 3, 7) else "900002"
        mobility = "wheelchair" if number == 4 else "seat"
        assistant = {2: "shared", 6: "dedicated"}.get(number, "none")
        share = "yes" if number == 6 else "no"
        pupils.append(
            [f"P{number}", school, *_point(row, column), str(4 + number % 5), mobility, assistant,
             share]
        )  # fmt: skip
    return [header, *pupils]


def _write_grid() -> str:
    """Return a grid of two-way residential streets as an OpenStreetMap file."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6' generator='test'>"]
    for row in range(SIZE):
        for column in range(SIZE):
            lat, lon = _point(row, column)
            number = row * SIZE + column + 1
            lines.append(f"<node id='{number}' version='1' lat='{lat}' lon='{lon}'/>")
    for index in range(SIZE):
        for base, nodes in (
            (100, [index * SIZE + column + 1 for column in range(SIZE)]),
            (200, [row * SIZE + index + 1 for row in range(SIZE)]),
        ):
            refs = "".join(f"<nd ref='{node}'/>" for node in nodes)
            tags = "<tag k='highway' v='residential'/><tag k='maxspeed' v='30 mph'/>"
            lines.append(f"<way id='{base + index}' version='1'>{refs}{tags}</way>")
    return "\n".join([*lines, "</osm>"])
