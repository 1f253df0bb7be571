"""Plans and comparisons as the tables that people read; the writers know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from data.writers import Cell, Column, Table, format_time
from scenarios.comparison import Comparison, Metrics, count_crew
from solver.domain import SESSIONS, WEEKDAYS, CostedPlan, Lotting, Policy, RateCard, Setting
from solver.measure import list_day_riders, list_rides

ILLUSTRATIVE: Final = (
    "Savings are illustrative: the same rate card on both plans, before tendering. A planner's "
    "risk assessment usually removes part of them, and prices come from operators."
)


def _pounds(pence: int) -> Decimal:
    return Decimal(pence) / 100


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    column: Column
    read: Callable[[Metrics], Cell]


def _money(name: str) -> Column:
    return Column(name, kind="money", decimals=0)


def _whole(name: str) -> Column:
    return Column(name, kind="integer")


def _minutes(name: str) -> Column:
    return Column(name, kind="minutes", decimals=0)


_ROWS: Final = (
    _Row("Cost a year", _money("Cost a year"), lambda m: _pounds(m.year_pence)),
    _Row("Cost a pupil a year", _money(""), lambda m: _pounds(m.pence_a_pupil)),
    _Row("Routes", _whole(""), lambda m: m.routes),
    _Row("Assistants", _whole(""), lambda m: m.assistants),
    _Row("Miles a year", _whole(""), lambda m: _round(m.miles)),
    _Row("  of these with pupils", _whole(""), lambda m: _round(m.live_miles)),
    _Row("  of these without", _whole(""), lambda m: _round(m.dead_miles)),
    _Row("CO2e a year (kg)", _whole(""), lambda m: _round(m.co2e_kg)),
    _Row("Ride, mean (minutes)", _minutes(""), lambda m: m.ride_mean_min),
    _Row("Ride, 95th percentile (minutes)", _minutes(""), lambda m: m.ride_p95_min),
    _Row("Ride, longest (minutes)", _minutes(""), lambda m: m.ride_max_min),
    _Row("Pupils over 45 minutes", _whole(""), lambda m: m.over_45),
    _Row("Pupils over 75 minutes", _whole(""), lambda m: m.over_75),
    _Row("Seats and bays in use", Column("", kind="percent", decimals=0), lambda m: m.occupancy),
    _Row("Pupils unassigned", _whole(""), lambda m: m.unassigned),
    _Row("  their cost a year", _money(""), lambda m: _pounds(m.unassigned_pence)),
    _Row("Pupils with direct ride over the limit", _whole(""), lambda m: m.caps_from_direct),
    _Row("Rules broken (found by the checker)", _whole(""), lambda m: m.violations),
)


def _round(value: Decimal) -> Cell:
    return int(value.to_integral_value())


def build_comparison_table(comparison: Comparison) -> Table:
    """Build the side-by-side table: one metric a row, one plan a column."""
    metrics = comparison.metrics
    rows: list[tuple[Cell, ...]] = []
    kinds: list[Column] = []
    for row in _ROWS:
        rows.append((row.label, *(row.read(m) for m in metrics)))
        kinds.append(row.column)
        if row.label == "Routes":
            for code in _list_types(metrics):
                rows.append((f"  {code}", *(dict(m.vehicles).get(code, 0) for m in metrics)))
                kinds.append(_whole(""))
    saved = {saving.name: saving for saving in comparison.savings}
    rows.append(
        (
            f"Saving on {comparison.baseline}",
            *(_pounds(saved[m.name].pence) if m.name in saved else None for m in metrics),
        )
    )
    rows.append(
        ("  in per cent", *(saved[m.name].share if m.name in saved else None for m in metrics))
    )
    kinds += [_money(""), Column("", kind="percent")]
    notes = [ILLUSTRATIVE]
    if comparison.price_difference_pence is not None:
        difference = comparison.price_difference_pence
        word = "above" if difference >= 0 else "below"
        notes.append(
            f"Contract prices are £{abs(difference) / 100:,.0f} a year {word} the rate card on the "
            f"same routes: a price difference, and no part of any saving."
        )
    notes += [f"{m.name}: {'; '.join(m.changes)}." for m in metrics if m.changes]
    return Table(
        title="Comparison",
        columns=(Column("Metric"), *(Column(m.name, kind="number") for m in metrics)),
        rows=tuple(rows),
        notes=tuple(notes),
        row_columns=tuple(kinds),
    )


def _list_types(metrics: Sequence[Metrics]) -> list[str]:
    return list(dict.fromkeys(code for m in metrics for code, _ in m.vehicles))


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
            _pounds(lot.year_pence),
        )
        for lot in lotting.lots
    ]
    if lotting.outside_pence:
        outside: tuple[Cell, ...] = ("-", "Unassigned pupils, in no lot")
        rows.append((*outside, *([None] * 8), _pounds(lotting.outside_pence)))
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
        cells.append(_pounds(pence.get(route.reference, 0)))
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
                _pounds(line.amount_pence),
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


def build_settings_table(policy: Policy, rate_card: RateCard) -> Table:
    """Build every setting and price in force, with grade and source."""
    rows: list[tuple[Cell, ...]] = [
        (_name_setting(s), *_show_setting(s), s.grade, s.source) for s in policy.list_settings()
    ]
    for rates in rate_card.vehicles:
        for field, unit in _RATE_UNITS.items():
            value = _show_price(getattr(rates, field))
            what = f"{rates.vehicle_type} {field.replace('_', ' ')}"
            rows.append((what, value, unit, rates.grade, rates.source))
    for field, unit in (("pa_per_hour", "GBP an hour"), ("pa_fixed", "GBP a session")):
        what = field.replace("pa_", "assistant ").replace("_", " ")
        value = _show_price(getattr(rate_card, field))
        rows.append((what, value, unit, rate_card.pa_grade, rate_card.pa_source))
    return Table(
        title="Settings and prices",
        columns=(
            Column("Setting"),
            Column("Value"),
            Column("Unit"),
            Column("Grade"),
            Column("Source"),
        ),
        rows=tuple(rows),
        notes=(
            "The policy before any scenario's changes, which stand under the comparison.",
            "Sourced: a document says so. Derived: worked out. Assumed: replace it by yours.",
        ),
    )


def _show_price(price: Decimal) -> str:
    """A price with its pence, and with parts of a penny where it has them."""
    text = f"{price.normalize():f}"
    return f"{price:.2f}" if len(text.partition(".")[2]) <= 2 else text


def _name_setting(setting: Setting) -> str:
    """The setting's name in words, without the suffix that tells programmers its unit."""
    words = setting.name.removesuffix("_s").removesuffix("_m").replace("gbp_per_min", "price")
    return words.replace("_", " ").capitalize()


def _show_setting(setting: Setting) -> tuple[str, str]:
    """Value and unit as people say them: clock times, minutes, metres, pounds."""
    value, unit = setting.value, setting.unit
    if value is None:
        return "not set", ""
    if unit == "s since midnight" and isinstance(value, int):
        return format_time(value), ""
    if unit in ("s", "s a day") and isinstance(value, int):
        if value > 3600 and value % 3600 == 0:
            return str(value // 3600), unit.replace("s", "hours", 1)
        if value < 120 and value % 60:
            return str(value), "seconds"
        return f"{value / 60:g}", unit.replace("s", "minutes", 1)
    return str(value), unit.replace("GBP", "pounds")


_RATE_UNITS: Final[Mapping[str, str]] = {
    "day_charge": "GBP a day",
    "half_day_charge": "GBP a half day",
    "per_live_mile": "GBP a mile",
    "per_dead_mile": "GBP a mile",
    "per_driver_hour": "GBP an hour",
    "minimum_charge": "GBP a day",
}


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
