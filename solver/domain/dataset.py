"""What an authority uploads: pupils, schools, vehicles and today's contract.

Everything here is as the council stated it; nothing is derived. Times are seconds since local
midnight (`_s`), money is GBP as `Decimal`, places are WGS84 points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from solver.domain.geography import EVERY_WEEKDAY, Point, Session

Mobility = Literal["seat", "wheelchair", "transfer"]
AssistantNeed = Literal["none", "shared", "dedicated"]
Phase = Literal["primary", "secondary", "post-16"]
LicenceClass = Literal["up to 8", "9-16", "17+"]


@dataclass(frozen=True, slots=True)
class Source:
    """The file and row (1 = the header) that a record was read from."""

    file: str
    row: int


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Another home address of a pupil, on some weekdays of one session."""

    weekdays: int
    session: Session
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """One child or young person as the council's pupil file states it."""

    reference: str
    school_urn: str
    home: Point
    school_year: int
    """National curriculum year: 0 = reception, -1 = nursery, 12 and over = post-16."""
    mobility: Mobility = "seat"
    assistant: AssistantNeed = "none"
    may_share_assistant: bool = False
    """A risk assessment allows the dedicated assistant to be shared."""
    tags: tuple[str, ...] = ()
    is_solo: bool = False
    bars_mixed_schools: bool = False
    must_not_share: tuple[str, ...] = ()
    must_share: tuple[str, ...] = ()
    dwell_s: int | None = None
    ride_target_s: int | None = None
    ride_cap_s: int | None = None
    weekdays_am: int = EVERY_WEEKDAY
    weekdays_pm: int = EVERY_WEEKDAY
    other_addresses: tuple[AddressRule, ...] = ()
    party_size: int = 1
    is_entitled: bool = True
    need_group: str = ""
    ward: str = ""
    home_quality: str = ""
    """How the point was found: `point given`, `postcode unit`, `postcode sector` and so on."""
    source: Source | None = None

    @property
    def phase(self) -> Phase:
        """Phase by school year, not by school: primary to year 6, secondary 7-11, then post-16."""
        if self.school_year <= 6:
            return "primary"
        return "secondary" if self.school_year <= 11 else "post-16"


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A school or college with its own bells; `None` on a weekday means closed that weekday."""

    urn: str
    name: str
    point: Point
    am_bell_s: tuple[int | None, int | None, int | None, int | None, int | None]
    pm_finish_s: tuple[int | None, int | None, int | None, int | None, int | None]
    arrive_earliest_before_bell_s: int | None = None
    arrive_latest_before_bell_s: int | None = None
    collect_within_s: int | None = None
    closed_days: tuple[date, ...] = ()
    dwell_s: int | None = None
    gates: tuple[Point, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One arrangement of a vehicle: passenger seats, wheelchair bays, folded-chair places."""

    seats: int
    bays: int = 0
    folded_chairs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleType:
    """A kind of vehicle that operators offer. Seats are passenger seats, without the driver's."""

    code: str
    name: str
    layouts: tuple[Layout, ...]
    has_lift: bool = False
    tags: tuple[str, ...] = ()
    count: int | None = None
    base: Point | None = None
    co2e_g_per_km: float = 0.0
    co2e_source: str = "assumed"
    source: Source | None = None

    @property
    def licence_class(self) -> LicenceClass:
        """The licence an operator needs, by the most passengers that a layout carries."""
        most = max(layout.seats + layout.bays for layout in self.layouts)
        if most <= 8:
            return "up to 8"
        return "9-16" if most <= 16 else "17+"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRoute:
    """One route of today's contract: what is paid, and who rides in which order where known."""

    reference: str
    operator: str
    vehicle_type: str
    daily_price: Decimal
    assistants: int
    am_pupils: tuple[str, ...]
    pm_pupils: tuple[str, ...]
    is_am_order_known: bool = False
    is_pm_order_known: bool = False
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCalendar:
    """The school year: every date on which schools open, before a school's own closed days."""

    name: str
    open_days: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One authority's data, immutable: a new upload is a new version with a new hash."""

    name: str
    pupils: tuple[Pupil, ...]
    schools: tuple[School, ...]
    vehicle_types: tuple[VehicleType, ...]
    calendar: TermCalendar
    contract: tuple[ContractRoute, ...] = ()
    is_synthetic: bool = False
    attribution: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
