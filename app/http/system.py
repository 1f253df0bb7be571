"""Health, metrics, who am I, the OpenAPI document and the file templates."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from app import engine
from app.errors import AbsentError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute
from app.http.models import MeOut, Page, StatusOut
from app.metrics import render_metrics
from app.roles import OPERATIONS, is_allowed

router = APIRouter(route_class=GuardedRoute, tags=["service"])

_MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/health", summary="Is the process alive")
async def get_health() -> StatusOut:
    """Answers as long as the process lives, database or not."""
    return StatusOut(status="ok")


@router.get("/ready", summary="Can it serve requests")
def get_ready(database: DatabaseDep) -> StatusOut:
    """Answers 200 where the database is there and migrated, else 503."""
    database.check()
    return StatusOut(status="ok")


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[KEY],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(database: DatabaseDep) -> Response:
    """Counts and times by operation, and the state of the queue."""
    return Response(render_metrics(database), media_type="text/plain; version=0.0.4")


@router.get("/v1/me", summary="Who my key is", dependencies=[KEY])
def get_me(caller: CallerDep) -> MeOut:
    """The authority and role of the key, and the operations that it may call."""
    return MeOut(
        authority_id=caller.authority_id,
        authority=caller.authority,
        role=caller.role,
        key_prefix=caller.prefix,
        operations=sorted(name for name in OPERATIONS if is_allowed(caller.role, name)),
    )


@router.get("/v1/openapi.json", summary="This interface as OpenAPI", dependencies=[KEY])
def get_openapi(request: Request) -> dict[str, Any]:
    """The document that describes every operation, with the roles that may call it."""
    document: dict[str, Any] = request.app.openapi()
    return document


@router.get("/v1/templates", summary="Kinds of file", dependencies=[KEY], tags=["data sets"])
def list_templates() -> Page[str]:
    """The kinds of file that a data set is made of, each with a template."""
    return Page(items=engine.list_template_kinds())


@router.get(
    "/v1/templates/{kind}.{form}",
    summary="A template to fill in",
    dependencies=[KEY],
    tags=["data sets"],
    response_class=Response,
    responses={
        200: {
            "content": {
                media: {"schema": {"type": "string", "format": "binary"}}
                for media in _MEDIA.values()
            }
        }
    },
)
def get_template(kind: str, form: Literal["csv", "xlsx"]) -> Response:
    """An empty file of one kind, with every column, as CSV or XLSX."""
    if kind not in engine.list_template_kinds():
        raise AbsentError("there is no such kind of file; /v1/templates lists them")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.{form}"
        engine.write_template(kind, path)
        return send_file(path.read_bytes(), path.name, _MEDIA[form])


def send_file(content: bytes, name: str, media: str) -> Response:
    """Return a file as a download."""
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=media, headers={"Content-Disposition": disposition})
