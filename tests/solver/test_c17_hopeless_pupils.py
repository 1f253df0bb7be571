"""C17 hopeless pupils: found before the search, named with the rule, priced by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.arrays import build_arrays
from solver.domain import (
    UNREACHABLE,
    FleetType,
    Instance,
    InstanceError,
    Layout,
    Rider,
    Session,
    TravelMatrix,
)
from solver.hopeless import find_hopeless
from solver.insertion import list_groups
from solver.kernel import price_run
from tests.solver.builders import (
    build_lift_bus,
    build_line,
    build_rider,
    build_type,
    build_wheelchair,
    list_broken,
    solve,
)
from tests.solver.random_cases import draw_instance

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _find(instance: Instance, matrix: TravelMatrix) -> dict[int, set[str]]:
    groups = list_groups(instance, range(len(instance.riders)))
    found = find_hopeless(instance, matrix, groups)
    return {rider: {reason.rule for reason in reasons} for rider, reasons in found.items()}


@BOTH
@pytest.mark.parametrize(
    ("rider", "fleet", "rule"),
    [
        (build_rider(10, ride_cap_s=599), [build_type()], "C2"),
        (build_rider(120, ride_cap_s=9000), [build_type()], "C4"),
        (build_rider(10, seats=5), [build_type()], "C6"),
        (build_rider(10, folded_chairs=1), [build_type()], "C6"),
        (build_rider(10, assistant="dedicated"), [build_type(layouts=(Layout(1),))], "C6"),
        (build_wheelchair(10), [build_type(layouts=(Layout(4, 1),))], "C7"),
        (build_rider(10, tags=("oxygen",)), [build_type(tags=("harness",))], "C10"),
        (build_rider(10), [build_type(count=0)], "C11"),
    ],
)
def test_named_with_the_rule_and_priced(
    session: Session, rider: Rider, fleet: list[FleetType], rule: str
) -> None:
    # 120 steps are 2 hours: in AM 07:00 + 2 min + 2 h is 09:02, in PM 15:16 + 2 h is 17:16
    if rule == "C4" and session == "PM":
        rider = build_rider(140, ride_cap_s=9000)
    instance, matrix = build_line([rider, build_rider(5)], [0], fleet, session=session)
    found = _find(instance, matrix)
    assert found[0] == {rule}
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    out = {item.rider: item for item in plan.unassigned}
    assert {reason.rule for reason in out[0].reasons} == {rule}
    assert out[0].session_price > 0
    assert plan.cost >= out[0].session_price


@BOTH
def test_a_pupil_at_the_limits_is_not_hopeless(session: Session) -> None:
    # 600 s of drive within a cap of 600 s; seat and assistant fill a car of two
    rider = build_rider(10, ride_cap_s=600, assistant="dedicated", tags=("oxygen",))
    car = build_type(layouts=(Layout(2),), tags=("oxygen",), count=1)
    instance, matrix = build_line([rider], [0], [car], session=session)
    assert _find(instance, matrix) == {}
    assert not solve(instance, matrix).unassigned


@BOTH
def test_a_hole_in_the_matrix_names_the_pupil(session: Session) -> None:
    instance, matrix = build_line([build_rider(10), build_rider(5)], [0], session=session)
    time_s, dist_m = matrix.time_s.copy(), matrix.dist_m.copy()
    for table in (time_s, dist_m):
        table[10, :10] = table[:10, 10] = UNREACHABLE
    holed = TravelMatrix(time_s, dist_m)
    assert _find(instance, holed) == {0: {"C1"}}
    plan = solve(instance, holed)
    assert list_broken(instance, holed, plan) == set()
    assert [item.rider for item in plan.unassigned] == [0]
    assert [sorted(run.riders) for run in plan.runs] == [[1]]


def test_the_price_of_a_vehicle_of_their_own() -> None:
    """Too far for the cap: the cheapest type that could carry them, direct, with the assistant.

    GBP 10 + 10 km + (120 + 600 + 60) s x (0.01 + 0.005) + 5 = 10 + 10 + 11.70 + 5.
    """
    rider = build_rider(10, ride_cap_s=60, assistant="shared")
    instance, matrix = build_line([rider], [0], [build_type(), build_lift_bus()])
    (item,) = solve(instance, matrix).unassigned
    assert (item.vehicle_type, item.is_type_able) == (0, True)
    assert item.session_price == pytest.approx(36.70)


def test_where_no_type_is_able_the_dearest_stands_in() -> None:
    rider = build_rider(10, tags=("oxygen",))
    instance, matrix = build_line([rider], [0], [build_type(), build_lift_bus()])
    (item,) = solve(instance, matrix).unassigned
    assert (item.vehicle_type, item.is_type_able) == (1, False)
    assert item.session_price == pytest.approx(30 + 10 + 7.80)


@BOTH
def test_siblings_who_fit_no_vehicle_together(session: Session) -> None:
    riders = [
        build_rider(10, seats=3, must_share=(1,)),
        build_rider(10, seats=2, reference="b", must_share=(0,)),
    ]
    instance, matrix = build_line(riders, [0], session=session)
    assert _find(instance, matrix) == {0: {"C9"}, 1: {"C9"}}
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()


@BOTH
def test_siblings_who_must_not_share_are_named(session: Session) -> None:
    riders = [build_rider(10, must_share=(1,), must_not_share=(1,)), build_rider(10, reference="b")]
    instance, matrix = build_line(riders, [0], session=session)
    assert _find(instance, matrix) == {0: {"C9"}, 1: {"C9"}}


def test_a_fleet_without_types_is_refused() -> None:
    instance, matrix = build_line([build_rider(10)], [0])
    with pytest.raises(InstanceError, match="no vehicle type"):
        solve(replace(instance, fleet=()), matrix)


def test_a_matrix_of_another_size_or_with_negative_entries_is_refused() -> None:
    instance, matrix = build_line([build_rider(10)], [0])
    with pytest.raises(InstanceError, match="11 stops"):
        solve(instance, TravelMatrix(matrix.time_s[:5, :5], matrix.dist_m[:5, :5]))
    negative = matrix.time_s.copy()
    negative[1, 2] = -1
    with pytest.raises(InstanceError, match="negative"):
        solve(instance, TravelMatrix(negative, matrix.dist_m))


def test_a_fleet_that_runs_out_leaves_pupils_named() -> None:
    riders = [build_rider(10, reference=f"P{i}") for i in range(6)]
    instance, matrix = build_line(riders, [0], [build_type(count=1)])
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert len(plan.runs[0].riders) == 4
    assert [{r.rule for r in item.reasons} for item in plan.unassigned] == [{"C11"}, {"C11"}]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    cap=st.integers(300, 5400),
    looser=st.integers(0, 3600),
    stop=st.integers(1, 80),
    session=st.sampled_from(["AM", "PM"]),
)
def test_a_looser_cap_never_makes_hopeless(
    cap: int, looser: int, stop: int, session: Session
) -> None:
    def hopeless(seconds: int) -> set[int]:
        instance, matrix = build_line([build_rider(stop, ride_cap_s=seconds)], [0], session=session)
        return set(_find(instance, matrix))

    assert hopeless(cap + looser) <= hopeless(cap)


def test_every_hopeless_pupil_is_beyond_every_run() -> None:
    """Nobody whom a run of their own could carry is called hopeless, and nobody else is not."""
    rng = np.random.default_rng(9)
    able = hopeless = 0
    for number in range(60):
        session: Any = "AM" if number % 2 else "PM"
        instance, matrix = draw_instance(rng, 6, session, has_bases=False)
        riders = list(instance.riders)
        riders[5] = replace(riders[5], ride_cap_s=riders[5].direct_s - int(rng.integers(-2, 3)))
        instance = replace(instance, riders=tuple(riders))
        a = build_arrays(instance, matrix)
        found = _find(instance, matrix)
        siblings = {r for group in list_groups(instance, range(6)) if len(group) > 1 for r in group}
        for rider in set(range(6)) - siblings:
            seq = np.array([rider, 6 + instance.riders[rider].school])
            is_able = price_run(seq, np.ones(3, dtype=np.int64), a)[2] >= 0
            assert is_able == (rider not in found)
            able += is_able
            hopeless += not is_able
    assert able > 100
    assert hopeless > 3
