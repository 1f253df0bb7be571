"""The master: the linear relaxation of choosing runs that cover every rider once, by GLOP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

_Key = tuple[int, tuple[float, ...]]
_SAME = 1e-6
"""Prices that are less apart than that, GBP, are the same but for rounding."""


@dataclass(frozen=True, slots=True)
class Column:
    """A run or walk: GBP, its riders in order (a walk may call on one twice), its vehicle type.

    The type is -1 for runs of plans, which count against no limit: a relaxation. A loose walk is
    one that labelling could not exclude: it goes when labelling is given more (:meth:`drop_loose`).
    """

    cost: float
    riders: tuple[int, ...]
    vehicle_type: int
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """What a rider adds (>= 0), GBP, by place, and what one vehicle more of a type saves (<= 0)."""

    riders: NDArray[np.float64]
    kinds: NDArray[np.float64]

    def mix(self, other: Prices, share: float) -> Prices:
        """So much of these prices, the rest of others."""
        return Prices(
            share * self.riders + (1 - share) * other.riders,
            share * self.kinds + (1 - share) * other.kinds,
        )

    def is_near(self, other: Prices) -> bool:
        """Whether they are the same but for rounding."""
        apart = np.abs(np.concatenate([self.riders - other.riders, self.kinds - other.kinds]))
        return bool(apart.max() < _SAME)


class Master:
    """Cover every rider at least once, with at most so many runs of each type, at least cost."""

    def __init__(self, prices: Sequence[float], counts: Sequence[int | None]) -> None:
        """Start from a column for each rider alone at the price given (never a free choice)."""
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        # with it, some masters of a few thousand columns end as ABNORMAL; they solve without
        self._solver.SetSolverSpecificParametersAsString("use_preprocessing:false")
        self._rows = [self._solver.Constraint(1.0, self._solver.infinity()) for _ in prices]
        self._limits = [
            None if count is None else self._solver.Constraint(-self._solver.infinity(), count)
            for count in counts
        ]
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._known: set[_Key] = set()
        self._loose: list[tuple[_Key, pywraplp.Variable]] = []
        self._answer = (
            sum(prices),
            Prices(np.array(prices, dtype=np.float64), np.zeros(len(counts))),
        )
        for rider, price in enumerate(prices):
            variable = self._solver.NumVar(0.0, self._solver.infinity(), "")
            self._objective.SetCoefficient(variable, price)
            self._rows[rider].SetCoefficient(variable, 1.0)

    def add(self, column: Column) -> bool:
        """Add a column; returns whether it is new."""
        key = (column.vehicle_type, (round(column.cost * 1e6), *sorted(column.riders)))
        if key in self._known:
            return False
        self._known.add(key)
        variable = self._solver.NumVar(0.0, self._solver.infinity(), "")
        self._objective.SetCoefficient(variable, column.cost)
        for rider, times in Counter(column.riders).items():
            self._rows[rider].SetCoefficient(variable, float(times))
        limit = self._limits[column.vehicle_type] if column.vehicle_type >= 0 else None
        if limit is not None:
            limit.SetCoefficient(variable, 1.0)
        if column.is_loose:
            self._loose.append((key, variable))
        return True

    def drop_loose(self) -> None:
        """Take the loose walks out of the choice."""
        for key, variable in self._loose:
            variable.SetUb(0.0)
            self._known.discard(key)
        self._loose.clear()

    def solve(self) -> tuple[float, Prices]:
        """Return the value and the duals, GBP.

        Any duals give a valid bound once they are proven: where GLOP fails, those of before do.
        """
        if self._solver.Solve() != pywraplp.Solver.OPTIMAL:
            return self._answer
        riders = np.array([max(0.0, row.dual_value()) for row in self._rows])
        kinds = np.array([min(0.0, row.dual_value()) if row else 0.0 for row in self._limits])
        self._answer = float(self._objective.Value()), Prices(riders, kinds)
        return self._answer
