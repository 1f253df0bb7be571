"""`Idempotency-Key`: the same request sent twice is done once and answered alike.

The key's row is written in the transaction that does the work, so neither can be without the
other; a second request meanwhile finds the advisory lock taken and is told to wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db.tables import IdempotencyRow
from app.errors import InFlightError, KeyReusedError
from app.keys import Caller

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any unique text. The same key with the same body gets the same answer for 7 "
        "days, with another body 422, and while the first is being answered 409.",
    ),
]


class Answer(BaseModel):
    """What a request is answered with, so that it can be given again."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    def respond(self) -> JSONResponse:
        """Return it as a response."""
        return JSONResponse(self.body, status_code=self.status, headers=self.headers)


def answer_once(
    session: Session,
    caller: Caller,
    *,
    operation: str,
    key: str | None,
    request: BaseModel,
    do: Callable[[], Answer],
) -> JSONResponse:
    """Do the work and keep its answer, or give the answer kept for this caller and key.

    Raises
    ------
    InFlightError
        If the same key is being answered now.
    KeyReusedError
        If the key came before with another body.
    """
    if key is None:
        return do().respond()
    lock = f"{caller.authority_id}|{caller.key_id}|{operation}|{key}"
    free = session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:lock, 0))"), {"lock": lock}
    )
    if not free:
        raise InFlightError("a request with this Idempotency-Key is being answered; ask again")
    digest = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
    kept = session.scalars(
        select(IdempotencyRow).where(
            IdempotencyRow.caller == caller.key_id,
            IdempotencyRow.operation == operation,
            IdempotencyRow.key == key,
        )
    ).one_or_none()
    if kept is not None:
        if kept.request_hash != digest:
            raise KeyReusedError(
                "this Idempotency-Key came before with another body; use a new key"
            )
        answer = Answer(status=kept.status, headers=kept.headers, body=kept.body)
        answer.headers["Idempotency-Replayed"] = "true"
        return answer.respond()
    answer = do()
    session.add(
        IdempotencyRow(
            authority_id=caller.authority_id,
            caller=caller.key_id,
            operation=operation,
            key=key,
            request_hash=digest,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
    )
    return answer.respond()
