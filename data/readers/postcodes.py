"""Read postcode files: Code-Point Open and ONSPD, to points with the quality of the match.

Code-Point Open comes without a header (one file an area) or, as extracts do, with one. ONSPD and
the smaller ONS look-ups have headers that changed in 2025; both forms are read. The newer names
could not be checked against a published file, and a file that uses them is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from data.faults import FaultLog, FaultReport
from data.readers.cells import normalise_postcode
from data.readers.columns import normalise_header
from data.readers.grid import to_points
from data.readers.published import MOST_BAD_ROWS, is_number, open_published
from solver.domain import Point

MatchQuality = Literal["unit", "terminated", "imputed", "sector"]

POSTCODE_ATTRIBUTION: Final = (
    "Contains OS data © Crown copyright and database right; contains Royal Mail data © Royal Mail "
    "copyright and database right; contains National Statistics data © Crown copyright and "
    "database right; under the Open Government Licence v3.0"
)

_HEADERLESS: Final = (
    "postcode",
    "quality",
    "easting",
    "northing",
    "country",
    "nhs_region",
    "nhs_area",
    "county",
    "district",
    "ward",
)
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "postcode": ("pcds", "postcode", "pcd", "pcd7", "pcd8", "pcd2", "pc"),
    "quality": ("osgrdind", "gridind", "positionalqualityindicator", "pq"),
    "easting": ("oseast1m", "east1m", "eastings", "easting", "ea"),
    "northing": ("osnrth1m", "north1m", "northings", "northing", "no"),
    "latitude": ("lat", "latitude"),
    "longitude": ("long", "lon", "longitude"),
    "ended": ("doterm",),
    "district": ("oslaua", "ladcd", "admindistrictcode", "dc"),
    "ward": ("osward", "adminwardcode", "wc"),
}
_DATED_NAMES: Final = {
    "district": re.compile(r"lad[0-9]{2}cd"),
    "ward": re.compile(r"wd[0-9]{2}cd"),
}
_NEWER_NAMES: Final = frozenset({"pcd7", "pcd8", "east1m", "north1m", "gridind"})
_IMPUTED: Final = frozenset({"50", "5"})
_SECTOR: Final = frozenset({"60", "6"})
_NO_PLACE: Final = frozenset({"90", "9"})


@dataclass(frozen=True, slots=True)
class PostcodePlace:
    """Where a postcode is and how well that is known; area codes where the file has them."""

    point: Point
    quality: MatchQuality
    district: str = ""
    ward: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a postcode file before its place is worked out."""

    postcode: str
    latitude: float | None = None
    longitude: float | None = None
    easting_m: float | None = None
    northing_m: float | None = None
    quality: str = ""
    has_ended: bool = False
    district: str = ""
    ward: str = ""

    @property
    def has_place(self) -> bool:
        """Whether a position is given in either form."""
        return self.latitude is not None or self.easting_m is not None


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file's rows are read: which cell holds what, how many there are, sectors wanted."""

    places: dict[str, int]
    width: int
    sectors: set[str] | None


class PostcodeIndex:
    """Postcodes to places; a postcode that is not known falls back to its sector's mean."""

    def __init__(self, places: dict[str, PostcodePlace]) -> None:
        self._places = places
        self._sectors: dict[str, PostcodePlace] = _build_sectors(places)

    def __len__(self) -> int:
        return len(self._places)

    def find(self, postcode: str) -> PostcodePlace | None:
        """Find a postcode's place, however spaced; None where its sector is not known either."""
        key = normalise_postcode(postcode)
        return self._places.get(key) or self._sectors.get(sector_of(key))


def sector_of(postcode: str) -> str:
    """Return the sector of a postcode without spaces: WS11AA gives WS11."""
    return postcode[:-2]


def read_postcodes(
    paths: Sequence[Path], *, wanted: Collection[str] | None = None, labels: Sequence[str] = ()
) -> tuple[PostcodeIndex, FaultReport]:
    """Read postcode files together, later ones adding what earlier ones lack.

    Parameters
    ----------
    paths
        The CSV files, in any mixture of forms.
    wanted
        Postcodes that are asked for; only their sectors are kept. All unless given.
    labels
        Names of the files in faults; their base names unless given.

    Returns
    -------
    tuple
        The index, and the report: warnings for rows skipped, an error only where a file as a
        whole cannot be used.
    """
    sectors = None if wanted is None else {sector_of(normalise_postcode(p)) for p in wanted}
    entries: dict[str, _Entry] = {}
    reports = []
    for index, path in enumerate(paths):
        log = FaultLog(labels[index] if labels else path.name, most_alike=MOST_BAD_ROWS)
        for entry in _read_entries(path, sectors, log):
            known = entries.get(entry.postcode)
            entries[entry.postcode] = entry if known is None else _join(known, entry)
        reports.append(log.to_report())
    return PostcodeIndex(_place_entries(entries)), FaultReport().merge(*reports)


def _read_entries(path: Path, sectors: set[str] | None, log: FaultLog) -> Iterator[_Entry]:
    with open_published(path, log, "utf-8") as rows:
        first = next(rows, None) if rows is not None else None
        if rows is None or first is None:
            return
        numbered: Iterable[tuple[int, list[str]]] = enumerate(rows, start=2)
        if len(first) == len(_HEADERLESS) and normalise_postcode(first[0]):
            places: dict[str, int] | None = {name: i for i, name in enumerate(_HEADERLESS)}
            numbered = chain([(1, first)], numbered)
        else:
            places = _find_places(first, log)
        if places is None:
            return
        form = _Form(places, len(first), sectors)
        for number, cells in numbered:
            entry = _read_entry(number, cells, form, log)
            if entry is not None:
                yield entry


