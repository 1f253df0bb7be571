"""A made-up council on the real streets of Newport: homes and schools drawn from its roads."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from data.readers import CouncilFiles
from data.roads import RoadNetwork

PUPILS = 60
SCHOOLS = 6
AT_SEA = ("51.4000", "-3.0500")
"""In the Severn estuary, kilometres from any road."""


def write_council(folder: Path, network: RoadNetwork, seed: int) -> CouncilFiles:
    """Write a council's files; pupil N060's home is at sea."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(seed))
    places = _draw_places(network, rng, PUPILS + SCHOOLS)
    homes, schools = places[:PUPILS], places[PUPILS:]
    homes[-1] = AT_SEA
    tables = {
        "pupils": _list_pupils(homes, rng),
        "schools": [
            ["urn", "name", "latitude", "longitude", "am_bell", "pm_finish"],
            *(
                [f"9000{i:02d}", f"Test School {i}", *place, f"08:{40 + 5 * (i % 3)}", "15:15"]
                for i, place in enumerate(schools)
            ),
        ],
        "vehicles": [
            ["code", "name", "layouts", "lift", "count", "co2e_g_per_km"],
            ["SAL", "Saloon taxi", "4+0", "no", "", "150"],
            ["MB8", "Accessible minibus", "8+0;5+1;3+2", "yes", "", "240"],
        ],
        "rate_card": [
            [
                "vehicle_type",
                "day_charge",
                "half_day_charge",
                "per_live_mile",
                "per_dead_mile",
                "per_hour",
                "per_session",
                "effective_from",
            ],
            ["SAL", "35.00", "22.00", "1.60", "0.60", "12.00", "", "01/09/2026"],
            ["MB8", "90.00", "55.00", "2.00", "0.80", "14.00", "", "01/09/2026"],
            ["PA", "", "", "", "", "12.60", "2.00", "01/09/2026"],
        ],
        "calendar": [
            ["kind", "first_day", "last_day", "name"],
            ["term", "07/09/2026", "23/10/2026", "Autumn, first half"],
        ],
        "contract": [
            ["route_reference", "operator", "vehicle_type", "daily_price", "assistants"],
            *(
                [f"N{r:02d}", f"Operator {r % 3}", "MB8", f"{150 + r}.50", "1"]
                for r in range(SCHOOLS * 3)
            ),
        ],
        "contract_pupils": [
            ["route_reference", "session", "pupil_reference", "order"],
            *(
                [f"N{i % SCHOOLS + SCHOOLS * (i // 24):02d}", "both", f"N{i + 1:03d}", ""]
                for i in range(PUPILS - 1)
            ),
        ],
    }
    tables["contract"] = _keep_used(tables["contract"], tables["contract_pupils"])
    for kind, rows in tables.items():
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(rows)
    return CouncilFiles.from_mapping({kind: folder / f"{kind}.csv" for kind in tables})


def _draw_places(
    network: RoadNetwork, rng: np.random.Generator, count: int
) -> list[tuple[str, str]]:
    """Draw ends of streets on which a vehicle may stop, of the connected part of the network."""
    ends = np.unique(network.tail[network.is_snappable])
    ends = ends[~network.is_island[ends]]
    picked = rng.choice(ends, size=count, replace=False)
    return [(f"{network.node_lat[i]:.6f}", f"{network.node_lon[i]:.6f}") for i in picked]


def _list_pupils(homes: list[tuple[str, str]], rng: np.random.Generator) -> list[list[str]]:
    header = [
        "reference",
        "school_urn",
        "latitude",
        "longitude",
        "school_year",
        "mobility",
        "assistant",
    ]
    rows = [header]
    for i, home in enumerate(homes):
        mobility = "wheelchair" if i % 13 == 5 else "seat"
        assistant = "shared" if i % 4 == 1 else "none"
        year = str(int(rng.integers(1, 14)))
        rows.append([f"N{i + 1:03d}", f"9000{i % SCHOOLS:02d}", *home, year, mobility, assistant])
    return rows


def _keep_used(routes: list[list[str]], riders: list[list[str]]) -> list[list[str]]:
    used = {row[0] for row in riders[1:]}
    return [routes[0], *(row for row in routes[1:] if row[0] in used)]
