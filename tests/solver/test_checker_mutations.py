"""A valid plan of ours, broken in one way: exactly that violation appears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from solver.checker import check_session_plan
from solver.domain import Instance, Layout, Run, RunDay, Session, SessionPlan, TravelMatrix, Visit
from tests.solver.builders import (
    build_lift_bus,
    build_line,
    build_rider,
    build_rules,
    build_type,
    build_wheelchair,
    change_run,
    list_broken,
    solve,
)
from tests.solver.random_cases import draw_instance

Mutation = Callable[[SessionPlan], SessionPlan]
BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _solve(session: Session) -> tuple[Instance, TravelMatrix, SessionPlan]:
    """Two schools, a bus with a wheelchair and an assistant, a car; targets that are priced."""
    riders = [
        build_rider(20, 0, reference="a", assistant="shared", ride_target_s=1200),
        build_rider(18, 0, reference="b", ride_target_s=900),
        build_wheelchair(16, 0, reference="c"),
        build_rider(40, 1, reference="d"),
        build_rider(44, 1, reference="e", must_not_share=(0,)),
    ]
    fleet = [build_type(), build_lift_bus(), build_type("TAXI", layouts=(Layout(2), Layout(1)))]
    rules = build_rules(ride_excess_gbp_per_min=0.1)
    instance, matrix = build_line(riders, [0, 60], fleet, session=session, rules=rules)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    return instance, matrix, plan


def _bus(plan: SessionPlan) -> int:
    """The run with the wheelchair."""
    return next(i for i, run in enumerate(plan.runs) if 2 in run.riders)


def _change_day(plan: SessionPlan, change: Callable[[RunDay], RunDay]) -> SessionPlan:
    number = _bus(plan)
    first, *others = plan.runs[number].days
    return change_run(plan, number, days=(change(first), *others))


def _shift(seconds: int) -> Callable[[RunDay], RunDay]:
    def change(day: RunDay) -> RunDay:
        return replace(
            day,
            arrive_s=tuple(t + seconds for t in day.arrive_s),
            start_s=tuple(t + seconds for t in day.start_s),
            depart_s=tuple(t + seconds for t in day.depart_s),
        )

    return change


def _swap_homes(run: Run) -> Run:
    homes = [i for i, visit in enumerate(run.visits) if visit.school is None]
    visits = list(run.visits)
    visits[homes[0]], visits[homes[1]] = visits[homes[1]], visits[homes[0]]
    return replace(run, visits=tuple(visits))


MUTATIONS: dict[str, tuple[Mutation, set[str]]] = {
    "a pupil dropped": (
        lambda p: replace(p, runs=tuple(r for i, r in enumerate(p.runs) if i == _bus(p))),
        {"C1", "COST"},
    ),
    "a run carried twice": (lambda p: replace(p, runs=(*p.runs, p.runs[0])), {"C1", "COST"}),
    "a run turned round": (
        lambda p: change_run(p, _bus(p), visits=p.runs[_bus(p)].visits[::-1]),
        {"C1"},
    ),
    "a stop for nobody": (
        lambda p: change_run(
            p,
            _bus(p),
            visits=(*p.runs[_bus(p)].visits, Visit(16, None, ())),
        ),
        {"C1"},
    ),
    "a home elsewhere": (
        lambda p: change_run(
            p,
            _bus(p),
            visits=tuple(
                replace(v, stop=v.stop + 1) if v.school is None else v
                for v in p.runs[_bus(p)].visits
            ),
        ),
        {"C1"},
    ),
    "another order": (
        lambda p: change_run(p, _bus(p), visits=_swap_homes(p.runs[_bus(p)]).visits),
        {"C5", "COST", "S1"},
    ),
    "an unknown type": (lambda p: change_run(p, _bus(p), vehicle_type=9), {"C6"}),
    "an unknown layout": (lambda p: change_run(p, _bus(p), layout=9), {"C6"}),
    "a vehicle without a lift": (
        lambda p: change_run(p, _bus(p), vehicle_type=0, layout=0),
        {"C6", "C7", "COST"},
    ),
    "an assistant too few": (
        lambda p: _change_day(p, lambda d: replace(d, assistants=d.assistants - 1)),
        {"C8"},
    ),
    "a day left out": (lambda p: change_run(p, _bus(p), days=p.runs[_bus(p)].days[1:]), {"C15"}),
    "a day twice": (
        lambda p: change_run(p, _bus(p), days=(*p.runs[_bus(p)].days, p.runs[_bus(p)].days[0])),
        {"C15"},
    ),
    "all a minute later": (lambda p: _change_day(p, _shift(60)), {"S1"}),
    "all an hour later": (lambda p: _change_day(p, _shift(3600)), {"C3", "S1"}),
    "a minute too cheap": (lambda p: replace(p, cost=p.cost - 0.02), {"COST"}),
    "a little too dear": (lambda p: replace(p, cost=p.cost + 0.02), {"COST"}),
    "no penalty stated": (lambda p: replace(p, penalty=0.0), {"COST"}),
    "another session": (
        lambda p: replace(p, session="PM" if p.session == "AM" else "AM"),
        {"C1"},
    ),
}


@BOTH
@pytest.mark.parametrize("name", MUTATIONS)
def test_exactly_that_is_found(session: Session, name: str) -> None:
    instance, matrix, plan = _solve(session)
    assert plan.penalty > 0.02
    mutate, expected = MUTATIONS[name]
    assert list_broken(instance, matrix, mutate(plan)) == expected


@BOTH
def test_mutations_of_random_plans(session: Session) -> None:
    """Whatever second of whatever stop is moved, and whatever vehicle is too small, is found."""
    rng = np.random.default_rng(31)
    moved = 0
    for number in range(25):
        instance, matrix = draw_instance(rng, 8, session, schools=3, is_part_week=True)
        plan = solve(instance, matrix, iterations=40, seed=number)
        assert list_broken(instance, matrix, plan) == set()
        run = int(rng.integers(len(plan.runs)))
        days = list(plan.runs[run].days)
        which = int(rng.integers(len(days)))
        made = [i for i, t in enumerate(days[which].start_s) if t >= 0]
        field = str(rng.choice(["arrive_s", "start_s", "depart_s"]))
        times = list(getattr(days[which], field))
        times[int(rng.choice(made))] += int(rng.choice([-1, 1]))
        days[which] = replace(days[which], **{field: tuple(times)})  # type: ignore[arg-type]
        found = check_session_plan(instance, matrix, change_run(plan, run, days=tuple(days)))
        # the first stop has no drive before it: when the vehicle came there is its own affair
        is_free = field == "arrive_s" and days[which].start_s[made[0]] != times[made[0]]
        if is_free and not found:
            continue
        assert found
        assert {v.run for v in found} == {run}
        assert {v.rule for v in found} <= {"C2", "C3", "C4", "C5", "S1"}
        moved += 1
    assert moved >= 15


@BOTH
def test_as_is_plans_are_checked_without_claims(session: Session) -> None:
    """A council's own plan states no objective and need not have the shortest timetable."""
    instance, matrix, plan = _solve(session)
    theirs = _change_day(replace(plan, cost=0.0), _shift(60))
    found = check_session_plan(instance, matrix, theirs, is_as_is=True)
    assert found == ()
    late = check_session_plan(instance, matrix, _change_day(plan, _shift(3600)), is_as_is=True)
    assert {v.rule for v in late} == {"C3"}


def test_violations_name_no_needs() -> None:
    instance, matrix, plan = _solve("AM")
    found = check_session_plan(instance, matrix, change_run(plan, _bus(plan), vehicle_type=0))
    assert any(v.riders for v in found)
    for violation in found:
        assert not {"wheelchair", "oxygen"} & set(str(violation).lower().split())
