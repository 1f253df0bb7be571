"""C6 layout: one layout for the run holds every moment of every weekday, assistants seated."""

from __future__ import annotations

import pytest

from solver.domain import Layout, Rider, Session
from tests.solver.builders import (
    MONDAY,
    TUESDAY,
    build_lift_bus,
    build_line,
    build_rider,
    build_type,
    build_wheelchair,
    change_run,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _at_one_door(count: int, **changes: object) -> list[Rider]:
    return [build_rider(10, reference=f"P{i}", **changes) for i in range(count)]


def _all(count: int, session: Session) -> list[str | int]:
    return [*range(count), "S0"] if session == "AM" else ["S0", *range(count)]


@BOTH
def test_a_full_car_is_accepted(session: Session) -> None:
    instance, matrix = build_line(_at_one_door(4), [0], session=session)
    plan = plan_by_hand(instance, matrix, [_all(4, session)])
    assert list_broken(instance, matrix, plan) == set()
    assert len(solve(instance, matrix).runs) == 1


@BOTH
def test_one_too_many_is_found_and_parted(session: Session) -> None:
    loose, matrix = build_line(
        _at_one_door(5), [0], [build_type(layouts=(Layout(5),))], session=session
    )
    strict, _ = build_line(_at_one_door(5), [0], session=session)
    plan = plan_by_hand(loose, matrix, [_all(5, session)])
    assert list_broken(strict, matrix, plan) == {"C6"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert len(mended.runs) == 2


@BOTH
def test_an_assistant_takes_a_seat(session: Session) -> None:
    # three seats of pupils, one shared assistant and one dedicated: five in a car of four
    riders = [
        *_at_one_door(1),
        build_rider(10, reference="s", assistant="shared"),
        build_rider(10, reference="d", assistant="dedicated"),
    ]
    loose, matrix = build_line(riders, [0], [build_type(layouts=(Layout(5),))], session=session)
    strict, _ = build_line(riders, [0], session=session)
    plan = plan_by_hand(loose, matrix, [_all(3, session)])
    assert list_broken(strict, matrix, plan) == {"C6"}
    assert len(solve(strict, matrix).runs) == 2


@BOTH
def test_pupils_of_different_days_use_the_same_seat(session: Session) -> None:
    riders = [
        *_at_one_door(3),
        build_rider(10, reference="mon", weekdays=MONDAY),
        build_rider(10, reference="tue", weekdays=TUESDAY),
    ]
    instance, matrix = build_line(riders, [0], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert len(plan.runs) == 1


@BOTH
def test_a_seat_set_free_at_a_school_is_used_again(session: Session) -> None:
    """Four to the school at 5, and beyond it another for the school at 0: one car of four."""
    riders = [build_rider(10, 1, reference=f"P{i}") for i in range(4)]
    riders.append(build_rider(4, 0) if session == "AM" else build_rider(1, 0))
    instance, matrix = build_line(riders, [0, 5], session=session)
    order: list[str | int]
    order = [0, 1, 2, 3, "S1", 4, "S0"] if session == "AM" else ["S0", 4, "S1", 0, 1, 2, 3]
    plan = plan_by_hand(instance, matrix, [order])
    assert list_broken(instance, matrix, plan) == set()


@BOTH
def test_the_layout_stands_for_the_whole_run(session: Session) -> None:
    """Eight seats and a bay, or four and two: five seats and two bays fit neither."""
    riders = [
        *_at_one_door(5),
        build_wheelchair(10, reference="w1"),
        build_wheelchair(10, reference="w2"),
    ]
    wide = build_lift_bus(layouts=(Layout(8, 2),))
    loose, matrix = build_line(riders, [0], [wide], session=session)
    strict, _ = build_line(riders, [0], [build_lift_bus()], session=session)
    plan = plan_by_hand(loose, matrix, [_all(7, session)])
    assert list_broken(strict, matrix, plan) == {"C6"}
    assert list_broken(strict, matrix, change_run(plan, 0, layout=1)) == {"C6"}
    assert list_broken(strict, matrix, change_run(plan, 0, layout=2)) == {"C6"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert len(mended.runs) == 2
