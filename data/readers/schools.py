"""Schools from the council's own file of bells, joined to GIAS for name and place."""

from __future__ import annotations

from typing import Final, cast

from data.readers.gias import GiasSchool
from data.readers.places import FoundPlace, check_given_places
from data.readers.pupils import check_duplicates
from data.readers.records import Record, RecordSet
from solver.domain import WEEKDAYS, Point, School

DayTimes = tuple[int | None, int | None, int | None, int | None, int | None]

_BELL_HOURS: Final = (6, 14)
_FINISH_HOURS: Final = (10, 20)
_SHORTEST_DAY_S: Final = 3600


def check_schools(records: RecordSet) -> list[Record]:
    """Check schools within their own file and return those that give a place themselves.

    Faults go to the records' log: repeated URNs, missing or impossible times, empty windows.
    """
    check_duplicates(records, "urn", "school")
    for record in records.records:
        _check_times(record, records)
        earliest, latest = record["arrive_earliest_minutes"], record["arrive_latest_minutes"]
        if earliest is not None and latest is not None and latest > earliest:
            _add_time_fault(
                records,
                record,
                "arrive_latest_minutes",
                "The latest set-down lies before the earliest: both are minutes before the bell.",
                "Write the larger number under arrive_earliest_minutes.",
            )
    return check_given_places(records, is_needed=False, what="school's place")


def read_day_times(record: Record, stem: str) -> DayTimes:
    """Return times by weekday, seconds since midnight; None where closed or not given."""
    times = []
    for day in WEEKDAYS:
        value = record[f"{stem}_{day.lower()}"]
        if value is None:
            value = record[stem]
        times.append(None if value == "closed" else value)
    return cast(DayTimes, tuple(times))


def _check_times(record: Record, records: RecordSet) -> None:
    if any(column.startswith(("am_bell", "pm_finish")) for column in record.faulty):
        return
    bells, finishes = read_day_times(record, "am_bell"), read_day_times(record, "pm_finish")
    if not any(bells) and not any(finishes):
        _add_time_fault(
            records,
            record,
            "am_bell",
            "The school has no bell and no finish on any weekday.",
            "Give am_bell and pm_finish, for all weekdays or day by day.",
        )
        return
    said: set[str] = set()
    for day, bell, finish in zip(WEEKDAYS, bells, finishes, strict=True):
        found = _find_time_fault(bell, finish)
        if found is not None and found[1] not in said:
            said.add(found[1])
            column, text, remedy = found
            _add_time_fault(records, record, column, f"On {day} {text}", remedy)


def _find_time_fault(bell: int | None, finish: int | None) -> tuple[str, str, str] | None:
    """Return column, text and remedy of what is wrong with one day's times, None if nothing is."""
    if bell is None and finish is None:
        return None
    if bell is None or finish is None:
        column = "am_bell" if bell is None else "pm_finish"
        other = "a finish but no bell" if bell is None else "a bell but no finish"
        return column, f"the school has {other}.", "Give both, or write closed under both."
    if not _BELL_HOURS[0] * 3600 <= bell <= _BELL_HOURS[1] * 3600:
        return (
            "am_bell",
            f"the bell at {_clock(bell)} is not between {_BELL_HOURS[0]:02d}:00 and "
            f"{_BELL_HOURS[1]:02d}:00.",
            "Write the time by the 24-hour clock.",
        )
    if not _FINISH_HOURS[0] * 3600 <= finish <= _FINISH_HOURS[1] * 3600:
        return (
            "pm_finish",
            f"the finish at {_clock(finish)} is not between {_FINISH_HOURS[0]}:00 and "
            f"{_FINISH_HOURS[1]}:00.",
            "Write the time by the 24-hour clock: 15:15, not 3.15.",
        )
    if finish - bell < _SHORTEST_DAY_S:
        return (
            "pm_finish",
            f"the school finishes at {_clock(finish)}, less than an hour after its bell at "
            f"{_clock(bell)}.",
            "Correct the bell or the finish.",
        )
    return None


def _clock(time_s: int) -> str:
    return f"{time_s // 3600:02d}:{time_s // 60 % 60:02d}"


def _add_time_fault(
    records: RecordSet, record: Record, column: str, text: str, remedy: str
) -> None:
    record.faulty.add(column)
    records.log.add(record.row, column, "impossible-times", text, remedy)


def build_schools(
    records: RecordSet,
    places: dict[int, FoundPlace],
    given_rows: set[int],
    gias: dict[str, GiasSchool] | None,
) -> list[School]:
    """Build the schools whose rows are sound and whose place is known.

    Parameters
    ----------
    records
        The council's school file.
    places
        Places found by row.
    given_rows
        Rows that give a place of their own, found or not.
    gias
        Open establishments by URN, None where no GIAS file was handed in.
    """
    schools = []
    for record in records.records:
        if record["urn"] is None:
            continue
        published = gias.get(record["urn"]) if gias else None
        point = _find_point(places.get(record.row), published)
        if point is None and record.row not in given_rows and not record.faulty:
            _add_no_place(record, records, has_gias=gias is not None)
        if point is not None and not record.faulty:
            schools.append(_build_school(record, point, published))
    return schools


def _find_point(place: FoundPlace | None, published: GiasSchool | None) -> Point | None:
    """Find the school's point: the one given, else that of GIAS, else by its postcode."""
    if published and published.point and (place is None or place.quality != "point given"):
        return published.point
    return place.point if place is not None else None


def _add_no_place(record: Record, records: RecordSet, *, has_gias: bool) -> None:
    found = (
        "it is not among the open schools of the GIAS file, or has no place there"
        if has_gias
        else "no GIAS file was handed in"
    )
    records.log.add(
        record.row,
        "urn",
        "no-place",
        f"School {record['urn']} has no point here, and {found}.",
        "Give latitude and longitude, correct the URN, or hand in the GIAS download.",
    )


def _build_school(record: Record, point: Point, published: GiasSchool | None) -> School:
    return School(
        urn=record["urn"],
        name=record["name"] or (published.name if published else record["urn"]),
        point=point,
        am_bell_s=read_day_times(record, "am_bell"),
        pm_finish_s=read_day_times(record, "pm_finish"),
        arrive_earliest_before_bell_s=record["arrive_earliest_minutes"],
        arrive_latest_before_bell_s=record["arrive_latest_minutes"],
        collect_within_s=record["collect_within_minutes"],
        closed_days=record.get("closed_days", ()),
        dwell_s=record["dwell_minutes"],
        gates=record.get("gates", ()),
        source=record.source,
    )
