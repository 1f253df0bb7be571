"""The process that does one solve, so that it can be ended at any moment.

Building matrices and searching hold the interpreter for seconds; in a process of its own they
cannot delay the worker's heartbeat, and ending its process group ends everything it started.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from threading import Event, Thread
from typing import Any, Final

from app import engine
from app.engine import SolveOrder
from app.log import configure_logging, describe_places, get_logger
from solver.domain import CostedPlan, Plan, SchoolrunError


@dataclass(frozen=True, slots=True)
class Progressed:
    """Where the search stands; `plan` now and then holds the best plan so far."""

    numbers: dict[str, Any]
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The solve's plans."""

    plans: tuple[CostedPlan, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no plan, in words that may be shown and logged."""

    code: str
    text: str


Message = Progressed | Finished | Failed
_NUMBERS: Final = (
    "session", "phase", "seconds", "objective", "runs", "unassigned", "iterations", "bound",
)  # fmt: skip
"""What is passed on of the progress of a search, and seen in the events of its solve."""


@lru_cache(maxsize=1)
def _get_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.work.child", "app.work.preload"])
    return context


def warm_up() -> None:
    """Start the process that solves are forked from, with everything imported, ahead of need."""
    process = _get_context().Process(target=_do_nothing, daemon=True)
    process.start()


def _do_nothing() -> None:
    """Keep a forked process alive for no longer than its start."""


class SolveProcess:
    """A running solve: read its messages, ask it to stop, or end it."""

    def __init__(self, order: SolveOrder) -> None:
        context = _get_context()
        self._receiving, sending = context.Pipe(duplex=False)
        listening, self._control = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(order, sending, listening), daemon=False)
        self._process.start()
        sending.close()
        listening.close()

    def wait(self, seconds: float) -> Message | None:
        """Return the next message, or `None` after `seconds` without one.

        Raises
        ------
        EOFError
            If the process ended without an answer.
        """
        if not self._receiving.poll(seconds):
            return None
        message: Message = self._receiving.recv()
        return message

    def ask_to_stop(self) -> None:
        """Ask for the best plan so far, soon."""
        with suppress(BrokenPipeError):
            self._control.send("stop")

    def end(self) -> None:
        """End the process and all that it started, now."""
        pid = self._process.pid
        if pid is not None and self._process.is_alive():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.join(5)
        self._receiving.close()
        self._control.close()


def _run(order: SolveOrder, sending: Connection, listening: Connection) -> None:
    os.setpgid(0, 0)
    stop = Event()
    Thread(target=_listen, args=(listening, stop), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging()
    try:
        sending.send(_solve(order, sending, stop))
    except BrokenPipeError:
        _end_group()


def _listen(listening: Connection, stop: Event) -> None:
    """Set `stop` when the worker asks for it; end this process group when the worker is gone.

    Only the worker holds the other end, so however it dies, this end is told.
    """
    try:
        while listening.recv() == "stop":
            stop.set()
    except (EOFError, OSError):
        _end_group()


def _end_group() -> None:
    os.killpg(0, signal.SIGKILL)


def _solve(order: SolveOrder, sending: Connection, stop: Event) -> Message:
    def is_stopped() -> bool:
        return stop.is_set()

    try:
        plans = engine.solve(order, lambda progress: _report(progress, sending), is_stopped)
    except SchoolrunError as exc:
        get_logger(__name__).warning("solve_failed", exc_info=exc)
        return Failed(name_failure(exc), str(exc))
    except BrokenPipeError:
        raise
    except Exception as exc:
        get_logger(__name__).error("solve_broke", exc_info=exc)
        where = ", ".join(describe_places(exc, 2))
        return Failed("unexpected", f"the solve broke off ({type(exc).__name__} in {where})")
    return Finished(plans)


def _report(progress: Any, sending: Connection) -> None:
    """Pass on what the pipeline says about once a second, with its best plan where it gives one."""
    numbers = {name: getattr(progress, name, None) for name in _NUMBERS}
    plan = getattr(progress, "plan", None)
    sending.send(Progressed(numbers, plan if isinstance(plan, Plan) else None))


def name_failure(exc: SchoolrunError) -> str:
    """Return the code of a failure: its class in words, such as `plan-rejected`."""
    name = type(exc).__name__.removesuffix("Error")
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def check_plans(plans: Sequence[CostedPlan]) -> Failed | None:
    """Return why plans must not be stored: one of ours with violations. As-is plans always may."""
    for costed in plans:
        if costed.plan.violations and not costed.plan.is_as_is:
            found = "; ".join(str(violation) for violation in costed.plan.violations[:5])
            return Failed(
                "plan-rejected",
                f"the checker found {len(costed.plan.violations)} violations, so the plan was "
                f"not stored: {found}",
            )
    return None
