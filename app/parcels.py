"""Pieces of a solve lent to other workers: their rows, from lending to the answer.

A row lives for seconds: it is made with its job, taken by a worker whose slot is free, answered,
and deleted when the answer is fetched or not wanted any more. Jobs without a row do nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from app.db.tables import ParcelRow
from app.settings import Settings
from app.work.queue import enqueue_parcel

_OLD_S: Final = 600.0
_COUNT_FREE: Final = text("""
    SELECT
      (SELECT count(*) FROM procrastinate_workers
       WHERE last_heartbeat > now() - make_interval(secs => :seconds)),
      (SELECT count(*) FROM procrastinate_jobs
       WHERE queue_name = 'solves' AND status IN ('todo', 'doing'))
""")
_QUEUES: Final = 2
"""The queues that each worker process has a worker of its own for."""


def lend_parcel(
    session: Session, authority_id: UUID, solve_id: UUID, lender: str, content: bytes
) -> UUID:
    """Store a parcel and queue it, both in this transaction; returns its id."""
    row = ParcelRow(
        authority_id=authority_id, id=uuid4(), solve_id=solve_id, lender=lender, content=content
    )
    session.add(row)
    session.flush()
    enqueue_parcel(session, authority_id, row.id)
    return row.id


def take_parcel(session: Session, parcel_id: UUID, worker: str) -> bytes | None:
    """Take a parcel of another worker; None where it is gone, taken or this worker's own."""
    return session.execute(
        update(ParcelRow)
        .where(ParcelRow.id == parcel_id, ParcelRow.taken_at.is_(None), ParcelRow.lender != worker)
        .values(taken_at=datetime.now(UTC))
        .returning(ParcelRow.content)
    ).scalar_one_or_none()


def answer_parcel(session: Session, parcel_id: UUID, answer: bytes) -> bool:
    """Store an answer; False where it is not wanted any more."""
    wanted = session.execute(
        update(ParcelRow)
        .where(ParcelRow.id == parcel_id)
        .values(answer=answer)
        .returning(ParcelRow.id)
    )
    return wanted.scalar_one_or_none() is not None


def collect_answers(session: Session, solve_id: UUID) -> dict[UUID, bytes]:
    """Fetch and delete the parcels of a solve that were answered."""
    rows = session.execute(
        delete(ParcelRow)
        .where(ParcelRow.solve_id == solve_id, ParcelRow.answer.is_not(None))
        .returning(ParcelRow.id, ParcelRow.answer)
    )
    return {row.id: row.answer for row in rows if row.answer is not None}


def drop_parcels(session: Session, parcels: Collection[UUID]) -> None:
    """Delete parcels whose answers are not wanted any more."""
    if parcels:
        session.execute(delete(ParcelRow).where(ParcelRow.id.in_(parcels)))


def drop_parcels_of(session: Session, solve_id: UUID) -> None:
    """Delete all parcels of a solve."""
    session.execute(delete(ParcelRow).where(ParcelRow.solve_id == solve_id))


def drop_old_parcels(session: Session) -> None:
    """Delete what a worker that died has left."""
    oldest = datetime.now(UTC) - timedelta(seconds=_OLD_S)
    session.execute(delete(ParcelRow).where(ParcelRow.created_at < oldest))


def count_free(session: Session, settings: Settings) -> int:
    """How many solves more the workers could do now; those that wait come first."""
    given = {"seconds": settings.stalled_after_s}
    workers, jobs = session.execute(_COUNT_FREE, given).one()
    return max(0, int(workers) // _QUEUES * settings.worker_solves - int(jobs))
