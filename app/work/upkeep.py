"""What is done every few seconds beside the solves: nothing may stay lying after a crash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app import solves
from app.db.session import Database
from app.db.tables import IdempotencyRow, SolveRow
from app.log import get_logger
from app.parcels import drop_old_parcels
from app.settings import Settings

_log = get_logger(__name__)

_CLOSE_DEAD_JOBS: Final = text("""
    UPDATE procrastinate_jobs job SET status = 'failed'
    WHERE job.status = 'doing' AND job.queue_name IN ('solves', 'upkeep')
      AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers worker
        WHERE worker.id = job.worker_id
          AND worker.last_heartbeat > now() - make_interval(secs => :seconds))
""")
"""Jobs of workers that are gone. Their solves are queued again as jobs of their own."""
_IS_JOB_ALIVE: Final = text(
    "SELECT 1 FROM procrastinate_jobs WHERE id = :job AND status IN ('todo', 'doing')"
)


def sweep(database: Database, settings: Settings) -> None:
    """Take up solves whose worker died or whose job was lost, and drop old idempotency keys."""
    seconds = settings.stalled_after_s
    with database.engine.begin() as connection:
        connection.execute(_CLOSE_DEAD_JOBS, {"seconds": seconds})
    for authority_id in database.list_authorities():
        try:
            with database.of_authority(authority_id) as session:
                _take_up_stalled(session, settings)
                _requeue_lost(session)
                _drop_old_keys(session, settings)
                drop_old_parcels(session)
        except Exception as exc:
            _log.error("sweep_failed", authority=str(authority_id), exc_info=exc)


def _take_up_stalled(session: Session, settings: Settings) -> None:
    oldest = datetime.now(UTC) - timedelta(seconds=settings.stalled_after_s)
    stalled = session.scalars(
        select(SolveRow)
        .where(SolveRow.state == "running", SolveRow.heartbeat_at < oldest)
        .with_for_update(skip_locked=True)
    )
    for row in stalled:
        _log.warning("solve_stalled", solve=str(row.id), attempt=row.attempt)
        if row.cancel_requested_at is not None:
            solves.end_solve(session, row, "cancelled")
        elif row.attempt >= settings.max_attempts:
            solves.end_solve(
                session,
                row,
                "failed",
                {
                    "code": "workers-died",
                    "text": f"{row.attempt} workers died over this solve, most likely for want of "
                    "memory; start it again on machines with more",
                },
            )
        else:
            solves.requeue_solve(session, row, "its worker died")


def _requeue_lost(session: Session) -> None:
    """Queue again what waits without a job, as after a worker that died with the job in hand."""
    oldest = datetime.now(UTC) - timedelta(seconds=5)
    waiting = session.scalars(
        select(SolveRow)
        .where(SolveRow.state == "queued", SolveRow.queued_at < oldest)
        .with_for_update(skip_locked=True)
    )
    for row in waiting:
        if not _is_job_alive(session, row.job_id):
            solves.requeue_solve(session, row, "its job was lost")


def _is_job_alive(session: Session, job_id: int | None) -> bool:
    return session.execute(_IS_JOB_ALIVE, {"job": job_id}).first() is not None


def _drop_old_keys(session: Session, settings: Settings) -> None:
    oldest = datetime.now(UTC) - timedelta(days=settings.idempotency_days)
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < oldest))
