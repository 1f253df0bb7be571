"""A stored plan as the interface shows it: totals, runs with halts, rules broken, cost lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, Final, Literal

from app.db.tables import PlanRow
from app.http.models import CostLineOut, PlanOut, RunOut, ViolationOut, VisitOut, VisitTimeOut
from app.roles import PUPILS, Role
from solver.domain import (
    SESSIONS,
    WEEKDAYS,
    CostedPlan,
    CostLine,
    Instance,
    Plan,
    Run,
    Violation,
    Visit,
    is_on,
)

_COLUMNS: Final = (
    "route", "code", "text", "quantity", "unit", "rate", "amount_pence", "grade", "source",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\0")


def to_plan(row: PlanRow) -> PlanOut:
    """Return a plan's totals; they are there even when its data set was deleted."""
    taken = set(PlanOut.model_fields) - {"metrics", "is_purged"}
    fields: dict[str, Any] = {name: getattr(row, name) for name in taken}
    return PlanOut(**fields, metrics=row.summary, is_purged=row.content is None)


def list_runs(plan: Plan) -> list[RunOut]:
    """List the runs of both sessions with their halts and times."""
    routes = _find_routes(plan)
    runs = []
    for session in SESSIONS:
        instance, answer = plan.get_session(session)
        for number, run in enumerate(answer.runs):
            kind = instance.fleet[run.vehicle_type]
            layout = kind.layouts[run.layout]
            runs.append(
                RunOut(
                    session=session,
                    number=number + 1,
                    route=routes.get((session, number)),
                    vehicle_type=kind.code,
                    seats=layout.seats,
                    bays=layout.bays,
                    is_order_planned=run.is_order_planned,
                    visits=[
                        _to_visit(instance, run, index, visit)
                        for index, visit in enumerate(run.visits)
                    ],
                )
            )
    return runs


def list_violations(plan: Plan, role: Role) -> list[ViolationOut]:
    """List what the checker found; pupils by reference, to roles that see rows about them."""
    routes = _find_routes(plan)
    return [
        ViolationOut(
            rule=found.rule,
            session=found.session,
            number=None if found.run is None else found.run + 1,
            route=_find_route(plan, routes, found),
            text=found.text,
            pupils=list(found.riders) if role in PUPILS else [],
        )
        for found in plan.violations
    ]


def _find_route(plan: Plan, routes: dict[tuple[str, int], str], found: Violation) -> str | None:
    if found.run is not None:
        return routes.get((found.session, found.run))
    named = (r.reference for r in plan.routes if found.text.startswith(f"route {r.reference}: "))
    return next(named, None)


def _find_routes(plan: Plan) -> dict[tuple[str, int], str]:
    return {
        (block.session, run): route.reference
        for route in plan.routes
        for block in (route.am, route.pm)
        if block is not None
        for run in block.runs
    }


def _to_visit(instance: Instance, run: Run, index: int, visit: Visit) -> VisitOut:
    point = instance.stops[visit.stop]
    call = instance.schools[visit.school] if visit.school is not None else None
    place: Literal["home", "school"] = "home" if call is None else "school"
    return VisitOut(
        place=place,
        school_urn=call.urn if call else None,
        school=call.name if call else None,
        lat=point.lat,
        lon=point.lon,
        pupils=[instance.riders[rider].reference for rider in visit.riders],
        times=[
            VisitTimeOut(
                weekday=WEEKDAYS[day.weekday],
                arrive=format_clock(day.arrive_s[index]),
                start=format_clock(day.start_s[index]),
                depart=format_clock(day.depart_s[index]),
                pupils=[
                    instance.riders[rider].reference
                    for rider in visit.riders
                    if is_on(instance.riders[rider].weekdays, day.weekday)
                ],
            )
            for day in run.days
            if day.arrive_s[index] >= 0
        ],
    )


def format_clock(seconds: int) -> str:
    """Return seconds since midnight as HH:MM:SS."""
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def list_lines(costed: CostedPlan, role: Role) -> list[CostLineOut]:
    """List the cost lines; those of unassigned pupils name no pupil to roles that see none."""
    return [_to_line(line, role) for line in costed.lines]


def _to_line(line: CostLine, role: Role) -> CostLineOut:
    is_about_pupil = line.route == ""
    hidden = is_about_pupil and role not in PUPILS
    return CostLineOut(
        route=line.route,
        code=line.code,
        text="Pupil without a route: a vehicle of their own" if hidden else line.text,
        quantity=str(line.quantity),
        unit=line.unit,
        rate=str(line.rate),
        amount_pence=line.amount_pence,
        grade=line.grade,
        source=line.source,
    )


def write_lines_csv(lines: Iterable[CostLineOut]) -> str:
    """Return cost lines as CSV; a text that a spreadsheet would run as a formula is quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for line in lines:
        row = line.model_dump()
        writer.writerow([_disarm(row[column]) for column in _COLUMNS])
    return out.getvalue()


def _disarm(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
