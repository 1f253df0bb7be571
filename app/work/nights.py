"""The nights that were: what became of each, what its plan costs, and what changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.db.tables import NightlyRunRow, PlanRow, ScenarioRow, SolveRow
from app.engine import BOUND_METRICS

if TYPE_CHECKING:
    from scenarios.nights import NightChange


def list_nights(session: Session) -> list[NightChange]:
    """List the authority's nights, newest first, each beside the last one with a plan before it."""
    from scenarios.nights import NightPlan, compare_nights

    rows = session.execute(
        select(
            NightlyRunRow,
            SolveRow.state,
            SolveRow.failure,
            ScenarioRow.content_hash,
            PlanRow.year_pence,
            PlanRow.summary,
        )
        .outerjoin(SolveRow, SolveRow.id == NightlyRunRow.solve_id)
        .outerjoin(ScenarioRow, ScenarioRow.id == SolveRow.scenario_id)
        .outerjoin(PlanRow, and_(PlanRow.solve_id == SolveRow.id, ~PlanRow.is_as_is))
    )
    nights = [
        NightPlan(
            night=run.night,
            state=state or run.outcome,
            text=(failure or {}).get("text", run.text),
            solve_id=run.solve_id,
            input_hash=input_hash or "",
            year_pence=year_pence,
            **{name: (summary or {}).get(name) for name in BOUND_METRICS},
        )
        for run, state, failure, input_hash, year_pence, summary in rows
    ]
    return compare_nights(nights)
