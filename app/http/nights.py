"""The nightly's plans: what each costs, what changed, and how good it is."""

from __future__ import annotations

from fastapi import APIRouter

from app.http.guard import KEY, CallerDep, DatabaseDep, GuardedRoute, SettingsDep
from app.http.models import NightOut, Page
from app.http.pages import CursorQuery, LimitQuery, slice_page
from app.work.nights import list_nights as read_nights

router = APIRouter(
    prefix="/v1/nights", route_class=GuardedRoute, dependencies=[KEY], tags=["solves"]
)


@router.get("", summary="List nights")
def list_nights(
    *,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    cursor: CursorQuery = None,
    limit: LimitQuery = None,
) -> Page[NightOut]:
    """Each night's plan beside the last one of an earlier night, newest first."""
    with database.of_authority(caller.authority_id) as session:
        changes = read_nights(session)
    nights = [
        NightOut(
            night=change.now.night,
            state=change.now.state,
            text=change.now.text,
            solve_id=change.now.solve_id,
            year_pence=change.now.year_pence,
            change_pence=change.change_pence,
            has_same_input=change.has_same_input,
            day_objective_gbp=change.now.day_objective_gbp,
            lower_bound_gbp=change.now.lower_bound_gbp,
            gap_at_most=change.now.gap_at_most,
        )
        for change in changes
    ]
    items, following = slice_page(
        nights, caller, settings, name="nights", cursor=cursor, limit=limit
    )
    return Page(items=items, next=following)
