"""Versions of the planning policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import engine
from app.db import mapping
from app.db.tables import PolicyRow
from app.errors import AbsentError, Fault, RequestError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import Page, PolicyIn, PolicyOut, SettingOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.versioning import lock_versions
from solver.domain import Policy, content_hash

router = APIRouter(
    prefix="/v1/policies", route_class=GuardedRoute, dependencies=[KEY], tags=["policies"]
)
_REMEDY: Final = "see units and limits of the settings in docs/guide/levers.md"


@router.post("", status_code=201, summary="Make a new version of the policy")
def create_policy(
    body: PolicyIn, response: Response, caller: CallerDep, database: DatabaseDep
) -> PolicyOut:
    """Settings that change, each with grade and source, within limits; effective from a date."""
    with database.of_authority(caller.authority_id) as session:
        base = (
            Policy() if body.based_on is None else read_policy(find_policy(session, body.based_on))
        )
        policy = replace(_apply(base, body), name=body.name, effective_from=body.effective_from)
        lock_versions(session, caller.authority_id, "policy")
        latest = session.scalar(select(func.max(PolicyRow.version))) or 0
        row = PolicyRow(
            authority_id=caller.authority_id,
            id=uuid4(),
            version=latest + 1,
            name=policy.name,
            effective_from=policy.effective_from,
            content=mapping.to_json(policy),
            content_hash=content_hash(policy),
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        response.headers["Location"] = f"/v1/policies/{row.id}"
        return to_policy(row)


def _apply(policy: Policy, body: PolicyIn) -> Policy:
    """Make the changes one by one, so that every wrong one is named at once."""
    faults = []
    known = {setting.name for setting in policy.list_settings()}
    for number, change in enumerate(body.settings):
        pointer = f"/body/settings/{number}"
        if change.name not in known:
            remedy = f"use one of: {', '.join(sorted(known))}"
            faults.append(
                Fault(f"{pointer}/name", "unknown-setting", "there is no such setting", remedy)
            )
            continue
        try:
            value = engine.read_setting(change.name, change.value)
        except ValueError as exc:
            faults.append(Fault(f"{pointer}/value", "wrong-value", str(exc), _REMEDY))
            continue
        policy = policy.with_changes({change.name: value}, source=change.source, grade=change.grade)
    faults += [
        Fault("/body/settings", "no-time-left", text, _REMEDY)
        for text in engine.list_policy_faults(policy)
    ]
    if faults:
        raise RequestError("some settings cannot be changed as asked; nothing was stored", faults)
    return policy


@router.get("", summary="List versions of the policy")
def list_policies(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[PolicyOut]:
    """All versions, newest first."""
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, select(PolicyRow), PolicyRow, caller, settings,
            name="policies", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_policy(row) for row in rows], next=following)


@router.get("/{policy_id}", summary="A version of the policy")
def get_policy(policy_id: UUID, caller: CallerDep, database: DatabaseDep) -> PolicyOut:
    """Every setting in force with its unit, grade and source."""
    with database.of_authority(caller.authority_id) as session:
        return to_policy(find_policy(session, policy_id))


def find_policy(session: Session, policy_id: UUID) -> PolicyRow:
    """Return a version of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(PolicyRow).where(PolicyRow.id == policy_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such policy")
    return row


def read_policy(row: PolicyRow) -> Policy:
    """Return the policy that a version holds."""
    return mapping.from_json(Policy, row.content)


def to_policy(row: PolicyRow) -> PolicyOut:
    """Return a version as the interface gives it."""
    fields: dict[str, Any] = {
        name: getattr(row, name) for name in PolicyOut.model_fields if name != "settings"
    }
    settings = [
        SettingOut(**mapping.to_json(setting)) for setting in read_policy(row).list_settings()
    ]
    return PolicyOut(**fields, settings=settings)
