"""Domain values go to JSON and come back equal."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.db import mapping
from solver.domain import (
    EVERY_WEEKDAY,
    AddressRule,
    Block,
    Bound,
    ContractRoute,
    CostedPlan,
    CostLine,
    Dataset,
    DayCost,
    FleetType,
    Instance,
    Layout,
    Plan,
    Point,
    Policy,
    Pupil,
    RateCard,
    Reason,
    Rider,
    Route,
    Rules,
    Run,
    RunDay,
    School,
    SchoolCall,
    SessionPlan,
    Source,
    TermCalendar,
    Unassigned,
    VehicleRates,
    VehicleType,
    Violation,
    Visit,
    content_hash,
)

LAYOUTS = (Layout(8), Layout(5, 1, 1))


def build_dataset() -> Dataset:
    rule = AddressRule(0b00011, "PM", Point(52.61, -1.97))
    return Dataset(
        name="Example",
        pupils=(
            Pupil(reference="P1", school_urn="900001", home=Point(52.6, -1.98), school_year=4,
                  other_addresses=(rule,), source=Source("pupils.csv", 2)),
            Pupil(reference="P2", school_urn="900001", home=Point(0.1 + 0.2, -1.9), school_year=12,
                  mobility="wheelchair", tags=("tail-lift",)),
        ),
        schools=(
            School(urn="900001", name="Canalside", point=Point(52.58, -1.99),
                   am_bell_s=(31800, 31800, None, 31800, 31800),
                   pm_finish_s=(54600,) * 5, closed_days=(date(2026, 11, 2),)),
        ),
        vehicle_types=(VehicleType(code="MB8", name="Minibus", layouts=LAYOUTS, has_lift=True),),
        calendar=TermCalendar(name="2026/27", open_days=(date(2026, 9, 7), date(2026, 9, 8))),
        contract=(
            ContractRoute(reference="R1", operator="Operator A", vehicle_type="MB8",
                          daily_price=Decimal("185.50"), assistants=1, am_pupils=("P1",),
                          pm_pupils=("P1", "P2")),
        ),
        is_synthetic=True,
    )  # fmt: skip


def build_instance(session: str) -> Instance:
    return Instance(
        name="Example", session="AM" if session == "AM" else "PM",
        stops=(Point(52.6, -1.98), Point(52.58, -1.99)),
        riders=(
            Rider(reference="P1", stop=0, school=0, weekdays=EVERY_WEEKDAY, seats=1, bays=0,
                  folded_chairs=0, assistant="shared", dwell_s=120, direct_s=600, ride_cap_s=2700,
                  ride_target_s=2700),
        ),
        schools=(
            SchoolCall(urn="900001", name="Canalside", stop=1, window_from_s=30600,
                       window_to_s=31500, dwell_s=60, wheelchair_extra_s=240),
        ),
        fleet=(
            FleetType(code="MB8", layouts=LAYOUTS, has_lift=True, tags=(), count=None, base=None,
                      session_charge=60.0, per_live_m=0.1 / 3, per_dead_m=0.0005,
                      per_driver_s=0.004),
        ),
        rules=Rules(earliest_s=25200, latest_s=63000, shared_door_extra_s=30,
                    shared_pupils_per_assistant=None, max_schools_per_run=3,
                    ride_excess_gbp_per_min=0.1),
        pa_per_s=0.0035, pa_fixed=2.0,
    )  # fmt: skip


def build_costed() -> CostedPlan:
    run = Run(0, 1, (Visit(0, None, (0,)), Visit(1, 0, (0,))),
              (RunDay(0, 1, (30000, 30720), (30000, 30720), (30120, 30780)),))  # fmt: skip
    left = Unassigned(0, (Reason("C6 layout", "no vehicle fits"),), 0, False, 97.5)
    am = SessionPlan(session="AM", runs=(run,), unassigned=(), cost=0.1 + 0.2, penalty=1e-9,
                     bound=Bound(0.25, (0.1, 0.2), 1.5))  # fmt: skip
    pm = SessionPlan(session="PM", runs=(), unassigned=(left,), cost=97.5, penalty=0.0)
    plan = Plan(
        name="Example", am_instance=build_instance("AM"), pm_instance=build_instance("PM"),
        am=am, pm=pm, routes=(Route("R001", 0, Block("AM", (0,)), None),),
        violations=(Violation("C2 ride time", "AM", 0, "46 minutes", ("P1",)),), is_as_is=True,
    )  # fmt: skip
    lines = (
        CostLine(route="R001", code="half_day", text="Half day", quantity=Decimal("190.0000"),
                 unit="day", rate=Decimal("75.00"), amount_pence=1_425_000, grade="assumed",
                 source="rate card"),
        CostLine(route="", code="unassigned", text="P1: a vehicle of their own",
                 quantity=Decimal(190), unit="day", rate=Decimal("97.50"),
                 amount_pence=1_852_500, grade="derived", source="rate card"),
    )  # fmt: skip
    day = DayCost(route="R001", weekday=0, code="half_day", quantity=Decimal(1), unit="day",
                  rate=Decimal("75.00"), amount=Decimal("75.00"))  # fmt: skip
    return CostedPlan(plan=plan, lines=lines, days=(day,), operating_days=190, pricing="rate card")


def build_rate_card() -> RateCard:
    rates = VehicleRates(
        vehicle_type="MB8", day_charge=Decimal("120.00"), half_day_charge=Decimal("75.10"),
        per_live_mile=Decimal("1.40"), per_dead_mile=Decimal("0.80"),
        per_driver_hour=Decimal("14.00"),
    )  # fmt: skip
    return RateCard(name="2026", effective_from=date(2026, 9, 1), vehicles=(rates,),
                    pa_per_hour=Decimal("12.60"), pa_fixed=Decimal("2.00"))  # fmt: skip


POLICY = Policy().with_changes({"ride_limit_s": 3600, "traffic_factor_am": 1.25}, source="test")


@pytest.mark.parametrize(
    "value",
    [build_dataset(), POLICY, build_rate_card(), build_costed().plan, build_costed()],
    ids=lambda value: type(value).__name__,
)
def test_there_and_back(value: object) -> None:
    kind = type(value)
    assert kind in mapping.STORED
    packed = mapping.unpack(kind, mapping.pack(value))
    assert packed == value
    assert content_hash(packed) == content_hash(value)
    assert mapping.from_json(kind, mapping.to_json(value)) == value


def test_plan_stored_before_there_were_bounds_is_read_without_one() -> None:
    costed = build_costed()
    raw = mapping.to_json(costed)
    for session in ("am", "pm"):
        del raw["plan"][session]["bound"]
    old = zlib.compress(json.dumps(raw).encode())
    plan = mapping.unpack(CostedPlan, old).plan
    assert (plan.am.bound, plan.pm.bound) == (None, None)
    assert plan.am.objective == costed.plan.am.objective


def test_route_totals_add_up_and_name_no_pupil() -> None:
    totals = mapping.total_routes(build_costed())
    assert totals == [
        {"route": "R001", "year_pence": 1_425_000},
        {"route": "", "year_pence": 1_852_500},
    ]
    assert "P1" not in str(totals)


def test_counts_of_a_data_set() -> None:
    dataset = replace(build_dataset(), contract=())
    assert mapping.count_dataset(dataset) == {
        "pupils": 2, "schools": 1, "vehicle_types": 1, "contract_routes": 0, "open_days": 2,
    }  # fmt: skip
