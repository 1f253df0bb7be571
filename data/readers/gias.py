"""Read the download of Get Information about Schools (GIAS), `edubasealldata...csv`.

The file is in Windows encoding (cp1252) with 139 columns, one row an establishment, some 50,000 of
them. Open establishments are kept. Bad rows are listed and skipped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.faults import FaultLog, FaultReport
from data.readers.columns import normalise_header
from data.readers.grid import to_points
from data.readers.published import MOST_BAD_ROWS, is_number, open_published
from solver.domain import Point

GIAS_ATTRIBUTION: Final = (
    "Contains data of Get Information about Schools, Department for Education, "
    "under the Open Government Licence v3.0"
)
_NEEDED: Final = {
    "urn": "URN",
    "name": "EstablishmentName",
    "status": "EstablishmentStatus (name)",
    "easting": "Easting",
    "northing": "Northing",
}
_STATUSES: Final = frozenset({"open", "open, but proposed to close", "closed", "proposed to open"})


@dataclass(frozen=True, slots=True)
class GiasSchool:
    """An open establishment as GIAS publishes it; `point` is None where GIAS has none."""

    urn: str
    name: str
    point: Point | None
    row: int


@dataclass(slots=True)
class _GiasRow:
    row: int
    urn: str
    name: str
    easting_m: float | None
    northing_m: float | None


def read_gias(
    path: Path, *, wanted: Collection[str] | None = None, label: str = ""
) -> tuple[dict[str, GiasSchool], FaultReport]:
    """Read the open establishments of a GIAS download.

    Parameters
    ----------
    path
        The CSV file.
    wanted
        URNs to keep; every open establishment unless given. Bad rows of others are listed too.
    label
        Name of the file in faults.

    Returns
    -------
    tuple
        Schools by URN, and the report: warnings for rows skipped, an error only where the file
        as a whole cannot be used.
    """
    log = FaultLog(label or path.name, most_alike=MOST_BAD_ROWS)
    kept: list[_GiasRow] = []
    with open_published(path, log, "cp1252") as rows:
        if rows is None:
            return {}, log.to_report()
        header = next(rows, [])
        places = _find_places(header, log)
        if places is None:
            return {}, log.to_report()
        for number, cells in enumerate(rows, start=2):
            row = _check_row(number, cells, len(header), places, log)
            if row is not None and (wanted is None or row.urn in wanted):
                kept.append(row)
    return _place_schools(kept), log.to_report()


def _find_places(header: list[str], log: FaultLog) -> dict[str, int] | None:
    keys = [normalise_header(cell) for cell in header]
    places = {}
    for field, column in _NEEDED.items():
        key = normalise_header(column)
        if key in keys:
            places[field] = keys.index(key)
        else:
            log.add(
                1,
                column,
                "missing-column",
                f"The column {column} is missing, so this is not the GIAS download of all data.",
                "Download 'All establishment data', establishment fields, from GIAS as CSV.",
            )
    return places if len(places) == len(_NEEDED) else None


def _check_row(
    number: int, cells: list[str], width: int, places: dict[str, int], log: FaultLog
) -> _GiasRow | None:
    """Return an open establishment; None where the row is bad (and listed) or not open."""
    if not any(cells):
        return None
    if len(cells) != width:
        _warn_shifted(number, cells, f"it has {len(cells)} cells, the header {width}", log)
        return None
    values = {field: cells[place].strip() for field, place in places.items()}
    if not values["urn"].isdigit():
        _warn_shifted(number, cells, "the URN is not a number", log)
        return None
    if any(values[axis] and not is_number(values[axis]) for axis in ("easting", "northing")):
        _warn_shifted(number, cells, "Easting or Northing is not a number", log)
        return None
    if values["status"].lower() not in _STATUSES:
        _warn_shifted(number, cells, "the establishment status is none that GIAS uses", log)
        return None
    if not values["status"].lower().startswith("open"):
        return None
    has_place = values["easting"] not in ("", "0") and values["northing"] not in ("", "0")
    if not has_place:
        log.warn(
            number,
            "Easting",
            "no-place",
            f"URN {values['urn']} is open but GIAS gives no place for it.",
            "Give its latitude and longitude in the schools file where pupils travel there.",
        )
    return _GiasRow(
        number,
        values["urn"],
        values["name"],
        float(values["easting"]) if has_place else None,
        float(values["northing"]) if has_place else None,
    )


def _warn_shifted(number: int, cells: list[str], found: str, log: FaultLog) -> None:
    urn = f" (URN {cells[0]})" if cells and cells[0].isdigit() else ""
    log.warn(
        number,
        "",
        "shifted-row",
        f"The row{urn} is shifted against the header: {found}. It is skipped.",
        "Where pupils travel to this school, give its name and place in the schools file.",
    )


def _place_schools(rows: list[_GiasRow]) -> dict[str, GiasSchool]:
    placed = [row for row in rows if row.easting_m is not None and row.northing_m is not None]
    points = to_points(
        [row.easting_m or 0.0 for row in placed], [row.northing_m or 0.0 for row in placed]
    )
    found = {row.row: point for row, point in zip(placed, points, strict=True)}
    return {row.urn: GiasSchool(row.urn, row.name, found.get(row.row), row.row) for row in rows}
