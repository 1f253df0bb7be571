"""A plan's routes as tender lots, three ways; each way adds up to the plan to the penny."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from scenarios.comparison import count_crew
from solver.domain import SESSIONS, CostedPlan, Dataset, Lot, Lotting, Route

WAYS: Final = ("route by route", "by school", "by area")


def build_lottings(costed: CostedPlan, dataset: Dataset) -> tuple[Lotting, ...]:
    """Cut a plan into lots route by route, by school and by area.

    A lot asks for one licence class, so that no lot asks a private-hire firm for a minibus: a
    school or an area is cut once more where its routes need different ones. A route belongs to
    the school, or the ward, of most of its pupils. What unassigned pupils cost is outside all lots.
    """
    cutter = _Cutter(costed, dataset)
    return (
        cutter.cut("route by route", "A", lambda route: f"Route {route.reference}"),
        cutter.cut("by school", "S", cutter.name_school),
        cutter.cut("by area", "W", cutter.name_area),
    )


class _Cutter:
    def __init__(self, costed: CostedPlan, dataset: Dataset) -> None:
        self.costed, self.plan = costed, costed.plan
        self.types = {kind.code: kind for kind in dataset.vehicle_types}
        self.pupils = {pupil.reference: pupil for pupil in dataset.pupils}
        named = Counter(school.name for school in dataset.schools)
        self.schools = {
            school.urn: f"{school.name} (URN {school.urn})"
            if named[school.name] > 1
            else school.name
            for school in dataset.schools
        }
        self.pence: dict[str, int] = defaultdict(int)
        self.miles: dict[str, Decimal] = defaultdict(Decimal)
        for line in costed.lines:
            self.pence[line.route] += line.amount_pence
            if line.code in ("LIVE", "DEAD"):
                self.miles[line.route] += line.quantity
        self.crew = {r.reference: count_crew(costed, i) for i, r in enumerate(self.plan.routes)}

    def cut(self, way: str, prefix: str, name: Callable[[Route], str]) -> Lotting:
        groups: dict[tuple[str, str], list[Route]] = defaultdict(list)
        for route in self.plan.routes:
            groups[name(route), self.types[self._code(route)].licence_class].append(route)
        lots = tuple(
            self._build(f"{prefix}{number:03d}", title, licence, routes)
            for number, ((title, licence), routes) in enumerate(sorted(groups.items()), start=1)
        )
        return Lotting(way=way, lots=lots, outside_pence=self.pence[""])

    def name_school(self, route: Route) -> str:
        counts = Counter(self.pupils[r].school_urn for r in self._references(route))
        urn = min(counts, key=lambda u: (-counts[u], u))
        return self.schools[urn]

    def name_area(self, route: Route) -> str:
        counts = Counter(self.pupils[r].ward for r in self._references(route))
        ward = min(counts, key=lambda ward: (-counts[ward], ward))
        return f"Ward {ward}" if ward else "Ward not stated"

    def _code(self, route: Route) -> str:
        return self.plan.am_instance.fleet[route.vehicle_type].code

    def _references(self, route: Route) -> list[str]:
        return sorted(
            {
                instance.riders[r].reference
                for session in SESSIONS
                for instance, plan in (self.plan.get_session(session),)
                for number in route.list_runs(session)
                for r in plan.runs[number].riders
            }
        )

    def _build(self, reference: str, title: str, licence: str, routes: Sequence[Route]) -> Lot:
        spaces = [self._measure_space(route) for route in routes]
        return Lot(
            reference=reference,
            title=title,
            routes=tuple(route.reference for route in routes),
            licence_class=licence,
            vehicle_types=tuple(sorted({self._code(route) for route in routes})),
            seats=sum(seats for seats, _ in spaces),
            bays=sum(bays for _, bays in spaces),
            assistants=sum(self.crew[route.reference] for route in routes),
            year_miles=sum((self.miles[route.reference] for route in routes), Decimal(0)),
            year_pence=sum(self.pence[route.reference] for route in routes),
        )

    def _measure_space(self, route: Route) -> tuple[int, int]:
        """Seats and wheelchair bays that a route's vehicle must offer, in whichever layout."""
        layouts = [
            instance.fleet[route.vehicle_type].layouts[plan.runs[number].layout]
            for session in SESSIONS
            for instance, plan in (self.plan.get_session(session),)
            for number in route.list_runs(session)
        ]
        return max(x.seats for x in layouts), max(x.bays for x in layouts)