def _find_places(header: list[str], log: FaultLog) -> dict[str, int] | None:
    """Return which cell holds what, and mark a header that is not verified or has no places."""
    keys = [normalise_header(cell) for cell in header]
    places: dict[str, int] = {}
    for field, names in _NAMES.items():
        known = next((keys.index(name) for name in names if name in keys), None)
        if known is None and field in _DATED_NAMES:
            known = next((i for i, k in enumerate(keys) if _DATED_NAMES[field].fullmatch(k)), None)
        if known is not None:
            places[field] = known
    if "postcode" not in places:
        log.add(
            1,
            "",
            "missing-column",
            "The file has no column of postcodes, and is not Code-Point Open without a header.",
            "Hand in a CSV file of Code-Point Open or ONSPD as published.",
        )
        return None
    if _NEWER_NAMES & set(keys):
        log.warn(
            1,
            "",
            "unverified-header",
            "The header is of the form used since 2025, which could not be checked against a "
            "published file; it is read as it seems to mean.",
            "Compare some points on a map before you rely on them.",
        )
    if not {"latitude", "longitude"} <= set(places) and not {"easting", "northing"} <= set(places):
        log.warn(
            1,
            "",
            "postcodes-without-places",
            "The file gives no places, only areas and the dates on which postcodes ended.",
            "Hand in Code-Point Open or ONSPD as well.",
        )
    return places


def _read_entry(number: int, cells: list[str], form: _Form, log: FaultLog) -> _Entry | None:
    if not any(cells):
        return None
    places = form.places
    is_whole = len(cells) == form.width
    postcode = normalise_postcode(cells[places["postcode"]]) if is_whole else ""
    if not postcode:
        _warn_bad_row(number, "it has no postcode where the header says", log)
        return None
    if form.sectors is not None and sector_of(postcode) not in form.sectors:
        return None
    cell = {field: cells[place].strip() for field, place in places.items()}
    for axis in ("easting", "northing", "latitude", "longitude"):
        if cell.get(axis) and not is_number(cell[axis]):
            _warn_bad_row(number, f"its {axis} is not a number", log)
            return None
    entry = _Entry(
        postcode=postcode,
        quality=cell.get("quality", ""),
        has_ended=bool(cell.get("ended")),
        district=cell.get("district", ""),
        ward=cell.get("ward", ""),
    )
    if entry.quality in _NO_PLACE:
        return entry
    if cell.get("latitude") and cell.get("longitude") and float(cell["latitude"]) < 90:
        return replace(entry, latitude=float(cell["latitude"]), longitude=float(cell["longitude"]))
    if cell.get("easting") and cell.get("northing") and float(cell["easting"]) > 0:
        return replace(entry, easting_m=float(cell["easting"]), northing_m=float(cell["northing"]))
    return entry


def _warn_bad_row(number: int, found: str, log: FaultLog) -> None:
    log.warn(
        number,
        "",
        "bad-row",
        f"The row is not as the file's form asks: {found}. It is skipped.",
        "None needed, unless a pupil's home is then not found.",
    )


def _join(known: _Entry, new: _Entry) -> _Entry:
    """Return `known` with what only `new` has; a live row goes before an ended one."""
    if new.has_place and (not known.has_place or (known.has_ended and not new.has_ended)):
        known, new = new, known
    return replace(
        known,
        has_ended=known.has_ended or (new.has_ended and not new.has_place),
        district=known.district or new.district,
        ward=known.ward or new.ward,
    )


def _place_entries(entries: dict[str, _Entry]) -> dict[str, PostcodePlace]:
    on_grid = [e for e in entries.values() if e.latitude is None and e.easting_m is not None]
    points = to_points(
        [e.easting_m or 0.0 for e in on_grid], [e.northing_m or 0.0 for e in on_grid]
    )
    found = {e.postcode: point for e, point in zip(on_grid, points, strict=True)}
    for entry in entries.values():
        if entry.latitude is not None and entry.longitude is not None:
            found[entry.postcode] = Point(entry.latitude, entry.longitude)
    return {
        postcode: PostcodePlace(
            point,
            _quality_of(entries[postcode]),
            entries[postcode].district,
            entries[postcode].ward,
        )
        for postcode, point in found.items()
    }


def _quality_of(entry: _Entry) -> MatchQuality:
    if entry.has_ended:
        return "terminated"
    if entry.quality in _SECTOR:
        return "sector"
    return "imputed" if entry.quality in _IMPUTED else "unit"


def _build_sectors(places: dict[str, PostcodePlace]) -> dict[str, PostcodePlace]:
    """Return the mean place of each sector's live postcodes; its areas where they all agree."""
    members: dict[str, list[PostcodePlace]] = {}
    for postcode, place in places.items():
        if place.quality in ("unit", "imputed"):
            members.setdefault(sector_of(postcode), []).append(place)
    sectors = {}
    for sector, found in members.items():
        lat = sum(place.point.lat for place in found) / len(found)
        lon = sum(place.point.lon for place in found) / len(found)
        districts = {place.district for place in found}
        sectors[sector] = PostcodePlace(
            Point(round(lat, 6), round(lon, 6)),
            "sector",
            districts.pop() if len(districts) == 1 else "",
        )
    return sectors
