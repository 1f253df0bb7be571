"""Vehicle types and the rate card that prices them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from data.readers.pupils import check_duplicates
from data.readers.records import Record, RecordSet
from solver.domain import Point, RateCard, VehicleRates, VehicleType

ASSISTANT_ROW: Final = "PA"
_ASSISTANT_WORDS: Final = frozenset({"pa", "pas", "assistant", "passenger assistant", "escort"})


def check_vehicles(records: RecordSet) -> list[VehicleType]:
    """Check the vehicle types and build those whose rows are sound."""
    check_duplicates(records, "code", "vehicle type")
    for record in records.records:
        if (record["base_latitude"] is None) != (record["base_longitude"] is None):
            records.log.add(
                record.row,
                "base_latitude",
                "half-a-point",
                "Only one of base_latitude and base_longitude is given.",
                "Give both or neither.",
            )
        if (record["co2e_g_per_km"] or 0) < 0:
            records.log.add(
                record.row,
                "co2e_g_per_km",
                "impossible-number",
                "Emissions cannot be below 0.",
                "Write grams per kilometre, or leave the cell empty.",
            )
    sound = [record for record in records.records if not record.faulty]
    if sound and all(record["count"] == 0 for record in sound):
        records.log.add(
            None,
            "count",
            "no-vehicles",
            "There is not one vehicle: every type's count is 0.",
            "Write how many there are, or leave count empty for as many as needed.",
        )
    return [_build_vehicle(record) for record in sound]


def _build_vehicle(record: Record) -> VehicleType:
    has_base = record["base_latitude"] is not None and record["base_longitude"] is not None
    return VehicleType(
        code=record["code"],
        name=record["name"] or record["code"],
        layouts=record["layouts"],
        has_lift=record.get("lift", False),
        tags=record.get("tags", ()),
        count=record["count"],
        base=Point(record["base_latitude"], record["base_longitude"]) if has_base else None,
        co2e_g_per_km=record.get("co2e_g_per_km", 0.0),
        co2e_source=record.get("co2e_source", "assumed"),
        source=record.source,
    )


def find_code(code: str, known: dict[str, str]) -> str | None:
    """Find the vehicle type's code as the vehicles file writes it, whatever the case."""
    return known.get(code.casefold())


def is_assistant_row(record: Record) -> bool:
    """Whether a rate card's row is that of the passenger assistants."""
    return str(record["vehicle_type"] or "").casefold() in _ASSISTANT_WORDS


def check_rate_card(records: RecordSet) -> RateCard | None:
    """Check the rate card within its own file; None where it has faults or no PA row."""
    check_duplicates(records, "vehicle_type", "vehicle type", skip=is_assistant_row)
    effective_from = _check_effective_from(records)
    assistants = [record for record in records.records if is_assistant_row(record)]
    vehicles = [record for record in records.records if not is_assistant_row(record)]
    for record in vehicles:
        _check_vehicle_rates(record, records)
    if records.records and not assistants:
        records.log.add(
            None,
            "vehicle_type",
            "no-assistant-rates",
            "There is no row for passenger assistants.",
            f"Add a row with {ASSISTANT_ROW} under vehicle_type, per_hour and per_session.",
        )
    for record in assistants[1:]:
        records.log.add(
            record.row,
            "vehicle_type",
            "duplicate",
            f"The row of the passenger assistants is here again, after row {assistants[0].row}.",
            "Keep one row for each.",
        )
    for record in assistants:
        if record["per_hour"] is None and "per_hour" not in record.faulty:
            _add_missing(record, "per_hour", records)
    is_sound = not any(record.faulty for record in records.records)
    if not is_sound or not assistants or effective_from is None:
        return None
    assistant = assistants[0]
    file = records.file
    return RateCard(
        name=file,
        effective_from=effective_from,
        vehicles=tuple(_build_rates(record, file) for record in vehicles),
        pa_per_hour=assistant["per_hour"],
        pa_fixed=assistant.get("per_session", Decimal(0)),
        pa_grade=assistant.get("grade", "assumed"),
        pa_source=assistant["source"] or file,
    )


def _check_effective_from(records: RecordSet) -> date | None:
    """Return the one date of the card; none or several are reported."""
    dated: set[date] = {record["effective_from"] for record in records.records} - {None}
    is_faulty = any("effective_from" in record.faulty for record in records.records)
    if len(dated) == 1:
        return dated.pop()
    if records.records and not is_faulty:
        found = "No row says" if not dated else "The rows differ in"
        records.log.add(
            None,
            "effective_from",
            "no-effective-date" if not dated else "several-effective-dates",
            f"{found} from which date the prices hold.",
            "Write one date on every row; hand in a second card for later prices.",
        )
    return None


def _check_vehicle_rates(record: Record, records: RecordSet) -> None:
    for column in ("day_charge", "half_day_charge"):
        if record[column] is None and column not in record.faulty:
            _add_missing(record, column, records)
    day, half = record["day_charge"], record["half_day_charge"]
    if day is not None and half is not None and half > day:
        records.log.warn(
            record.row,
            "half_day_charge",
            "half-day-above-day",
            "Half a day is dearer than the whole.",
            "Check both prices.",
        )


def _add_missing(record: Record, column: str, records: RecordSet) -> None:
    record.faulty.add(column)
    records.log.add(
        record.row,
        column,
        "missing-value",
        "The cell is empty but needed.",
        f"Write {records.kind.get_column(column).written_as}.",
    )


def _build_rates(record: Record, file: str) -> VehicleRates:
    return VehicleRates(
        vehicle_type=record["vehicle_type"],
        day_charge=record["day_charge"],
        half_day_charge=record["half_day_charge"],
        per_live_mile=record.get("per_live_mile", Decimal(0)),
        per_dead_mile=record.get("per_dead_mile", Decimal(0)),
        per_driver_hour=record.get("per_hour", Decimal(0)),
        minimum_charge=record.get("minimum_charge", Decimal(0)),
        grade=record.get("grade", "assumed"),
        source=record["source"] or file,
    )
