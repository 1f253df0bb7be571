"""Every default of the planning rules, each with its unit, grade and source.

A council edits a default through :meth:`Policy.with_changes`, which keeps who said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal, cast

from solver.domain.errors import UnknownSettingError

Grade = Literal["sourced", "derived", "assumed"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One default as people read it: value, unit, how well it is founded and on what."""

    name: str
    value: object
    unit: str
    grade: Grade
    source: str


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A default that a council or a scenario replaced, with its own grade and source."""

    name: str
    grade: Grade
    source: str


def _setting(default: object, unit: str, grade: Grade, source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "grade": grade, "source": source})


_GUIDE = "DfE travel to school guidance (2014, 2023), as quoted in Slough's policy p. 9"
_BORDERS = "Scottish Borders school transport FAQ 5: 2 minutes walk-on, 10 minutes wheelchair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The planning rules of one authority, effective from a date. Labels C1..C17 as the spec."""

    name: str = "national defaults"
    effective_from: date = date(2026, 9, 1)

    # C2 ride time
    ride_target_primary_s: int = _setting(2700, "s", "sourced", _GUIDE)
    ride_target_secondary_s: int = _setting(4500, "s", "sourced", _GUIDE)
    ride_cap_direct_extra_s: int = _setting(900, "s", "assumed", "direct time + 15 minutes")
    ride_cap_direct_factor: float = _setting(1.5, "x direct", "assumed", "1.5 x direct time")
    ride_limit_s: int | None = _setting(
        None, "s", "assumed", "set by a scenario: replaces every derived cap"
    )
    ride_limit_direct_extra_s: int = _setting(
        300, "s", "assumed", "cap of pupils whose direct ride alone exceeds the limit: + 5 minutes"
    )
    ride_excess_gbp_per_min: Decimal = _setting(  # noqa: RUF009 - a dataclasses.field within
        Decimal("0.10"), "GBP per minute over target", "assumed", "a soft price, never a cost line"
    )
    # C3 school window
    arrive_earliest_before_bell_s: int = _setting(1200, "s", "assumed", "bell - 20 minutes")
    arrive_latest_before_bell_s: int = _setting(300, "s", "assumed", "bell - 5 minutes")
    collect_within_s: int = _setting(900, "s", "assumed", "finish + 15 minutes")
    # C4 earliest and latest
    earliest_pickup_s: int = _setting(7 * 3600, "s since midnight", "assumed", "07:00")
    latest_setdown_s: int = _setting(17 * 3600 + 1800, "s since midnight", "assumed", "17:30")
    # C5 dwell
    dwell_seat_s: int = _setting(120, "s", "sourced", _BORDERS)
    dwell_wheelchair_s: int = _setting(600, "s", "sourced", _BORDERS)
    dwell_transfer_s: int = _setting(300, "s", "assumed", "transfer to a seat, chair folded")
    dwell_shared_door_extra_s: int = _setting(
        30, "s", "assumed", "each further pupil at one address"
    )
    school_dwell_s: int = _setting(60, "s", "assumed", "set-down or loading at a school")
    school_wheelchair_extra_s: int = _setting(
        240, "s", "assumed", "added where a wheelchair alights or boards at a school"
    )
    # C8 assistants, C11 vehicle day, C12 mixed schools
    shared_pupils_per_assistant: int | None = _setting(
        None, "pupils", "assumed", "no limit unless set"
    )
    turnaround_s: int = _setting(600, "s", "assumed", "10 minutes between two runs of a vehicle")
    max_driving_s: int = _setting(9 * 3600, "s a day", "assumed", "9 hours at the wheel a day")
    max_schools_per_run: int | None = _setting(3, "schools", "assumed", "a council's usual limit")
    # travel times
    traffic_factor_am: float = _setting(
        1.2, "x free-flow time", "assumed", "morning peak; to be fitted to observed times"
    )
    traffic_factor_pm: float = _setting(
        1.1, "x free-flow time", "assumed", "afternoon; to be fitted to observed times"
    )
    snap_limit_m: int = _setting(
        250, "m", "assumed", "a home farther than this from a road is named"
    )

    changes: tuple[SettingChange, ...] = ()

    def with_changes(
        self, changes: Mapping[str, object], *, source: str, grade: Grade = "assumed"
    ) -> Policy:
        """Return a policy with `changes` made and their source kept.

        Raises
        ------
        UnknownSettingError
            If a name is not a setting of the policy.
        """
        known = {setting.name for setting in self.list_settings()}
        for name in changes:
            if name not in known:
                raise UnknownSettingError(name, sorted(known))
        kept = tuple(change for change in self.changes if change.name not in changes)
        made = tuple(SettingChange(name, grade, source) for name in sorted(changes))
        return replace(self, changes=kept + made, **cast(dict[str, Any], dict(changes)))

    def list_settings(self) -> tuple[Setting, ...]:
        """List every setting with the grade and source in force."""
        changed = {change.name: change for change in self.changes}
        settings = []
        for item in fields(self):
            if "unit" not in item.metadata:
                continue
            change = changed.get(item.name)
            settings.append(
                Setting(
                    item.name,
                    getattr(self, item.name),
                    item.metadata["unit"],
                    change.grade if change else item.metadata["grade"],
                    change.source if change else item.metadata["source"],
                )
            )
        return tuple(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRates:
    """What one vehicle type costs, GBP. `day_charge` covers AM and PM, however many runs."""

    vehicle_type: str
    day_charge: Decimal
    half_day_charge: Decimal
    per_live_mile: Decimal
    per_dead_mile: Decimal
    per_driver_hour: Decimal
    minimum_charge: Decimal = Decimal(0)
    grade: Grade = "assumed"
    source: str = "assumed; replace by the council's own contract register"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCard:
    """Prices by vehicle type and for passenger assistants (PA), effective from a date."""

    name: str
    effective_from: date
    vehicles: tuple[VehicleRates, ...]
    pa_per_hour: Decimal
    pa_fixed: Decimal
    """GBP per assistant for each session (AM or PM) that they work."""
    pa_grade: Grade = "assumed"
    pa_source: str = "assumed; replace by the council's own contract register"

    def get_rates(self, vehicle_type: str) -> VehicleRates:
        """Return the rates of a vehicle type; raises `KeyError` where the card has none."""
        for rates in self.vehicles:
            if rates.vehicle_type == vehicle_type:
                return rates
        raise KeyError(vehicle_type)
