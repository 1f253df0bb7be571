"""The OR-Tools model of a few runs: never wider than the rules, its money the exact price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ortools.constraint_solver import pywrapcp

from solver.arrays import Arrays, IntArray, build_arrays
from solver.domain import EVERY_WEEKDAY, Instance, Layout, Session, TravelMatrix
from solver.kernel import price_run
from solver.routing import MONEY, Limits, _Model, can_model, improve_runs
from tests.solver.builders import (
    build_lift_bus,
    build_line,
    build_rider,
    build_rules,
    build_type,
    build_wheelchair,
)
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run

BOTH = pytest.mark.parametrize("session", ["AM", "PM"])
MANY = 1000


def _alone(instance: Instance) -> list[IntArray]:
    total = len(instance.riders)
    return [np.array([r, total + who.school]) for r, who in enumerate(instance.riders)]


def _kinds(a: Arrays, runs: list[IntArray]) -> list[int]:
    return [int(price_run(run, np.ones(len(a.type), np.int64), a)[2]) for run in runs]


def _improve(
    instance: Instance,
    matrix: TravelMatrix,
    *,
    runs: list[IntArray] | None = None,
    spare: list[int] | None = None,
    partners: list[tuple[int, int]] | None = None,
) -> list[IntArray]:
    """The model's best answer from a start of everyone alone (or given runs)."""
    a = build_arrays(instance, matrix)
    runs = runs or _alone(instance)
    kinds = _kinds(a, runs)
    assert all(kind >= 0 for kind in kinds)
    free = np.array(spare if spare is not None else [MANY] * len(instance.fleet))
    answers, count = improve_runs(a, runs, kinds, free, partners or [], Limits(40))
    assert answers
    assert 1 <= count <= 42
    for answer in answers:
        _check_answer(a, answer)
    return answers[0]


def _check_answer(a: Arrays, answer: list[IntArray]) -> None:
    """Everyone once, and every run exactly feasible in some type."""
    total = len(a.rider)
    riders = sorted(int(n) for run in answer for n in run if n < total)
    assert riders == list(range(total))
    for run in answer:
        assert price_run(run, np.ones(len(a.type), np.int64), a)[2] >= 0


def _partition(instance: Instance, answer: list[IntArray]) -> list[list[int]]:
    total = len(instance.riders)
    return sorted(sorted(int(n) for n in run if n < total) for run in answer)


# --- money ----------------------------------------------------------------------------------------


@BOTH
def test_the_models_money_is_the_exact_price(session: Session) -> None:
    """Of the start: one run of up to five pupils, with bases, wheelchairs, assistants, doors."""
    rng = np.random.default_rng(41)
    compared = refused = equal = 0
    for _ in range(120):
        instance, matrix = draw_instance(rng, 5, session, schools=3)
        fleet = tuple(replace(t, per_dead_m=t.per_live_m) for t in instance.fleet)
        riders = tuple(
            replace(r, must_not_share=(), must_share=(), is_solo=False, bars_mixed_schools=False)
            for r in instance.riders
        )
        instance = replace(instance, riders=riders, fleet=fleet)
        seq = draw_sequence(rng, instance, list(range(int(rng.integers(1, 6)))))
        instance = fit_to_run(rng, instance, matrix, seq, tightness=0)
        a = build_arrays(instance, matrix)
        cost, _, kind, _ = price_run(seq, np.ones(3, np.int64), a)
        if kind < 0:
            continue
        assert can_model(seq, a)
        model = _Model(a, [seq], [kind], np.zeros(3, np.int64), [])
        model.routing.CloseModelWithParameters(pywrapcp.DefaultRoutingSearchParameters())
        start = model.routing.ReadAssignmentFromRoutes(model._start_routes(), True)
        if start is None:  # narrower: one after another at a school, doors one by one
            refused += 1
            continue
        compared += 1
        # rates a second are rounded to 1/1000 of a penny: up to 3 pence on 6,000 s
        money = start.ObjectiveValue() / MONEY
        assert money >= cost - 0.05
        # dearer only where three board at one door, or a window at a school is the narrower
        equal += money == pytest.approx(cost, abs=0.05)
    assert compared > 60
    assert refused < 0.3 * compared
    assert equal > 0.8 * compared


@BOTH
def test_answers_are_feasible_and_cheaper_than_the_start(session: Session) -> None:
    rng = np.random.default_rng(43)
    better = 0
    for number in range(15):
        instance, matrix = draw_instance(rng, 7, session, schools=2, has_bases=number % 2 == 0)
        riders = tuple(
            replace(r, is_solo=False, bars_mixed_schools=False, must_share=())
            for r in instance.riders
        )
        instance = replace(instance, riders=riders)
        a = build_arrays(instance, matrix)
        everything = np.ones(3, np.int64)
        if any(price_run(run, everything, a)[2] < 0 for run in _alone(instance)):
            continue
        answer = _improve(instance, matrix)
        before = sum(price_run(run, everything, a)[0] for run in _alone(instance))
        after = sum(price_run(run, everything, a)[0] for run in answer)
        better += after < before - 1e-6
    assert better >= 8


# --- one rule after the other -------------------------------------------------------------------


def _at_one_door(count: int, **changes: object) -> list[object]:
    return [build_rider(10, reference=f"P{i}", **changes) for i in range(count)]


@BOTH
def test_seats_and_the_assistants_seat(session: Session) -> None:
    instance, matrix = build_line(_at_one_door(5), [0], session=session)  # type: ignore[arg-type]
    assert sorted(map(len, _partition(instance, _improve(instance, matrix)))) in ([1, 4], [2, 3])
    shared, matrix = build_line(
        _at_one_door(4, assistant="shared"),  # type: ignore[arg-type]
        [0],
        session=session,
    )
    # four seats, one of them the assistant's
    assert max(len(x) for x in _partition(shared, _improve(shared, matrix))) == 3


