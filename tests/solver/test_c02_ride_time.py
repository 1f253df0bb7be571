"""C2 ride time: end of one's own boarding to start of set-down, others' dwell included."""

from __future__ import annotations

import pytest

from solver.domain import Instance, Session, TravelMatrix
from tests.solver.builders import (
    build_line,
    build_rider,
    build_rules,
    list_broken,
    list_partition,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session, far_cap_s: int) -> tuple[Instance, TravelMatrix]:
    """A home 10 steps and one 20 steps from the school at 0.

    Together the far pupil rides 10 steps, stands 120 s at the near home, rides 10 steps:
    600 + 120 + 600 = 1,320 s. The other way round the near pupil rides 600 + 120 + 1,200 = 1,920 s.
    """
    near = build_rider(10, ride_cap_s=1900)
    far = build_rider(20, ride_cap_s=far_cap_s)
    return build_line([near, far], [0], session=session)


def _together(session: Session) -> list[str | int]:
    return [1, 0, "S0"] if session == "AM" else ["S0", 0, 1]


@BOTH
def test_a_ride_of_the_cap_is_kept(session: Session) -> None:
    instance, matrix = _build(session, 1320)
    plan = plan_by_hand(instance, matrix, [_together(session)])
    assert list_broken(instance, matrix, plan) == set()
    # GBP 10 + 20 km x 1 + (120 + 600 + 120 + 600 + 60) s x 0.01 = 10 + 20 + 15
    assert plan.cost == pytest.approx(45.0)
    assert solve(instance, matrix).objective == pytest.approx(45.0)


@BOTH
def test_a_second_over_the_cap_is_found(session: Session) -> None:
    loose, matrix = _build(session, 1320)
    strict, _ = _build(session, 1319)
    plan = plan_by_hand(loose, matrix, [_together(session)])
    assert list_broken(strict, matrix, plan) == {"C2"}


@BOTH
def test_the_solver_parts_them(session: Session) -> None:
    strict, matrix = _build(session, 1319)
    plan = solve(strict, matrix)
    assert list_broken(strict, matrix, plan) == set()
    assert list_partition(plan) == [[0], [1]]
    # (10 + 10 + 7.80) + (10 + 20 + 13.80): a run each costs GBP 26.60 more than one for both
    assert plan.objective == pytest.approx(71.60)


@BOTH
def test_minutes_over_target_are_priced_but_never_cost(session: Session) -> None:
    riders = [build_rider(10), build_rider(20, ride_target_s=1260)]
    rules = build_rules(ride_excess_gbp_per_min=0.5)
    instance, matrix = build_line(riders, [0], session=session, rules=rules)
    plan = plan_by_hand(instance, matrix, [_together(session)])
    # 1,320 s are one minute over the target of 1,260 s
    assert plan.penalty == pytest.approx(0.5)
    assert plan.cost == pytest.approx(45.0)
    assert list_broken(instance, matrix, plan) == set()


@BOTH
def test_a_dear_target_parts_them(session: Session) -> None:
    riders = [build_rider(10, ride_target_s=600), build_rider(20, ride_target_s=1200)]
    rules = build_rules(ride_excess_gbp_per_min=20.0)
    instance, matrix = build_line(riders, [0], session=session, rules=rules)
    # together costs 45 + 2 min x 20 = 85, apart 71.60
    plan = solve(instance, matrix)
    assert plan.objective == pytest.approx(71.60)
    assert plan.penalty == 0.0
