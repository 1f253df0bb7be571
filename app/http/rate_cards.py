"""Versions of the rate card."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import mapping
from app.db.tables import RateCardRow
from app.errors import AbsentError, Fault, RequestError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import Page, RateCardIn, RateCardOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.versioning import add_rate_card
from solver.domain import RateCard

router = APIRouter(
    prefix="/v1/rate-cards", route_class=GuardedRoute, dependencies=[KEY], tags=["rate cards"]
)


@router.post("", status_code=201, summary="Make a new version of the rate card")
def create_rate_card(
    body: RateCardIn, response: Response, caller: CallerDep, database: DatabaseDep
) -> RateCardOut:
    """Prices by vehicle type and for passenger assistants, effective from a date."""
    seen: set[str] = set()
    faults = []
    for number, rates in enumerate(body.vehicles):
        if rates.vehicle_type in seen:
            pointer = f"/body/vehicles/{number}/vehicle_type"
            text = "this vehicle type has prices further up already"
            faults.append(Fault(pointer, "duplicate", text, "leave one of the two out"))
        seen.add(rates.vehicle_type)
    if faults:
        raise RequestError("the rate card contradicts itself; nothing was stored", faults)
    card = mapping.from_json(RateCard, body.model_dump(mode="json"))
    with database.of_authority(caller.authority_id) as session:
        row = add_rate_card(session, caller.authority_id, card)
        response.headers["Location"] = f"/v1/rate-cards/{row.id}"
        return to_rate_card(row)


@router.get("", summary="List versions of the rate card")
def list_rate_cards(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[RateCardOut]:
    """All versions, newest first."""
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, select(RateCardRow), RateCardRow, caller, settings,
            name="rate-cards", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_rate_card(row) for row in rows], next=following)


@router.get("/{rate_card_id}", summary="A version of the rate card")
def get_rate_card(rate_card_id: UUID, caller: CallerDep, database: DatabaseDep) -> RateCardOut:
    """Every price with its grade and source."""
    with database.of_authority(caller.authority_id) as session:
        return to_rate_card(find_rate_card(session, rate_card_id))


def find_rate_card(session: Session, rate_card_id: UUID) -> RateCardRow:
    """Return a version of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(RateCardRow).where(RateCardRow.id == rate_card_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such rate card")
    return row


def to_rate_card(row: RateCardRow) -> RateCardOut:
    """Return a version as the interface gives it."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in RateCardOut.model_fields}
    return RateCardOut(**fields)
