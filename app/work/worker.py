"""A worker process: takes solves from the queue, and keeps the queue in order beside them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

import procrastinate
import psycopg

from app.db.session import Database, open_database
from app.log import get_logger
from app.settings import Settings
from app.work.child import warm_up
from app.work.queue import SOLVES, UPKEEP, build_worker_app

_log = get_logger(__name__)
_BACK_AFTER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What the tasks of one worker process share."""

    database: Database
    settings: Settings
    name: str
    stopping: Event = field(default_factory=Event)
    """Set when the process was asked to end: solves are handed back to the queue."""


def run_worker(settings: Settings) -> None:
    """Work until the process is asked to end; the database may go and come back meanwhile."""
    database = open_database(settings)
    work = Work(database, settings, f"{socket.gethostname()}:{os.getpid()}")
    warm_up()
    try:
        asyncio.run(_work(work))
    finally:
        database.close()


async def _work(work: Work) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        work.stopping.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    _log.info("worker_started", worker=work.name, solves=work.settings.worker_solves)
    while not stop.is_set():
        try:
            await _work_until(work, stop)
        except (procrastinate.exceptions.ConnectorException, psycopg.Error, OSError) as exc:
            _log.warning("database_unreachable", exc_info=exc)
            await asyncio.sleep(_BACK_AFTER_S)
    _log.info("worker_stopped", worker=work.name)


async def _work_until(work: Work, stop: asyncio.Event) -> None:
    """Run the queue's workers until `stop` is set or one of them fails."""
    app = build_worker_app(work.database.url, work)
    settings = work.settings
    async with app.open_async():
        workers: list[asyncio.Task[Any]] = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue],
                    name=f"{work.name}/{queue}",
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=settings.heartbeat_s,
                    stalled_worker_timeout=settings.stalled_after_s,
                    delete_jobs="successful",
                )
            )
            for queue, concurrency in ((SOLVES, settings.worker_solves), (UPKEEP, 1))
        ]
        stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in workers:
            task.cancel()  # procrastinate takes this as a request to stop after the present jobs
        stopping.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for task in done - {stopping}:
            task.result()
