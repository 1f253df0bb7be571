"""Data sets: a council's files, read and checked whole, or refused whole."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import JSONResponse
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import engine
from app.db import mapping
from app.db.tables import (
    TERMINAL,
    DatasetFileRow,
    DatasetRow,
    PlanRow,
    SolveEventRow,
    SolveRow,
)
from app.errors import AbsentError, Fault, FilesError, RequestError, StateError, TooLargeError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import CheckedOut, DatasetFileOut, DatasetOut, Name, Page, ReportOut
from app.http.pages import CursorQuery, LimitQuery, list_page
from app.keys import Caller
from app.roles import is_allowed
from app.settings import Settings
from app.storage import copy_limited
from app.versioning import add_rate_card, lock_versions
from solver.domain import content_hash

if TYPE_CHECKING:
    from data.faults import FaultReport
    from data.readers import CouncilData

router = APIRouter(
    prefix="/v1/datasets", route_class=GuardedRoute, dependencies=[KEY], tags=["data sets"]
)

_ENDINGS = (".csv", ".xlsx", ".txt", ".zip")
_MOST_FAULTS = 2000
_Received = tuple[dict[str, list[Path]], list[tuple[str, str, int]]]


@router.post(
    "",
    status_code=201,
    summary="Upload a data set",
    responses={200: {"model": CheckedOut, "description": "The files hold; nothing was stored"}},
    response_model=DatasetOut,
)
def create_dataset(
    *,
    response: Response,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    name: Annotated[Name, Form()],
    is_synthetic: Annotated[bool, Form(description="The files describe no real pupil")] = False,
    pupils: UploadFile | None = None,
    addresses: UploadFile | None = None,
    schools: UploadFile | None = None,
    vehicles: UploadFile | None = None,
    rate_card: UploadFile | None = None,
    calendar: UploadFile | None = None,
    contract: UploadFile | None = None,
    contract_pupils: UploadFile | None = None,
    gias: UploadFile | None = None,
    postcodes: Annotated[list[UploadFile], File()] = [],  # noqa: B006  (the framework copies it)
    validate_only: Annotated[
        bool, Query(description="Read and check the files, store nothing")
    ] = False,
) -> Any:
    """The council's files, each CSV or XLSX, and the published ones that they are joined to.

    All faults of all files are reported at once, and nothing is stored from a faulty file.
    """
    sent = {
        "pupils": pupils, "addresses": addresses, "schools": schools, "vehicles": vehicles,
        "rate_card": rate_card, "calendar": calendar, "contract": contract,
        "contract_pupils": contract_pupils, "gias": gias,
    }  # fmt: skip
    uploads = [(kind, upload) for kind, upload in sent.items() if upload is not None]
    uploads += [("postcodes", upload) for upload in postcodes]
    with tempfile.TemporaryDirectory() as folder:
        paths, files = _receive(uploads, Path(folder), settings)
        council = engine.read_upload(paths, name, is_synthetic=is_synthetic)
    if council.report.is_fatal or council.dataset is None:
        raise FilesError(
            "the files have faults, so nothing was stored; mend them and upload all files again",
            _to_faults(council.report),
        )
    if validate_only:
        checked = CheckedOut(
            counts=mapping.count_dataset(council.dataset), report=_to_report(council.report)
        )
        return JSONResponse(checked.model_dump(mode="json"))
    with database.of_authority(caller.authority_id) as session:
        row = _store(session, caller, name, council, files)
        response.headers["Location"] = f"/v1/datasets/{row.id}"
        return to_dataset(session, row, has_report=True)


def _receive(
    uploads: Sequence[tuple[str, UploadFile]], folder: Path, settings: Settings
) -> _Received:
    """Copy the files to `folder`, named by their kinds; the sender's names are not kept."""
    paths: dict[str, list[Path]] = {}
    files = []
    faults = []
    for kind, upload in uploads:
        ending = Path(upload.filename or "").suffix.lower() or ".csv"
        if ending not in _ENDINGS:
            remedy = "save the file as .csv or .xlsx"
            text = "the file is neither CSV nor XLSX by its name"
            faults.append(Fault(f"/body/{kind}", "file-type", text, remedy))
            continue
        already = paths.setdefault(kind, [])
        number = str(len(already) + 1) if already else ""
        path = folder / f"{kind}{number}{ending}"
        copied = copy_limited(upload.file, path, settings.max_file_bytes)
        if copied is None:
            raise TooLargeError(f"the {kind} file is over {settings.max_file_bytes:,} bytes")
        already.append(path)
        files.append((kind, *copied))
    if faults:
        raise RequestError("some files are of a kind that cannot be read", faults)
    return paths, files


