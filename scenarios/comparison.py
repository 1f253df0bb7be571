"""What plans have in common: one definition of every metric, and savings like with like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from solver.domain import SESSIONS, CostedPlan, Dataset, Instance, Plan, Run
from solver.measure import list_day_riders, list_rides

_KM_A_MILE = Decimal("1.609344")
_AS_IS = "as-is at the rate card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one plan, as the spec defines them.

    Money is pence a year, miles and CO2e (kg) are a year's. Ride times are minutes over all
    pupil-sessions of an ordinary week; `over_45` and `over_75` count pupils whose worse session
    passes it. `occupancy` is the mean over runs of pupils aboard at the fullest moment of the week
    by seats and bays of the layout.

    `day_objective_gbp` is what the search goes by, AM + PM: GBP for the day with everyone aboard,
    half the day charge a vehicle in each session, soft prices included; joining to routes and the
    calendar come after it. `lower_bound_gbp` is what no plan under the same rules can go below,
    and `gap_at_most` = (objective - bound) / objective: the share that a better plan could still
    save. `None` for today's contract, and the latter two where no bound was asked for.
    """

    name: str
    pricing: str
    year_pence: int
    pence_a_pupil: int
    pupils: int
    routes: int
    vehicles: tuple[tuple[str, int], ...]
    assistants: int
    live_miles: Decimal
    dead_miles: Decimal
    co2e_kg: Decimal
    ride_mean_min: float
    ride_p95_min: float
    ride_max_min: float
    over_45: int
    over_75: int
    unassigned: int
    unassigned_pence: int
    occupancy: float
    caps_from_direct: int
    violations: int
    day_objective_gbp: float | None = None
    lower_bound_gbp: float | None = None
    gap_at_most: float | None = None
    changes: tuple[str, ...] = ()

    @property
    def miles(self) -> Decimal:
        """Live and dead miles a year."""
        return self.live_miles + self.dead_miles


