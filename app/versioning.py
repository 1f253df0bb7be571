"""Versions of policies and rate cards, and the scenarios that fix which of them they use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.db import mapping
from app.db.tables import DatasetRow, PolicyRow, RateCardRow, RoadsRow, ScenarioRow
from app.errors import Fault, RequestError
from solver.domain import RateCard, content_hash


def lock_versions(session: Session, authority_id: UUID, kind: str) -> None:
    """Hold off others who would make the next version of `kind` until this transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 1))"),
        {"lock": f"{authority_id}|{kind}"},
    )


def add_rate_card(session: Session, authority_id: UUID, card: RateCard) -> RateCardRow:
    """Store a rate card as the next version."""
    lock_versions(session, authority_id, "rate_card")
    latest = session.scalar(select(func.max(RateCardRow.version))) or 0
    row = RateCardRow(
        authority_id=authority_id,
        id=uuid4(),
        version=latest + 1,
        name=card.name,
        effective_from=card.effective_from,
        content=mapping.to_json(card),
        content_hash=content_hash(card),
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def find_policy_in_force(session: Session) -> PolicyRow | None:
    """Return the latest version that is effective today, else the next one to be; or `None`."""
    today = datetime.now(UTC).date()
    newest = (PolicyRow.effective_from.desc(), PolicyRow.version.desc())
    return (
        session.scalars(
            select(PolicyRow).where(PolicyRow.effective_from <= today).order_by(*newest).limit(1)
        ).first()
        or session.scalars(
            select(PolicyRow).order_by(PolicyRow.effective_from, PolicyRow.version.desc()).limit(1)
        ).first()
    )


def find_rate_card_in_force(session: Session) -> RateCardRow | None:
    """Return the latest version that is effective today, else the next one to be; or `None`."""
    today = datetime.now(UTC).date()
    newest = (RateCardRow.effective_from.desc(), RateCardRow.version.desc())
    return (
        session.scalars(
            select(RateCardRow)
            .where(RateCardRow.effective_from <= today)
            .order_by(*newest)
            .limit(1)
        ).first()
        or session.scalars(
            select(RateCardRow)
            .order_by(RateCardRow.effective_from, RateCardRow.version.desc())
            .limit(1)
        ).first()
    )


def add_scenario(
    session: Session,
    authority_id: UUID,
    *,
    name: str,
    dataset: DatasetRow,
    levers: list[dict[str, Any]],
    policy_id: UUID | None = None,
    rate_card_id: UUID | None = None,
    roads_id: UUID | None = None,
) -> ScenarioRow:
    """Store a scenario; versions not given are those in force, roads the latest.

    Raises
    ------
    RequestError
        If there is no policy, rate card or roads file to take.
    """
    versions = _choose_versions(session, dataset, policy_id, rate_card_id, roads_id)
    row = ScenarioRow(
        authority_id=authority_id,
        id=uuid4(),
        name=name,
        dataset_id=dataset.id,
        levers=levers,
        content_hash="",
        **versions,
    )
    row.content_hash = content_hash(
        dataset.content_hash, [str(versions[part]) for part in sorted(versions)], levers
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def _choose_versions(
    session: Session,
    dataset: DatasetRow,
    policy_id: UUID | None,
    rate_card_id: UUID | None,
    roads_id: UUID | None,
) -> dict[str, Any]:
    """Return the versions to plan with by column, those in force where none is given."""
    policy = find_policy_in_force(session) if policy_id is None else None
    card = find_rate_card_in_force(session) if rate_card_id is None else None
    versions = {
        "policy_id": policy_id or (policy.id if policy else None),
        "rate_card_id": rate_card_id or dataset.rate_card_id or (card.id if card else None),
        "roads_id": roads_id or session.scalar(
            select(RoadsRow.id).order_by(RoadsRow.created_at.desc(), RoadsRow.id).limit(1)
        ),
    }  # fmt: skip
    missing = [part for part, found in versions.items() if found is None]
    if missing:
        raise RequestError(
            "the scenario lacks something to plan with",
            [
                Fault(
                    f"/body/{part}",
                    "missing",
                    f"the authority has no {part.removesuffix('_id').replace('_', ' ')} yet",
                    "upload one first",
                )
                for part in missing
            ],
        )
    return versions
