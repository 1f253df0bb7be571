"""What a bound is asked and what it answers: its limits, its progress and its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from solver.arrays import IntArray


@dataclass(frozen=True, slots=True)
class BoundLimits:
    """When to stop: after `seconds` of wall time, or after `iterations` rounds and proofs."""

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.iterations is None:
            raise ValueError("a bound needs a limit: give seconds or iterations")


@dataclass(frozen=True, slots=True)
class BoundProgress:
    """How far a bound is: what it does, what is proven and what the master says, GBP a day."""

    phase: str
    seconds: float
    value: float
    master: float


@dataclass(frozen=True, slots=True)
class BoundResult:
    """A proven lower bound of a session's objective, GBP a day.

    `duals` are per rider, as proven (theta applied); `kind_duals` per vehicle type (<= 0, what one
    vehicle more would save, where their number is limited). `value` is their sum with the prices
    of riders that nothing can carry. `master` is the value of the generated relaxation, which no
    longer search with it can pass; `columns` are new elementary runs as node sequences.
    """

    value: float
    duals: tuple[float, ...]
    kind_duals: tuple[float, ...]
    master: float
    seconds: float
    rounds: int
    is_converged: bool
    columns: tuple[IntArray, ...] = ()


@dataclass(slots=True)
class Clock:
    """How much of its limits a bound has used."""

    limits: BoundLimits
    should_stop: Callable[[], bool]
    began: float = field(default_factory=time.perf_counter)
    used: int = 0

    def elapsed(self) -> float:
        """Wall seconds since the bound began."""
        return time.perf_counter() - self.began

    def share(self) -> float:
        """The share of the limit that is used, of rounds or of seconds."""
        if self.limits.iterations is not None:
            return self.used / max(1, self.limits.iterations)
        return self.elapsed() / max(1e-9, self.limits.seconds or 0.0)

    def is_over(self, share: float = 1.0) -> bool:
        """Whether so much of the limit is used, or a stop is asked for."""
        return self.share() >= share or self.should_stop()
