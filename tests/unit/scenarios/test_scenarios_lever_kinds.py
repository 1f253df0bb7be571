"""Each kind of lever: its parameters and limits, conflicts, order, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from straight_town import build_dataset, build_pupil

from scenarios.levers import LEVER_KINDS, LeverError, apply_levers, parse_levers
from solver.domain import Policy


def list_faults(*raw: Any) -> tuple[str, ...]:
    with pytest.raises(LeverError) as refused:
        parse_levers(raw)
    return refused.value.faults


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "low", "high"),
    [
        ("ride_limit", "minutes", 1, 240),
        ("max_schools_per_run", "schools", 1, 20),
        ("vehicle_count", "count", 0, 100_000),
    ],
)
def test_whole_numbers_are_taken_within_their_limits_only(
    kind: str, name: str, low: int, high: int
) -> None:
    more = {"vehicle_type": "CAR4"} if kind == "vehicle_count" else {}
    for value in (low, high):
        (lever,) = parse_levers([{"kind": kind, name: value, **more}])
        assert lever.get(name) == value
    nan, infinite = float("nan"), float("inf")
    for bad in (low - 1, high + 1, nan, infinite, 1.5, "60", "", None, True, [60]):
        (fault,) = list_faults({"kind": kind, name: bad, **more})
        assert fault.startswith(f"lever 1 ({kind}): {name!r} must be a whole number from {low}")


@pytest.mark.parametrize("code", ["", "  ", None, 4, "MB8\n8", "\0"])
def test_vehicle_type_must_be_a_text(code: Any) -> None:
    (fault,) = list_faults({"kind": "vehicle_count", "vehicle_type": code, "count": 1})
    assert "'vehicle_type' must be a text" in fault


def test_vehicle_type_is_read_without_stray_spaces() -> None:
    (lever,) = parse_levers([{"kind": "vehicle_count", "vehicle_type": " MB8 ", "count": 1}])
    assert lever.get("vehicle_type") == "MB8"


@pytest.mark.parametrize("settings", [None, {}, [], "turnaround_s", 5])
def test_policy_lever_needs_settings(settings: Any) -> None:
    (fault,) = list_faults({"kind": "policy", "settings": settings})
    assert "must be settings of the policy" in fault


def test_every_wrong_setting_of_a_lever_is_named_at_once() -> None:
    settings = {"turnaround_s": -1, "speed": 3, 7: 1, "snap_limit_m": 300}
    (fault,) = list_faults({"kind": "policy", "settings": settings})
    assert "no policy setting 'speed'" in fault
    assert "no policy setting 7" in fault
    assert "'turnaround_s' must be from 0 to 86400" in fault
    assert "snap_limit_m" not in fault


@pytest.mark.parametrize("kind", LEVER_KINDS)
def test_missing_and_unknown_parameters_are_named(kind: str) -> None:
    faults = list_faults({"kind": kind, "weight": 1})
    assert f"lever 1 ({kind}): has no parameter 'weight'" in faults
    for name in LEVER_KINDS[kind].parameters:
        assert f"lever 1 ({kind}): {name!r} is missing" in faults
    assert len(faults) == 1 + len(LEVER_KINDS[kind].parameters)


def test_faults_of_all_levers_come_at_once_with_their_number() -> None:
    faults = list_faults(
        {"kind": "ride_limit", "minutes": 0},
        {"kind": "teleport"},
        {"minutes": 60},
        ["ride_limit"],
        {"kind": None},
    )
    assert [fault.split(":")[0] for fault in faults] == [
        "lever 1 (ride_limit)",
        "lever 2",
        "lever 3",
        "lever 4",
        "lever 5",
    ]
    assert "the kinds are share_assistants, vehicle_count, policy" in faults[1]


# --- conflicts and order --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "thing"),
    [
        ({"kind": "single_school_runs"}, {"kind": "max_schools_per_run", "schools": 2}, "schools"),
        ({"kind": "ride_limit", "minutes": 60}, {"kind": "ride_limit", "minutes": 45}, "ride"),
        ({"kind": "share_assistants"}, {"kind": "share_assistants"}, "assistants"),
        (
            {"kind": "policy", "settings": {"ride_limit_s": 3600}},
            {"kind": "ride_limit", "minutes": 60},
            "ride limit",
        ),
        # one unset and one set: values that cannot be put in an order by themselves
        (
            {"kind": "policy", "settings": {"ride_limit_s": None}},
            {"kind": "policy", "settings": {"ride_limit_s": 3600}},
            "ride limit",
        ),
        (
            {"kind": "policy", "settings": {"max_schools_per_run": 2}},
            {"kind": "single_school_runs"},
            "max schools per run",
        ),
        (
            {"kind": "vehicle_count", "vehicle_type": "MB8", "count": 1},
            {"kind": "vehicle_count", "vehicle_type": "MB8", "count": 2},
            "count of MB8",
        ),
    ],
)
def test_two_levers_on_one_thing_are_refused_in_either_order(
    one: dict[str, Any], other: dict[str, Any], thing: str
) -> None:
    for pair in ((one, other), (other, one)):
        (fault,) = list_faults(*pair)
        assert "both change" in fault
        assert thing in fault


def test_levers_on_different_things_go_together_in_one_order() -> None:
    raw = [
        {"kind": "single_school_runs"},
        {"kind": "ride_limit", "minutes": 60},
        {"kind": "policy", "settings": {"turnaround_s": 900}},
        {"kind": "vehicle_count", "vehicle_type": "MB8", "count": 2},
        {"kind": "vehicle_count", "vehicle_type": "CAR4", "count": 9},
        {"kind": "share_assistants"},
    ]
    levers = parse_levers(raw)
    assert [lever.kind for lever in levers] == [
        "share_assistants",
        "vehicle_count",
        "vehicle_count",
        "policy",
        "ride_limit",
        "single_school_runs",
    ]
    assert parse_levers(raw[::-1]) == levers


def test_no_lever_changes_nothing() -> None:
    dataset, policy = build_dataset([build_pupil("P1", 3)]), Policy()
    assert parse_levers([]) == ()
    assert apply_levers(dataset, policy, ()) == (dataset, policy)


# --- what they do ---------------------------------------------------------------------------------


def test_assistants_are_shared_only_where_the_risk_assessment_allows_it() -> None:
    pupil = build_pupil("P1", 3)
    dataset = build_dataset(
        [
            replace(pupil, reference="allowed", assistant="dedicated", may_share_assistant=True),
            replace(pupil, reference="barred", assistant="dedicated"),
            replace(pupil, reference="none", may_share_assistant=True),
            replace(pupil, reference="shared", assistant="shared"),
        ]
    )
    changed, _ = apply_levers(dataset, Policy(), parse_levers([{"kind": "share_assistants"}]))
    assert {p.reference: p.assistant for p in changed.pupils} == {
        "allowed": "shared",
        "barred": "dedicated",
        "none": "none",
        "shared": "shared",
    }


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"kind": "single_school_runs"}, "max_schools_per_run", 1),
        ({"kind": "max_schools_per_run", "schools": 2}, "max_schools_per_run", 2),
        ({"kind": "ride_limit", "minutes": 60}, "ride_limit_s", 3600),
        ({"kind": "policy", "settings": {"traffic_factor_am": "1.3"}}, "traffic_factor_am", 1.3),
        ({"kind": "policy", "settings": {"ride_limit_s": None}}, "ride_limit_s", None),
    ],
)
def test_changed_setting_keeps_who_said_so(raw: dict[str, Any], name: str, value: Any) -> None:
    before = Policy().with_changes(
        {name: getattr(Policy(), name)}, source="council", grade="sourced"
    )
    _, policy = apply_levers(build_dataset([]), before, parse_levers([raw]))
    assert getattr(policy, name) == value
    setting = next(s for s in policy.list_settings() if s.name == name)
    assert (setting.value, setting.grade) == (value, "assumed")
    assert setting.source == f"scenario lever {raw['kind']}"
    # every other setting as it was
    others = [s for s in policy.list_settings() if s.name != name]
    assert others == [s for s in before.list_settings() if s.name != name]


def test_vehicle_count_limits_its_type_alone() -> None:
    raw = [{"kind": "vehicle_count", "vehicle_type": "MB8", "count": 0}]
    dataset, _ = apply_levers(build_dataset([]), Policy(), parse_levers(raw))
    assert {kind.code: kind.count for kind in dataset.vehicle_types} == {"CAR4": None, "MB8": 0}


def test_vehicle_count_of_an_unknown_type_is_refused_by_name() -> None:
    raw = [{"kind": "vehicle_count", "vehicle_type": "TRAM", "count": 1}]
    with pytest.raises(LeverError, match=r"no vehicle type 'TRAM'; the types are CAR4, MB8"):
        apply_levers(build_dataset([]), Policy(), parse_levers(raw))
