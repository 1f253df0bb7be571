"""Find the point of each record that gives one: by degrees, by grid position or by postcode."""

from __future__ import annotations

from dataclasses import dataclass

from data.readers.grid import to_points
from data.readers.postcodes import PostcodeIndex
from data.readers.records import Record, RecordSet
from solver.domain import Point

PLACE_COLUMNS = ("latitude", "longitude", "easting", "northing", "postcode")


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A record's point, how it was found, and the ward code where a postcode file has it."""

    point: Point
    quality: str
    ward: str = ""


def check_given_places(records: RecordSet, *, is_needed: bool, what: str) -> list[Record]:
    """Return the records that give a place in some form; report halves and, if needed, none.

    Parameters
    ----------
    records
        Records of a kind that has the place columns.
    is_needed
        Whether a record without any place is a fault.
    what
        What is to be found, in the words of the fault: `home` or `school's place`.
    """
    placed = []
    for record in records.records:
        if record.faulty.intersection(PLACE_COLUMNS):
            continue
        given = {name for name in PLACE_COLUMNS if record[name] is not None}
        for one, other in (("latitude", "longitude"), ("easting", "northing")):
            if (one in given) != (other in given):
                column = other if one in given else one
                record.faulty.add(column)
                records.log.add(
                    record.row,
                    column,
                    "half-a-point",
                    f"Only one of {one} and {other} is given.",
                    "Give both or neither.",
                )
                break
        else:
            if given:
                placed.append(record)
            elif is_needed:
                records.log.add(
                    record.row,
                    "",
                    "no-place",
                    f"The row gives no {what}: no latitude and longitude, no easting and northing, "
                    "no postcode.",
                    "Give one of the three.",
                )
    return placed


def find_places(
    placed: list[Record], records: RecordSet, postcodes: PostcodeIndex | None, *, name_column: str
) -> dict[int, FoundPlace]:
    """Return places by row number; what cannot be found is reported.

    Parameters
    ----------
    placed
        Records that give a place, from :func:`check_given_places`.
    records
        The file that they are from; its log takes the faults.
    postcodes
        Known postcodes, None where no postcode file was given.
    name_column
        Column whose value names the record in warnings (a reference or a URN).
    """
    found: dict[int, FoundPlace] = {}
    on_grid: list[Record] = []
    for record in placed:
        if record["latitude"] is not None:
            point = Point(record["latitude"], record["longitude"])
            found[record.row] = FoundPlace(point, "point given")
        elif record["easting"] is not None:
            on_grid.append(record)
        else:
            place = _find_by_postcode(record, records, postcodes, name_column)
            if place is not None:
                found[record.row] = place
    points = to_points([r["easting"] for r in on_grid], [r["northing"] for r in on_grid])
    for record, point in zip(on_grid, points, strict=True):
        found[record.row] = FoundPlace(point, "point given")
    return found


def _find_by_postcode(
    record: Record, records: RecordSet, postcodes: PostcodeIndex | None, name_column: str
) -> FoundPlace | None:
    if postcodes is None:
        records.log.add(
            record.row,
            "postcode",
            "no-postcode-file",
            "The place is given by postcode only, and no postcode file was handed in.",
            "Hand in Code-Point Open or ONSPD for your area, or give the point itself.",
        )
        return None
    place = postcodes.find(record["postcode"])
    if place is None:
        records.log.add(
            record.row,
            "postcode",
            "unknown-postcode",
            "The postcode is not in the postcode files, and neither is its sector.",
            "Check the postcode, hand in the file for that area, or give the point itself.",
        )
        return None
    named = f"{record[name_column]}: " if record[name_column] else ""
    if place.quality == "sector":
        records.log.warn(
            record.row,
            "postcode",
            "postcode-sector-only",
            f"{named}the postcode is not in the postcode files; its sector's middle stands in, "
            "which may be a mile or more away.",
            "Check the postcode or give the point itself.",
        )
    elif place.quality == "terminated":
        records.log.warn(
            record.row,
            "postcode",
            "postcode-terminated",
            f"{named}the postcode is no longer in use; its last known place is taken.",
            "Ask for the present postcode.",
        )
    return FoundPlace(place.point, f"postcode {place.quality}", place.ward)
