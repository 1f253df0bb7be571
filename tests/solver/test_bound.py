"""The lower bound never passes the cost of the best plan, on small instances with every feature."""

from __future__ import annotations

from dataclasses import replace
from math import isinf

import numpy as np
import pytest

from solver.bound import generation
from solver.bound.generation import BoundLimits, BoundResult, bound_session
from solver.domain import Instance, Session, TravelMatrix
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run

LIMITS = BoundLimits(iterations=400)


@pytest.fixture
def by_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound small instances as large ones are: not by going through all runs."""
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)


def bound(instance: Instance, matrix: TravelMatrix) -> BoundResult:
    return bound_session(instance, matrix, [], LIMITS)


def draw(
    rng: np.random.Generator, riders: int, session: Session, number: int
) -> tuple[Instance, TravelMatrix]:
    """Every third with a limited fleet, every other with bases, some part-week, some not metric."""
    instance, matrix = draw_instance(
        rng,
        riders,
        session,
        schools=1 + number % 3,
        is_metric=number % 5 != 0,
        is_limited=number % 3 == 0,
        is_part_week=number % 4 == 1,
        has_bases=number % 2 == 0,
    )
    hidden = [int(r) for r in rng.choice(riders, size=3, replace=False)]
    return fit_to_run(rng, instance, matrix, draw_sequence(rng, instance, hidden)), matrix


@pytest.mark.usefixtures("by_labels")
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_the_bound_never_passes_the_best_plan(session: Session) -> None:
    rng = np.random.default_rng(17 + (session == "PM"))
    shares = []
    for number in range(40):
        instance, matrix = draw(rng, 3 + number % 3, session, number)
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        result = bound(instance, matrix)
        assert result.value <= best + 1e-6, f"instance {number}"
        assert sum(result.duals) >= result.value - 1e-6
        shares.append(result.value / best)
    assert len(shares) >= 20, "most instances can be planned"
    assert np.mean(shares) > 0.8, "and the bound is worth having"


@pytest.mark.parametrize("session", ["AM", "PM"])
def test_up_to_seven_pupils_the_bound_is_the_best_plan(session: Session) -> None:
    rng = np.random.default_rng(41 + (session == "PM"))
    seen = 0
    for number in range(12):
        riders = 4 + number % 3 if number < 11 else 7
        instance, matrix = draw_instance(
            rng, riders, session, schools=1 + number % 2, has_bases=False, is_part_week=number > 6
        )
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        seen += 1
        assert bound(instance, matrix).value == pytest.approx(best, abs=1e-4), f"{number}"
    assert seen >= 6


@pytest.mark.usefixtures("by_labels")
def test_loosening_a_cap_never_costs_more_in_the_proof() -> None:
    rng = np.random.default_rng(5)
    for number in range(15):
        instance, matrix = draw(rng, 4, "AM", 3 * number + 1)
        looser = replace(
            instance,
            riders=tuple(replace(r, ride_cap_s=r.ride_cap_s + 900) for r in instance.riders),
        )
        assert bound(looser, matrix).master <= bound(instance, matrix).master + 1e-3


@pytest.mark.usefixtures("by_labels")
def test_the_same_iterations_give_the_same_bound() -> None:
    instance, matrix = draw(np.random.default_rng(8), 5, "AM", 2)
    one, other = bound(instance, matrix), bound(instance, matrix)
    assert (one.value, one.duals) == (other.value, other.duals)


@pytest.mark.usefixtures("by_labels")
def test_a_bound_stopped_at_once_is_nought_and_valid() -> None:
    instance, matrix = draw(np.random.default_rng(8), 5, "AM", 2)
    result = bound_session(instance, matrix, [], LIMITS, should_stop=lambda: True)
    assert 0.0 <= result.value <= find_least_objective(instance, matrix)
