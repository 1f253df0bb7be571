"""Roads files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.apart import find_roads_fault
from app.db.tables import RoadsRow
from app.errors import AbsentError, Fault, FilesError, TooLargeError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import Name, Page, RoadsOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.storage import copy_limited, keep_roads

router = APIRouter(prefix="/v1/roads", route_class=GuardedRoute, dependencies=[KEY], tags=["roads"])


@router.post("", status_code=201, summary="Upload a roads file")
def create_roads(
    *,
    name: Annotated[Name, Form()],
    file: UploadFile,
    response: Response,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
) -> RoadsOut:
    """An OpenStreetMap `.osm` or `.osm.pbf` file. It is read once to see that it holds roads."""
    suffix = ".osm.pbf" if (file.filename or "").lower().endswith(".pbf") else ".osm"
    with tempfile.TemporaryDirectory() as folder:
        received = Path(folder) / f"roads{suffix}"
        copied = copy_limited(file.file, received, settings.max_roads_bytes)
        if copied is None:
            raise TooLargeError(f"the roads file is over {settings.max_roads_bytes:,} bytes")
        digest, size = copied
        _check(received, settings.roads_folder / "cache")
        keep_roads(received, settings.roads_folder, digest, suffix)
    row = RoadsRow(
        authority_id=caller.authority_id,
        id=uuid4(),
        name=name,
        content_hash=digest,
        suffix=suffix,
        size_bytes=size,
    )
    with database.of_authority(caller.authority_id) as session:
        session.add(row)
        session.flush()
        session.refresh(row)
        response.headers["Location"] = f"/v1/roads/{row.id}"
        return to_roads(row)


def _check(path: Path, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    text = find_roads_fault(path, cache)
    if text is not None:
        remedy = "send an OpenStreetMap .osm or .osm.pbf extract that holds roads"
        fault = Fault("/body/file", "roads", text, remedy, path.name)
        raise FilesError("the roads file cannot be used; nothing was stored", [fault])


@router.get("", summary="List roads files")
def list_roads(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[RoadsOut]:
    """The authority's roads files, newest first."""
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, select(RoadsRow), RoadsRow, caller, settings,
            name="roads", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_roads(row) for row in rows], next=following)


@router.get("/{roads_id}", summary="A roads file")
def get_roads(roads_id: UUID, caller: CallerDep, database: DatabaseDep) -> RoadsOut:
    """Name, size and SHA-256 of a roads file."""
    with database.of_authority(caller.authority_id) as session:
        return to_roads(find_roads(session, roads_id))


def find_roads(session: Session, roads_id: UUID) -> RoadsRow:
    """Return a roads file of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(RoadsRow).where(RoadsRow.id == roads_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such roads file")
    return row


def to_roads(row: RoadsRow) -> RoadsOut:
    """Return a roads file as the interface gives it."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in RoadsOut.model_fields}
    return RoadsOut(**fields)
