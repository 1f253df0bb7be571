"""A small sound council whose files a test changes in one place."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from data.faults import Fault, FaultReport
from data.readers import CouncilData, CouncilFiles, read_council

Rows = list[dict[str, str]]


def build_rows() -> dict[str, Rows]:
    """Build the rows of every file of a council with three pupils and two schools."""
    home = {"latitude": "52.5860", "longitude": "-1.9813"}
    return {
        "pupils": [
            {"reference": "P1", "school_urn": "900001", **home, "school_year": "7"},
            {"reference": "P2", "school_urn": "900001", **home, "school_year": "R"},
            {"reference": "P3", "school_urn": "900002", **home, "school_year": "12"},
        ],
        "schools": [
            {
                "urn": urn,
                "name": f"School {urn}",
                "latitude": "52.60",
                "longitude": "-1.97",
                "am_bell": "08:45",
                "pm_finish": "15:15",
            }
            for urn in ("900001", "900002")
        ],
        "vehicles": [
            {"code": "TAXI", "layouts": "4", "lift": "no"},
            {"code": "MB16", "layouts": "16+0;13+1;10+2", "lift": "yes", "count": "12"},
        ],
        "rate_card": [
            {"vehicle_type": code, "day_charge": "80", "half_day_charge": "50"}
            for code in ("TAXI", "MB16")
        ]
        + [{"vehicle_type": "PA", "per_hour": "13.80", "per_session": "4.00"}],
        "calendar": [{"first_day": "01/09/2026", "last_day": "24/05/2027"}],
        "contract": [
            {"route_reference": "R1", "vehicle_type": "TAXI", "daily_price": "£95.00"},
            {"route_reference": "R2", "vehicle_type": "MB16", "daily_price": "1,185.50"},
        ],
        "contract_pupils": [
            {"route_reference": "R1", "session": "AM", "pupil_reference": "P2", "order": "2"},
            {"route_reference": "R1", "session": "AM", "pupil_reference": "P1", "order": "1"},
            {"route_reference": "R1", "session": "PM", "pupil_reference": "P1", "order": ""},
            {"route_reference": "R2", "session": "both", "pupil_reference": "P3", "order": "1"},
        ],
    }


class Council:
    """Rows by kind of file, to be changed by a test and then read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = build_rows()
        self.rows["rate_card"][0]["effective_from"] = "01/09/2026"
        self.paths: dict[str, Path | tuple[Path, ...]] = {}

    def write(self) -> CouncilFiles:
        """Write every file as CSV and return their paths."""
        paths: dict[str, Path | tuple[Path, ...]] = {
            kind: write_csv(self.folder / f"{kind}.csv", rows) for kind, rows in self.rows.items()
        }
        return CouncilFiles.from_mapping(paths | self.paths)

    def read(self) -> CouncilData:
        """Write and read every file."""
        return read_council(self.write(), name="Testshire")


def write_csv(path: Path, rows: Rows) -> Path:
    """Write rows under a header of all their keys."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def council(tmp_path: Path) -> Council:
    """Return a sound council in a folder of its own."""
    return Council(tmp_path)


@pytest.fixture(scope="session")
def build_council() -> type[Council]:
    """Return what builds a sound council in a folder, for tests that need many."""
    return Council


@pytest.fixture
def only() -> Callable[[FaultReport, str], Fault]:
    """Return a function that gets the one fault of a code and shows the report where it cannot."""

    def get(report: FaultReport, code: str) -> Fault:
        found = [fault for fault in report.faults if fault.code == code]
        shown = "\n".join(str(fault) for fault in report.faults)
        assert len(found) == 1, f"{len(found)} faults {code!r} among:\n{shown}"
        return found[0]

    return get