@BOTH
def test_bays_by_layout_and_folded_chairs(session: Session) -> None:
    chairs = [build_wheelchair(10, reference=f"W{i}") for i in range(3)]
    instance, matrix = build_line(chairs, [0], [build_lift_bus()], session=session)
    assert max(len(x) for x in _partition(instance, _improve(instance, matrix))) == 2
    transfers = [build_rider(10, reference=f"T{i}", folded_chairs=1) for i in range(3)]
    instance, matrix = build_line(
        transfers, [0], [build_type(layouts=(Layout(4, 0, 2),))], session=session
    )
    assert max(len(x) for x in _partition(instance, _improve(instance, matrix))) == 2


@BOTH
def test_dedicated_assistants_and_the_ratio(session: Session) -> None:
    bus = [build_type(layouts=(Layout(12),))]
    rules = build_rules(shared_pupils_per_assistant=2)
    riders = _at_one_door(4, assistant="shared")
    instance, matrix = build_line(riders, [0], bus, session=session, rules=rules)  # type: ignore[arg-type]
    answer = _improve(instance, matrix)
    # a start of one assistant each: no vehicle of the model has two for the shared
    assert max(len(x) for x in _partition(instance, answer)) == 2
    own = [build_rider(10, reference=f"D{i}", assistant="dedicated") for i in range(2)]
    instance, matrix = build_line(own, [0], bus, session=session)
    assert _partition(instance, _improve(instance, matrix)) == [[0], [1]]


@BOTH
def test_lift_tags_and_pairs(session: Session) -> None:
    fleet = [build_type(), build_lift_bus(tags=("oxygen",))]
    riders = [
        build_rider(10, reference="a", needs_lift=True),
        build_rider(10, reference="b", tags=("oxygen",)),
        build_rider(10, reference="c"),
        build_rider(10, reference="d", must_not_share=(2,)),
    ]
    instance, matrix = build_line(riders, [0], fleet, session=session)
    answer = _improve(instance, matrix)
    for run in _partition(instance, answer):
        assert not {2, 3} <= set(run)
    assert len(answer) == 2


@BOTH
def test_siblings_stay_together(session: Session) -> None:
    """Two doors far apart, two seats a car: each sibling would ride with a neighbour."""
    riders = [
        build_rider(10, reference="near"),
        build_rider(30, reference="far"),
        build_rider(10, reference="one", must_share=(3,)),
        build_rider(30, reference="other"),
    ]
    instance, matrix = build_line(riders, [0], [build_type(layouts=(Layout(2),))], session=session)
    runs = [np.array([0, 4]), np.array([1, 4]), np.array([3, 2, 4])]
    answer = _improve(instance, matrix, runs=runs, partners=[(2, 3)])
    assert [2, 3] in _partition(instance, answer)
    free = _improve(instance, matrix, runs=runs)
    assert _partition(instance, free) == [[0, 2], [1, 3]]


@BOTH
@pytest.mark.parametrize(("most", "runs"), [(1, 3), (2, 2), (3, 1), (None, 1)])
def test_schools_a_run(session: Session, most: int | None, runs: int) -> None:
    riders = [build_rider(20, school, reference=f"P{school}") for school in range(3)]
    rules = build_rules(max_schools_per_run=most)
    instance, matrix = build_line(riders, [0, 1, 2], session=session, rules=rules)
    assert len(_improve(instance, matrix)) == runs


@BOTH
@pytest.mark.parametrize(("spare", "runs"), [(0, 1), (1, 2)])
def test_the_fleet_is_not_exceeded(session: Session, spare: int, runs: int) -> None:
    """Homes on either side of the school: two cars are cheaper, where there is a second one."""
    riders = [build_rider(0), build_rider(20, reference="b")]
    fleet = [build_type(session_charge=1.0, count=1 + spare)]
    instance, matrix = build_line(riders, [10], fleet, session=session)
    start = [np.array([0, 1, 2])]
    assert len(_improve(instance, matrix, runs=start, spare=[spare])) == runs


@BOTH
def test_a_base_is_paid_for(session: Session) -> None:
    """Two homes either side of the base's cheap one: the answer is exactly priced with its legs."""
    fleet = [build_type(base=30)]
    riders = [build_rider(10), build_rider(20)]
    instance, matrix = build_line(riders, [0], fleet, session=session)
    answer = _improve(instance, matrix)
    a = build_arrays(instance, matrix)
    # base 30 to home 20, 10, school 0, and 30 back: 60 km; 1,500 s and 600 + 1,800 s of base legs
    total = sum(price_run(run, np.ones(1, np.int64), a)[0] for run in answer)
    assert total == pytest.approx(10 + 60 + 39.0)


@BOTH
def test_what_the_model_lacks_is_not_handed_to_it(session: Session) -> None:
    riders = [
        build_rider(10, is_solo=True),
        build_rider(10, reference="b", bars_mixed_schools=True),
        build_rider(10, reference="c", weekdays=1),
        build_rider(10, reference="d", weekdays=EVERY_WEEKDAY),
    ]
    instance, matrix = build_line(riders, [0], session=session)
    a = build_arrays(instance, matrix)
    assert not can_model(np.array([0, 4]), a)
    assert not can_model(np.array([1, 4]), a)
    assert can_model(np.array([2, 4]), a)
    assert not can_model(np.array([2, 3, 4]), a)
