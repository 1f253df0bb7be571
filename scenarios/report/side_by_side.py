"""Plans side by side: one metric a row, one plan a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from data.writers import Cell, Column, Table
from scenarios.comparison import Comparison, Metrics
from scenarios.report.bounds import ABOUT_BOUNDS, explain_bound
from scenarios.report.units import pounds, round_bound, round_gap

ILLUSTRATIVE: Final = (
    "Savings are illustrative: the same rate card on both plans, before tendering. A planner's "
    "risk assessment usually removes part of them, and prices come from operators."
)


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    column: Column
    read: Callable[[Metrics], Cell]


def _money(name: str) -> Column:
    return Column(name, kind="money", decimals=0)


def _pence(name: str) -> Column:
    return Column(name, kind="money")


def _whole(name: str) -> Column:
    return Column(name, kind="integer")


def _apply(rounded: Callable[[float], Decimal], value: float | None) -> Cell:
    return None if value is None else rounded(value)


def _minutes(name: str) -> Column:
    return Column(name, kind="minutes", decimals=0)


_ROWS: Final = (
    _Row("Cost a year", _money("Cost a year"), lambda m: pounds(m.year_pence)),
    _Row("Cost a pupil a year", _money(""), lambda m: pounds(m.pence_a_pupil)),
    _Row("Day objective, AM + PM", _pence(""), lambda m: m.day_objective_gbp),
    _Row("  lower bound", _pence(""), lambda m: _apply(round_bound, m.lower_bound_gbp)),
    _Row("  gap at most", Column("", kind="percent"), lambda m: _apply(round_gap, m.gap_at_most)),
    _Row("Routes", _whole(""), lambda m: m.routes),
    _Row("Assistants", _whole(""), lambda m: m.assistants),
    _Row("Miles a year", _whole(""), lambda m: _round(m.miles)),
    _Row("  of these with pupils", _whole(""), lambda m: _round(m.live_miles)),
    _Row("  of these without", _whole(""), lambda m: _round(m.dead_miles)),
    _Row("CO2e a year (kg)", _whole(""), lambda m: _round(m.co2e_kg)),
    _Row("Ride, mean (minutes)", _minutes(""), lambda m: m.ride_mean_min),
    _Row("Ride, 95th percentile (minutes)", _minutes(""), lambda m: m.ride_p95_min),
    _Row("Ride, longest (minutes)", _minutes(""), lambda m: m.ride_max_min),
    _Row("Pupils over 45 minutes", _whole(""), lambda m: m.over_45),
    _Row("Pupils over 75 minutes", _whole(""), lambda m: m.over_75),
    _Row("Seats and bays in use", Column("", kind="percent", decimals=0), lambda m: m.occupancy),
    _Row("Pupils unassigned", _whole(""), lambda m: m.unassigned),
    _Row("  their cost a year", _money(""), lambda m: pounds(m.unassigned_pence)),
    _Row("Pupils with direct ride over the limit", _whole(""), lambda m: m.caps_from_direct),
    _Row("Rules broken (found by the checker)", _whole(""), lambda m: m.violations),
)


def _round(value: Decimal) -> Cell:
    return int(value.to_integral_value())


def build_comparison_table(comparison: Comparison) -> Table:
    """Build the side-by-side table: one metric a row, one plan a column."""
    metrics = comparison.metrics
    rows: list[tuple[Cell, ...]] = []
    kinds: list[Column] = []
    for row in _ROWS:
        rows.append((row.label, *(row.read(m) for m in metrics)))
        kinds.append(row.column)
        if row.label == "Routes":
            for code in _list_types(metrics):
                rows.append((f"  {code}", *(dict(m.vehicles).get(code, 0) for m in metrics)))
                kinds.append(_whole(""))
    saved = {saving.name: saving for saving in comparison.savings}
    rows.append(
        (
            f"Saving on {comparison.baseline}",
            *(pounds(saved[m.name].pence) if m.name in saved else None for m in metrics),
        )
    )
    rows.append(
        ("  in per cent", *(saved[m.name].share if m.name in saved else None for m in metrics))
    )
    kinds += [_money(""), Column("", kind="percent")]
    notes = [ILLUSTRATIVE]
    if comparison.price_difference_pence is not None:
        difference = comparison.price_difference_pence
        word = "above" if difference >= 0 else "below"
        notes.append(
            f"Contract prices are £{abs(difference) / 100:,.0f} a year {word} the rate card on the "
            f"same routes: a price difference, and no part of any saving."
        )
    notes += _explain_bounds(metrics)
    notes += [f"{m.name}: {'; '.join(m.changes)}." for m in metrics if m.changes]
    return Table(
        title="Comparison",
        columns=(Column("Metric"), *(Column(m.name, kind="number") for m in metrics)),
        rows=tuple(rows),
        notes=tuple(notes),
        row_columns=tuple(kinds),
    )


def _explain_bounds(metrics: Sequence[Metrics]) -> list[str]:
    """Say what each bound means, and once what it is about."""
    said = [
        f"{m.name}: {explain_bound(m.day_objective_gbp, m.lower_bound_gbp)}"
        for m in metrics
        if m.day_objective_gbp is not None and m.lower_bound_gbp is not None
    ]
    return [ABOUT_BOUNDS, *said] if said else []


def _list_types(metrics: Sequence[Metrics]) -> list[str]:
    return list(dict.fromkeys(code for m in metrics for code, _ in m.vehicles))
