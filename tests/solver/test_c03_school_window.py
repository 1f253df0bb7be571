"""C3 school window: AM set-down and PM loading start within the school's closed interval."""

from __future__ import annotations

import pytest

from solver.domain import Instance, Session, TravelMatrix
from tests.solver.builders import (
    build_call,
    build_line,
    build_rider,
    clock,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session, slack_s: int) -> tuple[Instance, TravelMatrix]:
    """Two homes at 10, schools at 0 and 5; the second's window is the one that binds.

    AM: school 0 opens 08:30. From school 1 to school 0 takes 60 s + 5 steps = 360 s, so school 1
    is called at 08:24 at the earliest end; its window closes at 08:24 + slack.
    PM: school 0 loads until 15:30 and school 1 until 15:20 + slack, school 0 first: 15:15 + 360 s
    = 15:21 at school 1.
    """
    if session == "AM":
        binding = build_call(5, window_from_s=clock("08:00"), window_to_s=clock("08:24") + slack_s)
        first = build_call(0, window_to_s=clock("08:30"))
    else:
        binding = build_call(5, session, window_to_s=clock("15:21") + slack_s)
        first = build_call(0, session)
    riders = [build_rider(10, 0), build_rider(10, 1, reference="other")]
    return build_line(riders, [first, binding], session=session)


def _order(session: Session) -> list[str | int]:
    return [0, 1, "S1", "S0"] if session == "AM" else ["S0", "S1", 0, 1]


@BOTH
def test_a_window_is_closed_at_both_ends(session: Session) -> None:
    instance, matrix = _build(session, 0)
    plan = plan_by_hand(instance, matrix, [_order(session)])
    assert list_broken(instance, matrix, plan) == set()


@BOTH
def test_a_second_late_is_found(session: Session) -> None:
    loose, matrix = _build(session, 0)
    strict, _ = _build(session, -1)
    plan = plan_by_hand(loose, matrix, [_order(session)])
    # in AM the vehicle could be there in time and wait at the other school: not the timetable due
    expected = {"C3", "S1"} if session == "AM" else {"C3"}
    assert list_broken(strict, matrix, plan) == expected


@BOTH
def test_a_second_early_is_found(session: Session) -> None:
    riders = [build_rider(10)]
    opens = clock("08:30" if session == "AM" else "15:15")
    loose, matrix = build_line(
        riders, [build_call(0, session, window_from_s=opens - 1)], session=session
    )
    strict, _ = build_line(riders, [build_call(0, session)], session=session)
    plan = plan_by_hand(loose, matrix, [[0, "S0"] if session == "AM" else ["S0", 0]])
    assert "C3" in list_broken(strict, matrix, plan)
    at_school = next(i for i, v in enumerate(plan.runs[0].visits) if v.school is not None)
    # the earliest end in AM, the earliest loading in PM: the first second of the window
    assert plan.runs[0].days[0].start_s[at_school] == opens - 1


@BOTH
def test_the_solver_keeps_both_windows(session: Session) -> None:
    strict, matrix = _build(session, -1)
    plan = solve(strict, matrix)
    assert list_broken(strict, matrix, plan) == set()
    assert not plan.unassigned
