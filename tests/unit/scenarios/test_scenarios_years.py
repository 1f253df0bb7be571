"""Years compared: a start that stays the cheaper year is kept, within the rules, and it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from straight_town import (
    MONDAY,
    build_bus,
    build_car,
    build_dataset,
    build_pupil,
    build_rate_card,
    plan_town,
    solve_town,
)

from data.roads import RoadNetwork
from scenarios import pipeline
from scenarios.instances import build_sessions
from scenarios.levers import parse_levers
from scenarios.years import is_bound_false, keep_runs, value_year
from solver.domain import Bound, CostedPlan, Dataset, Policy, SessionPlan

KEPT = "runs as in the plan 'Minibuses', which the search did not better over the year"


def build_town(**changes: object) -> Dataset:
    """Four pupils both ways and a fifth in the afternoon alone: a car in the morning, a bus then.

    A day by the search: car 80 / 2 in the morning and bus 120 / 2 in the afternoon, which beats a
    bus twice. A day of the year: the car and the bus are two half days, 50 + 75 = 125, and the one
    bus that does both is 120; the bus is dearer by 0.30 a mile on 4 km, 0.75.
    """
    pupils = [build_pupil(f"P{number}", 2 + number / 2) for number in range(1, 5)]
    return build_dataset([*pupils, build_pupil("P5", 5, weekdays_am=0)], **changes)


@pytest.fixture(scope="module")
def minibuses(road: RoadNetwork) -> CostedPlan:
    """The same pupils where there are only minibuses."""
    return plan_town(build_town(vehicle_types=(build_bus(),)), road, name="Minibuses")


@pytest.fixture(scope="module")
def alone(road: RoadNetwork) -> CostedPlan:
    """The answer of the search without a start."""
    return plan_town(build_town(), road)


@pytest.fixture(scope="module")
def started(road: RoadNetwork, minibuses: CostedPlan) -> CostedPlan:
    return solve_town(build_town(), road, starts=(minibuses.plan,), iterations=20)


def is_kept_here(
    dataset: Dataset, road: RoadNetwork, start: CostedPlan, answer: CostedPlan
) -> bool:
    """Whether the start's runs can stand unchanged in this data set."""
    sessions = build_sessions(dataset, Policy(), build_rate_card(), road)
    return keep_runs(start.plan, sessions, answer.plan.am, answer.plan.pm) is not None


def test_start_with_a_dearer_day_and_a_cheaper_year_is_kept_and_said(
    minibuses: CostedPlan, alone: CostedPlan, started: CostedPlan
) -> None:
    assert alone.plan.am.objective < minibuses.plan.am.objective
    assert alone.year_pence > minibuses.year_pence
    assert started.year_pence == minibuses.year_pence
    assert started.plan.changes == (KEPT,)
    assert started.plan.name == "Re-optimised"
    assert started.plan.violations == ()
    # one vehicle, found by its code: it is the second type here and the only one there
    (route,) = started.plan.routes
    assert started.plan.am_instance.fleet[route.vehicle_type].code == "MB8"


def test_cheaper_year_of_the_search_is_kept_and_nothing_said(
    road: RoadNetwork, alone: CostedPlan
) -> None:
    dear = build_rate_card()
    car, bus = dear.vehicles
    dear = replace(dear, vehicles=(car, replace(bus, day_charge=bus.day_charge * 2)))
    start = plan_town(build_town(vehicle_types=(build_bus(),)), road, name="Minibuses")
    found = solve_town(build_town(), road, rate_card=dear, starts=(start.plan,), iterations=20)
    assert found.plan.changes == ()
    assert found.plan.am_instance.fleet[found.plan.routes[0].vehicle_type].code == "CAR4"


def test_start_that_breaks_a_rule_here_is_not_kept(
    road: RoadNetwork, minibuses: CostedPlan
) -> None:
    # P4's 480 s become 840 with three more stops of two minutes, over the limit of ten minutes
    levers = parse_levers([{"kind": "ride_limit", "minutes": 10}])
    found = solve_town(
        build_town(), road, levers=levers, starts=(minibuses.plan,), iterations=20, name="Limit"
    )
    assert KEPT not in found.plan.changes
    assert found.plan.violations == ()
    longest = max(rider.ride_cap_s for rider in found.plan.am_instance.riders)
    assert longest <= 720


