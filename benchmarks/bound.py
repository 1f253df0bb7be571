"""Soak of the lower bound: random small sessions against going through all of their plans.

    python -m benchmarks.bound SECONDS [SEED]

Prints how many sessions were drawn, how many could be planned, how many bounds passed the best plan
(must be 0), and the mean and least share of the best plan that was proven.
"""

from __future__ import annotations

import sys
import time
from math import isinf

import numpy as np

from solver.bound import generation
from solver.bound.generation import bound_session
from solver.limits import StopLimits
from tests.solver.enumerator import find_least_objective
from tests.solver.test_bound import draw


def main(seconds: float, seed: int) -> int:
    """Run the soak; returns the exit status, 1 where a bound passed the best plan."""
    generation.MOST_RIDERS = 0  # by labels, as large sessions are
    began = time.perf_counter()
    rng = np.random.default_rng(seed)
    drawn = wrong = 0
    shares: list[float] = []
    while time.perf_counter() - began < seconds:
        instance, matrix = draw(rng, 3 + drawn % 3, "AM" if drawn % 2 else "PM", drawn)
        drawn += 1
        best = find_least_objective(instance, matrix)
        if isinf(best):
            continue
        value = bound_session(instance, matrix, [], StopLimits(iterations=300)).value
        shares.append(value / best)
        if value > best + 1e-6:
            wrong += 1
            print(f"session {drawn} of seed {seed}: bound {value:.4f} over the best {best:.4f}")
    print(
        f"{drawn} drawn, {len(shares)} could be planned, {wrong} bounds too high; proven "
        f"{np.mean(shares):.1%} on average, {np.min(shares):.1%} at least"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
