"""Pupils and their other addresses, from records to domain types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from data.readers.places import FoundPlace, check_given_places
from data.readers.records import Record, RecordSet
from solver.domain import EVERY_WEEKDAY, AddressRule, Pupil

_NEEDED = ("reference", "school_urn", "school_year")


def check_pupils(records: RecordSet) -> list[Record]:
    """Check pupils within their own file and return those that give a home.

    Faults go to the records' log: repeated references, no home, keep-apart and keep-together
    lists that cannot both hold, odd figures.
    """
    check_duplicates(records, "reference", "pupil")
    for record in records.records:
        _check_figures(record, records)
    return check_given_places(records, is_needed=True, what="home")


def check_duplicates(
    records: RecordSet,
    column: str,
    what: str,
    *,
    skip: Callable[[Record], bool] = lambda _: False,
) -> None:
    """Report every row whose `column` repeats that of an earlier row, whatever the case."""
    first_rows: dict[str, int] = {}
    for record in records.records:
        value = record[column]
        if value is None or skip(record):
            continue
        key = str(value).casefold()
        if key in first_rows:
            records.log.add(
                record.row,
                column,
                "duplicate",
                f"The {what} of row {first_rows[key]} is here again.",
                "Keep one row for each.",
            )
        first_rows.setdefault(key, record.row)


def _check_figures(record: Record, records: RecordSet) -> None:
    party = record["party_size"]
    if party is not None and not 1 <= party <= 16:
        record.faulty.add("party_size")
        records.log.add(
            record.row,
            "party_size",
            "impossible-number",
            "A party is 1 to 16 people.",
            "Write 1 for a pupil alone.",
        )
    for column in ("ride_target_minutes", "ride_cap_minutes"):
        if record[column] == 0:
            record.faulty.add(column)
            records.log.add(
                record.row,
                column,
                "impossible-number",
                "A ride of 0 minutes is not possible.",
                "Leave the cell empty where the policy's figure holds.",
            )
    target, cap = record["ride_target_minutes"], record["ride_cap_minutes"]
    if target and cap and cap < target:
        records.log.warn(
            record.row,
            "ride_cap_minutes",
            "cap-below-target",
            "The longest ride allowed is shorter than the ride to aim at.",
            "Check both figures.",
        )
    if not record.get("weekdays_am", EVERY_WEEKDAY) and not record.get("weekdays_pm", 0):
        records.log.warn(
            record.row,
            "weekdays_am",
            "never-travels",
            "The pupil travels on no weekday in either session.",
            "Leave the pupil out, or give the weekdays.",
        )


def build_pupils(records: RecordSet, places: dict[int, FoundPlace]) -> list[Pupil]:
    """Build the pupils whose rows are sound and whose home was found."""
    return [
        _build_pupil(record, places[record.row])
        for record in records.records
        if record.row in places and not record.faulty
    ]


def _build_pupil(record: Record, place: FoundPlace) -> Pupil:
    weekdays_am = record.get("weekdays_am", EVERY_WEEKDAY)
    return Pupil(
        reference=record["reference"],
        school_urn=record["school_urn"],
        home=place.point,
        school_year=record["school_year"],
        mobility=record.get("mobility", "seat"),
        assistant=record.get("assistant", "none"),
        may_share_assistant=record.get("may_share_assistant", False),
        tags=record.get("tags", ()),
        is_solo=record.get("solo", False),
        bars_mixed_schools=record.get("bars_mixed_schools", False),
        must_not_share=record.get("must_not_share", ()),
        must_share=record.get("must_share", ()),
        dwell_s=record["dwell_minutes"],
        ride_target_s=record["ride_target_minutes"],
        ride_cap_s=record["ride_cap_minutes"],
        weekdays_am=weekdays_am,
        weekdays_pm=record.get("weekdays_pm", weekdays_am),
        party_size=record.get("party_size", 1),
        is_entitled=record.get("entitled", True),
        need_group=record.get("need_group", ""),
        ward=record.get("ward", place.ward),
        home_quality=place.quality,
        source=record.source,
    )


def add_addresses(
    pupils: list[Pupil], addresses: RecordSet, places: dict[int, FoundPlace], known: set[str]
) -> list[Pupil]:
    """Return the pupils with their other addresses; unknown pupils and overlaps are reported.

    `known` holds every reference of the pupils file, faulty rows included.
    """
    rules: dict[str, list[AddressRule]] = {}
    for record in addresses.records:
        reference = record["pupil_reference"]
        if reference is None:
            continue
        if known and reference not in known:
            addresses.log.add(
                record.row,
                "pupil_reference",
                "unknown-pupil",
                f"There is no pupil {reference} in the pupils file.",
                "Correct the reference or add the pupil.",
            )
        elif record.row in places and not record.faulty:
            _add_rules(record, places[record.row], rules.setdefault(reference, []), addresses)
    return [
        replace(pupil, other_addresses=tuple(rules[pupil.reference]))
        if pupil.reference in rules
        else pupil
        for pupil in pupils
    ]


def _add_rules(
    record: Record, place: FoundPlace, rules: list[AddressRule], addresses: RecordSet
) -> None:
    weekdays = record.get("weekdays", EVERY_WEEKDAY)
    for session in record.get("session", ("AM", "PM")):
        if any(rule.session == session and rule.weekdays & weekdays for rule in rules):
            addresses.log.add(
                record.row,
                "weekdays",
                "two-addresses",
                f"Pupil {record['pupil_reference']} has two other addresses on one weekday in the "
                f"{session}.",
                "Keep one address for each weekday and session.",
            )
        else:
            rules.append(AddressRule(weekdays, session, place.point))
