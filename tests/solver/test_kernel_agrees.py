"""The compiled price, the price in clock time and the checker say the same of thousands of runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.arrays import build_arrays
from solver.checker import SessionTimer, check_session_plan
from solver.domain import Instance, Reason, Run, Session, SessionPlan, TravelMatrix
from solver.hopeless import price_alone
from solver.kernel import keeps_every_weekday, price_run
from solver.measure import price_session_run
from solver.schedule import time_day, time_week
from solver.sequences import to_sequence, to_visits
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run, make_wait

RUNS = 2400


def _plan_of(instance: Instance, matrix: TravelMatrix, run: Run) -> SessionPlan:
    """A plan of one run, everyone else left out with a reason."""
    price = price_session_run(instance, matrix, run)
    out = tuple(
        price_alone(instance, matrix, r, (Reason("C11", "not looked at"),))
        for r in range(len(instance.riders))
        if r not in run.riders
    )
    return SessionPlan(
        session=instance.session,
        runs=(run,),
        unassigned=out,
        cost=price.cost + sum(item.session_price for item in out),
        penalty=price.penalty,
    )


def _is_accepted(instance: Instance, matrix: TravelMatrix, run: Run) -> bool:
    days = time_week(instance, matrix, run, is_forced=True)
    assert days is not None
    plan = _plan_of(instance, matrix, replace(run, days=days))
    return not check_session_plan(instance, matrix, plan)


@pytest.mark.parametrize("is_metric", [True, False])
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_prices_and_feasibility_agree(session: Session, is_metric: bool) -> None:
    rng = np.random.default_rng(11 if session == "AM" else 12)
    accepted = refused = timed = 0
    for number in range(RUNS // 4):
        instance, matrix = draw_instance(
            rng, 8, session, schools=3, is_metric=is_metric, is_part_week=number % 2 == 0
        )
        size = int(rng.integers(1, 6))
        riders = [int(r) for r in rng.choice(8, size=size, replace=False)]
        seq = draw_sequence(rng, instance, riders)
        instance = fit_to_run(rng, instance, matrix, seq)
        a = build_arrays(instance, matrix)
        everything = np.ones(len(instance.fleet), dtype=np.int64)
        cost, penalty, kind, layout = price_run(seq, everything, a)
        visits = to_visits(instance, seq)
        assert to_sequence(instance, Run(0, 0, visits)).tolist() == seq.tolist()
        halts = SessionTimer(instance, matrix).halts(Run(0, 0, visits), riders)
        day = time_day(instance, matrix, visits, riders, 0)
        try:
            span = SessionTimer(instance, matrix).least_span(halts)
        except ValueError:
            span = None
        assert (day is None) == (span is None)
        timed += day is not None
        if kind >= 0 and keeps_every_weekday(seq, a):
            accepted += 1
            run = Run(kind, layout, visits)
            price = price_session_run(instance, matrix, run)
            assert price.cost == pytest.approx(cost, abs=1e-6)
            assert price.penalty == pytest.approx(penalty, abs=1e-6)
            assert day is not None
            assert span == (min(day.start_s), max(day.depart_s))
            assert _is_accepted(instance, matrix, run)
            # no other type would be cheaper
            for other in range(len(instance.fleet)):
                only = np.array([int(v == other) for v in range(len(instance.fleet))])
                assert price_run(seq, only, a)[0] >= cost - 1e-9
            continue
        if day is None and len({instance.riders[r].weekdays for r in riders}) > 1:
            continue  # the search asks for a timetable with everyone aboard: narrower on purpose
        refused += 1
        for kind_, kind_record in enumerate(instance.fleet):
            for layout_ in range(len(kind_record.layouts)):
                assert not _is_accepted(instance, matrix, Run(kind_, layout_, visits))
    assert timed > 0.6 * RUNS / 4
    assert accepted > 0.4 * RUNS / 4
    assert refused > 0.05 * RUNS / 4


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_waits_and_targets_agree(session: Session) -> None:
    """Where a run waits for a window, cost agrees still, and no penalty is below the least."""
    rng = np.random.default_rng(21)
    waiting = 0
    for _ in range(150):
        instance, matrix = draw_instance(rng, 6, session, schools=3)
        seq = draw_sequence(rng, instance, [0, 1, 2, 3])
        instance = fit_to_run(rng, instance, matrix, seq, tightness=0)
        instance = make_wait(instance, 0)
        riders = [replace(r, ride_target_s=r.direct_s) for r in instance.riders]
        rules = replace(instance.rules, ride_excess_gbp_per_min=0.1)
        instance = replace(instance, riders=tuple(riders), rules=rules)
        a = build_arrays(instance, matrix)
        cost, _, kind, layout = price_run(seq, np.ones(3, dtype=np.int64), a)
        if kind < 0:
            continue
        run = Run(kind, layout, to_visits(instance, seq))
        day = time_day(instance, matrix, run.visits, run.riders, 0)
        assert day is not None
        waiting += any(s > t for s, t in zip(day.start_s, day.arrive_s, strict=True))
        assert price_session_run(instance, matrix, run).cost == pytest.approx(cost, abs=1e-6)
        assert _is_accepted(instance, matrix, run)
    assert waiting > 10
