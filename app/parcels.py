"""Pieces of a solve lent to other workers: their rows, from lending to the answer.

A row lives for seconds: it is made with its job, taken by a worker whose slot is free, answered,
and deleted when the answer is fetched or not wanted any more. Jobs without a row do nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from app.db.tables import ParcelRow
from app.settings import Settings
from app.work.queue import enqueue_parcel

_OLD_S: Final = 600.0
_AGAIN_S: Final = 1.0
_LATE_S: Final = 5.0
"""A parcel that waited so long would not be back in time."""
_COUNT_FREE: Final = text("""
    WITH mine AS (
      SELECT coalesce(max(job.worker_id), -1) AS id FROM procrastinate_jobs job
      JOIN solve ON solve.job_id = job.id WHERE solve.id = :solve
    )
    SELECT
      (SELECT count(*) FROM procrastinate_workers
       WHERE last_heartbeat > now() - make_interval(secs => :seconds)),
      (SELECT count(*) FROM procrastinate_jobs, mine
       WHERE queue_name = 'solves' AND status IN ('todo', 'doing')
         AND worker_id IS DISTINCT FROM mine.id)
""")
_IS_WANTED: Final = text("""
    SELECT EXISTS (SELECT 1 FROM parcel WHERE id = :parcel)
      AND NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs
        WHERE queue_name = 'solves' AND status = 'todo' AND task_name = 'schoolrun.solve'
          AND (scheduled_at IS NULL OR scheduled_at <= now()))
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
    """Take a parcel of another worker; None where it is gone, taken, too late or this worker's own.

    One's own is queued again, for another worker to take.
    """
    row = session.scalars(
        select(ParcelRow)
        .where(ParcelRow.id == parcel_id, ParcelRow.taken_at.is_(None))
        .with_for_update()
    ).one_or_none()
    now = datetime.now(UTC)
    if row is None or now - row.created_at > timedelta(seconds=_LATE_S):
        return None
    if row.lender == worker:
        enqueue_parcel(session, row.authority_id, row.id, in_s=_AGAIN_S)
        return None
    row.taken_at = now
    return row.content


def is_wanted(session: Session, parcel_id: UUID) -> bool:
    """Whether a parcel is still to be improved: not recalled, and no solve waits for a worker."""
    return bool(session.execute(_IS_WANTED, {"parcel": parcel_id}).scalar_one())


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


def count_free(session: Session, solve_id: UUID, settings: Settings) -> int:
    """How many solves more the other workers could do now; those that wait come first."""
    given = {"seconds": settings.stalled_after_s, "solve": solve_id}
    workers, jobs = session.execute(_COUNT_FREE, given).one()
    others = int(workers) // _QUEUES - 1
    return max(0, others * settings.worker_solves - int(jobs))
