"""From a data set to riders: ride caps (C2), school windows (C3), dwells (C5), places (C6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from straight_town import (
    build_bus,
    build_car,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_school,
    clock,
)

from data.roads import RoadNetwork
from scenarios.instances import build_sessions
from solver.domain import Dataset, Instance, Policy, Pupil, Rider, Session

HOUR_LIMIT = Policy(ride_limit_s=3600)


def build_instance(
    dataset: Dataset, road: RoadNetwork, session: Session = "AM", policy: Policy | None = None
) -> Instance:
    sessions = build_sessions(dataset, policy or Policy(), build_rate_card(), road)
    return sessions.instances[session]


def build_rider(
    pupil: Pupil, road: RoadNetwork, session: Session = "AM", policy: Policy | None = None
) -> Rider:
    (rider,) = build_instance(build_dataset([pupil]), road, session, policy).riders
    return rider


# --- C2 ride time ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "changes", "direct_s", "cap_s"),
    [
        # 10 km at 120 s: 1,200 s; + 900 = 2,100; x 1.5 = 1,800; the primary target 2,700 is most
        (10, {}, 1200, 2700),
        # 16 km: 1,920 s; + 900 = 2,820; x 1.5 = 2,880 is most
        (16, {}, 1920, 2880),
        # with a target of their own of 1,500 s the 10 km give 2,100 by the + 900
        (10, {"ride_target_s": 1500}, 1200, 2100),
        # year 7 is secondary: the target is 4,500
        (10, {"school_year": 7}, 1200, 4500),
        # 26 km: 3,120 s; + 900 = 4,020; x 1.5 = 4,680 is over 4,500
        (26, {"school_year": 7}, 3120, 4680),
        # a cap of their own holds whatever would be derived, lower or higher
        (16, {"ride_cap_s": 2000}, 1920, 2000),
        (10, {"ride_cap_s": 5000}, 1200, 5000),
    ],
)
def test_cap_is_the_most_of_target_and_direct_ride(
    road: RoadNetwork, mark: float, changes: dict[str, Any], direct_s: int, cap_s: int
) -> None:
    rider = build_rider(build_pupil("P1", mark, **changes), road)
    assert (rider.direct_s, rider.ride_cap_s) == (direct_s, cap_s)
    assert not rider.is_cap_from_direct


def test_cap_follows_the_direct_ride_of_its_own_session(road: RoadNetwork) -> None:
    # 16 km at 110 s in the afternoon: 1,760 s; + 900 = 2,660; x 1.5 = 2,640: the target is most
    rider = build_rider(build_pupil("P1", 16), road, "PM")
    assert (rider.direct_s, rider.ride_cap_s) == (1760, 2700)


@pytest.mark.parametrize(
    ("session", "mark", "changes", "cap_s", "is_listed"),
    [
        ("AM", 10, {}, 3600, False),
        ("AM", 10, {"school_year": 9}, 3600, False),
        ("AM", 10, {"ride_cap_s": 1800}, 1800, False),
        ("AM", 10, {"ride_cap_s": 5400}, 3600, False),
        # 30 km at 120 s are 3,600 s: not over the limit
        ("AM", 30, {}, 3600, False),
        # 31 km are 3,720 s: over it, so 3,720 + 300
        ("AM", 31, {}, 4020, True),
        ("AM", 31, {"ride_cap_s": 5400}, 4020, True),
        # a lower cap of their own stays, though no ride can keep it
        ("AM", 31, {"ride_cap_s": 1800}, 1800, False),
        # in the afternoon the same way takes 3,410 s
        ("PM", 31, {}, 3600, False),
    ],
)
def test_ride_limit_replaces_every_derived_cap(
    road: RoadNetwork,
    session: Session,
    mark: float,
    changes: dict[str, Any],
    cap_s: int,
    is_listed: bool,
) -> None:
    rider = build_rider(build_pupil("P1", mark, **changes), road, session, HOUR_LIMIT)
    assert (rider.ride_cap_s, rider.is_cap_from_direct) == (cap_s, is_listed)


@pytest.mark.parametrize(
    ("school_year", "target_s"),
    [(-1, 2700), (0, 2700), (6, 2700), (7, 4500), (11, 4500), (13, 4500)],
)
def test_target_goes_by_school_year_and_post_16_as_secondary(
    road: RoadNetwork, school_year: int, target_s: int
) -> None:
    rider = build_rider(build_pupil("P1", 3, school_year=school_year), road)
    assert rider.ride_target_s == target_s


def test_targets_follow_the_policy_and_the_pupil(road: RoadNetwork) -> None:
    policy = Policy(ride_target_primary_s=1800, ride_target_secondary_s=3000)
    assert build_rider(build_pupil("P1", 3), road, policy=policy).ride_target_s == 1800
    older = build_pupil("P1", 3, school_year=8)
    assert build_rider(older, road, policy=policy).ride_target_s == 3000
    own = build_pupil("P1", 3, ride_target_s=1234)
    assert build_rider(own, road, policy=policy).ride_target_s == 1234


# --- C3 school window -----------------------------------------------------------------------------


def test_window_is_before_the_bell_in_the_morning_and_after_the_finish(road: RoadNetwork) -> None:
    dataset = build_dataset([build_pupil("P1", 3)])
    # bell 08:50: from 20 to 5 minutes before; finish 15:10: up to 15 minutes after
    (am,) = build_instance(dataset, road, "AM").schools
    assert (am.window_from_s, am.window_to_s) == (clock("08:30"), clock("08:45"))
    (pm,) = build_instance(dataset, road, "PM").schools
    assert (pm.window_from_s, pm.window_to_s) == (clock("15:10"), clock("15:25"))


def test_school_has_a_window_of_its_own(road: RoadNetwork) -> None:
    school = build_school(
        "100",
        0,
        arrive_earliest_before_bell_s=1800,
        arrive_latest_before_bell_s=0,
        collect_within_s=600,
        dwell_s=90,
    )
    dataset = build_dataset([build_pupil("P1", 3)], schools=(school,))
    (am,) = build_instance(dataset, road, "AM").schools
    assert (am.window_from_s, am.window_to_s) == (clock("08:20"), clock("08:50"))
    (pm,) = build_instance(dataset, road, "PM").schools
    assert (pm.window_from_s, pm.window_to_s) == (clock("15:10"), clock("15:20"))
    assert (am.dwell_s, pm.dwell_s) == (90, 90)
    assert am.wheelchair_extra_s == 240


def test_windows_and_school_dwell_follow_the_policy(road: RoadNetwork) -> None:
    policy = Policy(
        arrive_earliest_before_bell_s=900,
        arrive_latest_before_bell_s=600,
        collect_within_s=300,
        school_dwell_s=30,
        school_wheelchair_extra_s=100,
    )
    dataset = build_dataset([build_pupil("P1", 3)])
    (am,) = build_instance(dataset, road, "AM", policy).schools
    assert (am.window_from_s, am.window_to_s) == (clock("08:35"), clock("08:40"))
    assert (am.dwell_s, am.wheelchair_extra_s) == (30, 100)
    (pm,) = build_instance(dataset, road, "PM", policy).schools
    assert pm.window_to_s == clock("15:15")


# --- C4, C5, C6, C8, C12 --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "dwell_s", "places", "needs_lift"),
    [
        # seats, bays, folded chairs
        ({}, 120, (1, 0, 0), False),
        ({"mobility": "wheelchair"}, 600, (0, 1, 0), True),
        ({"mobility": "transfer"}, 300, (1, 0, 1), False),
        ({"dwell_s": 45}, 45, (1, 0, 0), False),
        ({"dwell_s": 0}, 0, (1, 0, 0), False),
        ({"mobility": "wheelchair", "dwell_s": 480}, 480, (0, 1, 0), True),
        # a party of two: a parent rides along on a seat
        ({"party_size": 2}, 120, (2, 0, 0), False),
        ({"mobility": "wheelchair", "party_size": 3}, 600, (2, 1, 0), True),
        ({"mobility": "transfer", "party_size": 2}, 300, (2, 0, 1), False),
    ],
)
def test_mobility_and_party_give_dwell_and_places(
    road: RoadNetwork,
    changes: dict[str, Any],
    dwell_s: int,
    places: tuple[int, int, int],
    needs_lift: bool,
) -> None:
    rider = build_rider(build_pupil("P1", 3, **changes), road)
    assert rider.dwell_s == dwell_s
    assert (rider.seats, rider.bays, rider.folded_chairs) == places
    assert rider.needs_lift is needs_lift


def test_needs_come_along(road: RoadNetwork) -> None:
    pupil = build_pupil(
        "P1",
        3,
        assistant="dedicated",
        tags=("oxygen", "harness"),
        is_solo=True,
        bars_mixed_schools=True,
    )
    rider = build_rider(pupil, road)
    assert rider.assistant == "dedicated"
    assert rider.tags == ("harness", "oxygen")
    assert rider.is_solo
    assert rider.bars_mixed_schools


def test_rules_of_the_policy_reach_the_search(road: RoadNetwork) -> None:
    policy = Policy(
        earliest_pickup_s=clock("06:45"),
        latest_setdown_s=clock("18:00"),
        dwell_shared_door_extra_s=40,
        shared_pupils_per_assistant=3,
        max_schools_per_run=2,
    )
    rules = build_instance(build_dataset([build_pupil("P1", 3)]), road, policy=policy).rules
    assert (rules.earliest_s, rules.latest_s) == (clock("06:45"), clock("18:00"))
    assert rules.shared_door_extra_s == 40
    assert rules.shared_pupils_per_assistant == 3
    assert rules.max_schools_per_run == 2
    assert rules.ride_excess_gbp_per_min == pytest.approx(0.10)


# --- fleet and prices -----------------------------------------------------------------------------


def test_rates_come_by_metre_and_second_and_half_the_day_charge(road: RoadNetwork) -> None:
    dataset = build_dataset(
        [build_pupil("P1", 3)],
        vehicle_types=(build_car(count=7), build_bus(tags=("harness", "booster"))),
    )
    instance = build_instance(dataset, road)
    car, bus = instance.fleet
    # 80 a day: 40 a session; 1.10 and 0.60 a mile of 1,609.344 m; 12 an hour of 3,600 s
    assert car.session_charge == 40.0
    assert car.per_live_m == pytest.approx(1.10 / 1609.344)
    assert car.per_dead_m == pytest.approx(0.60 / 1609.344)
    assert car.per_driver_s == pytest.approx(12 / 3600)
    assert car.count == 7
    assert bus.session_charge == 60.0
    assert (bus.has_lift, bus.tags, bus.count) == (True, ("booster", "harness"), None)
    # an assistant: 9 an hour and 2 a session
    assert instance.pa_per_s == pytest.approx(0.0025)
    assert instance.pa_fixed == 2.0


def test_bases_are_stops_of_the_matrix(road: RoadNetwork) -> None:
    home = build_pupil("P1", 3)
    base = replace(build_car(), base=build_pupil("X", 5).home)
    dataset = build_dataset([home], vehicle_types=(base, build_bus()))
    sessions = build_sessions(dataset, Policy(), build_rate_card(), road)
    instance, matrix = sessions.instances["AM"], sessions.matrices["AM"]
    at_base = instance.fleet[0].base
    assert at_base is not None
    assert instance.fleet[1].base is None
    # from mark 5 to mark 3: 2 km at 120 s
    assert matrix.time_s[at_base, instance.riders[0].stop] == 240
    assert matrix.dist_m[at_base, instance.riders[0].stop] == 2000


def test_traffic_factors_slow_each_session_by_its_own(road: RoadNetwork) -> None:
    dataset = build_dataset([build_pupil("P1", 7)])
    policy = Policy(traffic_factor_am=1.5, traffic_factor_pm=1.01)
    sessions = build_sessions(dataset, policy, build_rate_card(), road)
    # 7 km in free flow take 700 s: x 1.5 = 1,050; x 1.01 = 707
    assert sessions.instances["AM"].riders[0].direct_s == 1050
    assert sessions.instances["PM"].riders[0].direct_s == 707
    assert sessions.matrices["AM"].dist_m.tolist() == sessions.matrices["PM"].dist_m.tolist()
