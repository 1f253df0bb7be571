"""Progress of a solve as server-sent events, replayed from the database where asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import solves
from app.db.session import Database
from app.db.tables import TERMINAL, SolveEventRow
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.keys import Caller
from app.settings import Settings

router = APIRouter(
    prefix="/v1/solves", route_class=GuardedRoute, dependencies=[KEY], tags=["solves"]
)
_BATCH = 500


@router.get(
    "/{solve_id}/events",
    summary="Follow a solve",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_solve_events(
    *,
    solve_id: UUID,
    request: Request,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    last_event_id: Annotated[
        str | None, Header(description="Go on after this event", pattern=r"^[0-9]{1,9}$")
    ] = None,
) -> StreamingResponse:
    """Every event has an id; after the one with which the solve ends, the stream closes."""
    await run_in_threadpool(_check_solve, database, caller, solve_id)
    stream = _stream(
        request=request,
        database=database,
        settings=settings,
        caller=caller,
        solve_id=solve_id,
        last=int(last_event_id or 0),
    )
    return StreamingResponse(stream, media_type="text/event-stream")


def _check_solve(database: Database, caller: Caller, solve_id: UUID) -> None:
    with database.of_authority(caller.authority_id) as session:
        solves.get_solve(session, solve_id)


async def _stream(
    *,
    request: Request,
    database: Database,
    settings: Settings,
    caller: Caller,
    solve_id: UUID,
    last: int,
) -> AsyncIterator[str]:
    said_at = time.monotonic()
    yield f"retry: {int(settings.event_poll_s * 2000)}\n\n"
    while not await request.is_disconnected():
        try:
            events, is_over = await run_in_threadpool(_read, database, caller, solve_id, last)
        except OperationalError:
            return  # the client comes back by itself with the last id that it has
        for event in events:
            last = event.seq
            said_at = time.monotonic()
            yield f"id: {event.seq}\nevent: {event.type}\ndata: {json.dumps(event.data)}\n\n"
        if is_over and not events:
            return
        if events:
            continue
        if time.monotonic() - said_at >= settings.event_heartbeat_s:
            said_at = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(settings.event_poll_s)


def _read(
    database: Database, caller: Caller, solve_id: UUID, last: int
) -> tuple[list[SolveEventRow], bool]:
    """Return the events after `last`, and whether the solve had ended before they were read."""
    with database.of_authority(caller.authority_id) as session:
        is_over = solves.get_solve(session, solve_id).state in TERMINAL
        query = (
            select(SolveEventRow)
            .where(SolveEventRow.solve_id == solve_id, SolveEventRow.seq > last)
            .order_by(SolveEventRow.seq)
            .limit(_BATCH)
        )
        return list(session.scalars(query)), is_over
