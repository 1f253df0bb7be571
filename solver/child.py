"""Searches in child processes, side by side, with progress and a stop that keeps the best plan.

OR-Tools routing holds the interpreter's lock and cannot be stopped from a thread, so each search is
a process of its own. Every better plan comes through a pipe as it is found; to stop is to end the
child's process group and keep the last plan received. A child ends with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from solver.arrays import IntArray
from solver.domain import Instance, SchoolrunError, SessionPlan, TravelMatrix
from solver.session import Progress, SearchLimits, solve_session

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, linux/prctl.h
_POLL_S = 0.2
_FIRST_PLAN_S = 4.0
"""How long a stop waits for a session's first plan where another session has one already."""


class SearchFailedError(SchoolrunError):
    """A search process failed or died; the message says how, and where in the code."""


class SearchStoppedError(SchoolrunError):
    """A search was stopped before it had any plan."""


@dataclass(frozen=True, slots=True)
class Job:
    """One session to plan."""

    instance: Instance
    matrix: TravelMatrix
    limits: SearchLimits
    starts: tuple[Sequence[IntArray], ...] = ()


@dataclass(slots=True)
class _Child:
    process: SpawnProcess
    pipe: Connection
    plan: SessionPlan | None = None
    is_done: bool = False


def solve_jobs(
    jobs: Sequence[Job],
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_better: Callable[[int, SessionPlan], None] = lambda _number, _plan: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[SessionPlan]:
    """Plan sessions side by side, each in a child process.

    Parameters
    ----------
    should_stop
        Polled five times a second; once true, the children end and the best plans are kept. Where
        one session has a plan and another has none yet, the stop waits some seconds for it.

    Raises
    ------
    SearchFailedError
        If a child failed.
    SearchStoppedError
        If it was stopped while a session had no plan yet.
    """
    children = [_start(job) for job in jobs]
    stopped_at: float | None = None
    try:
        while not all(child.is_done for child in children):
            if stopped_at is None and should_stop():
                stopped_at = time.monotonic()
            if stopped_at is not None and not _is_worth_waiting(children, stopped_at):
                break
            open_pipes = [child.pipe for child in children if not child.is_done]
            for pipe in wait(open_pipes, timeout=_POLL_S):
                number = next(i for i, child in enumerate(children) if child.pipe is pipe)
                _receive(children[number], number, on_progress, on_better)
    finally:
        for child in children:
            _end(child)
    if any(child.plan is None for child in children):
        raise SearchStoppedError("stopped before there was a plan; nothing was kept")
    return [child.plan for child in children if child.plan is not None]


def _is_worth_waiting(children: Sequence[_Child], stopped_at: float) -> bool:
    """Whether a session's first plan is due, without which the other session's plan is lost."""
    has_plan = [child.plan is not None for child in children]
    is_in_time = time.monotonic() - stopped_at < _FIRST_PLAN_S
    return any(has_plan) and not all(has_plan) and is_in_time


def _receive(
    child: _Child,
    number: int,
    on_progress: Callable[[Progress], None],
    on_better: Callable[[int, SessionPlan], None],
) -> None:
    try:
        kind, content = child.pipe.recv()
    except (EOFError, OSError):
        child.process.join(5)
        raise SearchFailedError(
            f"the search process ended early with exit code {child.process.exitcode}"
        ) from None
    if kind == "progress":
        on_progress(content)
    elif kind == "failed":
        raise SearchFailedError(f"the search failed: {content}")
    else:
        child.plan = content
        child.is_done = kind == "done"
        on_better(number, content)


def _start(job: Job) -> _Child:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return _Child(process, ours)


def _end(child: _Child) -> None:
    if not child.is_done and child.process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.kill()
    child.process.join(5)
    child.pipe.close()


def _describe(error: Exception) -> str:
    """A failure of ours in its words, another by its kind and its places in the code.

    It is shown to users and logged: a foreign message may quote data or name paths.
    """
    if isinstance(error, SchoolrunError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return f"{type(error).__name__} in {', '.join(places)}"


def _work(job: Job, pipe: Connection, parent: int) -> None:
    """Run in the child: a process group of its own, ended with the parent."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    try:
        plan = solve_session(
            job.instance,
            job.matrix,
            job.limits,
            starts=job.starts,
            on_progress=lambda progress: pipe.send(("progress", progress)),
            on_better=lambda plan: pipe.send(("better", plan)),
            began=time.perf_counter(),
        )
        pipe.send(("done", plan))
    except Exception as error:
        pipe.send(("failed", _describe(error)))
    finally:
        pipe.close()
