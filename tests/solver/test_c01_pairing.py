"""C1 pairing: everyone boards and alights once, on one run, or is named with reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solver.domain import Reason, Session, SessionPlan, Visit
from tests.solver.builders import (
    build_line,
    build_rider,
    change_run,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _run(session: Session) -> list[str | int]:
    return [1, 0, "S0"] if session == "AM" else ["S0", 0, 1]


@BOTH
def test_everyone_carried_once_is_accepted(session: Session) -> None:
    instance, matrix = build_line([build_rider(10), build_rider(20)], [0], session=session)
    plan = plan_by_hand(instance, matrix, [_run(session)])
    assert list_broken(instance, matrix, plan) == set()


@BOTH
def test_a_pupil_dropped_in_silence_is_found(session: Session) -> None:
    instance, matrix = build_line(
        [build_rider(10), build_rider(20), build_rider(5)], [0], session=session
    )
    plan = plan_by_hand(instance, matrix, [_run(session)])
    silent = replace(plan, unassigned=(), cost=plan.cost - plan.unassigned[0].session_price)
    assert list_broken(instance, matrix, silent) == {"C1"}


@BOTH
def test_a_pupil_left_out_needs_a_reason(session: Session) -> None:
    instance, matrix = build_line([build_rider(10), build_rider(20)], [0], session=session)
    one = [0, "S0"] if session == "AM" else ["S0", 0]
    plan = plan_by_hand(instance, matrix, [one])
    assert list_broken(instance, matrix, plan) == {"C1"}
    named = tuple(replace(u, reasons=(Reason("C11", "no vehicle left"),)) for u in plan.unassigned)
    assert list_broken(instance, matrix, replace(plan, unassigned=named)) == set()


@BOTH
def test_alighting_before_boarding_is_found(session: Session) -> None:
    instance, matrix = build_line([build_rider(10), build_rider(20)], [0], session=session)
    plan = plan_by_hand(instance, matrix, [_run(session)])
    backwards = change_run(plan, 0, visits=plan.runs[0].visits[::-1])
    assert list_broken(instance, matrix, backwards) == {"C1"}


@BOTH
def test_a_pupil_who_never_alights_is_found(session: Session) -> None:
    instance, matrix = build_line([build_rider(10), build_rider(20)], [0], session=session)
    plan = plan_by_hand(instance, matrix, [_run(session)])
    *others, last = plan.runs[0].visits
    if session == "AM":
        broken = change_run(plan, 0, visits=(*others, Visit(last.stop, last.school, (0,))))
    else:
        first = plan.runs[0].visits[0]
        broken = change_run(
            plan, 0, visits=(Visit(first.stop, first.school, (0,)), *plan.runs[0].visits[1:])
        )
    assert list_broken(instance, matrix, broken) == {"C1"}


@BOTH
def test_the_solver_carries_everyone_once(session: Session) -> None:
    riders = [build_rider(stop, stop % 2) for stop in range(4, 24, 2)]
    riders = [replace(r, school=i % 2) for i, r in enumerate(riders)]
    instance, matrix = build_line(riders, [0, 3], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert sorted(r for run in plan.runs for r in run.riders) == list(range(10))
    assert not plan.unassigned


@BOTH
def test_no_pupil_and_one_pupil(session: Session) -> None:
    nobody, matrix = build_line([], [0], session=session)
    empty: SessionPlan = solve(nobody, matrix)
    assert (empty.runs, empty.objective) == ((), 0.0)
    assert list_broken(nobody, matrix, empty) == set()
    alone, matrix = build_line([build_rider(10)], [0], session=session)
    plan = solve(alone, matrix)
    assert list_broken(alone, matrix, plan) == set()
    # GBP 10 + 10 km x 1 + (120 + 600 + 60) s x 0.01 = 10 + 10 + 7.80
    assert plan.objective == pytest.approx(27.80)
