"""What wraps every request: size limits, safe headers, one log line and the metrics."""

from __future__ import annotations

import time

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import answer_failure, build_problem
from app.log import get_logger
from app.metrics import REQUESTS, SECONDS
from app.settings import Settings

_log = get_logger(__name__)
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class LimitBody:
    """Refuse a body that is over the limit, by its stated length or while it arrives."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._get_limit(scope)
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > most:
            await build_problem(413, "too-large", _describe(most))(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, _describe(most))
            return message

        await self.app(scope, counted, send)

    def _get_limit(self, scope: Scope) -> int:
        uploads = {
            "/v1/datasets": self.settings.max_upload_bytes,
            "/v1/roads": self.settings.max_roads_bytes + self.settings.max_body_bytes,
        }
        return uploads.get(scope["path"].rstrip("/"), self.settings.max_body_bytes)


def _describe(most: int) -> str:
    return f"the request is larger than {most:,} bytes, the most that this address takes"


class Observe:
    """Add the headers that every answer has; log and count the request by operation."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        began = time.perf_counter()
        status: int | None = None

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in _HEADERS if header[0] not in present),
                ]
            await send(message)

        scope.setdefault("state", {})
        try:
            await self.app(scope, receive, observed)
        except Exception as exc:
            if status is not None:
                raise  # half an answer is out: the connection must break
            await answer_failure(exc)(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - began
            operation = scope["state"].get("operation", "none")
            REQUESTS.labels(operation, status or 500).inc()
            SECONDS.labels(operation).observe(seconds)
            _log.info(
                "request",
                operation=operation,
                method=scope["method"],
                status=status,
                ms=round(seconds * 1000, 1),
            )
