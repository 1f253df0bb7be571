"""One plan as tables: lots, routes, stops, costs, and what it could not do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.writers import Cell, Column, Table
from scenarios.comparison import count_crew
from scenarios.report.bounds import build_bounds_table, build_prices_table
from scenarios.report.units import pounds
from solver.domain import SESSIONS, WEEKDAYS, CostedPlan, Lotting
from solver.measure import list_day_riders, list_rides


def build_lots_table(lotting: Lotting) -> Table:
    """Build the table of one lotting; lots and what is outside them add up to the plan."""
    rows: list[tuple[Cell, ...]] = [
        (
            lot.reference,
            lot.title,
            len(lot.routes),
            ", ".join(lot.routes),
            lot.licence_class,
            ", ".join(lot.vehicle_types),
            lot.seats,
            lot.bays,
            lot.assistants,
            lot.year_miles,
            pounds(lot.year_pence),
        )
        for lot in lotting.lots
    ]
    if lotting.outside_pence:
        outside: tuple[Cell, ...] = ("-", "Unassigned pupils, in no lot")
        rows.append((*outside, *([None] * 8), pounds(lotting.outside_pence)))
    return Table(
        title=f"Lots {lotting.way}",
        columns=(
            Column("Lot"),
            Column("Title"),
            Column("Routes", kind="integer", is_totalled=True),
            Column("References"),
            Column("Licence"),
            Column("Vehicles"),
            Column("Seats", kind="integer", is_totalled=True),
            Column("Wheelchair bays", kind="integer", is_totalled=True),
            Column("Assistants", kind="integer", is_totalled=True),
            Column("Miles a year", kind="number", decimals=0, is_totalled=True),
            Column("Expected cost a year", kind="money", is_totalled=True),
        ),
        rows=tuple(rows),
        notes=("Expected cost is our estimate at the rate card, not a price.",),
    )


def build_routes_table(costed: CostedPlan, name: str) -> Table:
    """Build one row a route: vehicle, crew, pupils, first and last times, cost a year."""
    plan = costed.plan
    pence: dict[str, int] = {}
    for line in costed.lines:
        pence[line.route] = pence.get(line.route, 0) + line.amount_pence
    rows: list[tuple[Cell, ...]] = []
    for number, route in enumerate(plan.routes):
        cells: list[Cell] = [
            route.reference,
            route.operator or None,
            plan.am_instance.fleet[route.vehicle_type].code,
            count_crew(costed, number),
        ]
        for session in SESSIONS:
            instance, session_plan = plan.get_session(session)
            runs = [session_plan.runs[n] for n in route.list_runs(session)]
            starts = [t for run in runs for day in run.days for t in day.start_s if t >= 0]
            ends = [t for run in runs for day in run.days for t in day.depart_s if t >= 0]
            pupils = {instance.riders[r].reference for run in runs for r in run.riders}
            cells += [len(pupils), min(starts, default=None), max(ends, default=None)]
        cells.append(pounds(pence.get(route.reference, 0)))
        rows.append(tuple(cells))
    return Table(
        title=f"Routes {name}",
        columns=(
            Column("Route"),
            Column("Operator"),
            Column("Vehicle"),
            Column("Assistants", kind="integer", is_totalled=True),
            Column("AM pupils", kind="integer"),
            Column("AM first pick-up", kind="time"),
            Column("AM end", kind="time"),
            Column("PM pupils", kind="integer"),
            Column("PM loading", kind="time"),
            Column("PM last set-down", kind="time"),
            Column("Cost a year", kind="money", is_totalled=True),
        ),
        rows=tuple(rows),
    )


type _Times = tuple[int, ...]
type _Alike = tuple[tuple[int, ...], _Times, _Times, _Times]
"""Who travels, and when the vehicle arrives, starts and leaves at each visit."""


def build_stops_table(costed: CostedPlan, name: str) -> Table:
    """Build one row a stop, run and timetable; weekdays alike in pupils and times share a row.

    Holds pupil references: for planners, never for bidders.
    """
    rows: list[tuple[Cell, ...]] = []
    plan = costed.plan
    for session in SESSIONS:
        instance, session_plan = plan.get_session(session)
        for route in plan.routes:
            for order, number in enumerate(route.list_runs(session), start=1):
                run = session_plan.runs[number]
                alike: dict[_Alike, list[int]] = {}
                for day in run.days:
                    riders = list_day_riders(instance, run, day.weekday)
                    key = (riders, day.arrive_s, day.start_s, day.depart_s)
                    alike.setdefault(key, []).append(day.weekday)
                for (riders, *_), weekdays in alike.items():
                    day = next(d for d in run.days if d.weekday == weekdays[0])
                    rides = list_rides(instance, run, day, riders)
                    for i, visit in enumerate(run.visits):
                        present = [r for r in visit.riders if r in riders]
                        if not present:
                            continue
                        school = visit.school
                        rows.append(
                            (
                                route.reference,
                                session,
                                order,
                                ", ".join(WEEKDAYS[d][:3] for d in weekdays),
                                "Home" if school is None else instance.schools[school].name,
                                ", ".join(instance.riders[r].reference for r in present),
                                day.arrive_s[i],
                                day.start_s[i],
                                day.depart_s[i],
                                max(rides[r] for r in present) / 60,
                            )
                        )
    return Table(
        title=f"Stops {name}",
        columns=(
            Column("Route"),
            Column("Session"),
            Column("Run", kind="integer"),
            Column("Weekdays"),
            Column("Stop"),
            Column("Pupils"),
            Column("Arrive", kind="time"),
            Column("Start", kind="time"),
            Column("Leave", kind="time"),
            Column("Longest ride of these", unit="minutes", kind="minutes"),
        ),
        rows=tuple(rows),
        notes=("Pupil references: keep this sheet from bidders.",),
    )


def build_costs_table(costed: CostedPlan, name: str) -> Table:
    """Build the yearly cost, line by line, each with the grade and source of its rate."""
    return Table(
        title=f"Costs {name}",
        columns=(
            Column("Route"),
            Column("Line"),
            Column("What"),
            Column("Quantity", kind="number", decimals=4),
            Column("Unit"),
            Column("Rate", kind="money", decimals=4),
            Column("Amount a year", kind="money", is_totalled=True),
            Column("Grade"),
            Column("Source"),
        ),
        rows=tuple(
            (
                line.route or "-",
                line.code,
                line.text,
                line.quantity,
                line.unit,
                line.rate,
                pounds(line.amount_pence),
                line.grade,
                line.source,
            )
            for line in costed.lines
        ),
        notes=("Amount = quantity x rate, rounded once to the penny; the total is their sum.",),
    )


def build_day_costs_table(costed: CostedPlan, name: str) -> Table:
    """Build what each route costs on an ordinary weekday, line by line."""
    return Table(
        title=f"Day costs {name}",
        columns=(
            Column("Route"),
            Column("Weekday"),
            Column("Line"),
            Column("Quantity", kind="number", decimals=4),
            Column("Unit"),
            Column("Rate", kind="money", decimals=4),
            Column("Amount a day", kind="money", decimals=4),
        ),
        rows=tuple(
            (
                day.route,
                WEEKDAYS[day.weekday],
                day.code,
                day.quantity,
                day.unit,
                day.rate,
                day.amount,
            )
            for day in costed.days
        ),
        notes=("Unrounded, and not what the year is added up from: that goes date by date.",),
    )


def build_unassigned_table(plans: Sequence[tuple[str, CostedPlan]]) -> Table:
    """Build one row for each pupil that a plan does not carry, with every reason."""
    rows: list[tuple[Cell, ...]] = []
    for name, costed in plans:
        for session in SESSIONS:
            instance, plan = costed.plan.get_session(session)
            for item in plan.unassigned:
                for reason in item.reasons:
                    rows.append(
                        (
                            name,
                            session,
                            instance.riders[item.rider].reference,
                            reason.rule,
                            reason.text,
                        )
                    )
    return Table(
        title="Unassigned pupils",
        columns=(
            Column("Plan"),
            Column("Session"),
            Column("Pupil"),
            Column("Rule"),
            Column("Why"),
        ),
        rows=tuple(rows),
        notes=() if rows else ("Every pupil is carried in every plan.",),
    )


def build_long_rides_table(costed: CostedPlan, name: str) -> Table:
    """Build one row for each pupil and session whose ride passes the target, with the reason.

    Also those whose direct ride alone is over a scenario's ride limit, so that their cap is the
    direct ride and five minutes.
    """
    rows: list[tuple[Cell, ...]] = []
    for session in SESSIONS:
        instance, plan = costed.plan.get_session(session)
        longest: dict[int, int] = {}
        for run in plan.runs:
            for day in run.days:
                riders = list_day_riders(instance, run, day.weekday)
                for rider, seconds in list_rides(instance, run, day, riders).items():
                    longest[rider] = max(longest.get(rider, 0), seconds)
        for rider, seconds in sorted(longest.items()):
            who = instance.riders[rider]
            if seconds <= who.ride_target_s and not who.is_cap_from_direct:
                continue
            why = "shares a vehicle; the direct ride is within the target"
            if who.direct_s > who.ride_target_s:
                why = "the direct ride alone is over the target"
            if who.is_cap_from_direct:
                why = "the direct ride alone is over the scenario's limit"
            times = (seconds, who.direct_s, who.ride_target_s, who.ride_cap_s)
            rows.append((session, who.reference, *(t / 60 for t in times), why))
    return Table(
        title=f"Long rides {name}",
        columns=(
            Column("Session"),
            Column("Pupil"),
            *(
                Column(title, unit="minutes", kind="minutes")
                for title in ("Longest ride", "Direct ride", "Target", "Cap")
            ),
            Column("Why"),
        ),
        rows=tuple(rows),
        notes=("Pupil references: keep this sheet from bidders.",),
    )


def build_violations_table(costed: CostedPlan, name: str) -> Table:
    """Build what the checker found in a council's own plan, by route and pupil reference."""
    plan = costed.plan
    route_of: dict[tuple[str, int | None], str] = {
        (session, number): route.reference
        for session in SESSIONS
        for route in plan.routes
        for number in route.list_runs(session)
    }
    return Table(
        title=f"Rules broken {name}",
        columns=(
            Column("Rule"),
            Column("Session"),
            Column("Route"),
            Column("What"),
            Column("Pupils"),
        ),
        rows=tuple(
            (
                found.rule,
                found.session,
                route_of.get((found.session, found.run)),
                found.text,
                ", ".join(found.riders) or None,
            )
            for found in plan.violations
        ),
        notes=("Pupil references: keep this sheet from bidders.",),
    )


def list_plan_tables(
    costed: CostedPlan, name: str, lottings: Sequence[Lotting], *, has_pupils: bool
) -> list[Table]:
    """List the sheets of one plan; without `has_pupils` nothing that names a pupil."""
    tables = [build_lots_table(lotting) for lotting in lottings]
    tables.append(build_routes_table(costed, name))
    if has_pupils:
        tables.append(build_stops_table(costed, name))
        tables.append(build_costs_table(costed, name))
        tables.append(build_unassigned_table([(name, costed)]))
        tables.append(build_long_rides_table(costed, name))
    else:
        tables.append(build_costs_table(_without_pupils(costed), name))
    if costed.days:
        tables.append(build_day_costs_table(costed, name))
    if not costed.plan.is_as_is:
        tables.append(build_bounds_table(costed, name))
        if has_pupils and costed.plan.am.bound is not None:
            tables.append(build_prices_table(costed, name))
    return tables


def _without_pupils(costed: CostedPlan) -> CostedPlan:
    """The same lines with the unassigned pupils' references taken out of the text."""
    lines = tuple(
        replace(line, text="a vehicle of a pupil's own, direct")
        if line.code == "UNASSIGNED"
        else line
        for line in costed.lines
    )
    return replace(costed, lines=lines)
