"""Every route passes here first: key, role, then the body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from app.db.session import Database
from app.errors import RoleRefusedError
from app.keys import Caller, authenticate
from app.roles import OPEN, OPERATIONS, is_allowed
from app.settings import Settings

KEY = Security(HTTPBearer(auto_error=False, description="An API key"))
"""Only for the OpenAPI document; :class:`GuardedRoute` reads the header itself."""


class GuardedRoute(APIRoute):
    """A route that checks key and role before it reads the body, so strangers upload nothing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler behind the check."""
        handle = super().get_route_handler()
        operation = self.name
        if operation not in OPEN and operation not in OPERATIONS:
            raise RuntimeError(f"operation {operation} is not in the table of app/roles.py")

        async def guarded(request: Request) -> Response:
            request.state.operation = operation
            if operation not in OPEN:
                await run_in_threadpool(_admit, request, operation)
            return await handle(request)

        return guarded


def _admit(request: Request, operation: str) -> None:
    caller = authenticate(request.app.state.database, request.headers.get("authorization"))
    request.state.caller = caller
    structlog.contextvars.bind_contextvars(authority=str(caller.authority_id), key=caller.prefix)
    if not is_allowed(caller.role, operation):
        raise RoleRefusedError(f"the role {caller.role} may not do this ({operation})")


def _get_caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _get_database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CallerDep = Annotated[Caller, Depends(_get_caller)]
DatabaseDep = Annotated[Database, Depends(_get_database)]
SettingsDep = Annotated[Settings, Depends(_get_settings)]
