"""When a cancelled solve is waited for: only once its search can have a plan."""

from __future__ import annotations

import time
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.settings import Settings
from app.work.child import Finished, Message, Progressed
from app.work.run import _attend, _Run


class _CancelledRun(_Run):
    """A solve whose cancellation is found at the first heartbeat, without a database."""

    def beat(self) -> bool:
        self.beat_at = time.monotonic()
        self.cancel_at = self.cancel_at or self.beat_at
        return True


class _Process:
    """A solve's process that says `said`, then nothing, and its plan once it is asked to stop."""

    def __init__(self, said: list[Message]) -> None:
        self.said = said
        self.was_asked = self.has_ended = False

    def wait(self, _seconds: float) -> Message | None:
        return self.said.pop(0) if self.said else None

    def ask_to_stop(self) -> None:
        self.was_asked = True
        self.said.append(Finished(()))

    def end(self) -> None:
        self.has_ended = True


@pytest.mark.parametrize("has_progressed", [False, True])
def test_cancelled_solve_is_asked_for_its_plan_once_it_can_have_one(has_progressed: bool) -> None:
    work: Any = SimpleNamespace(settings=Settings(), stopping=Event())
    process: Any = _Process([Progressed({"session": "AM"}, None)] if has_progressed else [])
    assert _attend(_CancelledRun(work, uuid4(), uuid4(), 1), process) == Finished(())
    assert process.was_asked is has_progressed
    assert process.has_ended
