"""What a lower bound says of a plan: the sentence, the table by session, and pupils' prices."""

from __future__ import annotations

from typing import Final

from data.writers import Cell, Column, Table
from scenarios.comparison import measure_gap
from scenarios.report.units import round_bound, round_gap
from solver.domain import SESSIONS, CostedPlan

ABOUT_BOUNDS: Final = (
    "The day objective is what the search goes by, AM and PM together: the day with everyone "
    "aboard, half a day charge for each vehicle in each session, and soft prices such as on rides "
    "over their target. Lower bound and gap are about it and not about the year, for which runs "
    "are joined to routes and costed by the calendar."
)

ABOUT_PRICES: Final = (
    "What a pupil adds to the day: the price at which carrying them just pays when runs may be "
    "mixed in any shares. It is small for a pupil who lives on the way of others and large for one "
    "who needs a vehicle or an assistant nearly alone. The prices of a session add up to about its "
    "day objective, to more where there are too few vehicles of a type; pupils of pinned routes "
    "have none. They are estimates, no charge and no saving: without a pupil the day can cost less "
    "by another amount."
)


def explain_bound(objective_gbp: float, bound_gbp: float) -> str:
    """Say in a sentence what a lower bound of a day's objective means for a plan."""
    gap = round_gap(measure_gap(objective_gbp, bound_gbp))
    return (
        f"by the day objective no plan under these rules can be cheaper than "
        f"£{round_bound(bound_gbp):,}; this one is at £{objective_gbp:,.2f}, so at most {gap:.1%} "
        f"of that could still be saved."
    )


def build_bounds_table(costed: CostedPlan, name: str) -> Table:
    """Build one row a session: what its day costs, and below what no plan of it can come."""
    plan = costed.plan
    rows: list[tuple[Cell, ...]] = []
    notes = [ABOUT_BOUNDS]
    for session in SESSIONS:
        answer = plan.get_session(session)[1]
        bound = answer.bound
        cells: tuple[Cell, ...] = (None, None, None)
        if bound is not None:
            gap = measure_gap(answer.objective, bound.value)
            cells = (round_bound(bound.value), round_gap(gap), bound.seconds)
            notes.append(f"{session}: {explain_bound(answer.objective, bound.value)}")
        rows.append(
            (session, answer.objective, answer.cost, answer.penalty, answer.seconds, *cells)
        )
    return Table(
        title=f"Bounds {name}",
        columns=(
            Column("Session"),
            Column("Day objective", kind="money", is_totalled=True),
            Column("of this cost", kind="money", is_totalled=True),
            Column("of this soft prices", kind="money", is_totalled=True),
            Column("Search", unit="seconds", kind="number"),
            Column("Lower bound", kind="money"),
            Column("Gap at most", kind="percent"),
            Column("Bound", unit="seconds", kind="number"),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def build_prices_table(costed: CostedPlan, name: str) -> Table:
    """Build one row a pupil: what they add to the day's cost, the dearest first.

    Holds pupil references: for planners, never for bidders. No rows where no bound was asked for.
    """
    plan = costed.plan
    schools: dict[str, str] = {}
    prices: dict[str, dict[str, float]] = {}
    for session in SESSIONS:
        instance, answer = plan.get_session(session)
        if answer.bound is None or not answer.bound.prices:
            continue
        for who, price in zip(instance.riders, answer.bound.prices, strict=True):
            schools.setdefault(who.reference, instance.schools[who.school].name)
            by_session = prices.setdefault(who.reference, dict.fromkeys(SESSIONS, 0.0))
            by_session[session] += price
    dearest = sorted(prices, key=lambda pupil: (-sum(prices[pupil].values()), pupil))
    rows: list[tuple[Cell, ...]] = [
        (pupil, schools[pupil], *prices[pupil].values(), sum(prices[pupil].values()))
        for pupil in dearest
    ]
    return Table(
        title=f"Prices {name}",
        columns=(
            Column("Pupil"),
            Column("School"),
            *(Column(f"{session}, a day", kind="money", is_totalled=True) for session in SESSIONS),
            Column("Added a day", kind="money", is_totalled=True),
        ),
        rows=tuple(rows),
        notes=(ABOUT_PRICES,),
    )
