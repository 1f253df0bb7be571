"""The search finds the best plan of all on small instances, where all plans can be gone through."""

from __future__ import annotations

from math import isinf

import numpy as np
import pytest

from solver.domain import Instance, Session, TravelMatrix
from tests.solver.builders import list_broken, solve
from tests.solver.enumerator import find_least_objective
from tests.solver.random_cases import draw_instance, draw_sequence, fit_to_run

STEPS = 2000


def _draw(
    rng: np.random.Generator, riders: int, session: Session, number: int
) -> tuple[Instance, TravelMatrix]:
    """Every third with a limited fleet, every other with bases, some pupils part-week."""
    instance, matrix = draw_instance(
        rng,
        riders,
        session,
        schools=2 if riders > 5 else 1 + number % 3,
        is_limited=number % 3 == 0,
        is_part_week=number % 4 == 1,
        has_bases=number % 2 == 0,
    )
    hidden = [int(r) for r in rng.choice(riders, size=3, replace=False)]
    return fit_to_run(rng, instance, matrix, draw_sequence(rng, instance, hidden)), matrix


@pytest.mark.parametrize(("riders", "instances"), [(4, 12), (5, 10), (6, 6), (7, 2)])
@pytest.mark.parametrize("session", ["AM", "PM"])
def test_the_search_finds_the_best_plan(session: Session, riders: int, instances: int) -> None:
    rng = np.random.default_rng(100 * riders + (session == "PM"))
    feasible = shared = 0
    for number in range(instances):
        instance, matrix = _draw(rng, riders, session, number)
        best = find_least_objective(instance, matrix)
        plan = solve(instance, matrix, iterations=STEPS)
        assert list_broken(instance, matrix, plan) == set()
        if plan.unassigned:
            assert isinf(best), f"instance {number}: everyone could have been carried"
            continue
        feasible += 1
        shared += len(plan.runs) < riders
        assert plan.objective == pytest.approx(best, abs=1e-6), f"instance {number}"
    assert feasible >= 0.5 * instances
    assert shared >= 0.5 * feasible
