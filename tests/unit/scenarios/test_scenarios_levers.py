"""Levers and settings: what is refused, and all of it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from scenarios.levers import (
    LeverError,
    apply_levers,
    get_setting_limits,
    list_policy_faults,
    parse_levers,
    read_setting,
)
from solver.domain import Dataset, Layout, Point, Policy, Pupil, TermCalendar, VehicleType


def _build_dataset() -> Dataset:
    pupil = Pupil(reference="P1", school_urn="1", home=Point(52.6, -1.98), school_year=4)
    return Dataset(
        name="Example",
        pupils=(
            replace(pupil, assistant="dedicated", may_share_assistant=True),
            replace(pupil, reference="P2", assistant="dedicated"),
        ),
        schools=(),
        vehicle_types=tuple(
            VehicleType(code=code, name=code, layouts=(Layout(4),)) for code in ("CAR4", "MB8")
        ),
        calendar=TermCalendar(name="2026/27", open_days=(date(2026, 9, 7),)),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("turnaround_s", float("nan")),
        ("turnaround_s", float("inf")),
        ("turnaround_s", 1e20),
        ("turnaround_s", -1),
        ("turnaround_s", 90.5),
        ("turnaround_s", "soon"),
        ("turnaround_s", "\0"),
        ("turnaround_s", True),
        ("turnaround_s", None),
        ("traffic_factor_am", 0),
        ("traffic_factor_am", "inf"),
        ("max_schools_per_run", 0),
        ("snap_limit_m", 0),
    ],
)
def test_setting_beyond_its_limits_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        read_setting(name, value)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("turnaround_s", 900, 900),
        ("turnaround_s", "900", 900),
        ("traffic_factor_am", 2, 2.0),
        ("ride_excess_gbp_per_min", "0.25", Decimal("0.25")),
        ("ride_limit_s", None, None),
    ],
)
def test_setting_is_read_in_its_own_type(name: str, value: Any, read: Any) -> None:
    found = read_setting(name, value)
    assert found == read
    assert type(found) is type(read)


def test_every_default_is_within_its_limits() -> None:
    for setting in Policy().list_settings():
        assert read_setting(setting.name, setting.value) == setting.value
        limits = get_setting_limits(setting.name)
        assert limits.low < limits.high


def test_all_levers_that_do_not_fit_are_named_at_once() -> None:
    levers = parse_levers(
        [
            {"kind": "vehicle_count", "vehicle_type": "BUS", "count": 1},
            {"kind": "vehicle_count", "vehicle_type": "TRAM", "count": 1},
            {"kind": "policy", "settings": {"arrive_earliest_before_bell_s": 60}},
        ]
    )
    with pytest.raises(LeverError) as refused:
        apply_levers(_build_dataset(), Policy(), levers)
    assert len(refused.value.faults) == 3
    assert "the types are CAR4, MB8" in refused.value.faults[0]


def test_settings_that_leave_no_time_are_named() -> None:
    assert list_policy_faults(Policy()) == []
    (window,) = list_policy_faults(replace(Policy(), arrive_latest_before_bell_s=1201))
    assert "no arrival time" in window
    (day,) = list_policy_faults(replace(Policy(), latest_setdown_s=25200))
    assert "no time of day" in day


def test_levers_change_what_they_say_and_nothing_else() -> None:
    before = _build_dataset()
    dataset, policy = apply_levers(
        before,
        Policy(),
        parse_levers(
            [
                {"kind": "ride_limit", "minutes": 60},
                {"kind": "vehicle_count", "vehicle_type": "MB8", "count": 3},
                {"kind": "share_assistants"},
            ]
        ),
    )
    assert [pupil.assistant for pupil in dataset.pupils] == ["shared", "dedicated"]
    assert [kind.count for kind in dataset.vehicle_types] == [None, 3]
    assert policy.ride_limit_s == 3600
    assert dataset.schools == before.schools
    changed = {a.name for a, b in zip(policy.list_settings(), Policy().list_settings(), strict=True)
               if a.value != b.value}  # fmt: skip
    assert changed == {"ride_limit_s"}