def test_start_without_its_vehicle_type_is_left_aside(
    road: RoadNetwork, minibuses: CostedPlan, alone: CostedPlan
) -> None:
    cars = build_town(vehicle_types=(build_car(),))
    answer = plan_town(cars, road)
    assert not is_kept_here(cars, road, minibuses, answer)
    assert is_kept_here(build_town(), road, minibuses, alone)


def test_start_that_leaves_out_a_new_pupil_is_left_aside(
    road: RoadNetwork, minibuses: CostedPlan
) -> None:
    town = build_town()
    grown = replace(town, pupils=(*town.pupils, build_pupil("P6", 3, weekdays_am=MONDAY)))
    assert not is_kept_here(grown, road, minibuses, plan_town(grown, road))


def test_start_with_the_runs_of_the_answer_is_no_candidate(
    road: RoadNetwork, alone: CostedPlan
) -> None:
    assert not is_kept_here(build_town(), road, alone, alone)


def test_more_vehicles_than_there_are_leaves_the_answer(
    road: RoadNetwork, minibuses: CostedPlan
) -> None:
    fleet = (build_car(), build_bus(count=0))
    found = solve_town(
        build_town(vehicle_types=fleet), road, starts=(minibuses.plan,), iterations=20
    )
    assert found.plan.changes == ()
    assert {r.vehicle_type for r in found.plan.routes} == {0}


def test_year_counts_the_soft_prices_that_are_no_cost_line(alone: CostedPlan) -> None:
    # ten operating days, GBP 1.25 more in penalties a day
    am = alone.plan.am
    softer = replace(alone, plan=replace(alone.plan, am=replace(am, penalty=am.penalty + 1.25)))
    assert softer.year_pence == alone.year_pence
    assert value_year(softer) == value_year(alone) + 1250


# --- bounds ---------------------------------------------------------------------------------------


def with_bound(plan: SessionPlan, above: float) -> SessionPlan:
    return replace(plan, bound=Bound(plan.objective + above, (1.0,), 2.0))


@pytest.mark.parametrize(
    ("above", "is_false"), [(-5.0, False), (0.0, False), (1e-9, False), (0.01, True)]
)
def test_bound_above_its_own_plan_is_false(alone: CostedPlan, above: float, is_false: bool) -> None:
    assert is_bound_false(with_bound(alone.plan.am, above)) is is_false


def test_plan_without_a_bound_has_no_false_one(alone: CostedPlan) -> None:
    assert not is_bound_false(replace(alone.plan.am, bound=None))


@pytest.mark.parametrize(("above", "is_kept"), [(-5.0, True), (5.0, False)])
def test_bounds_stay_with_the_plan_unless_one_is_false(
    road: RoadNetwork,
    alone: CostedPlan,
    monkeypatch: pytest.MonkeyPatch,
    above: float,
    is_kept: bool,
) -> None:
    answer = [with_bound(alone.plan.am, above), with_bound(alone.plan.pm, -1.0)]
    monkeypatch.setattr(pipeline, "solve_jobs", lambda jobs, **_: answer)
    found = solve_town(build_town(), road)
    bounds = (found.plan.am.bound, found.plan.pm.bound)
    if is_kept:
        assert bounds == (answer[0].bound, answer[1].bound)
        assert found.plan.changes == ()
    else:
        assert bounds == (None, None)
        assert "a defect" in found.plan.changes[0]


def test_kept_start_has_the_bound_of_the_answer(
    road: RoadNetwork,
    minibuses: CostedPlan,
    alone: CostedPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = [with_bound(alone.plan.am, -1.0), with_bound(alone.plan.pm, -1.0)]
    monkeypatch.setattr(pipeline, "solve_jobs", lambda jobs, **_: answer)
    found = solve_town(build_town(), road, starts=(minibuses.plan,))
    assert found.plan.changes == (KEPT,)
    assert found.plan.am.bound == answer[0].bound
    assert found.plan.pm.bound == answer[1].bound


def test_asked_to_stop_compares_no_years(
    road: RoadNetwork,
    minibuses: CostedPlan,
    alone: CostedPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "solve_jobs", lambda jobs, **_: [alone.plan.am, alone.plan.pm])
    found = solve_town(build_town(), road, starts=(minibuses.plan,), should_stop=lambda: True)
    assert found.year_pence == alone.year_pence
