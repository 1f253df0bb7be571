"""Lots three ways: each adds up to the plan, every route is in one lot, licences are apart."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from straight_town import (
    at,
    build_bus,
    build_car,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_route,
    build_school,
    plan_town,
)

from data.roads import RoadNetwork
from scenarios.lots import WAYS, build_lottings
from scenarios.pipeline import AsIs, value_as_is
from solver.domain import CostedPlan, Dataset, Layout, Lotting, Policy, RateCard, VehicleRates


def build_card() -> RateCard:
    coach = VehicleRates(
        vehicle_type="MB16",
        day_charge=Decimal("160.07"),
        half_day_charge=Decimal("100.00"),
        per_live_mile=Decimal("1.913"),
        per_dead_mile=Decimal("1.00"),
        per_driver_hour=Decimal("14.33"),
    )
    return build_rate_card(vehicles=(*build_rate_card().vehicles, coach))


@pytest.fixture(scope="module")
def town() -> Dataset:
    """Three routes, two licence classes, a tie of schools and of wards, and P7 on no route."""
    wards = {"P1": "North", "P2": "East", "P3": "East", "P4": "North", "P5": "North", "P7": "East"}
    of_ash = ("P2", "P3", "P4")
    pupils = [
        build_pupil(
            f"P{i}",
            1 + i,
            school_urn="200" if f"P{i}" in of_ash else "100",
            ward=wards.get(f"P{i}", ""),
        )
        for i in range(1, 8)
    ]
    return build_dataset(
        pupils,
        schools=(build_school("100", 0, name="Oak"), build_school("200", 0, name="Ash")),
        vehicle_types=(build_car(), build_bus(), build_car("MB16", layouts=(Layout(16),))),
        contract=(
            build_route("R1", ["P1", "P2"]),
            build_route("R2", ["P3", "P4", "P5"], assistants=1),
            build_route("R3", ["P6"], vehicle_type="MB16", assistants=2),
        ),
    )


@pytest.fixture(scope="module")
def as_is(town: Dataset, road: RoadNetwork) -> AsIs:
    return value_as_is(town, Policy(), build_card(), road)


@pytest.fixture(scope="module")
def lottings(as_is: AsIs, town: Dataset) -> tuple[Lotting, ...]:
    return build_lottings(as_is.at_rate_card, town)


def check_sums(costed: CostedPlan, lottings: tuple[Lotting, ...]) -> None:
    outside = sum(line.amount_pence for line in costed.lines if not line.route)
    miles = sum(line.quantity for line in costed.lines if line.code in ("LIVE", "DEAD"))
    for lotting in lottings:
        assert lotting.year_pence == costed.year_pence
        assert lotting.outside_pence == outside
        assert sum(lot.year_miles for lot in lotting.lots) == miles
        offered = Counter(route for lot in lotting.lots for route in lot.routes)
        assert offered == Counter(route.reference for route in costed.plan.routes)


def test_each_way_adds_up_to_the_plan_to_the_penny(
    as_is: AsIs, town: Dataset, lottings: tuple[Lotting, ...]
) -> None:
    assert tuple(lotting.way for lotting in lottings) == WAYS
    check_sums(as_is.at_rate_card, lottings)
    assert lottings[0].outside_pence > 0  # P7
    paid = as_is.at_contract_prices
    check_sums(paid, build_lottings(paid, town))


def test_our_own_plan_adds_up_too(town: Dataset, road: RoadNetwork) -> None:
    pupils = (*town.pupils, build_pupil("P9", 3, home=at(3, east=0.01)))
    types = town.vehicle_types[:2]
    dataset = build_dataset(pupils, schools=town.schools, vehicle_types=types)
    costed = plan_town(dataset, road)
    lottings = build_lottings(costed, dataset)
    check_sums(costed, lottings)
    assert lottings[0].outside_pence > 0  # P9, off the roads


def test_route_by_route_has_a_lot_for_each(lottings: tuple[Lotting, ...]) -> None:
    lots = lottings[0].lots
    assert [(lot.reference, lot.title, lot.routes) for lot in lots] == [
        ("A001", "Route R1", ("R1",)),
        ("A002", "Route R2", ("R2",)),
        ("A003", "Route R3", ("R3",)),
    ]
    assert [(lot.seats, lot.bays, lot.assistants) for lot in lots] == [
        (4, 0, 0),
        (4, 0, 1),
        (16, 0, 2),
    ]
    # R1: homes at marks 2 and 3, in that order: 1 + 3 km in the morning, and back, on ten days:
    # 80,000 m / 1,609.344
    assert lots[0].year_miles == Decimal("49.7097")


def test_by_school_goes_by_most_pupils_and_a_tie_by_urn(lottings: tuple[Lotting, ...]) -> None:
    # R1 has one pupil of each: the lower URN, Oak; R2 has two of Ash; R3 needs another licence
    assert [(lot.title, lot.licence_class, lot.routes) for lot in lottings[1].lots] == [
        ("Ash", "up to 8", ("R2",)),
        ("Oak", "9-16", ("R3",)),
        ("Oak", "up to 8", ("R1",)),
    ]
    assert [lot.vehicle_types for lot in lottings[1].lots] == [("CAR4",), ("MB16",), ("CAR4",)]


def test_by_area_goes_by_most_pupils_and_a_tie_by_name(lottings: tuple[Lotting, ...]) -> None:
    # R1 has one of East and one of North: East; R2 two of North; P6's ward is not known
    assert [(lot.title, lot.licence_class, lot.routes) for lot in lottings[2].lots] == [
        ("Ward East", "up to 8", ("R1",)),
        ("Ward North", "up to 8", ("R2",)),
        ("Ward not stated", "9-16", ("R3",)),
    ]


def test_a_lot_of_several_routes_asks_for_all_their_seats_and_crew(
    town: Dataset, road: RoadNetwork
) -> None:
    pupils = tuple(build_pupil(p.reference, 2, ward="North") for p in town.pupils)
    dataset = build_dataset(pupils, vehicle_types=town.vehicle_types, contract=town.contract)
    costed = value_as_is(dataset, Policy(), build_card(), road).at_rate_card
    by_area = build_lottings(costed, dataset)[2]
    assert [(lot.routes, lot.seats, lot.assistants) for lot in by_area.lots] == [
        (("R3",), 16, 2),
        (("R1", "R2"), 8, 1),
    ]


def test_a_route_asks_for_the_seats_and_bays_of_all_its_runs(road: RoadNetwork) -> None:
    # a chair in the afternoon only: eight seats in the morning, five and a bay in the afternoon
    pupils = [
        build_pupil("P1", 4),
        build_pupil("W1", 3, mobility="wheelchair", weekdays_am=0),
    ]
    route = build_route("R1", ["P1"], vehicle_type="MB8", pm_pupils=("W1", "P1"))
    dataset = build_dataset(pupils, contract=(route,))
    costed = value_as_is(dataset, Policy(), build_rate_card(), road).at_rate_card
    (lot,) = build_lottings(costed, dataset)[0].lots
    assert (lot.seats, lot.bays) == (8, 1)


def test_two_schools_of_one_name_are_two_lots(road: RoadNetwork) -> None:
    schools = (build_school("100", 0, name="St Mary's"), build_school("200", 1, name="St Mary's"))
    pupils = [build_pupil("P1", 4), build_pupil("P2", 5, school_urn="200")]
    contract = (build_route("R1", ["P1"]), build_route("R2", ["P2"]))
    dataset = build_dataset(pupils, schools=schools, contract=contract)
    costed = value_as_is(dataset, Policy(), build_rate_card(), road).at_rate_card
    assert [(lot.title, lot.routes) for lot in build_lottings(costed, dataset)[1].lots] == [
        ("St Mary's (URN 100)", ("R1",)),
        ("St Mary's (URN 200)", ("R2",)),
    ]


def test_plan_for_nobody_has_no_lots(road: RoadNetwork) -> None:
    dataset = build_dataset([])
    for lotting in build_lottings(plan_town(dataset, road), dataset):
        assert lotting.lots == ()
        assert lotting.year_pence == 0
