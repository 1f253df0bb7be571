"""Today's contract of the demo borough: about £2m a year on about 110 routes, grown not planned."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from statistics import mean

import numpy as np

from data.readers.council import CouncilData
from data.roads import RoadNetwork, build_matrix
from solver.domain import ContractRoute, Dataset, Policy, Pupil


def _pupils(dataset: Dataset) -> dict[str, Pupil]:
    return {pupil.reference: pupil for pupil in dataset.pupils}


def _riders(dataset: Dataset, route: ContractRoute) -> list[Pupil]:
    return [_pupils(dataset)[reference] for reference in route.am_pupils]


def test_it_costs_about_two_million_a_year_on_about_110_routes(dataset: Dataset) -> None:
    assert 100 <= len(dataset.contract) <= 120
    school_days = {
        school.urn: len(dataset.calendar.open_days) - len(school.closed_days)
        for school in dataset.schools
    }
    pupils = _pupils(dataset)
    year = sum(
        route.daily_price * school_days[pupils[route.am_pupils[0]].school_urn]
        for route in dataset.contract
    )
    assert Decimal(1_900_000) <= year <= Decimal(2_100_000)


def test_about_four_pupils_a_route_and_one_in_ten_alone(dataset: Dataset) -> None:
    sizes = [len(route.am_pupils) for route in dataset.contract]
    assert 3.7 <= mean(sizes) <= 4.5
    assert sizes.count(1) == 45, "10 % of 450 pupils"
    for route in dataset.contract:
        if any(pupil.is_solo for pupil in _riders(dataset, route)):
            assert len(route.am_pupils) == 1


def test_everyone_is_carried_once_each_way(dataset: Dataset) -> None:
    morning = Counter(ref for route in dataset.contract for ref in route.am_pupils)
    home = Counter(ref for route in dataset.contract for ref in route.pm_pupils)
    assert morning == Counter(pupil.reference for pupil in dataset.pupils)
    assert home == Counter(pupil.reference for pupil in dataset.pupils if pupil.weekdays_pm)


def test_routes_are_by_school_and_a_school_has_few_operators(dataset: Dataset) -> None:
    operators: dict[str, set[str]] = defaultdict(set)
    for route in dataset.contract:
        schools = {pupil.school_urn for pupil in _riders(dataset, route)}
        assert len(schools) == 1
        operators[schools.pop()].add(route.operator)
    assert all(len(names) <= 3 for names in operators.values())
    assert len({route.operator for route in dataset.contract}) >= 8


def test_every_route_fits_its_vehicle_and_keeps_the_rules(dataset: Dataset) -> None:
    vehicles = {vehicle.code: vehicle for vehicle in dataset.vehicle_types}
    for route in dataset.contract:
        riders = _riders(dataset, route)
        vehicle = vehicles[route.vehicle_type]
        references = set(route.am_pupils)
        bays = sum(pupil.mobility == "wheelchair" for pupil in riders)
        chairs = sum(pupil.mobility == "transfer" for pupil in riders)
        seats = len(riders) - bays + route.assistants
        assert any(
            seats <= layout.seats and bays <= layout.bays and chairs <= layout.folded_chairs
            for layout in vehicle.layouts
        ), route.reference
        assert vehicle.has_lift or not bays
        assert all(set(pupil.tags) <= set(vehicle.tags) for pupil in riders)
        assert all(not references & set(pupil.must_not_share) for pupil in riders)
        assert all(set(pupil.must_share) <= references for pupil in riders)
        dedicated = sum(pupil.assistant == "dedicated" for pupil in riders)
        shared = any(pupil.assistant == "shared" for pupil in riders)
        assert route.assistants == dedicated + shared


def test_the_order_is_known_for_most_routes_and_not_for_some(dataset: Dataset) -> None:
    known = [route for route in dataset.contract if route.is_am_order_known]
    assert 0.75 < len(known) / len(dataset.contract) < 0.95
    for route in known:
        if len(route.pm_pupils) == len(route.am_pupils):
            assert route.pm_pupils == route.am_pupils[::-1]


def test_prices_lie_round_the_rate_card(
    council: CouncilData, dataset: Dataset, network: RoadNetwork
) -> None:
    """Recompute each route's day on the roads: the whole is near, single routes differ."""
    card = council.rate_card
    assert card is not None
    ratios, asked, paid = [], 0.0, 0.0
    for route, miles, minutes, _ in _drive(dataset, network):
        rates = card.get_rates(route.vehicle_type)
        hours = minutes / 60
        vehicle = float(rates.day_charge) + 2 * (
            miles * float(rates.per_live_mile) + hours * float(rates.per_driver_hour)
        )
        assistant = 2 * route.assistants * (hours * float(card.pa_per_hour) + float(card.pa_fixed))
        cost = max(vehicle, float(rates.minimum_charge)) + assistant
        ratios.append(float(route.daily_price) / cost)
        asked += cost
        paid += float(route.daily_price)
    assert 0.9 < paid / asked < 1.1
    assert 0.08 < float(np.std(ratios)) < 0.3


def test_some_rides_are_over_the_cap_and_most_are_not(
    dataset: Dataset, network: RoadNetwork
) -> None:
    over = sum(len(late) for _, _, _, late in _drive(dataset, network))
    assert 0.02 < over / len(dataset.pupils) < 0.15


def _drive(
    dataset: Dataset, network: RoadNetwork
) -> list[tuple[ContractRoute, float, float, list[str]]]:
    """Return each route's live miles, minutes and pupils over the cap, in the morning as listed."""
    policy = Policy()
    points = [pupil.home for pupil in dataset.pupils] + [s.point for s in dataset.schools]
    matrix = build_matrix(network, points, snap_limit_m=policy.snap_limit_m).matrix
    stop = {pupil.reference: number for number, pupil in enumerate(dataset.pupils)}
    stop |= {school.urn: len(stop) + n for n, school in enumerate(dataset.schools)}
    boarding_s = {
        "seat": policy.dwell_seat_s,
        "transfer": policy.dwell_transfer_s,
        "wheelchair": policy.dwell_wheelchair_s,
    }
    driven = []
    for route in dataset.contract:
        riders = _riders(dataset, route)
        stops = [*(stop[rider.reference] for rider in riders), stop[riders[0].school_urn]]
        clock_s, metres, left_s = 0.0, 0.0, []
        for rider, here, there in zip(riders, stops, stops[1:], strict=False):
            clock_s += rider.dwell_s or boarding_s[rider.mobility]
            left_s.append(clock_s)
            clock_s += matrix.time_s[here, there] * policy.traffic_factor_am
            metres += matrix.dist_m[here, there]
        late = []
        for rider, start_s in zip(riders, left_s, strict=True):
            is_primary = rider.phase == "primary"
            target_s = (
                policy.ride_target_primary_s if is_primary else policy.ride_target_secondary_s
            )
            direct_s = matrix.time_s[stop[rider.reference], stops[-1]] * policy.traffic_factor_am
            cap_s = max(
                target_s,
                direct_s + policy.ride_cap_direct_extra_s,
                direct_s * policy.ride_cap_direct_factor,
            )
            if clock_s - start_s > cap_s:
                late.append(rider.reference)
        driven.append((route, metres / 1609.344, clock_s / 60 + 1, late))
    return driven
