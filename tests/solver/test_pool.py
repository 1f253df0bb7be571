"""Runs chosen from a pool: two solvers that know nothing of each other agree on the cheapest."""

from __future__ import annotations

import time

import numpy as np
import pytest

from solver.pool import Pool, PooledRun, recombine


def draw_pool(rng: np.random.Generator, riders: int, runs: int) -> Pool:
    """Every rider alone for GBP 30, and random runs of two to six, some of a scarce second type."""
    pool = Pool(riders)
    for r in range(riders):
        pool.add(np.array([r, riders]), 30.0, 0)
    for _ in range(runs):
        members = rng.choice(riders, size=int(rng.integers(2, 7)), replace=False)
        price = 20.0 + 8.0 * len(members) + float(rng.uniform(-6.0, 6.0))
        pool.add(np.array([*members, riders]), price, int(rng.integers(2)))
    return pool


def choose(
    pool: Pool, price: float, *, by_relaxation: bool, most_of_second: int, seconds: float = 20.0
) -> list[PooledRun] | None:
    riders = np.arange(pool.rider_count)
    return recombine(
        pool,
        riders,
        [np.array([r, pool.rider_count]) for r in riders],
        price,
        np.array([100, most_of_second]),
        effort=20.0,
        seconds=seconds,
        seed=1,
        by_relaxation=by_relaxation,
    )


@pytest.mark.parametrize("most_of_second", [100, 1])
def test_branch_and_bound_chooses_what_cp_sat_chooses(most_of_second: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(4):
        pool = draw_pool(rng, 14, 120)
        totals = []
        for by_relaxation in (False, True):
            chosen = choose(
                pool, 14 * 30.0, by_relaxation=by_relaxation, most_of_second=most_of_second
            )
            assert chosen is not None
            riders = np.sort(np.concatenate([run.riders for run in chosen]))
            assert riders.tolist() == list(range(14))
            assert sum(run.kind == 1 for run in chosen) <= most_of_second
            totals.append(sum(run.price for run in chosen))
        assert totals[0] == pytest.approx(totals[1], abs=0.01)
        assert totals[0] < 14 * 30.0


def test_nothing_is_chosen_where_nothing_is_cheaper() -> None:
    pool = draw_pool(np.random.default_rng(6), 10, 60)
    best = choose(pool, 300.0, by_relaxation=True, most_of_second=100)
    assert best is not None
    least = sum(run.price for run in best)
    assert choose(pool, least, by_relaxation=True, most_of_second=100) is None


def test_branch_and_bound_stops_when_asked() -> None:
    pool = draw_pool(np.random.default_rng(7), 120, 20_000)
    riders = np.arange(120)
    alone = [np.array([r, 120]) for r in riders]
    began = time.perf_counter()
    recombine(
        pool,
        riders,
        alone,
        3_600.0,
        np.array([200, 200]),
        effort=1.0,
        seconds=60.0,
        seed=1,
        should_stop=lambda: time.perf_counter() - began > 2.0,
        by_relaxation=True,
    )
    assert 1.0 < time.perf_counter() - began < 12.0, "it was under way, and did not go on"
