"""C11 and C16 in the search: second runs and vehicle days while runs are being changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.random import Generator
from scipy.optimize import linear_sum_assignment

from solver.arrays import build_arrays
from solver.domain import SESSIONS, Instance, Run, Session, SessionPlan, TravelMatrix
from solver.kernel import find_layout, keeps_every_weekday, time_run
from solver.limits import SearchLimits
from solver.schedule import count_day_assistants, time_week
from solver.sequences import to_visits
from solver.session import solve_session
from solver.together import Going, choose_together, refine
from solver.together.chains import assign, build_chains
from solver.together.weeks import measure_week
from tests.solver.builders import (
    build_call,
    build_lift_bus,
    build_line,
    build_rider,
    build_type,
    build_wheelchair,
    clock,
)
from tests.solver.days import Day, build_card, build_rates
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run, make_wait

Planned = tuple[Instance, TravelMatrix, SessionPlan]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_week_is_measured_as_a_plan_times_it(session: Session) -> None:
    rng = np.random.default_rng(4)
    seen = parts = waits = 0
    for _ in range(500):
        riders = int(rng.integers(1, 6))
        instance, matrix = draw_instance(rng, riders, session, schools=3, is_part_week=True)
        seq = draw_sequence(rng, instance, list(range(riders)))
        instance = fit_to_run(rng, instance, matrix, seq)
        if rng.random() < 0.2:
            instance = make_wait(instance, int(rng.integers(riders)))
        a = build_arrays(instance, matrix)
        layout = int(find_layout(seq, 2, a))
        if layout < 0 or not time_run(seq, a)[0] or not keeps_every_weekday(seq, a):
            continue
        run = Run(2, layout, to_visits(instance, seq))
        days = time_week(instance, matrix, run)
        assert days is not None
        week = measure_week(seq, 2, a)
        assert (week[:, 0] >= 0).sum() == len(days)
        for day in days:
            made = [i for i, end in enumerate(day.depart_s) if end >= 0]
            stops = [run.visits[i].stop for i in made]
            if any(here == there for here, there in pairwise(stops)):
                continue  # two visits at one door, which count as one here
            crew = count_day_assistants(
                instance,
                [r for r in run.riders if instance.riders[r].weekdays >> day.weekday & 1],
            )
            assert tuple(week[day.weekday, :5]) == (
                run.visits[made[0]].stop,
                day.start_s[made[0]],
                run.visits[made[-1]].stop,
                day.depart_s[made[-1]],
                crew,
            )
        seen += 1
        parts += len({tuple(week[day.weekday, :5]) for day in days}) > 1
        waits += time_run(seq, a)[3] > 0
    assert seen > 100
    assert parts > 20
    assert waits > 10


def _draw_links(rng: Generator, rows: int) -> np.ndarray:
    """Links as runs have them: forwards in time only, few of them worth it."""
    order = rng.permutation(rows)
    may = (order[:, None] < order[None, :]) & (rng.random((rows, rows)) < 0.4)
    return np.where(may, -rng.integers(1, 20, (rows, rows)).astype(float), 0.0)


def test_a_mended_assignment_is_the_best_there_is() -> None:
    rng = np.random.default_rng(5)
    linked = 0
    for _ in range(60):
        rows = int(rng.integers(2, 15))
        chains = build_chains(rows)
        chains.link[:] = _draw_links(rng, rows)
        assign(chains, np.arange(rows), rows)
        for _ in range(20):
            changed = rng.choice(rows, int(rng.integers(1, min(rows, 5) + 1)), replace=False)
            new = _draw_links(rng, rows)
            chains.link[changed, :] = new[changed, :]
            chains.link[:, changed] = new[:, changed]
            assign(chains, changed, rows)
            assert sorted(chains.after) == list(range(rows))
            assert all(chains.before[chains.after[row]] == row for row in range(rows))
            got = chains.link[np.arange(rows), chains.after].sum()
            best = chains.link[linear_sum_assignment(chains.link)].sum()
            assert got == pytest.approx(best)
            linked += got < 0
    assert linked > 1000


# --- both sessions --------------------------------------------------------------------------------

SCHOOLS = (("08:20", "08:30"), ("08:55", "09:05")), (("15:00", "15:10"), ("15:40", "15:50"))


def _plan_session(
    session: Session, pupils: int, seed: int, *, half_weeks: bool = False, **changes: object
) -> Planned:
    """Two schools 5 minutes apart that open half an hour apart; homes on the line around them."""
    rng = np.random.default_rng(seed)
    times = SCHOOLS[SESSIONS.index(session)]
    schools = [
        build_call(
            30 + 5 * i,
            session,
            urn=f"S{i}",
            window_from_s=clock(opens),
            window_to_s=clock(closes),
        )
        for i, (opens, closes) in enumerate(times)
    ]
    riders = [
        build_rider(
            int(rng.integers(25, 45)),
            i % 2,
            reference=f"P{i}",
            weekdays=0b01111 if half_weeks and i % 3 == 0 else 31,
            assistant="shared" if i % 4 == 0 else "none",
        )
        for i in range(pupils)
    ]
    fleet = [build_type(), build_type("VAN", session_charge=25.0, per_driver_s=0.012)]
    instance, matrix = build_line(riders, schools, fleet, session=session, stops=60)
    instance = replace(instance, **changes)
    return instance, matrix, solve_session(instance, matrix, SearchLimits(iterations=60, seed=1))


def _build_day(seed: int, pupils: int = 14, **changes: object) -> Day:
    sessions = [_plan_session(session, pupils, seed, **changes) for session in SESSIONS]
    rates = (
        build_rates(half_day_charge=30, day_charge=42),
        build_rates("VAN", half_day_charge=45, day_charge=60),
    )
    return Day(sessions[0], sessions[1], build_card(*rates))


def _choose(
    day: Day, limits: SearchLimits, **changes: object
) -> Mapping[Session, SessionPlan] | None:
    return choose_together(
        day.instances, day.matrices, day.plans, day.policy, day.card, limits, **changes
    )


def test_the_week_costs_less_and_every_rule_is_kept() -> None:
    gains = []
    for seed in range(8):
        day = _build_day(seed, pupils=24, half_weeks=seed % 2 == 1)
        before = day.price_week(day.join())
        found = _choose(day, SearchLimits(iterations=2500, seed=seed))
        if found is None:
            continue
        day.plans = found
        plan = day.join()
        assert day.check(plan) == ()
        gains.append(1.0 - day.price_week(plan) / before)
    assert min(gains) > -0.01  # the pipeline keeps a dearer plan out
    assert sum(gain > 0.01 for gain in gains) >= 5
    blocks = [route.list_runs(session) for route in plan.routes for session in SESSIONS]
    assert any(len(runs) > 1 for runs in blocks)


def test_same_steps_and_seed_give_the_same_runs() -> None:
    first, second = (_choose(_build_day(2), SearchLimits(iterations=600, seed=3)) for _ in "12")
    assert first is not None
    assert second is not None
    for session in SESSIONS:
        assert first[session].runs == second[session].runs


def test_a_pinned_run_stays_as_it_is() -> None:
    loose = _build_day(4, pupils=24)
    held = {s: loose.plans[s].runs[0] for s in SESSIONS}
    day = _build_day(4, pupils=24)
    day.instances = {
        s: replace(
            loose.instances[s],
            pinned=(Run(held[s].vehicle_type, held[s].layout, held[s].visits),),
        )
        for s in SESSIONS
    }
    day.plans = {
        s: solve_session(day.instances[s], day.matrices[s], SearchLimits(iterations=60, seed=1))
        for s in SESSIONS
    }
    found = _choose(day, SearchLimits(iterations=1500, seed=1))
    assert found is not None
    for session in SESSIONS:
        kept = [run.visits for run in found[session].runs]
        assert held[session].visits in kept
    day.plans = found
    assert day.check(day.join()) == ()


def test_a_stop_is_heard_soon_and_progress_is_said() -> None:
    day = _build_day(5, pupils=40)
    began = time.perf_counter()
    heard: list[int] = []
    _choose(
        day,
        SearchLimits(seconds=600, seed=1),
        on_progress=lambda going: heard.append(sum(going.runs.values())),
        should_stop=lambda: len(heard) >= 2,
    )
    assert time.perf_counter() - began < 10
    assert all(count > 0 for count in heard)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_fleet_that_is_limited_stays_so(seed: int) -> None:
    """The cars there are stay those that runs need which only they can make."""
    day = _build_day(seed)
    used = [
        max(sum(run.vehicle_type == kind for run in day.plans[s].runs) for s in SESSIONS)
        for kind in (0, 1)
    ]
    lift = build_lift_bus(count=1)
    fleet = (
        *(replace(k, count=n) for k, n in zip(day.instances["AM"].fleet, used, strict=True)),
        lift,
    )
    wheelchair = build_wheelchair(40, 1, reference="P-chair")
    for session in SESSIONS:
        instance = day.instances[session]
        instance = replace(instance, fleet=fleet, riders=(*instance.riders, wheelchair))
        limits = SearchLimits(iterations=60, seed=1)
        plan = solve_session(instance, day.matrices[session], limits)
        day.instances = {**day.instances, session: instance}
        day.plans = {**day.plans, session: plan}
    day.card = build_card(*day.card.vehicles, build_rates("BUS", half_day_charge=50, day_charge=70))
    found = _choose(day, SearchLimits(iterations=1500, seed=seed))
    assert found is not None
    for session in SESSIONS:
        runs = found[session].runs
        for kind, type_ in enumerate(fleet):
            assert type_.count is not None
            assert sum(run.vehicle_type == kind for run in runs) <= type_.count
    day.plans = found
    assert day.check(day.join()) == ()


def test_a_session_without_runs_leaves_the_other_to_be_bettered() -> None:
    gains = 0
    for seed in range(3):
        day = _build_day(seed)
        instance = replace(day.instances["PM"], riders=())
        nobody = solve_session(instance, day.matrices["PM"], SearchLimits(iterations=1, seed=1))
        day.instances = {"AM": day.instances["AM"], "PM": instance}
        day.plans = {"AM": day.plans["AM"], "PM": nobody}
        before = day.price_week(day.join())
        found = _choose(day, SearchLimits(iterations=1500, seed=seed))
        if found is not None:
            day.plans = found
            assert day.price_week(day.join()) < before
            gains += 1
    assert gains


def test_better_plans_are_told_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refine, "_KEEP_S", 0.0)
    monkeypatch.setattr(refine, "_REPORT_S", 0.0)
    day = _build_day(2)
    heard: list[Going] = []
    found = _choose(day, SearchLimits(seconds=4.0, seed=1), on_progress=heard.append)
    assert found is not None
    told = [going.plans for going in heard if going.plans is not None]
    assert told
    for plans in told:
        day.plans = plans
        assert day.check(day.join()) == ()
    assert heard[-1].steps > heard[0].steps == 0


def test_what_progress_raises_ends_the_search_at_once() -> None:
    class GoneError(Exception):
        pass

    def fail(_: Going) -> None:
        raise GoneError

    began = time.perf_counter()
    with pytest.raises(GoneError):
        _choose(_build_day(5, pupils=40), SearchLimits(seconds=600, seed=1), on_progress=fail)
    assert time.perf_counter() - began < 10
