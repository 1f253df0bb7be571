"""Pages of a list, newest first, by signed cursors that hold for one list, filter and authority."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from app.errors import Fault, RequestError
from app.keys import Caller
from app.settings import Settings

CursorQuery = Annotated[
    str | None, Query(max_length=400, description="`next` of the page before; none for the first")
]
LimitQuery = Annotated[int | None, Query(ge=1, le=200, description="Most items in a page")]


def list_page(
    session: Session,
    query: Select[Any],
    row: Any,
    caller: Caller,
    settings: Settings,
    *,
    name: str,
    cursor: str | None,
    limit: int | None,
) -> tuple[list[Any], str | None]:
    """Return a page of rows and the cursor of the next page, `None` at the end.

    `name` is the list with its filters: a cursor of another list or filter is refused.

    Raises
    ------
    RequestError
        If the cursor was not made here for this list, filter and authority.
    """
    size = min(limit or settings.page_size, settings.max_page_size)
    if cursor is not None:
        after_at, after_id = read_cursor(cursor, caller, name)
        query = query.where(
            tuple_(row.created_at, row.id)
            < tuple_(datetime.fromisoformat(after_at), UUID(after_id))
        )
    ordered = query.order_by(row.created_at.desc(), row.id.desc()).limit(size + 1)
    rows = list(session.scalars(ordered))
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], write_cursor((last.created_at.isoformat(), str(last.id)), caller, name)


def slice_page[T](
    items: list[T],
    caller: Caller,
    settings: Settings,
    *,
    name: str,
    cursor: str | None,
    limit: int | None,
) -> tuple[list[T], str | None]:
    """Return a page of a list that never changes, such as the runs of a stored plan."""
    size = min(limit or settings.page_size, settings.max_page_size)
    start = int(read_cursor(cursor, caller, name)[0]) if cursor is not None else 0
    end = start + size
    following = write_cursor((str(end),), caller, name) if end < len(items) else None
    return items[start:end], following


def write_cursor(key: tuple[str, ...], caller: Caller, name: str) -> str:
    """Return an opaque cursor for the place `key` of the list `name`."""
    payload = json.dumps(key).encode()
    return base64.urlsafe_b64encode(_sign(payload, caller, name) + payload).decode().rstrip("=")


def read_cursor(cursor: str, caller: Caller, name: str) -> list[str]:
    """Return the place that a cursor of ours holds; raises :class:`RequestError` otherwise."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    signature, payload = raw[:16], raw[16:]
    if not payload or not hmac.compare_digest(signature, _sign(payload, caller, name)):
        raise RequestError(
            "the cursor is not one of this list",
            [
                Fault(
                    "/query/cursor",
                    "cursor",
                    "not made by this service for this list, filter and authority",
                    "start again without a cursor",
                )
            ],
        )
    key: list[str] = json.loads(payload)
    return key


def _sign(payload: bytes, caller: Caller, name: str) -> bytes:
    message = b"|".join((caller.authority_id.bytes, name.encode(), payload))
    return hmac.digest(caller.cursor_secret, message, hashlib.sha256)[:16]
