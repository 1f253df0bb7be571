"""Comparison of any solves of one data set, as JSON and as a workbook."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from app import engine, solves
from app.db import mapping
from app.db.tables import PlanRow
from app.errors import Fault, RequestError, StateError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute
from app.http.models import ComparisonOut
from app.http.plans import XLSX, describe_file, read_dataset, read_plan
from app.http.solves import list_plans_of
from app.http.system import send_file
from solver.domain import CostedPlan, Dataset

router = APIRouter(
    prefix="/v1/comparison", route_class=GuardedRoute, dependencies=[KEY], tags=["comparison"]
)
SolvesQuery = Annotated[
    list[UUID],
    Query(alias="solve", min_length=1, max_length=20, description="Solves, the baseline first"),
]


@router.get("", summary="Compare solves")
def get_comparison(
    solve_ids: SolvesQuery, caller: CallerDep, database: DatabaseDep
) -> ComparisonOut:
    """Metrics side by side and savings like with like, for solves of one data set."""
    with database.of_authority(caller.authority_id) as session:
        plans, dataset = _read(session, solve_ids)
    comparison = engine.compare(plans, dataset)
    return ComparisonOut(solves=solve_ids, comparison=mapping.to_json(comparison))


@router.get(
    ".xlsx",
    summary="Compare solves in a workbook",
    response_class=Response,
    responses=describe_file(XLSX),
)
def get_comparison_workbook(
    solve_ids: SolvesQuery, caller: CallerDep, database: DatabaseDep
) -> Response:
    """The comparison as XLSX."""
    with database.of_authority(caller.authority_id) as session:
        plans, dataset = _read(session, solve_ids)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.xlsx"
        engine.write_comparison(plans, dataset, path)
        return send_file(path.read_bytes(), path.name, XLSX)


def _read(session: Session, solve_ids: list[UUID]) -> tuple[dict[str, CostedPlan], Dataset]:
    """Return the plans of the solves by a name of each, and their one data set."""
    rows: list[PlanRow] = []
    for solve_id in dict.fromkeys(solve_ids):
        solve = solves.get_solve(session, solve_id)
        found = list_plans_of(session, solve.id)
        if not found:
            raise StateError(f"solve {solve_id} is {solve.state} and has no plan to compare")
        rows += found
    if len({row.dataset_id for row in rows}) > 1:
        text = "the solves are of different data sets, so their plans cannot be compared"
        remedy = "compare solves of one data set"
        raise RequestError(text, [Fault("/query/solve", "data-sets", text, remedy)])
    plans: dict[str, CostedPlan] = {}
    for row in rows:
        plans[_name(row, plans)] = read_plan(row)
    return plans, read_dataset(session, rows[0])


def _name(row: PlanRow, taken: dict[str, CostedPlan]) -> str:
    """Return the plan's name, numbered where an earlier one has the same."""
    name = f"{row.name}, {row.pricing}" if row.is_as_is else row.name
    return name if name not in taken else f"{name} ({len(taken) + 1})"
