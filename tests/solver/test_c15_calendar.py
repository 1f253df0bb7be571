"""C15 calendar: one run on every weekday, absent pupils skipped, times recomputed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.arrays import build_arrays
from solver.domain import Instance, Run, Session, TravelMatrix
from solver.kernel import keeps_every_weekday, price_run
from solver.schedule import time_week
from solver.sequences import to_visits
from tests.solver.builders import (
    FRIDAY,
    MONDAY,
    build_call,
    build_lift_bus,
    build_line,
    build_rider,
    build_wheelchair,
    change_run,
    clock,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session) -> tuple[Instance, TravelMatrix]:
    """The far pupil, 20 steps away, travels on Monday and Friday only; the near one every day."""
    far = build_rider(20, weekdays=MONDAY | FRIDAY)
    return build_line([build_rider(10), far], [0], session=session)


def _together(session: Session) -> list[str | int]:
    return [1, 0, "S0"] if session == "AM" else ["S0", 0, 1]


@BOTH
def test_each_weekday_has_its_own_times(session: Session) -> None:
    instance, matrix = _build(session)
    plan = plan_by_hand(instance, matrix, [_together(session)])
    assert list_broken(instance, matrix, plan) == set()
    for day in plan.runs[0].days:
        spans = max(day.depart_s) - min(t for t in day.start_s if t >= 0)
        # 120 + 600 + 120 + 600 + 60 s with both, 120 + 600 + 60 s without the far pupil
        assert spans == (1500 if day.weekday in (0, 4) else 780)
        skipped = 0 if session == "AM" else 2
        assert (day.start_s[skipped] == -1) == (day.weekday in (1, 2, 3))
    # the search prices the day with everyone: GBP 10 + 20 km + 1,500 s x 0.01
    assert plan.cost == pytest.approx(45.0)


@BOTH
def test_a_missing_weekday_is_found(session: Session) -> None:
    instance, matrix = _build(session)
    plan = plan_by_hand(instance, matrix, [_together(session)])
    fewer = change_run(plan, 0, days=plan.runs[0].days[1:])
    assert list_broken(instance, matrix, fewer) == {"C15"}


@BOTH
def test_a_stop_made_for_an_absent_pupil_is_found(session: Session) -> None:
    instance, matrix = _build(session)
    plan = plan_by_hand(instance, matrix, [_together(session)])
    days = list(plan.runs[0].days)
    skipped = 0 if session == "AM" else 2
    ghost = list(days[1].arrive_s)
    ghost[skipped] = days[0].arrive_s[skipped]
    days[1] = replace(days[1], arrive_s=tuple(ghost))
    assert list_broken(instance, matrix, change_run(plan, 0, days=tuple(days))) == {"C15"}


@BOTH
def test_the_solver_times_every_day(session: Session) -> None:
    instance, matrix = _build(session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert sorted(d.weekday for run in plan.runs for d in run.days) == list(range(5))


def test_a_day_without_the_wheelchair_can_be_the_tighter_one() -> None:
    """PM: with a wheelchair loaded at the first school the last second counts for less.

    School 0 loads at 15:15 at the latest, for 300 s with the wheelchair and 60 s without; school 1
    opens at 15:40. Pupil 0 rides from the end of loading: 15:20 on days with the wheelchair, 15:16
    on others. Home at 15:40 + 60 s + 10 steps = 15:51: 31 minutes with, 35 without. With a cap of
    33 minutes the day with everyone can be timed and the other days cannot.
    """
    calls = [
        build_call(0, "PM", window_from_s=clock("15:10"), window_to_s=clock("15:15")),
        build_call(5, "PM", window_from_s=clock("15:40"), window_to_s=clock("15:50")),
    ]
    riders = [
        build_rider(15, 0, ride_cap_s=33 * 60),
        build_wheelchair(16, 0, weekdays=MONDAY),
        build_rider(17, 1),
    ]
    instance, matrix = build_line(riders, calls, [build_lift_bus()], session="PM")
    a = build_arrays(instance, matrix)
    seq = np.array([2, 1, 0, 3 + 1, 3 + 0])  # homes first, schools last: backwards in time
    assert price_run(seq, np.ones(1, dtype=np.int64), a)[2] == 0
    assert not keeps_every_weekday(seq, a)
    assert time_week(instance, matrix, Run(0, 0, to_visits(instance, seq))) is None
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert not plan.unassigned
