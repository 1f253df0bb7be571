"""A town along one straight road, so that the arithmetic of a test can be done by hand.

The road runs north with a mark every kilometre. It is driven at 10 m/s in free flow (45 km/h are
posted, four fifths of it driven), so a step between two marks takes 100 s, 120 s in the morning
(factor 1.2) and 110 s in the afternoon (factor 1.1). Beyond the town lies a short lane on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from math import degrees
from pathlib import Path
from typing import Any

from scenarios.instances import build_sessions
from scenarios.pipeline import Limits, build_plan, cost_plan, solve_scenario
from solver.checker import check_plan
from solver.domain import (
    SESSIONS,
    ContractRoute,
    CostedPlan,
    Dataset,
    Layout,
    Point,
    Policy,
    Pupil,
    RateCard,
    School,
    TermCalendar,
    VehicleRates,
    VehicleType,
)
from solver.session import solve_session

MARKS = 60
STEP_LAT = degrees(999.98 / 6_371_009)
"""A hair under a kilometre, since seconds are rounded up."""
LAT, LON = 52.0, -2.0
LANE_LAT, LANE_LON = 51.9, -1.9
AM_STEP_S, PM_STEP_S = 120, 110
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (1 << day for day in range(5))


def clock(text: str) -> int:
    """Return seconds since midnight of `hh:mm`."""
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def at(mark: float, *, east: float = 0.0) -> Point:
    """Return the place at a kilometre mark, `east` degrees beside the road."""
    return Point(LAT + mark * STEP_LAT, LON + east)


def on_lane() -> Point:
    """Return a place on the lane that is cut off from the town."""
    return Point(LANE_LAT, LANE_LON)


def write_roads(path: Path) -> Path:
    """Write the road and the lane as an OpenStreetMap file."""
    nodes = {number: at(number) for number in range(MARKS + 1)}
    nodes[900] = Point(LANE_LAT, LANE_LON)
    nodes[901] = Point(LANE_LAT + STEP_LAT, LANE_LON)
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6' generator='test'>"]
    lines += [
        f"<node id='{i + 1}' version='1' lat='{p.lat!r}' lon='{p.lon!r}'/>"
        for i, p in nodes.items()
    ]
    tags = "<tag k='highway' v='residential'/><tag k='maxspeed' v='45'/>"
    for way, refs in ((1, range(MARKS + 1)), (2, (900, 901))):
        marks = "".join(f"<nd ref='{ref + 1}'/>" for ref in refs)
        lines.append(f"<way id='{way}' version='1'>{marks}{tags}</way>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def build_pupil(reference: str, mark: float, **changes: Any) -> Pupil:
    """Build a year 4 pupil on a seat who goes to school 100."""
    base: dict[str, Any] = {
        "reference": reference,
        "school_urn": "100",
        "home": at(mark),
        "school_year": 4,
    }
    return Pupil(**(base | changes))


def build_school(urn: str, mark: float, **changes: Any) -> School:
    """Build a school that begins at 08:50 and ends at 15:10 every weekday."""
    base: dict[str, Any] = {
        "urn": urn,
        "name": f"School {urn}",
        "point": at(mark),
        "am_bell_s": (clock("08:50"),) * 5,
        "pm_finish_s": (clock("15:10"),) * 5,
    }
    return School(**(base | changes))


def build_car(code: str = "CAR4", **changes: Any) -> VehicleType:
    """Build a car of four seats, 150 g CO2e a kilometre."""
    base: dict[str, Any] = {
        "code": code,
        "name": "Saloon",
        "layouts": (Layout(4),),
        "co2e_g_per_km": 150.0,
    }
    return VehicleType(**(base | changes))


def build_bus(code: str = "MB8", **changes: Any) -> VehicleType:
    """Build a minibus with a lift: eight seats, or five and a bay; 240 g CO2e a kilometre."""
    layouts = (Layout(8, 0, 2), Layout(5, 1, 2), Layout(3, 2, 2))
    bus = {"name": "Minibus with lift", "layouts": layouts, "has_lift": True}
    return build_car(code, **({**bus, "co2e_g_per_km": 240.0} | changes))


def build_rate_card(**changes: Any) -> RateCard:
    """Build prices: a car 80 a day, a bus 120; driver 12 and assistant 9 an hour."""
    base: dict[str, Any] = {
        "name": "Example card",
        "effective_from": date(2026, 9, 1),
        "vehicles": (
            _build_rates("CAR4", "80.00", "50.00", "1.10", "0.60"),
            _build_rates("MB8", "120.00", "75.00", "1.40", "0.80"),
        ),
        "pa_per_hour": Decimal("9.00"),
        "pa_fixed": Decimal("2.00"),
    }
    return RateCard(**(base | changes))


def _build_rates(code: str, day: str, half: str, live: str, dead: str) -> VehicleRates:
    return VehicleRates(
        vehicle_type=code,
        day_charge=Decimal(day),
        half_day_charge=Decimal(half),
        per_live_mile=Decimal(live),
        per_dead_mile=Decimal(dead),
        per_driver_hour=Decimal("12.00"),
    )


def list_open_days(weeks: int = 2) -> tuple[date, ...]:
    """List the weekdays of `weeks` weeks from Monday 7 September 2026."""
    monday = date(2026, 9, 7)
    return tuple(monday + timedelta(7 * week + day) for week in range(weeks) for day in range(5))


def build_dataset(pupils: Sequence[Pupil], **changes: Any) -> Dataset:
    """Build a data set with school 100 at mark 0, a car, a bus and ten open days."""
    base: dict[str, Any] = {
        "name": "Straightborough",
        "pupils": tuple(pupils),
        "schools": (build_school("100", 0),),
        "vehicle_types": (build_car(), build_bus()),
        "calendar": TermCalendar(name="2026/27", open_days=list_open_days()),
    }
    return Dataset(**(base | changes))


def build_route(reference: str, pupils: Sequence[str], **changes: Any) -> ContractRoute:
    """Build a contract route by car with a known order, GBP 98 a day, PM in reversed order."""
    base: dict[str, Any] = {
        "reference": reference,
        "operator": "Operator A",
        "vehicle_type": "CAR4",
        "daily_price": Decimal("98.00"),
        "assistants": 0,
        "am_pupils": tuple(pupils),
        "pm_pupils": tuple(pupils)[::-1],
        "is_am_order_known": True,
        "is_pm_order_known": True,
    }
    return ContractRoute(**(base | changes))


def solve_town(
    dataset: Dataset,
    network: Any,
    *,
    policy: Policy | None = None,
    rate_card: RateCard | None = None,
    name: str = "Re-optimised",
    iterations: int = 40,
    **changes: Any,
) -> CostedPlan:
    """Plan a data set within a small number of iterations."""
    return solve_scenario(
        dataset,
        policy or Policy(),
        rate_card or build_rate_card(),
        network,
        changes.pop("levers", ()),
        Limits(iterations=iterations, seed=1),
        name=name,
        **changes,
    )


def plan_town(
    dataset: Dataset,
    network: Any,
    *,
    policy: Policy | None = None,
    name: str = "Re-optimised",
    iterations: int = 20,
) -> CostedPlan:
    """Plan, check and cost a data set in this process, which is faster than in children."""
    policy, rate_card = policy or Policy(), build_rate_card()
    sessions = build_sessions(dataset, policy, rate_card, network)
    am, pm = (
        solve_session(
            sessions.instances[s], sessions.matrices[s], Limits(iterations=iterations, seed=1)
        )
        for s in SESSIONS
    )
    plan = build_plan(name, sessions, am, pm, policy, rate_card)
    assert check_plan(plan, sessions.matrices, policy) == ()
    return cost_plan(plan, sessions.matrices, rate_card, dataset)


def close_school(school: School, *days: date) -> School:
    """Return the school closed on some dates of its own."""
    return replace(school, closed_days=days)
