"""The independent check of a plan's yearly cost: every line again, by its own arithmetic.

It goes through the calendar
date by date, re-times each run for those who travel, and compares every line to the penny.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from solver.checker.timing import SessionTimer
from solver.domain import (
    SESSIONS,
    CostedPlan,
    Instance,
    RateCard,
    Route,
    Run,
    Session,
    TravelMatrix,
    Unassigned,
    Violation,
)

_MILE_M = Decimal("1609.344")
_PLACES = Decimal("0.0001")


def check_costs(
    costed: CostedPlan,
    matrices: Mapping[Session, TravelMatrix],
    rate_card: RateCard,
    open_days: Sequence[date],
    closed_days: Mapping[str, frozenset[date]],
) -> tuple[Violation, ...]:
    """Check every line of a plan of ours, costed at the rate card.

    Returns
    -------
    tuple of Violation
        One for each line that is missing, made up or off by a penny or more; rule `COST`.
    """
    checker = _CostChecker(costed, matrices, rate_card, open_days, closed_days)
    due = checker.list_due()
    stated: dict[tuple[str, str], int] = defaultdict(int)
    for line in costed.lines:
        key = (line.route, line.text if line.code == "UNASSIGNED" else line.code)
        stated[key] += line.amount_pence
        exact = (line.quantity * line.rate * 100).quantize(Decimal(1), ROUND_HALF_UP)
        if int(exact) != line.amount_pence:
            return (_wrong(f"{line.route} {line.code}: quantity x rate is not the amount"),)
    found = []
    for key in sorted(due.keys() | stated.keys()):
        if due.get(key, 0) != stated.get(key, 0):
            found.append(
                _wrong(
                    f"{key[0] or 'unassigned'} {key[1]}: states {stated.get(key, 0)} pence, "
                    f"{due.get(key, 0)} are due"
                )
            )
    return tuple(found)


def _wrong(text: str) -> Violation:
    return Violation("COST", "year", None, text)


class _CostChecker:
    def __init__(
        self,
        costed: CostedPlan,
        matrices: Mapping[Session, TravelMatrix],
        rate_card: RateCard,
        open_days: Sequence[date],
        closed_days: Mapping[str, frozenset[date]],
    ) -> None:
        self.plan, self.card = costed.plan, rate_card
        self.matrices, self.closed_days = matrices, closed_days
        self.dates = [day for day in open_days if day.weekday() < 5]
        self.timers = {s: SessionTimer(self.plan.get_session(s)[0], matrices[s]) for s in SESSIONS}
        self.seen: dict[tuple[Session, int, frozenset[int]], tuple[int, int, int, int, int]] = {}

    def list_due(self) -> dict[tuple[str, str], int]:
        due: dict[tuple[str, str], int] = {}
        for route in self.plan.routes:
            for code, pence in self._price_route(route).items():
                if pence:
                    due[route.reference, code] = pence
        due.update(self._price_unassigned())
        return due

    def _travels(self, instance: Instance, rider: int, day: date) -> bool:
        who = instance.riders[rider]
        urn = instance.schools[who.school].urn
        attends = who.weekdays // 2 ** day.weekday() % 2 == 1
        return attends and day not in self.closed_days.get(urn, frozenset())

    def _price_route(self, route: Route) -> dict[str, int]:
        rates = self.card.get_rates(self.plan.am_instance.fleet[route.vehicle_type].code)
        used: dict[str, int] = defaultdict(int)
        top_up = Decimal(0)
        memory: dict[tuple[frozenset[int], frozenset[int]], dict[str, int]] = {}
        for day in self.dates:
            going = {}
            for session in SESSIONS:
                instance, plan = self.plan.get_session(session)
                going[session] = frozenset(
                    r
                    for number in route.list_runs(session)
                    for r in plan.runs[number].riders
                    if self._travels(instance, r, day)
                )
            key = (going["AM"], going["PM"])
            if key not in memory:
                memory[key] = self._use_of_day(route, going)
            today = memory[key]
            for name, amount in today.items():
                used[name] += amount
            if today["DAY"] or today["HALF"]:
                top_up += self._top_up(route, today)
        rate_of = {
            "DAY": rates.day_charge,
            "HALF": rates.half_day_charge,
            "LIVE": rates.per_live_mile,
            "DEAD": rates.per_dead_mile,
            "DRIVER": rates.per_driver_hour,
            "PA": self.card.pa_per_hour,
            "PA FIXED": self.card.pa_fixed,
        }
        due = {code: _pence(_quantity(code, used[code]) * rate) for code, rate in rate_of.items()}
        due["MINIMUM"] = _pence(top_up.quantize(_PLACES, ROUND_HALF_UP))
        return due

    def _top_up(self, route: Route, used: Mapping[str, int]) -> Decimal:
        rates = self.card.get_rates(self.plan.am_instance.fleet[route.vehicle_type].code)
        vehicle = (
            used["DAY"] * rates.day_charge
            + used["HALF"] * rates.half_day_charge
            + _quantity("LIVE", used["LIVE"]) * rates.per_live_mile
            + _quantity("DEAD", used["DEAD"]) * rates.per_dead_mile
            + _quantity("DRIVER", used["DRIVER"]) * rates.per_driver_hour
        )
        lacking = rates.minimum_charge - vehicle
        if not rates.minimum_charge or lacking <= 0:
            return Decimal(0)
        return lacking

    def _use_of_day(self, route: Route, going: Mapping[Session, Collection[int]]) -> dict[str, int]:
        use: dict[str, int] = dict.fromkeys(
            ("DAY", "HALF", "LIVE", "DEAD", "DRIVER", "PA", "PA FIXED"), 0
        )
        worked = 0
        for session in SESSIONS:
            instance, plan = self.plan.get_session(session)
            matrix = self.matrices[session]
            past: tuple[int, int, int] | None = None
            crews = [0]
            for number in route.list_runs(session):
                run = plan.runs[number]
                riders = frozenset(going[session]).intersection(run.riders)
                if not riders:
                    continue
                start, end, live, dead, crew = self._use_of_run(session, number, run, riders)
                use["LIVE"] += live
                use["DEAD"] += dead
                stops = [v.stop for v in run.visits if riders.intersection(v.riders)]
                base = instance.fleet[run.vehicle_type].base
                way_out = way_back = out_m = back_m = 0
                if base is not None:
                    way_out = int(matrix.time_s[base, stops[0]])
                    way_back = int(matrix.time_s[stops[-1], base])
                    out_m = int(matrix.dist_m[base, stops[0]])
                    back_m = int(matrix.dist_m[stops[-1], base])
                paid = end - start + way_back
                if past is None:
                    paid += way_out
                    use["DEAD"] += out_m + back_m
                    use["PA"] += crew * (end - start + way_out + way_back)
                else:
                    last_stop, last_end, last_crew = past
                    home_s = 0 if base is None else int(matrix.time_s[last_stop, base])
                    home_m = 0 if base is None else int(matrix.dist_m[last_stop, base])
                    paid += start - last_end - home_s
                    use["DEAD"] += int(matrix.dist_m[last_stop, stops[0]]) - home_m + back_m
                    between = start - last_end - home_s - way_out
                    use["PA"] += min(crew, last_crew) * between
                    use["PA"] += crew * (end - start + way_out + way_back)
                use["DRIVER"] += paid
                crews.append(crew)
                past = (stops[-1], end, crew)
            worked += past is not None
            use["PA FIXED"] += max(crews)
        use["DAY"], use["HALF"] = int(worked == 2), int(worked == 1)
        return use

    def _use_of_run(
        self, session: Session, number: int, run: Run, riders: frozenset[int]
    ) -> tuple[int, int, int, int, int]:
        """Start, end, metres with and without pupils, assistants."""
        key = (session, number, riders)
        if key in self.seen:
            return self.seen[key]
        timer, matrix = self.timers[session], self.matrices[session]
        halts = timer.halts(run, riders)
        try:
            start, end = timer.least_span(halts)
        except ValueError:
            # a school closed alone, and a matrix in which leaving a stop out takes longer
            start, end = timer.least_span(halts, has_caps=False)
        aboard = live = dead = 0
        for before, after in pairwise(halts):
            is_boarding = (before.school is None) == (session == "AM")
            aboard += len(before.present) * (1 if is_boarding else -1)
            metres = int(matrix.dist_m[before.stop, after.stop])
            if aboard:
                live += metres
            else:
                dead += metres
        self.seen[key] = (start, end, live, dead, timer.crew(riders))
        return self.seen[key]

    def _price_unassigned(self) -> dict[tuple[str, str], int]:
        """What vehicles of their own cost, by pupil: gone through date by date."""
        days: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        for day in self.dates:
            going: dict[str, list[tuple[Session, Unassigned]]] = defaultdict(list)
            for session in SESSIONS:
                instance, plan = self.plan.get_session(session)
                for item in plan.unassigned:
                    if self._travels(instance, item.rider, day):
                        going[instance.riders[item.rider].reference].append((session, item))
            for reference, way in going.items():
                text, price = self._price_own_day(reference, way)
                days["", text].append(price)
        return {key: _pence(len(prices) * prices[0]) for key, prices in days.items()}

    def _price_own_day(
        self, reference: str, way: Sequence[tuple[Session, Unassigned]]
    ) -> tuple[str, Decimal]:
        vehicles: dict[str, list[Decimal]] = {}
        assistants = Decimal(0)
        for session, item in way:
            instance, _ = self.plan.get_session(session)
            who = instance.riders[item.rider]
            call = instance.schools[who.school]
            code = instance.fleet[item.vehicle_type].code
            legs = (who.stop, call.stop) if session == "AM" else (call.stop, who.stop)
            metres = int(self.matrices[session].dist_m[legs])
            drive = int(self.matrices[session].time_s[legs])
            if drive >= 10_000_000:
                metres = drive = 0
            seconds = drive + who.dwell_s + call.dwell_s
            seconds += call.wheelchair_extra_s if who.bays else 0
            hours = _quantity("DRIVER", seconds)
            rates = self.card.get_rates(code)
            miles = _quantity("LIVE", metres) * rates.per_live_mile
            vehicles.setdefault(code, []).append(miles + hours * rates.per_driver_hour)
            if who.assistant != "none":
                assistants += hours * self.card.pa_per_hour + self.card.pa_fixed
        total = assistants
        for code, parts in vehicles.items():
            rates = self.card.get_rates(code)
            charge = rates.day_charge if len(parts) > 1 else rates.half_day_charge
            total += max(charge + sum(parts), rates.minimum_charge)
        note = "; no type could carry them, the dearest stands in"
        text = (
            f"pupil {reference}, {' and '.join(s for s, _ in way)}: a vehicle of their own "
            f"({', '.join(vehicles)}), direct{'' if all(i.is_type_able for _, i in way) else note}"
        )
        return text, total.quantize(_PLACES, ROUND_HALF_UP)


def _quantity(code: str, amount: int) -> Decimal:
    if code in ("LIVE", "DEAD"):
        return (Decimal(amount) / _MILE_M).quantize(_PLACES, ROUND_HALF_UP)
    if code in ("DRIVER", "PA"):
        return (Decimal(amount) / 3600).quantize(_PLACES, ROUND_HALF_UP)
    return Decimal(amount)


def _pence(pounds: Decimal) -> int:
    return int((pounds * 100).quantize(Decimal(1), ROUND_HALF_UP))