def _store(
    session: Session,
    caller: Caller,
    name: str,
    council: CouncilData,
    files: list[tuple[str, str, int]],
) -> DatasetRow:
    dataset = council.dataset
    assert dataset is not None  # the caller has refused a fatal report
    owner = caller.authority_id
    card = add_rate_card(session, owner, council.rate_card) if council.rate_card else None
    lock_versions(session, owner, "dataset")
    latest = session.scalar(select(func.max(DatasetRow.version)).where(DatasetRow.name == name))
    row = DatasetRow(
        authority_id=owner,
        id=uuid4(),
        name=name,
        version=(latest or 0) + 1,
        content_hash=content_hash(dataset),
        state="ready",
        counts=mapping.count_dataset(dataset),
        report=_to_report(council.report).model_dump(mode="json"),
        content=mapping.pack(dataset),
        rate_card_id=card.id if card else None,
    )
    session.add(row)
    session.flush()
    for kind, sha256, size in files:
        session.add(
            DatasetFileRow(
                authority_id=owner,
                id=uuid4(),
                dataset_id=row.id,
                kind=kind,
                content_hash=sha256,
                size_bytes=size,
            )
        )
    session.flush()
    session.refresh(row)
    return row


@router.get("", summary="List data sets")
def list_datasets(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[DatasetOut]:
    """All versions of all data sets, deleted ones too, newest first."""
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, select(DatasetRow), DatasetRow, caller, settings,
            name="datasets", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_dataset(session, row) for row in rows], next=following)


@router.get("/{dataset_id}", summary="A data set")
def get_dataset(dataset_id: UUID, caller: CallerDep, database: DatabaseDep) -> DatasetOut:
    """Numbers, hashes and state; to those who may see rows about pupils also the report."""
    with database.of_authority(caller.authority_id) as session:
        row = find_dataset(session, dataset_id)
        return to_dataset(session, row, has_report=is_allowed(caller.role, "get_dataset_report"))


@router.get("/{dataset_id}/report", summary="What was found in a data set's files")
def get_dataset_report(dataset_id: UUID, caller: CallerDep, database: DatabaseDep) -> ReportOut:
    """The warnings of the upload, by file, row and column."""
    with database.of_authority(caller.authority_id) as session:
        return ReportOut(**find_dataset(session, dataset_id).report)


@router.delete("/{dataset_id}", summary="Delete a data set")
def delete_dataset(dataset_id: UUID, caller: CallerDep, database: DatabaseDep) -> DatasetOut:
    """Wipes every row about pupils, in the data set and in its plans; totals and hashes stay."""
    with database.of_authority(caller.authority_id) as session:
        row = session.scalars(
            select(DatasetRow).where(DatasetRow.id == dataset_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise AbsentError("there is no such data set")
        if row.state != "deleted":
            _wipe(session, row)
        return to_dataset(session, row)


def _wipe(session: Session, row: DatasetRow) -> None:
    mine = SolveRow.dataset_id == row.id
    active = session.scalar(
        select(func.count()).select_from(SolveRow).where(mine, SolveRow.state.not_in(TERMINAL))
    )
    if active:
        raise StateError(
            f"{active} solves of this data set wait or run; cancel them and delete it again"
        )
    row.state = "deleted"
    row.deleted_at = datetime.now(UTC)
    row.content = None
    row.report = row.report | {"faults": []}
    session.execute(update(PlanRow).where(PlanRow.dataset_id == row.id).values(content=None))
    ids = select(SolveRow.id).where(mine)
    session.execute(
        update(SolveEventRow)
        .where(SolveEventRow.solve_id.in_(ids), SolveEventRow.type != "progress")
        .values(data={})
    )
    session.execute(update(SolveRow).where(mine).values(checkpoint=None, failure=None))
    session.flush()


def find_dataset(session: Session, dataset_id: UUID) -> DatasetRow:
    """Return a data set of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(DatasetRow).where(DatasetRow.id == dataset_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such data set")
    return row


def to_dataset(session: Session, row: DatasetRow, *, has_report: bool = False) -> DatasetOut:
    """Return a data set as the interface gives it."""
    files = session.scalars(
        select(DatasetFileRow)
        .where(DatasetFileRow.dataset_id == row.id)
        .order_by(DatasetFileRow.kind)
    )
    taken = set(DatasetOut.model_fields) - {"files", "report"}
    fields: dict[str, Any] = {name: getattr(row, name) for name in taken}
    return DatasetOut(
        **fields,
        files=[
            DatasetFileOut(kind=file.kind, size_bytes=file.size_bytes, sha256=file.content_hash)
            for file in files
        ],
        report=ReportOut(**row.report) if has_report else None,
    )


def _to_report(report: FaultReport) -> ReportOut:
    return ReportOut(
        errors=len(report.errors),
        warnings=len(report.warnings),
        faults=[dict(row) for row in report.to_rows()[:_MOST_FAULTS]],
    )


def _to_faults(report: FaultReport) -> list[Fault]:
    """Return the errors of a report, then its warnings, as faults of the request."""
    return [
        Fault(
            pointer=f"/body/{Path(fault.file).stem}",
            code=fault.code,
            text=fault.text,
            remedy=fault.remedy,
            file=fault.file,
            row=fault.row,
            column=fault.column or None,
            severity=fault.severity,
        )
        for fault in (*report.errors, *report.warnings)[:_MOST_FAULTS]
    ]
