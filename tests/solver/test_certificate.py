"""A bound is derived again from its duals alone, and forged duals prove nothing they should not."""

from __future__ import annotations

from math import isinf

import numpy as np
import pytest

from solver.bound import certify, generation
from solver.bound.certify import CertificateError, certify_bound, check_bound
from solver.bound.generation import BoundLimits, bound_session
from tests.solver.enumerator import find_least_objective
from tests.solver.test_bound import draw


@pytest.fixture
def by_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound and certify small instances as large ones are: not by going through all runs."""
    monkeypatch.setattr(generation, "MOST_RIDERS", 0)
    monkeypatch.setattr(certify, "MOST_RIDERS", 0)


@pytest.mark.usefixtures("by_labels")
def test_the_certificate_agrees_and_never_passes_the_best_plan() -> None:
    rng = np.random.default_rng(23)
    seen = 0
    for number in range(20):
        instance, matrix = draw(rng, 4, "AM" if number % 2 else "PM", number)
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        seen += 1
        result = bound_session(instance, matrix, [], BoundLimits(iterations=400))
        proven = check_bound(instance, matrix, result.value, result.duals, result.kind_duals)
        assert proven <= best + 1e-6
        assert proven == pytest.approx(result.value, abs=0.01)
    assert seen >= 10


@pytest.mark.usefixtures("by_labels")
def test_a_forged_dual_is_refused() -> None:
    instance, matrix = draw(np.random.default_rng(23), 5, "AM", 1)
    result = bound_session(instance, matrix, [], BoundLimits(iterations=400))
    forged = [3.0 * dual for dual in result.duals]
    with pytest.raises(CertificateError, match="not proven"):
        check_bound(instance, matrix, sum(forged), forged)
    assert certify_bound(instance, matrix, forged) <= find_least_objective(instance, matrix) + 1e-6


@pytest.mark.usefixtures("by_labels")
def test_a_certificate_of_another_instance_is_refused() -> None:
    instance, matrix = draw(np.random.default_rng(23), 5, "AM", 1)
    with pytest.raises(CertificateError, match="belongs to another"):
        certify_bound(instance, matrix, [1.0, 2.0])


@pytest.mark.usefixtures("by_labels")
def test_a_dual_that_is_no_number_is_refused() -> None:
    instance, matrix = draw(np.random.default_rng(23), 5, "AM", 1)
    with pytest.raises(CertificateError, match="not numbers"):
        certify_bound(instance, matrix, [float("nan")] * 5)
