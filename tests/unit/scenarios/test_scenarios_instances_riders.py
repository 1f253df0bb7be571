"""From pupils to rider records: weekdays, second addresses, early finishes, pairs, lost homes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from straight_town import (
    FRIDAY,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    build_bus,
    build_car,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_school,
    clock,
    on_lane,
)

from data.roads import RoadNetwork
from scenarios.instances import OffMapSchoolError, Sessions, build_sessions
from solver.domain import EVERY_WEEKDAY, UNREACHABLE, AddressRule, Dataset, Policy

MON_TO_THU = MONDAY | TUESDAY | WEDNESDAY | THURSDAY


def build(dataset: Dataset, road: RoadNetwork, policy: Policy | None = None) -> Sessions:
    return build_sessions(dataset, policy or Policy(), build_rate_card(), road)


def test_part_week_pupils_keep_their_own_days_in_each_session(road: RoadNetwork) -> None:
    pupil = build_pupil("P1", 3, weekdays_am=MONDAY | FRIDAY, weekdays_pm=TUESDAY)
    sessions = build(build_dataset([pupil]), road)
    assert [r.weekdays for r in sessions.instances["AM"].riders] == [MONDAY | FRIDAY]
    assert [r.weekdays for r in sessions.instances["PM"].riders] == [TUESDAY]


def test_pupil_who_never_travels_in_a_session_is_no_rider_of_it(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 3, weekdays_pm=0), build_pupil("P2", 4)]
    sessions = build(build_dataset(pupils), road)
    assert [r.reference for r in sessions.instances["AM"].riders] == ["P1", "P2"]
    assert [r.reference for r in sessions.instances["PM"].riders] == ["P2"]


def test_second_address_is_a_rider_of_its_own_on_its_days(road: RoadNetwork) -> None:
    other = AddressRule(WEDNESDAY | FRIDAY, "PM", at(8))
    sessions = build(build_dataset([build_pupil("P1", 3, other_addresses=(other,))]), road)
    (am,) = sessions.instances["AM"].riders
    assert am.weekdays == EVERY_WEEKDAY
    first, second = sessions.instances["PM"].riders
    assert (first.reference, second.reference) == ("P1", "P1")
    assert first.weekdays == MONDAY | TUESDAY | THURSDAY
    assert second.weekdays == WEDNESDAY | FRIDAY
    # disjoint, and together the week that they attend
    assert first.weekdays & second.weekdays == 0
    assert first.weekdays | second.weekdays == EVERY_WEEKDAY
    # 3 and 8 km at 110 s
    assert (first.direct_s, second.direct_s) == (330, 880)
    assert first.stop == am.stop
    assert sessions.instances["PM"].stops[second.stop] == at(8)


def test_early_friday_finish_is_a_call_and_a_rider_of_its_own(road: RoadNetwork) -> None:
    finish = (*(clock("15:10"),) * 4, clock("13:00"))
    school = build_school("100", 0, pm_finish_s=finish)
    sessions = build(build_dataset([build_pupil("P1", 3)], schools=(school,)), road)
    assert len(sessions.instances["AM"].riders) == 1
    pm = sessions.instances["PM"]
    by_day = {r.weekdays: pm.schools[r.school].window_from_s for r in pm.riders}
    assert by_day == {MON_TO_THU: clock("15:10"), FRIDAY: clock("13:00")}
    assert [call.urn for call in pm.schools] == ["100", "100"]


def test_weekday_on_which_a_school_is_closed_has_no_rider(road: RoadNetwork) -> None:
    bells = (*(clock("08:50"),) * 4, None)
    school = build_school("100", 0, am_bell_s=bells)
    sessions = build(build_dataset([build_pupil("P1", 3)], schools=(school,)), road)
    assert [r.weekdays for r in sessions.instances["AM"].riders] == [MON_TO_THU]
    assert [r.weekdays for r in sessions.instances["PM"].riders] == [EVERY_WEEKDAY]


def test_school_without_an_afternoon_leaves_the_afternoon_empty(road: RoadNetwork) -> None:
    school = build_school("100", 0, pm_finish_s=(None,) * 5)
    sessions = build(build_dataset([build_pupil("P1", 3)], schools=(school,)), road)
    assert len(sessions.instances["AM"].riders) == 1
    assert sessions.instances["PM"].riders == ()
    assert sessions.instances["PM"].schools == ()


def test_pairs_point_at_every_record_of_the_other_pupil(road: RoadNetwork) -> None:
    two_homes = (AddressRule(FRIDAY, "AM", at(8)),)
    pupils = [
        build_pupil("P1", 3, must_share=("P2",), must_not_share=("P3",)),
        build_pupil("P2", 3, must_share=("P1",), other_addresses=two_homes),
        build_pupil("P3", 4, must_not_share=("P1",), other_addresses=two_homes),
    ]
    riders = build(build_dataset(pupils), road).instances["AM"].riders
    assert [r.reference for r in riders] == ["P1", "P2", "P2", "P3", "P3"]
    assert riders[0].must_share == (1, 2)
    assert riders[0].must_not_share == (3, 4)
    assert [r.must_share for r in riders[1:3]] == [(0,), (0,)]
    assert [r.must_not_share for r in riders[3:]] == [(0,), (0,)]


def test_pair_with_a_pupil_who_does_not_travel_is_left_out(road: RoadNetwork) -> None:
    pupils = [
        build_pupil("P1", 3, must_share=("P2",)),
        build_pupil("P2", 3, must_share=("P1",), weekdays_pm=0),
    ]
    sessions = build(build_dataset(pupils), road)
    assert sessions.instances["AM"].riders[0].must_share == (1,)
    assert sessions.instances["PM"].riders[0].must_share == ()


def test_homes_at_one_place_share_a_stop(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 3), build_pupil("P2", 3), build_pupil("P3", 4)]
    instance = build(build_dataset(pupils), road).instances["AM"]
    stops = [rider.stop for rider in instance.riders]
    assert stops[0] == stops[1] != stops[2]
    assert len(instance.stops) == 3  # two homes and the school


def test_home_off_the_roads_is_named_with_metres_and_limit(road: RoadNetwork) -> None:
    # 0.01 degrees east at 52 degrees north: about 111,195 x 0.01 x cos 52 = 685 m
    pupils = [build_pupil("P1", 3), build_pupil("P2", 3, home=at(3, east=0.01))]
    sessions = build(build_dataset(pupils), road)
    assert set(sessions.off_map) == {"P2"}
    reason = sessions.off_map["P2"]
    assert reason.rule == "C1"
    metres = int(reason.text.split("their home is ")[1].split(" m ")[0])
    assert 680 <= metres <= 690
    assert "the limit is 250 m" in reason.text
    assert sessions.instances["AM"].riders[1].direct_s == UNREACHABLE


def test_snap_limit_of_the_policy_takes_a_farther_home(road: RoadNetwork) -> None:
    pupil = build_pupil("P1", 3, home=at(3, east=0.01))
    sessions = build(build_dataset([pupil]), road, Policy(snap_limit_m=1000))
    assert sessions.off_map == {}
    assert sessions.instances["AM"].riders[0].direct_s < 1000


def test_home_on_a_lane_cut_off_is_named(road: RoadNetwork) -> None:
    pupils = [build_pupil("P1", 3), build_pupil("P2", 3, home=on_lane())]
    off_map = build(build_dataset(pupils), road).off_map
    assert set(off_map) == {"P2"}
    assert "cut off from the rest" in off_map["P2"].text


def test_second_address_off_the_roads_leaves_the_first_as_it_is(road: RoadNetwork) -> None:
    other = AddressRule(FRIDAY, "AM", at(3, east=0.01))
    sessions = build(build_dataset([build_pupil("P1", 3, other_addresses=(other,))]), road)
    assert set(sessions.off_map) == {"P1"}
    weekly, friday = sessions.instances["AM"].riders
    assert sessions.find_off_map(weekly) is None
    assert sessions.find_off_map(friday) == sessions.off_map["P1"]
    (afternoon,) = sessions.instances["PM"].riders
    assert sessions.find_off_map(afternoon) is None


def test_schools_and_bases_off_the_roads_are_all_refused_by_name(road: RoadNetwork) -> None:
    schools = (
        build_school("100", 0),
        build_school("200", 0, point=at(2, east=0.02), name="Far School"),
        build_school("300", 0, point=on_lane(), name="Lane School"),
    )
    pupils = [build_pupil(f"P{urn}", 3, school_urn=urn) for urn in ("100", "200", "300")]
    types = (build_car(), replace(build_bus(), base=at(5, east=0.02)))
    with pytest.raises(OffMapSchoolError) as refused:
        build(build_dataset(pupils, schools=schools, vehicle_types=types), road)
    text = str(refused.value)
    assert text.startswith("3 places lie off the roads")
    assert "Far School (URN 200), Lane School (URN 300), base of MB8" in text
    assert "School 100" not in text


def test_school_that_nobody_goes_to_may_lie_off_the_roads(road: RoadNetwork) -> None:
    schools = (build_school("100", 0), build_school("200", 0, point=at(2, east=0.02)))
    sessions = build(build_dataset([build_pupil("P1", 3)], schools=schools), road)
    assert [call.urn for call in sessions.instances["AM"].schools] == ["100"]


def test_data_set_without_pupils_has_two_empty_sessions(road: RoadNetwork) -> None:
    sessions = build(build_dataset([]), road)
    for instance in sessions.instances.values():
        assert instance.riders == ()
        assert instance.schools == ()
        assert len(instance.fleet) == 2
