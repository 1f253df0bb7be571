"""C5 dwell: by need; several pupils at one door once; a wheelchair takes longer at school too."""

from __future__ import annotations

import pytest

from solver.domain import Instance, Run, Session, TravelMatrix
from tests.solver.builders import (
    build_lift_bus,
    build_line,
    build_rider,
    build_rules,
    build_wheelchair,
    change_days,
    change_run,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session, shared_door_extra_s: int | None = 30) -> tuple[Instance, TravelMatrix]:
    """A wheelchair (600 s) and two walk-on pupils (120 s) at one door, ten steps from school."""
    riders = [
        build_wheelchair(10),
        build_rider(10, reference="b"),
        build_rider(10, reference="c"),
    ]
    rules = build_rules(shared_door_extra_s=shared_door_extra_s)
    return build_line(riders, [0], [build_lift_bus()], session=session, rules=rules)


def _dwells(run: Run) -> list[int]:
    day = run.days[0]
    return [end - begin for begin, end in zip(day.start_s, day.depart_s, strict=True)]


@BOTH
def test_dwells_by_hand(session: Session) -> None:
    instance, matrix = _build(session)
    order: list[str | int] = [0, 1, 2, "S0"] if session == "AM" else ["S0", 0, 1, 2]
    plan = plan_by_hand(instance, matrix, [order])
    assert list_broken(instance, matrix, plan) == set()
    # the longest and 30 s for each of the other two; at school 60 s and 240 s for the wheelchair
    home, school = 600 + 2 * 30, 60 + 240
    assert _dwells(plan.runs[0]) == ([home, school] if session == "AM" else [school, home])


@BOTH
def test_a_stop_cut_short_is_found(session: Session) -> None:
    instance, matrix = _build(session)
    order: list[str | int] = [0, 1, 2, "S0"] if session == "AM" else ["S0", 0, 1, 2]
    plan = plan_by_hand(instance, matrix, [order])
    day = plan.runs[0].days[0]
    if session == "AM":
        # later by 60 s at home, the drive and the school as before
        changes = {"start_s": (day.start_s[0] + 60, day.start_s[1])}
        changes["arrive_s"] = (day.arrive_s[0] + 60, day.arrive_s[1])
    else:
        changes = {"depart_s": (day.depart_s[0], day.depart_s[1] - 60)}
    broken = change_run(plan, 0, days=change_days(plan.runs[0], **changes).days)
    assert list_broken(instance, matrix, broken) == {"C5", "S1"}


@BOTH
def test_a_drive_cut_short_is_found(session: Session) -> None:
    instance, matrix = _build(session)
    order: list[str | int] = [0, 1, 2, "S0"] if session == "AM" else ["S0", 0, 1, 2]
    plan = plan_by_hand(instance, matrix, [order])
    day = plan.runs[0].days[0]
    early = change_days(plan.runs[0], arrive_s=(day.arrive_s[0], day.arrive_s[1] - 1))
    assert list_broken(instance, matrix, change_run(plan, 0, days=early.days)) == {"C5"}


@BOTH
def test_the_solver_uses_the_shared_door(session: Session) -> None:
    instance, matrix = _build(session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    # GBP 30 + 10 km + (660 + 600 + 300) s x 0.01 = 30 + 10 + 15.60
    assert plan.objective == pytest.approx(55.60)


@BOTH
def test_without_shared_doors_they_board_one_by_one(session: Session) -> None:
    instance, matrix = _build(session, shared_door_extra_s=None)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    # (600 + 120 + 120) + 600 + 300 = 1,740 s
    assert plan.objective == pytest.approx(30 + 10 + 17.40)
    joined, _ = _build(session)
    as_one = solve(joined, matrix)
    assert "C5" in list_broken(instance, matrix, as_one)
