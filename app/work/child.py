"""The process that does one solve, so that it can be ended at any moment.

Building matrices and searching hold the interpreter for seconds; in a process of its own they
cannot delay the worker's heartbeat, and ending its process group ends everything it started.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
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


@dataclass(frozen=True, slots=True)
class Lent:
    """A parcel that a worker elsewhere may improve; `number` is for the answer."""

    number: int
    parcel: bytes


@dataclass(frozen=True, slots=True)
class Recalled:
    """No answer to the parcel of this number is wanted any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a solve is told of workers elsewhere: how many are free, and answers by number."""

    free: int
    answers: tuple[tuple[int, bytes], ...] = ()


Message = Progressed | Finished | Failed | Lent | Recalled
_NUMBERS: Final = (
    "session", "phase", "seconds", "objective", "runs", "unassigned", "iterations", "bound",
)  # fmt: skip
"""What is passed on of the progress of a search, and seen in the events of its solve."""


@lru_cache(maxsize=1)
def get_context() -> ForkServerContext:
    """Return the context whose processes are forked with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.work.child", "app.work.preload"])
    return context


def warm_up() -> None:
    """Start the process that solves are forked from, with everything imported, ahead of need."""
    process = get_context().Process(target=_do_nothing, daemon=True)
    process.start()


def _do_nothing() -> None:
    """Keep a forked process alive for no longer than its start."""


class SolveProcess:
    """A running solve: read its messages, ask it to stop, or end it."""

    def __init__(self, order: SolveOrder) -> None:
        context = get_context()
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

    def tell(self, elsewhere: Elsewhere) -> None:
        """Say how many workers elsewhere are free, and hand over their answers."""
        with suppress(BrokenPipeError):
            self._control.send(elsewhere)

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


class _Lender:
    """Parcels of this solve on their way through its worker (:class:`solver.together.Lender`)."""

    def __init__(self, sending: Connection) -> None:
        self._sending = sending
        self._numbers = count()
        self._answers: dict[int, bytes] = {}
        self._free = 0

    def hear(self, said: Elsewhere) -> None:
        """Note what the worker says, in the thread that listens to it."""
        self._free = said.free
        self._answers.update(said.answers)

    def count_free(self) -> int:
        return self._free

    def lend(self, parcel: bytes) -> int:
        number = next(self._numbers)
        self._sending.send(Lent(number, parcel))
        return number

    def collect(self, number: int) -> bytes | None:
        return self._answers.pop(number, None)

    def recall(self, number: int) -> None:
        self._answers.pop(number, None)
        self._sending.send(Recalled(number))


def _run(order: SolveOrder, sending: Connection, listening: Connection) -> None:
    os.setpgid(0, 0)
    stop, lender = Event(), _Lender(sending)
    Thread(target=listen, args=(listening, stop, lender.hear), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging()
    try:
        sending.send(_solve(order, sending, stop, lender))
    except BrokenPipeError:
        end_group()


def listen(
    listening: Connection, stop: Event, hear: Callable[[Elsewhere], None] = lambda _: None
) -> None:
    """Set `stop` when the worker asks for it; end this process group when the worker is gone.

    Only the worker holds the other end, so however it dies, this end is told.
    """
    try:
        while True:
            said = listening.recv()
            if isinstance(said, Elsewhere):
                hear(said)
            else:
                stop.set()
    except (EOFError, OSError):
        end_group()


def end_group() -> None:
    """End this process and all that it started."""
    os.killpg(0, signal.SIGKILL)


def _solve(order: SolveOrder, sending: Connection, stop: Event, lender: _Lender) -> Message:
    def is_stopped() -> bool:
        return stop.is_set()

    try:
        plans = engine.solve(order, lambda progress: _report(progress, sending), is_stopped, lender)
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
