"""Kernels compiled at set-up are the ones that a search in a child process uses."""

from __future__ import annotations

from pathlib import Path

import solver
from solver.child import Job, solve_jobs
from solver.compiling import build_tiny, compile_kernels
from solver.session import SearchLimits


def list_kernels() -> dict[str, int]:
    folder = Path(solver.__file__).parent
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("__pycache__/*.nb[ic]")}


def test_a_search_in_a_child_compiles_nothing_after_set_up() -> None:
    compile_kernels()
    before = list_kernels()
    assert before
    instance, matrix = build_tiny()
    (plan,) = solve_jobs(
        [Job(instance, matrix, SearchLimits(iterations=100, seed=1, bound_seconds=2.0))]
    )
    assert plan.bound is not None
    assert 0 < plan.bound.value <= plan.objective + 0.01
    assert list_kernels() == before
