"""What each night's plan costs, and what it changed against the plan of the night before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """One night of an authority: what became of its solve and, where it has a plan, what it costs.

    `input_hash` names data set, policy, rate card, roads and levers: where two nights have the
    same, the search alone made the difference. The last three are the plan's metrics of that name
    (:class:`scenarios.comparison.Metrics`).
    """

    night: date
    state: str
    text: str = ""
    solve_id: UUID | None = None
    input_hash: str = ""
    year_pence: int | None = None
    day_objective_gbp: float | None = None
    lower_bound_gbp: float | None = None
    gap_at_most: float | None = None


@dataclass(frozen=True, slots=True)
class NightChange:
    """A night beside the last one before it that has a plan."""

    now: NightPlan
    before: NightPlan | None

    @property
    def change_pence(self) -> int | None:
        """Cost a year now less that before: below nought is cheaper."""
        if self.before is None or self.before.year_pence is None or self.now.year_pence is None:
            return None
        return self.now.year_pence - self.before.year_pence

    @property
    def has_same_input(self) -> bool | None:
        """Whether the plan before was made from the same data, rules, prices and roads."""
        if self.change_pence is None or self.before is None:
            return None
        return self.now.input_hash == self.before.input_hash


def compare_nights(nights: Sequence[NightPlan]) -> list[NightChange]:
    """Set each night beside the last one before it that has a plan; newest first."""
    changes = []
    before: NightPlan | None = None
    for now in sorted(nights, key=lambda each: each.night):
        changes.append(NightChange(now, before))
        before = now if now.year_pence is not None else before
    return changes[::-1]
