"""Searches in child processes: a stop keeps the best plan, a death is told, none is left over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from solver.child import Job, SearchFailedError, SearchStoppedError, solve_jobs
from solver.domain import Instance, SessionPlan, TravelMatrix
from solver.session import Progress, SearchLimits
from tests.solver.builders import list_broken, solve
from tests.solver.random_cases import draw_instance

ROOT = Path(__file__).resolve().parents[2]


def _draw(seed: int = 1, riders: int = 25) -> tuple[Instance, TravelMatrix]:
    return draw_instance(np.random.default_rng(seed), riders, "AM", schools=3)


def test_a_child_finds_what_the_search_finds() -> None:
    instance, matrix = _draw()
    seen: list[Progress] = []
    (plan,) = solve_jobs(
        [Job(instance, matrix, SearchLimits(iterations=200, seed=1))], on_progress=seen.append
    )
    here = solve(instance, matrix, iterations=200, seed=1)
    assert plan.runs == here.runs
    assert plan.objective == pytest.approx(here.objective)
    assert seen[0].session == "AM"


def test_a_stop_ends_within_two_seconds_and_keeps_the_best_plan() -> None:
    morning = _draw(1)
    evening = draw_instance(np.random.default_rng(2), 25, "PM", schools=3)
    plans: dict[int, SessionPlan] = {}
    asked_at: list[float] = []

    def should_stop() -> bool:
        if len(plans) == 2 and not asked_at:
            asked_at.append(time.monotonic())
        return bool(asked_at)

    answers = solve_jobs(
        [Job(*case, SearchLimits(seconds=300, seed=1)) for case in (morning, evening)],
        on_better=plans.__setitem__,
        should_stop=should_stop,
    )
    assert time.monotonic() - asked_at[0] < 2.0
    for case, answer, number in zip((morning, evening), answers, (0, 1), strict=True):
        assert list_broken(*case, answer) == set()
        assert answer == plans[number]
    assert not multiprocessing.active_children()


def test_a_stop_waits_for_the_first_plan_of_the_other_session() -> None:
    small, large = _draw(1, 15), draw_instance(np.random.default_rng(2), 250, "PM", schools=3)
    plans: dict[int, SessionPlan] = {}
    answers = solve_jobs(
        [Job(*case, SearchLimits(seconds=300, seed=1)) for case in (small, large)],
        on_better=plans.__setitem__,
        should_stop=lambda: bool(plans),
    )
    assert list_broken(*small, answers[0]) == list_broken(*large, answers[1]) == set()
    assert not multiprocessing.active_children()


def test_progress_is_told_of_a_plan_that_a_stop_would_keep() -> None:
    plans: dict[int, SessionPlan] = {}
    seen: list[bool] = []
    solve_jobs(
        [Job(*_draw(), SearchLimits(iterations=50, seed=1))],
        on_progress=lambda _: seen.append(bool(plans)),
        on_better=plans.__setitem__,
    )
    assert seen
    assert all(seen)


def test_a_stop_before_any_plan_says_so() -> None:
    instance, matrix = _draw()
    with pytest.raises(SearchStoppedError, match="before there was a plan"):
        solve_jobs([Job(instance, matrix, SearchLimits(seconds=60))], should_stop=lambda: True)


def test_a_killed_child_is_told() -> None:
    instance, matrix = _draw()

    def kill(_number: int, _plan: SessionPlan) -> None:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(SearchFailedError, match="exit code -9"):
        solve_jobs([Job(instance, matrix, SearchLimits(seconds=60))], on_better=kill)
    assert not multiprocessing.active_children()


def test_a_failure_inside_is_told() -> None:
    instance, matrix = _draw()
    small = TravelMatrix(matrix.time_s[:3, :3], matrix.dist_m[:3, :3])
    with pytest.raises(SearchFailedError, match="3 rows"):
        solve_jobs([Job(instance, small, SearchLimits(iterations=10))])
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is signalled on Linux only")
def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from solver.child import Job, solve_jobs\n"
        "from solver.session import SearchLimits\n"
        "from tests.solver.test_child import _draw\n"
        "def tell(number, plan):\n"
        "    print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    solve_jobs([Job(*_draw(), SearchLimits(seconds=300))], on_better=tell)\n",
        encoding="utf-8",
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
    finally:
        parent.kill()
        parent.wait(10)
    until = time.monotonic() + 5
    while _is_alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
