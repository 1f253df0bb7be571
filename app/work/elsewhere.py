"""A piece of another worker's solve, improved here while there is room."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import TYPE_CHECKING, Final
from uuid import UUID

from app import engine
from app.log import configure_logging, get_logger
from app.parcels import answer_parcel, is_wanted, take_parcel
from app.work.child import end_group, get_context, listen
from app.work.queue import DATABASE_AWAY

if TYPE_CHECKING:
    from app.work.worker import Work

_log = get_logger(__name__)
_TICK_S: Final = 0.5
_MOST_S: Final = 90.0
"""A parcel is given up then: no answer to it is wanted any more."""


def improve_parcel(work: Work, authority_id: UUID, parcel_id: UUID) -> None:
    """Improve a queued parcel and store the answer; nothing where it is gone or this worker's."""
    with work.database.of_authority(authority_id) as session:
        parcel = take_parcel(session, parcel_id, work.name)
    if parcel is None:
        return
    began = time.monotonic()
    answer = _improve_apart(work, authority_id, parcel_id, parcel)
    was_wanted = False
    if answer is not None:
        with work.database.of_authority(authority_id) as session:
            was_wanted = answer_parcel(session, parcel_id, answer)
    _log.info(
        "parcel_improved" if was_wanted else "parcel_not_wanted",
        parcel=str(parcel_id),
        seconds=round(time.monotonic() - began, 1),
    )


def _improve_apart(work: Work, authority_id: UUID, parcel_id: UUID, parcel: bytes) -> bytes | None:
    """Improve a parcel in a process of its own; None where it fails or does not end.

    It is asked to answer at once when the worker is to end, a solve waits, or the parcel is gone.
    """
    context = get_context()
    receiving, sending = context.Pipe(duplex=False)
    listening, control = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(parcel, sending, listening), daemon=False)
    process.start()
    sending.close()
    listening.close()
    until = time.monotonic() + _MOST_S
    has_asked = False
    try:
        while time.monotonic() < until:
            if receiving.poll(_TICK_S):
                answer: bytes = receiving.recv()
                return answer
            if has_asked:
                continue
            if work.stopping.is_set() or not _is_wanted(work, authority_id, parcel_id):
                has_asked = True
                with suppress(BrokenPipeError):
                    control.send("stop")
    except (EOFError, OSError):  # it was killed, perhaps in the middle of its answer
        _log.warning("parcel_broke", parcel=str(parcel_id))
    finally:
        if process.pid is not None and process.is_alive():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.join(5)
        receiving.close()
        control.close()
    return None


def _is_wanted(work: Work, authority_id: UUID, parcel_id: UUID) -> bool:
    try:
        with work.database.of_authority(authority_id) as session:
            return is_wanted(session, parcel_id)
    except DATABASE_AWAY:
        return False


def _run(parcel: bytes, sending: Connection, listening: Connection) -> None:
    os.setpgid(0, 0)
    stop = Event()
    Thread(target=listen, args=(listening, stop), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging()
    began = time.monotonic()

    def is_over(seconds: float) -> bool:
        return stop.is_set() or time.monotonic() - began >= seconds

    try:
        sending.send(engine.improve_parcel(parcel, is_over))
    except BrokenPipeError:
        end_group()
