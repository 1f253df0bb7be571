"""When a search or a bound stops, how far a search is, and their clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from solver.domain import Session

_FIRST_STEPS = 10
_SLICE_S = 0.1


@dataclass(frozen=True, slots=True)
class StopLimits:
    """When to stop: after `seconds` of wall time or `iterations`, whichever is given.

    Iterations are steps of a search, and rounds and proofs of a bound.
    """

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("a search or a bound needs a limit: give seconds or iterations")


@dataclass(frozen=True, slots=True)
class SearchLimits(StopLimits):
    """When a search stops; `bound_seconds` are for the lower bound on top, 0 asks for none."""

    seed: int = 0
    bound_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is. `objective` and `bound` are GBP a day for this session."""

    session: Session
    phase: str
    seconds: float
    objective: float
    runs: int
    unassigned: int
    iterations: int
    bound: float | None = None


def work_in_slices(step: Callable[[int], None], is_over: Callable[[], bool]) -> int:
    """Have steps made, as many at a time as take a tenth of a second; returns how many were."""
    made, chunk = 0, _FIRST_STEPS
    while not is_over():
        began = time.perf_counter()
        step(chunk)
        took = time.perf_counter() - began
        made += chunk
        chunk = int(min(max(chunk * _SLICE_S / max(took, 1e-6), _FIRST_STEPS), 2 * chunk))
    return made


@dataclass(slots=True)
class Clock[L: StopLimits]:
    """What is left of the limits."""

    limits: L
    should_stop: Callable[[], bool]
    began: float = field(default_factory=time.perf_counter)
    iterations: int = 0

    def elapsed(self) -> float:
        """Seconds since the search or the bound, or its process, began."""
        return time.perf_counter() - self.began

    def share(self) -> float:
        """Share of the limit that is used up, 0 to 1 and over."""
        if self.limits.iterations is not None:
            return self.iterations / max(self.limits.iterations, 1)
        return self.elapsed() / max(self.limits.seconds or 0.0, 1e-9)

    def is_over(self, share: float = 1.0) -> bool:
        """Whether so much of the limit is used up, or a stop was asked for."""
        return self.share() >= share or self.should_stop()
