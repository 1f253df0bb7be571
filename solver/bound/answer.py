"""What a bound answers: how far it is, and its result."""

from __future__ import annotations

from dataclasses import dataclass

from solver.arrays import IntArray
from solver.domain import Remembered, SeatPrice


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
    longer search with it can pass; `columns` are new elementary runs as node sequences;
    `memory` is what the table of what may follow remembered, `seats` a seat's price. `relaxed` is
    the master's value before any proof and `prices` its duals per rider: what each adds, GBP a day,
    though not proven.
    """

    value: float
    duals: tuple[float, ...]
    kind_duals: tuple[float, ...]
    master: float
    seconds: float
    rounds: int
    memory: tuple[Remembered, ...] = ()
    seats: tuple[SeatPrice, ...] = ()
    columns: tuple[IntArray, ...] = ()
    relaxed: float = 0.0
    prices: tuple[float, ...] = ()
