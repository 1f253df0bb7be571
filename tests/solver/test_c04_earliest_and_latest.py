"""C4 earliest and latest: first pick-up not before 07:00, last set-down home not after 17:30."""

from __future__ import annotations

import pytest

from solver.domain import Instance, Session, TravelMatrix
from tests.solver.builders import (
    build_line,
    build_rider,
    build_rules,
    clock,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session, edge: str) -> tuple[Instance, TravelMatrix]:
    """Homes at 100, 98 and 96; the whole chain takes 100 steps and stands 120 s at each home.

    AM: at school at 08:45 at the latest, so the first pick-up is at 08:45 - 100 min - 6 min =
    06:59 for all three, and at 07:01 for two. PM: loading ends 15:16, the last set-down starts at
    15:16 + 100 min + 4 min = 17:00 for all three, and at 16:58 for two.
    """
    rules = build_rules(**{"earliest_s" if session == "AM" else "latest_s": clock(edge)})
    riders = [build_rider(stop, ride_cap_s=7200) for stop in (96, 98, 100)]
    return build_line(riders, [0], session=session, rules=rules)


def _all(session: Session) -> list[str | int]:
    return [2, 1, 0, "S0"] if session == "AM" else ["S0", 0, 1, 2]


@pytest.mark.parametrize(("session", "edge"), [("AM", "06:59"), ("PM", "17:00")])
def test_the_edge_itself_is_kept(session: Session, edge: str) -> None:
    instance, matrix = _build(session, edge)
    plan = plan_by_hand(instance, matrix, [_all(session)])
    assert list_broken(instance, matrix, plan) == set()
    assert [sorted(run.riders) for run in solve(instance, matrix).runs] == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("session", "edge", "strict"), [("AM", "06:44", "06:44:01"), ("PM", "17:00", "16:59:59")]
)
def test_a_second_past_the_edge_is_found(session: Session, edge: str, strict: str) -> None:
    # AM: the plan of least duration ends as early as it can, at 08:30: first pick-up 06:44
    loose, matrix = _build(session, edge)
    plan = plan_by_hand(loose, matrix, [_all(session)])
    tight, _ = _build(session, strict)
    assert "C4" in list_broken(tight, matrix, plan)
    assert list_broken(tight, matrix, plan) <= {"C4", "S1"}


@pytest.mark.parametrize(("session", "edge"), [("AM", "06:59:01"), ("PM", "16:59:59")])
def test_the_solver_parts_them(session: Session, edge: str) -> None:
    instance, matrix = _build(session, edge)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert len(plan.runs) == 2
    assert not plan.unassigned
