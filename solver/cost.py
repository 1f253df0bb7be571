"""What a plan costs: on an ordinary weekday, and in a year line by line.

Driver and assistants are paid from the first start to the last end of each run, legs from and to a
known base included, and between the runs of a block, but not between AM and PM. The day charge
is paid once a vehicle and day. :mod:`solver.checker` repeats every figure by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from solver.domain import (
    SESSIONS,
    CostedPlan,
    CostLine,
    DayCost,
    Grade,
    Instance,
    Plan,
    RateCard,
    Route,
    Run,
    RunDay,
    Session,
    TravelMatrix,
    Unassigned,
    is_on,
)
from solver.hopeless import measure_direct
from solver.measure import list_day_riders, measure_run
from solver.schedule import count_day_assistants, time_day

METRES_A_MILE = Decimal("1609.344")
_FOUR_PLACES = Decimal("0.0001")


@dataclass(slots=True)
class Quantities:
    """What a route uses on one day, or on many: whole metres and seconds, never rounded."""

    full_days: int = 0
    half_days: int = 0
    live_m: int = 0
    dead_m: int = 0
    driver_s: int = 0
    assistant_s: int = 0
    assistant_sessions: int = 0
    topped_up: Decimal = field(default_factory=Decimal)

    def add(self, other: Quantities, times: int = 1) -> None:
        """Add `times` days like `other`."""
        self.full_days += times * other.full_days
        self.half_days += times * other.half_days
        self.live_m += times * other.live_m
        self.dead_m += times * other.dead_m
        self.driver_s += times * other.driver_s
        self.assistant_s += times * other.assistant_s
        self.assistant_sessions += times * other.assistant_sessions
        self.topped_up += times * other.topped_up


class YearCost:
    """Costs routes over the real calendar; keeps what it measured, so that days alike cost once."""

    def __init__(
        self,
        plan: Plan,
        matrices: Mapping[Session, TravelMatrix],
        rate_card: RateCard,
        open_days: Sequence[date],
        closed_days: Mapping[str, frozenset[date]],
    ) -> None:
        """Prepare to cost a plan.

        Parameters
        ----------
        matrices
            By session: AM and PM differ by traffic.
        open_days
            The dates on which schools open.
        closed_days
            By school URN, the dates on which that school alone is closed.
        """
        self.plan, self.matrices, self.rate_card = plan, matrices, rate_card
        self.open_days = [day for day in open_days if day.weekday() < 5]
        self.closed_days = closed_days
        self._timed: dict[tuple[Session, int, frozenset[int]], RunDay | None] = {}

    def build(self) -> CostedPlan:
        """Cost the plan at the rate card."""
        lines: list[CostLine] = []
        days: list[DayCost] = []
        for route in self.plan.routes:
            lines += self._route_lines(route, self.measure_year(route))
            for weekday in range(5):
                days += self._weekday_lines(route, weekday)
        lines += self._unassigned_lines()
        return CostedPlan(
            plan=self.plan,
            lines=tuple(lines),
            days=tuple(days),
            operating_days=len(self.open_days),
            pricing="rate card",
        )

    def build_at_contract_prices(self) -> CostedPlan:
        """Cost an as-is plan at the daily prices that are paid: price x days on which it runs."""
        lines = []
        for route in self.plan.routes:
            used = self.measure_year(route)
            days = Decimal(used.full_days + used.half_days)
            register: tuple[Grade, str] = ("sourced", "the council's contract register")
            rate = route.contract_daily_price or Decimal(0)
            what = f"contract with {route.operator}"
            lines.append(_line(route.reference, "CONTRACT", what, days, "day", rate, *register))
            for code, what, metres in (
                ("LIVE", "miles with pupils aboard, in the daily price", used.live_m),
                ("DEAD", "miles without pupils, in the daily price", used.dead_m),
            ):
                miles = to_miles(metres)
                lines.append(
                    _line(route.reference, code, what, miles, "mile", Decimal(0), *register)
                )
        lines += self._unassigned_lines()
        return CostedPlan(
            plan=self.plan,
            lines=tuple(lines),
            days=(),
            operating_days=len(self.open_days),
            pricing="contract prices",
        )

    # --- quantities -----------------------------------------------------------------------------

    def measure_year(self, route: Route) -> Quantities:
        """Add up what a route uses on every date of the calendar."""
        total = Quantities()
        patterns: dict[tuple[frozenset[int], frozenset[int]], int] = defaultdict(int)
        for day in self.open_days:
            am, pm = (self._attending(route, session, day) for session in SESSIONS)
            patterns[am, pm] += 1
        for (am, pm), times in patterns.items():
            total.add(self.measure_day(route, {"AM": am, "PM": pm}), times)
        return total

    def measure_day(self, route: Route, attending: Mapping[Session, frozenset[int]]) -> Quantities:
        """Measure a route on a day on which the given riders travel."""
        used = Quantities()
        sessions = 0
        for session in SESSIONS:
            sessions += self._add_runs(used, session, route.list_runs(session), attending[session])
        used.full_days = int(sessions == 2)
        used.half_days = int(sessions == 1)
        used.topped_up = self._top_up(route, used)
        return used

    def _attending(self, route: Route, session: Session, day: date) -> frozenset[int]:
        instance, plan = self.plan.get_session(session)
        return frozenset(
            r
            for number in route.list_runs(session)
            for r in plan.runs[number].riders
            if is_on(instance.riders[r].weekdays, day.weekday())
            and day not in self._closed(instance.schools[instance.riders[r].school].urn)
        )

    def _closed(self, urn: str) -> frozenset[date]:
        return self.closed_days.get(urn, frozenset())

    def _time(self, session: Session, number: int, riders: frozenset[int]) -> RunDay | None:
        key = (session, number, riders)
        if key not in self._timed:
            instance, plan = self.plan.get_session(session)
            run = plan.runs[number]
            day = time_day(
                instance,
                self.matrices[session],
                run.visits,
                sorted(riders),
                -1,
                is_forced=True,
            )
            if day is not None and self.plan.is_as_is:
                # a contract's crew is what the register states, not what the rules ask for
                day = replace(day, assistants=max(d.assistants for d in run.days))
            self._timed[key] = day
        return self._timed[key]

    def _add_runs(
        self,
        used: Quantities,
        session: Session,
        numbers: Sequence[int],
        attending: frozenset[int],
    ) -> bool:
        """Add a block of runs to what is used; whether any of them is made."""
        instance, plan = self.plan.get_session(session)
        matrix = self.matrices[session]
        crew_most = 0
        before: tuple[RunDay, int, int] | None = None
        for number in numbers:
            run = plan.runs[number]
            riders = attending.intersection(run.riders)
            day = self._time(session, number, riders)
            if day is None:
                continue
            live, dead, seconds = measure_run(instance, matrix, run, day, riders)
            used.live_m += live
            used.dead_m += dead
            used.driver_s += seconds
            used.assistant_s += day.assistants * seconds
            crew_most = max(crew_most, day.assistants)
            active = [i for i, end in enumerate(day.depart_s) if end >= 0]
            first, last = run.visits[active[0]].stop, run.visits[active[-1]].stop
            if before is not None:
                previous, stop, crew = before
                self._add_link(used, instance, run, (previous, day), (stop, first), crew)
            before = (day, last, day.assistants)
        used.assistant_sessions += crew_most
        return before is not None

    def _add_link(
        self,
        used: Quantities,
        instance: Instance,
        run: Run,
        days: tuple[RunDay, RunDay],
        stops: tuple[int, int],
        crew_before: int,
    ) -> None:
        """Between two runs of a block: the leg, the gap in hours, and no return to the base."""
        matrix = self.matrices[instance.session]
        gap = min(t for t in days[1].start_s if t >= 0) - max(days[0].depart_s)
        used.dead_m += int(matrix.dist_m[stops])
        base = instance.fleet[run.vehicle_type].base
        spared = 0
        if base is not None:
            used.dead_m -= int(matrix.dist_m[stops[0], base]) + int(matrix.dist_m[base, stops[1]])
            spared = int(matrix.time_s[stops[0], base]) + int(matrix.time_s[base, stops[1]])
        used.driver_s += gap - spared
        used.assistant_s += min(crew_before, days[1].assistants) * (gap - spared)

    def _top_up(self, route: Route, used: Quantities) -> Decimal:
        rates = self.rate_card.get_rates(self._code(route))
        if not rates.minimum_charge or not (used.full_days or used.half_days):
            return Decimal(0)
        vehicle = (
            used.full_days * rates.day_charge
            + used.half_days * rates.half_day_charge
            + to_miles(used.live_m) * rates.per_live_mile
            + to_miles(used.dead_m) * rates.per_dead_mile
            + to_hours(used.driver_s) * rates.per_driver_hour
        )
        return max(Decimal(0), rates.minimum_charge - vehicle)

    # --- lines ----------------------------------------------------------------------------------

    def _code(self, route: Route) -> str:
        return self.plan.am_instance.fleet[route.vehicle_type].code

    def _items(
        self, route: Route, used: Quantities
    ) -> list[tuple[str, str, Decimal, str, Decimal, Grade, str]]:
        rates = self.rate_card.get_rates(self._code(route))
        card = self.rate_card
        of_type = (rates.grade, rates.source)
        of_pa = (card.pa_grade, card.pa_source)
        rows: list[tuple[str, str, Decimal, str, Decimal, Grade, str]] = [
            (
                "DAY",
                "vehicle, AM and PM",
                Decimal(used.full_days),
                "day",
                rates.day_charge,
                *of_type,
            ),
            (
                "HALF",
                "vehicle, one session",
                Decimal(used.half_days),
                "half day",
                rates.half_day_charge,
                *of_type,
            ),
            (
                "LIVE",
                "miles with pupils aboard",
                to_miles(used.live_m),
                "mile",
                rates.per_live_mile,
                *of_type,
            ),
            (
                "DEAD",
                "miles without pupils",
                to_miles(used.dead_m),
                "mile",
                rates.per_dead_mile,
                *of_type,
            ),
            ("DRIVER", "driver", to_hours(used.driver_s), "hour", rates.per_driver_hour, *of_type),
            (
                "PA",
                "passenger assistants",
                to_hours(used.assistant_s),
                "hour",
                card.pa_per_hour,
                *of_pa,
            ),
            (
                "PA FIXED",
                "passenger assistants, each session",
                Decimal(used.assistant_sessions),
                "session",
                card.pa_fixed,
                *of_pa,
            ),
            (
                "MINIMUM",
                "top-up to the minimum charge",
                Decimal(1 if used.topped_up else 0),
                "year",
                used.topped_up.quantize(_FOUR_PLACES, ROUND_HALF_UP),
                *of_type,
            ),
        ]
        return [row for row in rows if row[2]]

    def _route_lines(self, route: Route, used: Quantities) -> list[CostLine]:
        return [
            _line(route.reference, code, text, quantity, unit, rate, grade, source)
            for code, text, quantity, unit, rate, grade, source in self._items(route, used)
        ]

    def _weekday_lines(self, route: Route, weekday: int) -> list[DayCost]:
        attending: dict[Session, frozenset[int]] = {}
        for session in SESSIONS:
            instance, plan = self.plan.get_session(session)
            attending[session] = frozenset(
                r
                for number in route.list_runs(session)
                for r in list_day_riders(instance, plan.runs[number], weekday)
            )
        used = self.measure_day(route, attending)
        return [
            DayCost(
                route=route.reference,
                weekday=weekday,
                code=code,
                quantity=quantity,
                unit=unit,
                rate=rate,
                amount=quantity * rate,
            )
            for code, _, quantity, unit, rate, _, _ in self._items(route, used)
        ]

    def _unassigned_lines(self) -> list[CostLine]:
        """One line for each pupil and way in which their dates go: both sessions, or one."""
        lines = []
        for reference, items in self._list_unassigned().items():
            ways: dict[tuple[tuple[Session, Unassigned], ...], int] = defaultdict(int)
            for day in self.open_days:
                way = tuple((s, item) for s, item in items if self._travels_on(s, item, day))
                if way:
                    ways[way] += 1
            for way, days in ways.items():
                codes = dict.fromkeys(self._code_of(s, item) for s, item in way)
                note = ""
                if not all(item.is_type_able for _, item in way):
                    note = "; no type could carry them, the dearest stands in"
                sessions = " and ".join(s for s, _ in way)
                rates = self.rate_card.get_rates(next(iter(codes)))
                lines.append(
                    _line(
                        "",
                        "UNASSIGNED",
                        f"pupil {reference}, {sessions}: a vehicle of their own "
                        f"({', '.join(codes)}), direct{note}",
                        Decimal(days),
                        "day",
                        self._own_vehicle(way),
                        rates.grade,
                        rates.source,
                    )
                )
        return lines

    def _list_unassigned(self) -> dict[str, list[tuple[Session, Unassigned]]]:
        found: dict[str, list[tuple[Session, Unassigned]]] = defaultdict(list)
        for session in SESSIONS:
            instance, plan = self.plan.get_session(session)
            for item in plan.unassigned:
                found[instance.riders[item.rider].reference].append((session, item))
        return found

    def _travels_on(self, session: Session, item: Unassigned, day: date) -> bool:
        instance, _ = self.plan.get_session(session)
        rider = instance.riders[item.rider]
        closed = self._closed(instance.schools[rider.school].urn)
        return is_on(rider.weekdays, day.weekday()) and day not in closed

    def _code_of(self, session: Session, item: Unassigned) -> str:
        return self.plan.get_session(session)[0].fleet[item.vehicle_type].code

    def _own_vehicle(self, way: Sequence[tuple[Session, Unassigned]]) -> Decimal:
        """Price a day of a vehicle of a pupil's own, GBP to four places, as a route would pay."""
        total = Decimal(0)
        for code in {self._code_of(session, item) for session, item in way}:
            mine = [(s, item) for s, item in way if self._code_of(s, item) == code]
            rates = self.rate_card.get_rates(code)
            vehicle = rates.day_charge if len(mine) == 2 else rates.half_day_charge
            for session, item in mine:
                instance, _ = self.plan.get_session(session)
                seconds, metres = measure_direct(instance, self.matrices[session], item.rider)
                crew = count_day_assistants(instance, [item.rider])
                hours = to_hours(seconds)
                vehicle += to_miles(metres) * rates.per_live_mile + hours * rates.per_driver_hour
                total += crew * (hours * self.rate_card.pa_per_hour + self.rate_card.pa_fixed)
            total += max(vehicle, rates.minimum_charge)
        return total.quantize(_FOUR_PLACES, ROUND_HALF_UP)


def to_miles(metres: int) -> Decimal:
    """Metres as miles to four places."""
    return (Decimal(metres) / METRES_A_MILE).quantize(_FOUR_PLACES, ROUND_HALF_UP)


def to_hours(seconds: int) -> Decimal:
    """Seconds as hours to four places."""
    return (Decimal(seconds) / 3600).quantize(_FOUR_PLACES, ROUND_HALF_UP)


def to_pence(quantity: Decimal, rate: Decimal) -> int:
    """Quantity x rate in pence, rounded once, half up."""
    return int((quantity * rate * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _line(
    route: str,
    code: str,
    text: str,
    quantity: Decimal,
    unit: str,
    rate: Decimal,
    grade: Grade,
    source: str,
) -> CostLine:
    return CostLine(
        route=route,
        code=code,
        text=text,
        quantity=quantity,
        unit=unit,
        rate=rate,
        amount_pence=to_pence(quantity, rate),
        grade=grade,
        source=source,
    )
