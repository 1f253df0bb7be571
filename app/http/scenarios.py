"""Scenarios: versions and levers, fixed for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.db import mapping
from app.db.tables import ScenarioRow
from app.errors import AbsentError, Fault, PurgedError, RequestError
from app.http.datasets import find_dataset
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.idempotency import Answer, KeyHeader, answer_once
from app.http.models import Page, ScenarioIn, ScenarioOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.http.policies import find_policy, read_policy
from app.http.rate_cards import find_rate_card
from app.http.roads import find_roads
from app.versioning import add_scenario
from scenarios.levers import LeverError
from solver.domain import Dataset

router = APIRouter(
    prefix="/v1/scenarios", route_class=GuardedRoute, dependencies=[KEY], tags=["scenarios"]
)
_NUMBERED: Final = re.compile(r"lever (\d+)\b")


@router.post("", status_code=201, summary="Create a scenario", response_model=ScenarioOut)
def create_scenario(
    *,
    body: ScenarioIn,
    caller: CallerDep,
    database: DatabaseDep,
    idempotency_key: KeyHeader = None,
) -> JSONResponse:
    """A data set with levers. Levers are checked together, and against data set and policy."""
    with _name_faults():
        engine.check_levers(body.levers)
    with database.of_authority(caller.authority_id) as session:

        def create() -> Answer:
            row = _add(session, caller.authority_id, body)
            out = to_scenario(row).model_dump(mode="json")
            return Answer(status=201, headers={"Location": f"/v1/scenarios/{row.id}"}, body=out)

        return answer_once(
            session,
            caller,
            operation="create_scenario",
            key=idempotency_key,
            request=body,
            do=create,
        )


@contextmanager
def _name_faults() -> Iterator[None]:
    """Turn what is wrong with levers into faults of the request."""
    try:
        yield
    except LeverError as exc:
        faults = [_to_fault(text) for text in exc.faults]
        raise RequestError("the levers cannot be applied; no scenario was made", faults) from exc


def _to_fault(text: str) -> Fault:
    """Return a fault of the levers, which count from 1 in their texts and from 0 in a pointer."""
    numbered = _NUMBERED.match(text)
    pointer = f"/body/levers/{int(numbered[1]) - 1}" if numbered else "/body/levers"
    return Fault(pointer, "lever", text, "see docs/guide/levers.md")


def _add(session: Session, authority_id: UUID, body: ScenarioIn) -> ScenarioRow:
    dataset = find_dataset(session, body.dataset_id)
    if dataset.content is None:
        raise PurgedError("the data set was deleted; upload it again to plan with it")
    row = add_scenario(
        session,
        authority_id,
        name=body.name,
        dataset=dataset,
        levers=body.levers,
        policy_id=find_policy(session, body.policy_id).id if body.policy_id else None,
        rate_card_id=find_rate_card(session, body.rate_card_id).id if body.rate_card_id else None,
        roads_id=find_roads(session, body.roads_id).id if body.roads_id else None,
    )
    policy = read_policy(find_policy(session, row.policy_id))
    with _name_faults():
        engine.check_levers_fit(body.levers, mapping.unpack(Dataset, dataset.content), policy)
    return row


@router.get("", summary="List scenarios")
def list_scenarios(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    dataset_id: UUID | None = Query(default=None, description="Only those of one data set"),
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[ScenarioOut]:
    """All scenarios, newest first."""
    query = select(ScenarioRow)
    if dataset_id is not None:
        query = query.where(ScenarioRow.dataset_id == dataset_id)
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, query, ScenarioRow, caller, settings,
            name=f"scenarios/{dataset_id}", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_scenario(row) for row in rows], next=following)


@router.get("/{scenario_id}", summary="A scenario")
def get_scenario(scenario_id: UUID, caller: CallerDep, database: DatabaseDep) -> ScenarioOut:
    """The versions and levers of a scenario."""
    with database.of_authority(caller.authority_id) as session:
        return to_scenario(find_scenario(session, scenario_id))


def find_scenario(session: Session, scenario_id: UUID) -> ScenarioRow:
    """Return a scenario of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(ScenarioRow).where(ScenarioRow.id == scenario_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such scenario")
    return row


def to_scenario(row: ScenarioRow) -> ScenarioOut:
    """Return a scenario as the interface gives it."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in ScenarioOut.model_fields}
    return ScenarioOut(**fields)
