"""Who must and must not travel together: references known, lists symmetric, nothing contrary."""

from __future__ import annotations

from dataclasses import replace

from data.readers.records import Record, RecordSet
from solver.domain import Pupil


def check_sharing(records: RecordSet) -> None:
    """Report lists that name unknown pupils or the pupil, and demands that cannot all hold."""
    by_reference = {r["reference"]: r for r in records.records if r["reference"] is not None}
    for record in records.records:
        for column in ("must_not_share", "must_share"):
            for other in record.get(column, ()):
                _check_named(record, column, other, by_reference, records)
    groups = _group_together(by_reference)
    for reference, record in by_reference.items():
        group = groups[reference]
        for other in record.get("must_not_share", ()):
            if other != reference and other in group:
                records.log.add(
                    record.row,
                    "must_not_share",
                    "contrary-sharing",
                    f"Pupils {reference} and {other} must travel together (directly or through "
                    "others) and must not.",
                    "Take one of the two demands out.",
                )
        if record["solo"] and len(group) > 1:
            records.log.add(
                record.row,
                "solo",
                "contrary-sharing",
                f"Pupil {reference} must travel alone and must travel with another.",
                "Take one of the two demands out.",
            )


def _check_named(
    record: Record, column: str, other: str, by_reference: dict[str, Record], records: RecordSet
) -> None:
    if other == record["reference"]:
        records.log.add(
            record.row,
            column,
            "names-itself",
            "The list names the pupil whose row it is.",
            "Take the reference out of the list.",
        )
    elif other not in by_reference:
        records.log.add(
            record.row,
            column,
            "unknown-pupil",
            f"There is no pupil {other} in the pupils file.",
            "Correct the reference, or take it out where the pupil no longer travels.",
        )


def _group_together(by_reference: dict[str, Record]) -> dict[str, set[str]]:
    """Return each pupil's group: everyone joined to them by must-share, directly or not."""
    groups = {reference: {reference} for reference in by_reference}
    for reference, record in by_reference.items():
        for other in record.get("must_share", ()):
            if other in groups and groups[other] is not groups[reference]:
                joined = groups[reference] | groups[other]
                for member in joined:
                    groups[member] = joined
    return groups


def make_symmetric(pupils: list[Pupil], records: RecordSet) -> list[Pupil]:
    """Return the pupils with one-sided demands made two-sided, each with a warning."""
    for field in ("must_not_share", "must_share"):
        wanted: dict[str, list[str]] = {pupil.reference: [] for pupil in pupils}
        for pupil in pupils:
            for other in getattr(pupil, field):
                if other in wanted and other != pupil.reference:
                    wanted[other].append(pupil.reference)
        pupils = [_complete(pupil, field, wanted[pupil.reference], records) for pupil in pupils]
    return pupils


def _complete(pupil: Pupil, field: str, wanted: list[str], records: RecordSet) -> Pupil:
    present: tuple[str, ...] = getattr(pupil, field)
    lacking = [reference for reference in wanted if reference not in present]
    for reference in lacking:
        records.log.warn(
            pupil.source.row if pupil.source else None,
            field,
            "one-sided-sharing",
            f"Pupil {reference} names pupil {pupil.reference} under {field}, but not the other way "
            "round; it is taken to hold both ways.",
            "Name each in the other's row.",
        )
    if not lacking:
        return pupil
    completed = (*present, *lacking)
    if field == "must_share":
        return replace(pupil, must_share=completed)
    return replace(pupil, must_not_share=completed)
