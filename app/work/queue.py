"""The queue: procrastinate on our PostgreSQL. Jobs hold ids only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from app.work.worker import Work

SOLVES: Final = "solves"
UPKEEP: Final = "upkeep"
SOLVE_TASK: Final = "schoolrun.solve"
PARCEL_TASK: Final = "schoolrun.parcel"
SWEEP_TASK: Final = "schoolrun.sweep"
PARCEL_PRIORITY: Final = -100
"""Below every solve: a parcel is for a slot that would be idle."""
DATABASE_AWAY: Final = (OperationalError, InterfaceError, ConnectorException)
"""What is raised where the database or its queue does not answer."""

_sending = App(connector=SyncPsycopgConnector())
"""Only ever used with a transaction's own connection, so it is never opened."""


def enqueue_solve(session: Session, authority_id: UUID, solve_id: UUID, priority: int = 0) -> int:
    """Queue a solve in the transaction of `session`: with the solve's row, or not at all."""
    connection = session.connection().connection.driver_connection
    task = _sending.configure_task(
        SOLVE_TASK, queue=SOLVES, priority=priority, connection=connection
    )
    return task.defer(authority=str(authority_id), solve=str(solve_id))


def enqueue_parcel(
    session: Session, authority_id: UUID, parcel_id: UUID, in_s: float | None = None
) -> int:
    """Queue a parcel in the transaction of `session`, where the solves wait, behind all of them."""
    connection = session.connection().connection.driver_connection
    task = _sending.configure_task(
        PARCEL_TASK,
        queue=SOLVES,
        priority=PARCEL_PRIORITY,
        connection=connection,
        schedule_at=None if in_s is None else datetime.now(UTC) + timedelta(seconds=in_s),
    )
    return task.defer(authority=str(authority_id), parcel=str(parcel_id))


def build_worker_app(url: str, work: Work) -> App:
    """Return the queue's app of a worker process, with its tasks."""
    from app.work.elsewhere import improve_parcel
    from app.work.run import run_solve
    from app.work.upkeep import sweep

    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=6, timeout=5))

    @app.task(name=SOLVE_TASK, queue=SOLVES)
    def solve_task(authority: str, solve: str) -> None:
        run_solve(work, UUID(authority), UUID(solve))

    @app.task(name=PARCEL_TASK, queue=SOLVES)
    def parcel_task(authority: str, parcel: str) -> None:
        improve_parcel(work, UUID(authority), UUID(parcel))

    @app.periodic(cron=f"* * * * * */{work.settings.sweep_s}")
    @app.task(name=SWEEP_TASK, queue=UPKEEP, queueing_lock="sweep", pass_context=False)
    def sweep_task(timestamp: int) -> None:  # noqa: ARG001  (every periodic task is given it)
        sweep(work.database, work.settings)

    return app