@dataclass(frozen=True, slots=True)
class Saving:
    """What a plan costs less than the as-is routes, both on the same rate card; illustrative."""

    name: str
    pence: int
    share: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Metrics side by side, and what each plan saves on the `baseline`, as people call it.

    `price_difference_pence` is contract price less rate card on the as-is routes, where both are
    there: it is a difference of prices, and no part of any saving.
    """

    metrics: tuple[Metrics, ...]
    savings: tuple[Saving, ...]
    price_difference_pence: int | None
    baseline: str = _AS_IS


def compare(plans: Sequence[tuple[str, CostedPlan]], dataset: Dataset) -> Comparison:
    """Compare costed plans of one data set, in the order given.

    The savings are against the as-is routes at the rate card, or where there are none, against
    the first plan; plans at contract prices have no saving.
    """
    metrics = tuple(measure_plan(name, costed, dataset) for name, costed in plans)
    on_card = [
        (m, costed)
        for m, (_, costed) in zip(metrics, plans, strict=True)
        if costed.pricing == "rate card"
    ]
    as_is = [m for m, costed in on_card if costed.plan.is_as_is]
    baseline = as_is[0] if as_is else (on_card[0][0] if on_card else None)
    savings = tuple(
        Saving(
            m.name,
            baseline.year_pence - m.year_pence,
            (baseline.year_pence - m.year_pence) / baseline.year_pence,
        )
        for m, _ in on_card
        if baseline is not None and m is not baseline and baseline.year_pence
    )
    contract = [m for m in metrics if m.pricing == "contract prices"]
    difference = contract[0].year_pence - as_is[0].year_pence if contract and as_is else None
    called = _AS_IS if as_is or baseline is None else baseline.name
    return Comparison(metrics, savings, difference, called)


def measure_plan(name: str, costed: CostedPlan, dataset: Dataset) -> Metrics:
    """Measure one plan."""
    plan = costed.plan
    entitled = sum(pupil.is_entitled for pupil in dataset.pupils)
    rides = _list_week_rides(costed)
    minutes = sorted(seconds / 60 for _, seconds in rides)
    worst: dict[str, float] = {}
    for reference, seconds in rides:
        worst[reference] = max(worst.get(reference, 0.0), seconds / 60)
    fleet = plan.am_instance.fleet
    by_type = Counter(fleet[route.vehicle_type].code for route in plan.routes)
    names = _name_types(dataset)
    lines = _sum_lines(costed)
    out = {
        plan.get_session(s)[0].riders[u.rider].reference
        for s in SESSIONS
        for u in plan.get_session(s)[1].unassigned
    }
    capped = {
        rider.reference
        for instance in (plan.am_instance, plan.pm_instance)
        for rider in instance.riders
        if rider.is_cap_from_direct
    }
    objective, bound, gap = _measure_gap(plan)
    return Metrics(
        name=name,
        pricing=costed.pricing,
        year_pence=costed.year_pence,
        pence_a_pupil=_divide(costed.year_pence, entitled),
        pupils=entitled,
        routes=len(plan.routes),
        vehicles=tuple(
            (names[kind.code], by_type[kind.code]) for kind in fleet if by_type[kind.code]
        ),
        assistants=sum(count_crew(costed, number) for number in range(len(plan.routes))),
        live_miles=lines.get("LIVE", Decimal(0)),
        dead_miles=lines.get("DEAD", Decimal(0)),
        co2e_kg=_sum_co2e(costed, dataset),
        ride_mean_min=sum(minutes) / len(minutes) if minutes else 0.0,
        ride_p95_min=_quantile(minutes, 0.95),
        ride_max_min=minutes[-1] if minutes else 0.0,
        over_45=sum(value > 45 for value in worst.values()),
        over_75=sum(value > 75 for value in worst.values()),
        unassigned=len(out),
        unassigned_pence=sum(
            line.amount_pence for line in costed.lines if line.code == "UNASSIGNED"
        ),
        occupancy=_measure_occupancy(costed),
        caps_from_direct=len(capped),
        violations=len(plan.violations),
        day_objective_gbp=objective,
        lower_bound_gbp=bound,
        gap_at_most=gap,
        changes=plan.changes,
    )


def _measure_gap(plan: Plan) -> tuple[float | None, float | None, float | None]:
    """Measure objective, lower bound and gap of both sessions together, where they are known.

    Today's contract has none of them: it is priced by its routes, and breaks rules.
    """
    if plan.is_as_is:
        return None, None, None
    objective = plan.am.objective + plan.pm.objective
    if plan.am.bound is None or plan.pm.bound is None:
        return objective, None, None
    bound = plan.am.bound.value + plan.pm.bound.value
    return objective, bound, measure_gap(objective, bound)


def measure_gap(objective: float, bound: float) -> float:
    """Measure the share of an objective that lies above its lower bound, 0 where it is nothing."""
    return (objective - bound) / objective if objective else 0.0


def _name_types(dataset: Dataset) -> Mapping[str, str]:
    """What people call each vehicle type, by code; types of one name are told apart by code."""
    named = Counter(kind.name for kind in dataset.vehicle_types if kind.name)
    return {
        kind.code: f"{kind.name} ({kind.code})" if named[kind.name] > 1 else kind.name or kind.code
        for kind in dataset.vehicle_types
    }


def count_crew(costed: CostedPlan, number: int) -> int:
    """Count the assistants that a route needs at once, at the most."""
    plan = costed.plan
    route = plan.routes[number]
    crews = [0]
    for session in SESSIONS:
        runs = plan.get_session(session)[1].runs
        crews += [d.assistants for n in route.list_runs(session) for d in runs[n].days]
    return max(crews)


def _list_week_rides(costed: CostedPlan) -> list[tuple[str, int]]:
    rides = []
    for session in SESSIONS:
        instance, plan = costed.plan.get_session(session)
        for run in plan.runs:
            for day in run.days:
                riders = list_day_riders(instance, run, day.weekday)
                for rider, seconds in list_rides(instance, run, day, riders).items():
                    rides.append((instance.riders[rider].reference, seconds))
    return rides


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not pass."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _sum_lines(costed: CostedPlan) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in costed.lines:
        sums[line.code] = sums.get(line.code, Decimal(0)) + line.quantity
    return sums


def _sum_co2e(costed: CostedPlan, dataset: Dataset) -> Decimal:
    factor = {kind.code: Decimal(str(kind.co2e_g_per_km)) for kind in dataset.vehicle_types}
    plan = costed.plan
    code = {r.reference: plan.am_instance.fleet[r.vehicle_type].code for r in plan.routes}
    grams = sum(
        (
            line.quantity * _KM_A_MILE * factor[code[line.route]]
            for line in costed.lines
            if line.code in ("LIVE", "DEAD")
        ),
        Decimal(0),
    )
    return (grams / 1000).quantize(Decimal(1), ROUND_HALF_UP)


def _measure_occupancy(costed: CostedPlan) -> float:
    shares = []
    for session in SESSIONS:
        instance, plan = costed.plan.get_session(session)
        for run in plan.runs:
            layout = instance.fleet[run.vehicle_type].layouts[run.layout]
            fullest = max((_count_aboard(instance, run, d.weekday) for d in run.days), default=0)
            shares.append(fullest / max(layout.seats + layout.bays, 1))
    return sum(shares) / len(shares) if shares else 0.0


def _count_aboard(instance: Instance, run: Run, weekday: int) -> int:
    """The places taken at the fullest moment of a weekday, assistants aside."""
    present = list_day_riders(instance, run, weekday)
    fullest = aboard = 0
    for visit in run.visits:
        boards = (visit.school is None) == (instance.session == "AM")
        riders = [instance.riders[r] for r in visit.riders if r in present]
        size = sum(rider.seats + rider.bays for rider in riders)
        aboard += size if boards else -size
        fullest = max(fullest, aboard)
    return fullest


def _divide(pence: int, pupils: int) -> int:
    if not pupils:
        return 0
    return int((Decimal(pence) / pupils).quantize(Decimal(1), ROUND_HALF_UP))
