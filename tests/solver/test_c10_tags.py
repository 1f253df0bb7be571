"""C10 tags: the vehicle and its crew carry every tag that a pupil aboard needs."""

from __future__ import annotations

import pytest

from solver.domain import Session
from tests.solver.builders import (
    build_line,
    build_rider,
    build_type,
    list_broken,
    list_partition,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


@BOTH
def test_a_missing_tag_is_found_and_the_equipped_car_taken(session: Session) -> None:
    riders = [build_rider(10, tags=("harness", "oxygen"))]
    partly = build_type("PART", tags=("harness",))
    fully = build_type("FULL", tags=("oxygen", "harness", "booster"), session_charge=40.0)
    strict, matrix = build_line(riders, [0], [partly, fully], session=session)
    loose, _ = build_line([build_rider(10)], [0], [partly, fully], session=session)
    order: list[str | int] = [0, "S0"] if session == "AM" else ["S0", 0]
    plan = plan_by_hand(loose, matrix, [order])
    assert list_broken(loose, matrix, plan) == set()
    assert list_broken(strict, matrix, plan) == {"C10"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert mended.runs[0].vehicle_type == 1


@BOTH
def test_tags_of_all_aboard_are_needed_at_once(session: Session) -> None:
    """Each car has one of two tags: the two pupils, at one door, cannot share."""
    riders = [build_rider(10, tags=("harness",)), build_rider(10, reference="b", tags=("oxygen",))]
    fleet = [build_type("H", tags=("harness",)), build_type("O", tags=("oxygen",))]
    instance, matrix = build_line(riders, [0], fleet, session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert list_partition(plan) == [[0], [1]]
