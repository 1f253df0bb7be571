"""Comparison of any solves of one data set, as JSON and as a workbook."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine, solves
from app.db import mapping
from app.db.tables import PlanRow, PolicyRow, RateCardRow, ScenarioRow, SolveRow
from app.errors import Fault, RequestError, StateError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import ComparisonOut
from app.http.plans import XLSX, describe_file, read_dataset, read_plan, read_stored, write_to
from app.http.solves import list_plans_of
from app.http.system import send_file
from app.roles import PUPILS
from solver.domain import CostedPlan, Policy, RateCard

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
        rows = _list_plans(session, solve_ids)
        plans, dataset = _read(rows), read_dataset(session, rows[0])
    comparison = engine.compare(plans, dataset)
    return ComparisonOut(solves=solve_ids, comparison=mapping.to_json(comparison))


@router.get(
    ".xlsx",
    summary="Compare solves in a workbook",
    response_class=Response,
    responses=describe_file(XLSX),
)
def get_comparison_workbook(
    *,
    solve_ids: SolvesQuery,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
) -> Response:
    """The comparison as XLSX, with lots, routes and costs of the last solve's plan."""
    with database.of_authority(caller.authority_id) as session:
        rows = _list_plans(session, solve_ids)
        plans, last = _read(rows), read_stored(session, rows[-1], settings)
        in_force = _read_settings(session, rows[-1])
    with write_to("comparison.xlsx") as path:
        has_pupils = caller.role in PUPILS
        engine.write_comparison(plans, last, in_force, path, has_pupils=has_pupils)
        return send_file(path.read_bytes(), path.name, XLSX)


def _list_plans(session: Session, solve_ids: list[UUID]) -> list[PlanRow]:
    """List the plans of the solves, which must be of one data set."""
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
    return rows


def _read(rows: list[PlanRow]) -> dict[str, CostedPlan]:
    plans: dict[str, CostedPlan] = {}
    for row in rows:
        plans[_name(row, plans)] = read_plan(row)
    return plans


def _read_settings(session: Session, row: PlanRow) -> tuple[Policy, RateCard]:
    """Return the policy and rate card that a plan was made with, before its levers."""
    policy, card = session.execute(
        select(PolicyRow.content, RateCardRow.content)
        .join(ScenarioRow, ScenarioRow.policy_id == PolicyRow.id)
        .join(RateCardRow, ScenarioRow.rate_card_id == RateCardRow.id)
        .join(SolveRow, SolveRow.scenario_id == ScenarioRow.id)
        .where(SolveRow.id == row.solve_id)
    ).one()
    return mapping.from_json(Policy, policy), mapping.from_json(RateCard, card)


def _name(row: PlanRow, taken: dict[str, CostedPlan]) -> str:
    """Return the plan's name, numbered where an earlier one has the same."""
    name = f"{row.name}, {row.pricing}" if row.is_as_is else row.name
    return name if name not in taken else f"{name} ({len(taken) + 1})"
