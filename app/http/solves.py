"""Solves: start, follow, cancel, result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import solves
from app.db.tables import TERMINAL, PlanRow, SolveRow
from app.engine import BOUND_METRICS
from app.errors import Fault, RequestError, StateError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.idempotency import Answer, KeyHeader, answer_once
from app.http.models import Page, PlanLink, ResultOut, SolveIn, SolveOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.http.plan_views import to_plan
from app.http.scenarios import find_scenario
from app.settings import Settings

router = APIRouter(
    prefix="/v1/solves", route_class=GuardedRoute, dependencies=[KEY], tags=["solves"]
)
_RETRY_AFTER_S = "2"


@router.post("", status_code=202, summary="Start a solve", response_model=SolveOut)
def create_solve(
    *,
    body: SolveIn,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    idempotency_key: KeyHeader = None,
) -> JSONResponse:
    """Queues the solve and answers at once; follow `Location` until it has ended."""
    seconds, bound_seconds = _choose_seconds(body, settings)
    with database.of_authority(caller.authority_id) as session:

        def create() -> Answer:
            scenario = find_scenario(session, body.scenario_id)
            if body.kind == "as_is" and scenario.levers:
                text = "today's contract is valued as it is, so its scenario must have no levers"
                remedy = "make a scenario without levers and solve that as_is"
                raise RequestError(text, [Fault("/body/kind", "levers", text, remedy)])
            row = solves.create_solve(
                session,
                scenario,
                kind=body.kind,
                seed=body.seed,
                seconds=seconds,
                iterations=body.iterations,
                bound_seconds=bound_seconds,
            )
            session.refresh(row)
            headers = {"Location": f"/v1/solves/{row.id}", "Retry-After": _RETRY_AFTER_S}
            out = to_solve(session, row).model_dump(mode="json")
            return Answer(status=202, headers=headers, body=out)

        return answer_once(
            session, caller, operation="create_solve", key=idempotency_key, request=body, do=create
        )


def _choose_seconds(body: SolveIn, settings: Settings) -> tuple[float | None, float]:
    """Return the seconds of the search and of its bound.

    The search's are the default where neither time nor iterations are limited, the bound's where
    the request does not say; today's contract is not searched and has no bound.
    """
    faults = []
    if body.seconds is not None and body.seconds > settings.max_solve_s:
        most = f"{settings.max_solve_s:,.0f}"
        faults.append(
            Fault(
                "/body/seconds", "too-long", f"a solve takes at most {most} seconds", "ask for less"
            )
        )
    if body.iterations is not None and body.iterations > settings.max_iterations:
        text = f"a solve takes at most {settings.max_iterations:,} iterations"
        faults.append(Fault("/body/iterations", "too-many", text, "ask for fewer"))
    if body.bound_seconds is not None and body.bound_seconds > settings.max_bound_s:
        text = f"a lower bound takes at most {settings.max_bound_s:,.0f} seconds"
        faults.append(Fault("/body/bound_seconds", "too-long", text, "ask for less"))
    if faults:
        raise RequestError("the limits are over what this service allows", faults)
    bound_seconds = settings.default_bound_s if body.bound_seconds is None else body.bound_seconds
    if body.kind == "as_is":
        bound_seconds = 0.0
    if body.seconds is None and body.iterations is None:
        return settings.default_solve_s, bound_seconds
    return body.seconds, bound_seconds


@router.get("", summary="List solves")
def list_solves(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    scenario_id: UUID | None = Query(default=None, description="Only those of one scenario"),
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[SolveOut]:
    """All solves, newest first."""
    query = select(SolveRow)
    if scenario_id is not None:
        query = query.where(SolveRow.scenario_id == scenario_id)
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, query, SolveRow, caller, settings,
            name=f"solves/{scenario_id}", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_solve(session, row) for row in rows], next=following)


@router.get("/{solve_id}", summary="Where a solve stands")
def get_solve(
    solve_id: UUID, response: Response, caller: CallerDep, database: DatabaseDep
) -> SolveOut:
    """State, progress and, once it has ended, the plans; `Retry-After` while it has not."""
    with database.of_authority(caller.authority_id) as session:
        row = solves.get_solve(session, solve_id)
        if row.state not in TERMINAL:
            response.headers["Retry-After"] = _RETRY_AFTER_S
        return to_solve(session, row)


@router.post("/{solve_id}/cancel", status_code=202, summary="Cancel a solve")
def cancel_solve(solve_id: UUID, caller: CallerDep, database: DatabaseDep) -> SolveOut:
    """A waiting solve ends at once, a running one within seconds and keeps its best plan."""
    with database.of_authority(caller.authority_id) as session:
        row = solves.cancel_solve(session, solve_id)
        session.flush()
        return to_solve(session, row)


@router.get("/{solve_id}/result", summary="What a solve came to")
def get_solve_result(solve_id: UUID, caller: CallerDep, database: DatabaseDep) -> ResultOut:
    """The plans of a solve that has ended, with their metrics."""
    with database.of_authority(caller.authority_id) as session:
        row = solves.get_solve(session, solve_id)
        if row.state not in TERMINAL:
            raise StateError(f"the solve is {row.state}; ask again once it has ended")
        plans = [to_plan(plan) for plan in list_plans_of(session, row.id)]
        return ResultOut(solve_id=row.id, state=row.state, plans=plans)


def list_plans_of(session: Session, solve_id: UUID) -> list[PlanRow]:
    """List the plans of a solve: contract prices before the rate card."""
    query = select(PlanRow).where(PlanRow.solve_id == solve_id).order_by(PlanRow.pricing)
    return list(session.scalars(query))


def to_solve(session: Session, row: SolveRow) -> SolveOut:
    """Return a solve as the interface gives it."""
    taken = set(SolveOut.model_fields) - {"plans", "is_cancel_requested"}
    fields: dict[str, Any] = {name: getattr(row, name) for name in taken}
    plans = list_plans_of(session, row.id) if row.state in TERMINAL else []
    return SolveOut(
        **fields,
        is_cancel_requested=row.cancel_requested_at is not None,
        plans=[_link_plan(plan) for plan in plans],
    )


def _link_plan(row: PlanRow) -> PlanLink:
    """Return a plan's cost and bound; plans stored before there were bounds have none."""
    bound = {name: row.summary.get(name) for name in BOUND_METRICS}
    return PlanLink(id=row.id, pricing=row.pricing, year_pence=row.year_pence, **bound)
