"""The nightly: every authority's current data planned anew, once a night and never twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import solves
from app.db.session import Database
from app.db.tables import DatasetRow, NightlyRunRow
from app.errors import RequestError
from app.log import get_logger
from app.settings import Settings
from app.versioning import add_scenario

_log = get_logger(__name__)
_SEED = 1
_PRIORITY = -10
"""People who wait for a solve come first."""


@dataclass(frozen=True, slots=True)
class Night:
    """What the nightly did for one authority: queued, skipped, done before, or failed."""

    authority_id: UUID
    outcome: str
    text: str
    solve_id: UUID | None = None


def queue_night(database: Database, settings: Settings, night: date) -> list[Night]:
    """Queue the night's solve of every authority; one authority's failure harms no other.

    The row of the night is written in the transaction that queues the solve: two who do this at
    once queue one solve, and one that is ended half way has queued it or not at all.
    """
    done = []
    for authority_id in database.list_authorities():
        try:
            done.append(_queue_authority(database, settings, authority_id, night))
        except Exception as exc:
            _log.error("nightly_failed", authority=str(authority_id), exc_info=exc)
            text = "the night could not be queued; see the log, then run the nightly again"
            done.append(Night(authority_id, "failed", text))
        _log.info("nightly", authority=str(authority_id), outcome=done[-1].outcome)
    return done


def _queue_authority(
    database: Database, settings: Settings, authority_id: UUID, night: date
) -> Night:
    with database.of_authority(authority_id) as session:
        claim = (
            insert(NightlyRunRow)
            .values(authority_id=authority_id, night=night, outcome="queued", text="")
            .on_conflict_do_nothing()
            .returning(NightlyRunRow.night)
        )
        if session.execute(claim).first() is None:
            return Night(authority_id, "done before", "this night was queued already")
        row = session.scalars(select(NightlyRunRow).where(NightlyRunRow.night == night)).one()
        row.outcome, row.text, row.solve_id = _queue(session, settings, authority_id, night)
        return Night(authority_id, row.outcome, row.text, row.solve_id)


def _queue(
    session: Session, settings: Settings, authority_id: UUID, night: date
) -> tuple[str, str, UUID | None]:
    dataset = session.scalars(
        select(DatasetRow)
        .where(DatasetRow.state == "ready")
        .order_by(DatasetRow.created_at.desc(), DatasetRow.id)
        .limit(1)
    ).first()
    if dataset is None:
        return "skipped", "the authority has no data set", None
    try:
        scenario = add_scenario(
            session, authority_id, name=f"Nightly {night.isoformat()}", dataset=dataset, levers=[]
        )
    except RequestError as exc:
        return "skipped", "; ".join(fault.text for fault in exc.faults), None
    solve = solves.create_solve(
        session,
        scenario,
        kind="scenario",
        seed=_SEED,
        seconds=settings.nightly_solve_s,
        iterations=None,
        bound_seconds=settings.nightly_bound_s,
        priority=_PRIORITY,
    )
    return "queued", "", solve.id
