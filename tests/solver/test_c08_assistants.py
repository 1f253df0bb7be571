"""C8 assistants: shared ones cover up to r pupils, each dedicated pupil has their own."""

from __future__ import annotations

import pytest

from solver.domain import Instance, Layout, Session, TravelMatrix
from tests.solver.builders import (
    build_line,
    build_rider,
    build_rules,
    build_type,
    change_days,
    change_run,
    list_broken,
    plan_by_hand,
    solve,
)

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])


def _build(session: Session, ratio: int | None) -> tuple[Instance, TravelMatrix]:
    """Three shared pupils and a dedicated one at one door, a bus of twelve."""
    riders = [build_rider(10, reference=f"S{i}", assistant="shared") for i in range(3)]
    riders.append(build_rider(10, reference="D", assistant="dedicated"))
    fleet = [build_type(layouts=(Layout(12),), session_charge=50.0)]
    rules = build_rules(shared_pupils_per_assistant=ratio)
    return build_line(riders, [0], fleet, session=session, rules=rules)


def _all(session: Session) -> list[str | int]:
    return [0, 1, 2, 3, "S0"] if session == "AM" else ["S0", 0, 1, 2, 3]


@BOTH
@pytest.mark.parametrize(("ratio", "crew"), [(None, 2), (3, 2), (2, 3), (1, 4)])
def test_crew_and_its_pay_by_hand(session: Session, ratio: int | None, crew: int) -> None:
    instance, matrix = _build(session, ratio)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert [day.assistants for run in plan.runs for day in run.days] == [crew] * 5
    # (120 + 3 x 30) + 600 + 60 = 870 s; driver 0.01, each assistant 0.005 a second and GBP 5
    assert plan.cost == pytest.approx(50 + 10 + 8.70 + crew * (4.35 + 5.0))


@BOTH
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_number_is_found(session: Session, change: int) -> None:
    instance, matrix = _build(session, None)
    plan = plan_by_hand(instance, matrix, [_all(session)])
    broken = change_days(plan.runs[0], assistants=2 + change)
    assert list_broken(instance, matrix, change_run(plan, 0, days=broken.days)) == {"C8"}


@BOTH
def test_the_solver_puts_those_who_share_together(session: Session) -> None:
    """Six pupils at one door in cars of four, two of them shared: one run bears the assistant."""
    riders = [
        build_rider(10, reference=f"P{i}", assistant="shared" if i in (0, 5) else "none")
        for i in range(6)
    ]
    instance, matrix = build_line(riders, [0], session=session)
    plan = solve(instance, matrix)
    assert list_broken(instance, matrix, plan) == set()
    assert sorted(run.days[0].assistants for run in plan.runs) == [0, 1]
