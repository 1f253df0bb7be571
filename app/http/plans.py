"""Plans: totals, runs, rules broken, maps, costs line by line, lots and files to download."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.db import mapping
from app.db.tables import DatasetRow, PlanRow, RoadsRow, ScenarioRow, SolveRow
from app.engine import StoredPlan
from app.errors import AbsentError, PurgedError
from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import CostsOut, LotsOut, Page, PlanOut, RunOut, ViolationOut
from app.http.pages import CursorQuery, LimitQuery, list_page, slice_page
from app.http.plan_views import (
    list_lines,
    list_runs,
    list_violations,
    to_plan,
    write_lines_csv,
)
from app.http.system import send_file
from app.roles import PUPILS
from app.settings import Settings
from app.storage import get_roads_path
from solver.domain import CostedPlan, Dataset

router = APIRouter(prefix="/v1/plans", route_class=GuardedRoute, dependencies=[KEY], tags=["plans"])

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_GEOJSON: Final = "application/geo+json"
_GEOPACKAGE: Final = "application/geopackage+sqlite3"


def describe_file(media: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entry of an answer that is a file."""
    binary = {"type": "string", "format": "binary"}
    return {200: {"content": {media: {"schema": binary}}}}


@router.get("", summary="List plans")
def list_plans(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    dataset_id: UUID | None = Query(default=None, description="Only those of one data set"),
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[PlanOut]:
    """All plans with their metrics, newest first."""
    query = select(PlanRow)
    if dataset_id is not None:
        query = query.where(PlanRow.dataset_id == dataset_id)
    with database.of_authority(caller.authority_id) as session:
        rows, following = list_page(
            session, query, PlanRow, caller, settings,
            name=f"plans/{dataset_id}", cursor=cursor, limit=limit,
        )  # fmt: skip
        return Page(items=[to_plan(row) for row in rows], next=following)


@router.get("/{plan_id}", summary="A plan")
def get_plan(plan_id: UUID, caller: CallerDep, database: DatabaseDep) -> PlanOut:
    """Totals, metrics and the yearly cost of each route."""
    with database.of_authority(caller.authority_id) as session:
        return to_plan(find_plan(session, plan_id))


@router.get("/{plan_id}/runs", summary="Runs of a plan with stops and times")
def list_plan_runs(
    *,
    plan_id: UUID,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    session_name: Annotated[
        Literal["AM", "PM"] | None, Query(alias="session", description="Only this session")
    ] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[RunOut]:
    """Every halt in order, who boards or alights by reference, and the times of each weekday."""
    with database.of_authority(caller.authority_id) as session:
        costed = read_plan(find_plan(session, plan_id))
    runs = [run for run in list_runs(costed.plan) if session_name in (None, run.session)]
    items, following = slice_page(
        runs, caller, settings,
        name=f"runs/{plan_id}/{session_name}", cursor=cursor, limit=limit,
    )  # fmt: skip
    return Page(items=items, next=following)


@router.get("/{plan_id}/violations", summary="Rules that a plan breaks")
def list_plan_violations(
    *,
    plan_id: UUID,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[ViolationOut]:
    """What the checker found in today's contract as imported; plans of ours have nothing here."""
    with database.of_authority(caller.authority_id) as session:
        costed = read_plan(find_plan(session, plan_id))
    items, following = slice_page(
        list_violations(costed.plan, caller.role), caller, settings,
        name=f"violations/{plan_id}", cursor=cursor, limit=limit,
    )  # fmt: skip
    return Page(items=items, next=following)


@router.get(
    "/{plan_id}/routes.geojson",
    summary="Routes of a plan on the map",
    response_class=Response,
    responses={200: {"content": {_GEOJSON: {"schema": {"type": "object"}}}}},
)
def get_plan_routes(
    plan_id: UUID, caller: CallerDep, database: DatabaseDep, settings: SettingsDep
) -> Response:
    """Runs and stops as GeoJSON; for roles without rows about pupils only schools and totals."""
    with database.of_authority(caller.authority_id) as session:
        plan = read_stored(session, find_plan(session, plan_id), settings)
    content = engine.write_routes_geojson(plan, has_homes=caller.role in PUPILS)
    return Response(content, media_type=_GEOJSON)


@router.get("/{plan_id}/costs", summary="Costs of a plan, line by line")
def list_plan_costs(
    *,
    plan_id: UUID,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> CostsOut:
    """Each yearly line: quantity, unit, rate, amount, and how well the rate is founded."""
    with database.of_authority(caller.authority_id) as session:
        costed = read_plan(find_plan(session, plan_id))
    items, following = slice_page(
        list_lines(costed, caller.role), caller, settings,
        name=f"costs/{plan_id}", cursor=cursor, limit=limit,
    )  # fmt: skip
    return CostsOut(items=items, next=following, year_pence=costed.year_pence)


@router.get(
    "/{plan_id}/costs.csv",
    summary="Costs of a plan as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_plan_costs_csv(plan_id: UUID, caller: CallerDep, database: DatabaseDep) -> Response:
    """All cost lines in one file."""
    with database.of_authority(caller.authority_id) as session:
        costed = read_plan(find_plan(session, plan_id))
    content = write_lines_csv(list_lines(costed, caller.role))
    return send_file(content.encode("utf-8-sig"), "costs.csv", "text/csv")


@router.get("/{plan_id}/lots", summary="A plan cut into lots three ways")
def get_plan_lots(plan_id: UUID, caller: CallerDep, database: DatabaseDep) -> LotsOut:
    """Route by route, by school and by area; each way adds up to the plan to the penny."""
    with database.of_authority(caller.authority_id) as session:
        row = find_plan(session, plan_id)
        costed, dataset = read_plan(row), read_dataset(session, row)
    lottings = engine.build_lottings(costed, dataset)
    return LotsOut(
        plan_id=plan_id,
        year_pence=costed.year_pence,
        lottings=[
            mapping.to_json(lotting) | {"year_pence": lotting.year_pence} for lotting in lottings
        ],
    )


@router.get(
    "/{plan_id}/workbook.xlsx",
    summary="A plan as a workbook",
    response_class=Response,
    responses=describe_file(XLSX),
)
def get_plan_workbook(
    plan_id: UUID, caller: CallerDep, database: DatabaseDep, settings: SettingsDep
) -> Response:
    """Lots, routes and costs as XLSX; for roles that see rows about pupils also stops and times."""
    with database.of_authority(caller.authority_id) as session:
        plan = read_stored(session, find_plan(session, plan_id), settings)
    with write_to("workbook.xlsx") as path:
        engine.write_plan_workbook(plan, path, has_pupils=caller.role in PUPILS)
        return send_file(path.read_bytes(), path.name, XLSX)


@router.get(
    "/{plan_id}/plan.gpkg",
    summary="A plan as a GeoPackage",
    response_class=Response,
    responses=describe_file(_GEOPACKAGE),
)
def get_plan_geopackage(
    plan_id: UUID, caller: CallerDep, database: DatabaseDep, settings: SettingsDep
) -> Response:
    """Runs, stops and schools with styles for QGIS."""
    with database.of_authority(caller.authority_id) as session:
        plan = read_stored(session, find_plan(session, plan_id), settings)
    with write_to("plan.gpkg") as path:
        engine.write_plan_geopackage(plan, path)
        return send_file(path.read_bytes(), path.name, _GEOPACKAGE)


@router.get(
    "/{plan_id}/map.png",
    summary="A plan as a map",
    response_class=Response,
    responses=describe_file("image/png"),
)
def get_plan_map(
    *,
    plan_id: UUID,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    session_name: Annotated[
        Literal["AM", "PM"], Query(alias="session", description="Morning or afternoon")
    ] = "AM",
) -> Response:
    """Runs in colours over the roads, schools named, a legend."""
    with database.of_authority(caller.authority_id) as session:
        plan = read_stored(session, find_plan(session, plan_id), settings)
    with write_to("map.png") as path:
        engine.draw_plan_map(plan, path, session_name)
        return send_file(path.read_bytes(), path.name, "image/png")


@contextmanager
def write_to(name: str) -> Iterator[Path]:
    """Give a path to write a download to; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / name


def find_plan(session: Session, plan_id: UUID) -> PlanRow:
    """Return a plan of this authority; raises :class:`AbsentError`."""
    row = session.scalars(select(PlanRow).where(PlanRow.id == plan_id)).one_or_none()
    if row is None:
        raise AbsentError("there is no such plan")
    return row


def read_plan(row: PlanRow) -> CostedPlan:
    """Return the costed plan; raises :class:`PurgedError` where its data set was deleted."""
    if row.content is None:
        raise PurgedError("the plan's data set was deleted; only its totals are left")
    return mapping.unpack(CostedPlan, row.content)


def read_dataset(session: Session, row: PlanRow) -> Dataset:
    """Return the data set of a plan; raises :class:`PurgedError` where it was deleted."""
    content = session.scalar(select(DatasetRow.content).where(DatasetRow.id == row.dataset_id))
    if content is None:
        raise PurgedError("the plan's data set was deleted; only its totals are left")
    return mapping.unpack(Dataset, content)


def read_stored(session: Session, row: PlanRow, settings: Settings) -> StoredPlan:
    """Return a plan with what its exports need; raises :class:`PurgedError`."""
    roads = session.scalars(
        select(RoadsRow)
        .join(ScenarioRow, ScenarioRow.roads_id == RoadsRow.id)
        .join(SolveRow, SolveRow.scenario_id == ScenarioRow.id)
        .where(SolveRow.id == row.solve_id)
    ).one()
    folder = settings.roads_folder
    return StoredPlan(
        costed=read_plan(row),
        dataset=read_dataset(session, row),
        roads=get_roads_path(folder, roads.content_hash, roads.suffix),
        roads_cache=folder / "cache",
        made_on=row.created_at.date(),
    )
