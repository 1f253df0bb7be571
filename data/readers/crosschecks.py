"""Checks between a council's files: what one names, another must have."""

from __future__ import annotations

from data.readers.fleet import find_code, is_assistant_row
from data.readers.records import RecordSet
from solver.domain import RateCard, VehicleRates


def check_schools_known(pupils: RecordSet, schools: RecordSet) -> None:
    """Report pupils whose school is not in the schools file."""
    known = {record["urn"] for record in schools.records}
    for record in pupils.records:
        urn = record["school_urn"]
        if urn is not None and urn not in known:
            pupils.log.add(
                record.row,
                "school_urn",
                "unknown-school",
                f"School {urn} is not in the schools file.",
                "Correct the URN, or add the school with its bells.",
            )


def check_rates_known(rates: RecordSet, vehicles: RecordSet) -> None:
    """Report vehicle types without rates, and warn of rates without a vehicle type."""
    codes = {r["code"].casefold(): r["code"] for r in vehicles.records if r["code"]}
    priced = {
        r["vehicle_type"].casefold()
        for r in rates.records
        if r["vehicle_type"] and not is_assistant_row(r)
    }
    for record in vehicles.records:
        if record["code"] and record["code"].casefold() not in priced:
            rates.log.add(
                None,
                "vehicle_type",
                "no-rates",
                f"Vehicle type {record['code']!r} (row {record.row} of the vehicles file) has no "
                "rates.",
                "Add its row, or take the type out of the vehicles file.",
            )
    for record in rates.records:
        code = record["vehicle_type"]
        if code and not is_assistant_row(record) and find_code(code, codes) is None:
            rates.log.warn(
                record.row,
                "vehicle_type",
                "unknown-vehicle-type",
                f"There is no vehicle type {code!r} in the vehicles file; its rates are not used.",
                "Correct the code or add the type.",
            )


def match_rates(card: RateCard, codes: dict[str, str]) -> tuple[VehicleRates, ...]:
    """Return the rates of known vehicle types, each under the vehicles file's own code."""
    return tuple(
        VehicleRates(
            vehicle_type=code,
            day_charge=rates.day_charge,
            half_day_charge=rates.half_day_charge,
            per_live_mile=rates.per_live_mile,
            per_dead_mile=rates.per_dead_mile,
            per_driver_hour=rates.per_driver_hour,
            minimum_charge=rates.minimum_charge,
            grade=rates.grade,
            source=rates.source,
        )
        for rates in card.vehicles
        if (code := find_code(rates.vehicle_type, codes)) is not None
    )
