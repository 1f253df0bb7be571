"""The one table from failure to HTTP status, and the answers in `application/problem+json`.

Nothing else in the project knows a status code. Answers never quote what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

import psycopg
import psycopg_pool
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from procrastinate.exceptions import ConnectorException
from starlette.exceptions import HTTPException

from app.log import get_logger
from solver.domain import PlanRejectedError, SchoolrunError, UnknownSettingError

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (JSON pointer), a code, what, and what to do."""

    pointer: str
    code: str
    text: str
    remedy: str = ""
    file: str | None = None
    row: int | None = None
    column: str | None = None
    severity: str | None = None


class ServiceError(SchoolrunError):
    """A request that the service refuses. `faults` says what to change, all of it at once."""

    def __init__(self, text: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)


class KeyRefusedError(ServiceError):
    """No API key, or one that is unknown, expired or revoked."""


class RoleRefusedError(ServiceError):
    """The key's role may not do this."""


class AbsentError(ServiceError):
    """There is no such thing, or it is another authority's: the answer is the same."""


class PurgedError(ServiceError):
    """The data set behind it was deleted, so its rows are gone."""


class StateError(ServiceError):
    """The thing is not in a state that allows this."""


class InFlightError(ServiceError):
    """A request with the same Idempotency-Key is being answered."""


class KeyReusedError(ServiceError):
    """The Idempotency-Key came before with another body."""


class TooLargeError(ServiceError):
    """The request or one of its files is over the limit."""


class RequestError(ServiceError):
    """The request says something that cannot be done; `faults` has every point."""


class FilesError(ServiceError):
    """The files have faults; nothing was stored."""


STATUSES: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (KeyRefusedError, 401, "key-refused"),
    (RoleRefusedError, 403, "role-refused"),
    (AbsentError, 404, "not-found"),
    (PurgedError, 410, "purged"),
    (StateError, 409, "state"),
    (InFlightError, 409, "in-flight"),
    (KeyReusedError, 422, "key-reused"),
    (TooLargeError, 413, "too-large"),
    (RequestError, 422, "request"),
    (FilesError, 422, "files"),
    (UnknownSettingError, 422, "unknown-setting"),
    (PlanRejectedError, 500, "plan-rejected"),
    (SchoolrunError, 422, "refused"),
    (psycopg_pool.PoolTimeout, 503, "database"),
    (psycopg.OperationalError, 503, "database"),
    (sqlalchemy.exc.OperationalError, 503, "database"),
    (sqlalchemy.exc.InterfaceError, 503, "database"),
    (sqlalchemy.exc.TimeoutError, 503, "database"),
    (ConnectorException, 503, "database"),
)
"""Exception, status, name of the problem's type; the first that fits holds."""

_DATABASE_TEXT: Final = (
    "the database does not answer; nothing was lost or half stored, try again in a few seconds"
)
_UNEXPECTED_TEXT: Final = (
    "something failed on our side and was logged; nothing was half stored. Try again, and tell the "
    "service's operator the time of this answer if it stays so"
)
_HTTP_NAMES: Final = {404: "not-found", 405: "method", 413: "too-large"}
_HTTP_TEXTS: Final = {
    404: "there is nothing at this address; the addresses are in /v1/openapi.json",
    405: "this address does not take that method; see the Allow header",
}


def find_status(exc: Exception) -> tuple[int, str]:
    """Return the status and the problem's type name of an exception; 500 where none fits."""
    for kind, status, name in STATUSES:
        if isinstance(exc, kind):
            return status, name
    if isinstance(exc, sqlalchemy.exc.DBAPIError) and exc.connection_invalidated:
        return 503, "database"
    return 500, "unexpected"


def build_problem(
    status: int,
    name: str,
    text: str,
    faults: Sequence[Fault] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an RFC 9457 answer."""
    body: dict[str, Any] = {
        "type": f"urn:schoolrun:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": text,
        "errors": [
            {key: value for key, value in asdict(fault).items() if value not in (None, "")}
            | {"pointer": fault.pointer}
            for fault in faults
        ],
    }
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )


def answer_failure(exc: Exception) -> JSONResponse:
    """Return the answer to a request that failed with `exc`."""
    status, name = find_status(exc)
    if status == 503:
        _log.warning("database_unreachable", exc_info=exc)
        return build_problem(status, name, _DATABASE_TEXT, headers={"Retry-After": "5"})
    if name == "unexpected":
        _log.error("unexpected_failure", exc_info=exc)
        return build_problem(status, name, _UNEXPECTED_TEXT)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if isinstance(exc, InFlightError):
        headers = {"Retry-After": "1"}
    return build_problem(status, name, str(exc), list_faults(exc), headers)


def list_faults(exc: Exception) -> tuple[Fault, ...]:
    """List the faults that an exception carries, of ours or of the levers'."""
    faults = getattr(exc, "faults", ())
    return tuple(fault for fault in faults if isinstance(fault, Fault))


def _answer(_request: Request, exc: Exception) -> JSONResponse:
    return answer_failure(exc)


def _answer_validation(_request: Request, exc: RequestValidationError) -> JSONResponse:
    faults = [
        Fault(_to_pointer(error["loc"]), str(error["type"]), _describe(error))
        for error in exc.errors()
    ]
    return build_problem(
        422, "request", "the request does not have the form that this operation takes", faults
    )


def _describe(error: Mapping[str, Any]) -> str:
    """Return the framework's message without what was sent."""
    return "not an id" if error["type"] == "uuid_parsing" else str(error["msg"])


def _to_pointer(location: Sequence[Any]) -> str:
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "/" + "/".join(escaped)


def _answer_http(_request: Request, exc: HTTPException) -> JSONResponse:
    text = _HTTP_TEXTS.get(exc.status_code, str(exc.detail))
    headers = dict(exc.headers) if exc.headers else None
    name = _HTTP_NAMES.get(exc.status_code, "http")
    return build_problem(exc.status_code, name, text, headers=headers)


def install_handlers(app: FastAPI) -> None:
    """Make every failure of `app` a problem answer, the framework's own included.

    What is not in the table reaches :class:`app.http.limits.Observe`, which answers it too.
    """
    app.add_exception_handler(RequestValidationError, _answer_validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _answer_http)  # type: ignore[arg-type]
    for kind in dict.fromkeys(kind for kind, _status, _name in STATUSES):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(sqlalchemy.exc.DBAPIError, _answer)
