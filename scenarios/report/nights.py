"""The nightly's table: one night a row, its cost, what changed, and how good the plan is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from data.writers import Cell, Column, Table
from scenarios.nights import NightChange
from scenarios.report.bounds import ABOUT_BOUNDS, explain_bound
from scenarios.report.units import pounds, round_bound, round_gap

ABOUT_CHANGES: Final = (
    "The change is against the last plan of an earlier night. Where that was made from the same "
    "data, rules, prices and roads, the search alone made it; else the input changed as well."
)
_INPUT: Final = {None: None, True: "the same", False: "changed"}


def build_nights_table(changes: Sequence[NightChange]) -> Table:
    """Build the table of an authority's nights, in the order given."""
    notes = [ABOUT_CHANGES]
    proven = [
        f"{now.night.isoformat()}: {explain_bound(now.day_objective_gbp, now.lower_bound_gbp)}"
        for now in (change.now for change in changes)
        if now.day_objective_gbp is not None and now.lower_bound_gbp is not None
    ]
    if proven:
        notes += [ABOUT_BOUNDS, proven[0]]
    return Table(
        title="Nights",
        columns=(
            Column("Night"),
            Column("State"),
            Column("Cost a year", kind="money"),
            Column("Change", kind="money"),
            Column("Input"),
            Column("Day objective, AM + PM", kind="money"),
            Column("Lower bound", kind="money"),
            Column("Gap at most", kind="percent"),
        ),
        rows=tuple(_build_row(change) for change in changes),
        notes=tuple(notes),
    )


def _build_row(change: NightChange) -> tuple[Cell, ...]:
    now = change.now
    return (
        now.night.isoformat(),
        f"{now.state}: {now.text}" if now.text else now.state,
        None if now.year_pence is None else pounds(now.year_pence),
        None if change.change_pence is None else pounds(change.change_pence),
        _INPUT[change.has_same_input],
        now.day_objective_gbp,
        None if now.lower_bound_gbp is None else round_bound(now.lower_bound_gbp),
        None if now.gap_at_most is None else round_gap(now.gap_at_most),
    )
