"""C12 mixed schools: one call a school, pick-ups after a set-down, schools a run are capped."""

from __future__ import annotations

import pytest

from solver.domain import Session, Visit
from tests.solver.builders import (
    build_line,
    build_rider,
    build_rules,
    build_type,
    change_run,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])
PEOPLE = [build_rider(20, school, reference=f"P{school}") for school in range(3)]
PLACES = [0, 1, 2]


def _all(session: Session) -> list[str | int]:
    return [0, 1, 2, "S2", "S1", "S0"] if session == "AM" else ["S0", "S1", "S2", 2, 1, 0]


@BOTH
@pytest.mark.parametrize(("most", "runs"), [(None, 1), (3, 1), (2, 2), (1, 3)])
def test_the_solver_keeps_the_cap(session: Session, most: int | None, runs: int) -> None:
    rules = build_rules(max_schools_per_run=most)
    instance, matrix = build_line(PEOPLE, PLACES, session=session, rules=rules)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert len(plan.runs) == runs


@BOTH
def test_a_school_too_many_is_found(session: Session) -> None:
    loose, matrix = build_line(PEOPLE, PLACES, session=session)
    strict, _ = build_line(
        PEOPLE, PLACES, session=session, rules=build_rules(max_schools_per_run=2)
    )
    plan = plan_by_hand(loose, matrix, [_all(session)])
    assert list_broken(loose, matrix, plan) == set()
    assert list_broken(strict, matrix, plan) == {"C12"}


@BOTH
def test_a_second_call_at_a_school_is_found(session: Session) -> None:
    riders = [build_rider(20), build_rider(20, reference="b")]
    instance, matrix = build_line(riders, [0], session=session)
    order: list[str | int] = [0, 1, "S0"] if session == "AM" else ["S0", 0, 1]
    plan = plan_by_hand(instance, matrix, [order])
    home = plan.runs[0].visits[0 if session == "AM" else 1]
    twice = (Visit(0, 0, (0,)), Visit(0, 0, (1,)))
    broken = change_run(plan, 0, visits=(home, *twice) if session == "AM" else (*twice, home))
    assert list_broken(instance, matrix, broken) == {"C12"}


@BOTH
def test_a_run_may_go_on_empty(session: Session) -> None:
    """School 10 is between the homes at 20 and 5, school 0 at the end: one run, partly empty.

    AM: home 20, school 10 (now empty), home 5, school 0. PM is the mirror. Without a dead metre's
    price the leg from 10 to 5 costs time only: 20 steps, 15 of them live.
    """
    riders = [build_rider(20, 1), build_rider(5, 0)]
    order: list[str | int] = [0, "S1", 1, "S0"] if session == "AM" else ["S0", 1, "S1", 0]
    fleet = [build_type(per_dead_m=0.0)]
    instance, matrix = build_line(riders, [0, 10], fleet, session=session)
    plan = plan_by_hand(instance, matrix, [order])
    assert list_broken(instance, matrix, plan) == set()
    # GBP 10 + 15 live km + (120 + 600 + 60 + 300 + 120 + 300 + 60) s x 0.01 = 10 + 15 + 15.60
    assert plan.cost == pytest.approx(40.60)
    assert solve(instance, matrix).objective == pytest.approx(40.60)
