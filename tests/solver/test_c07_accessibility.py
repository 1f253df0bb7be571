"""C7 accessibility: a wheelchair needs a bay and a lift; a transfer a seat and a folded place."""

from __future__ import annotations

import pytest

from solver.domain import Layout, Session
from tests.solver.builders import (
    build_lift_bus,
    build_line,
    build_rider,
    build_type,
    build_wheelchair,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _one(session: Session) -> list[str | int]:
    return [0, "S0"] if session == "AM" else ["S0", 0]


@BOTH
def test_a_bay_without_a_lift_is_found_and_the_bus_is_taken(session: Session) -> None:
    no_lift = build_type("VAN", layouts=(Layout(4, 1),))
    with_lift = build_type("VAN", layouts=(Layout(4, 1),), has_lift=True)
    loose, matrix = build_line(
        [build_wheelchair(10)], [0], [with_lift, build_lift_bus()], session=session
    )
    strict, _ = build_line(
        [build_wheelchair(10)], [0], [no_lift, build_lift_bus()], session=session
    )
    plan = plan_by_hand(loose, matrix, [_one(session)])
    assert list_broken(loose, matrix, plan) == set()
    assert list_broken(strict, matrix, plan) == {"C7"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert strict.fleet[mended.runs[0].vehicle_type].code == "BUS"


@BOTH
def test_a_pupil_who_walks_may_need_the_lift(session: Session) -> None:
    riders = [build_rider(10, needs_lift=True)]
    instance, matrix = build_line(riders, [0], [build_type(), build_lift_bus()], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert plan.runs[0].vehicle_type == 1


@BOTH
def test_a_bay_implies_a_lift_even_if_the_record_does_not_say_so(session: Session) -> None:
    riders = [build_wheelchair(10, needs_lift=False)]
    no_lift = build_type("VAN", layouts=(Layout(4, 1),))
    instance, matrix = build_line(riders, [0], [no_lift, build_lift_bus()], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert plan.runs[0].vehicle_type == 1


@BOTH
def test_folded_chairs_need_places(session: Session) -> None:
    """Three transfers and two folded places: two runs."""
    riders = [build_rider(10, reference=f"T{i}", folded_chairs=1, dwell_s=300) for i in range(3)]
    loose, matrix = build_line(
        riders, [0], [build_type(layouts=(Layout(4, 0, 3),))], session=session
    )
    strict, _ = build_line(riders, [0], [build_type(layouts=(Layout(4, 0, 2),))], session=session)
    order: list[str | int] = [0, 1, 2, "S0"] if session == "AM" else ["S0", 0, 1, 2]
    assert list_broken(strict, matrix, plan_by_hand(loose, matrix, [order])) == {"C6"}
    mended = solve(strict, matrix)
    assert list_broken(strict, matrix, mended) == set()
    assert len(mended.runs) == 2
