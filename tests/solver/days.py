"""Whole days and years for tests: both sessions on the line, a rate card, a calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from solver.blocks import join_runs
from solver.checker import check_costs, check_plan
from solver.cost import YearCost
from solver.domain import (
    CostedPlan,
    Instance,
    Plan,
    Policy,
    RateCard,
    Session,
    SessionPlan,
    TravelMatrix,
    VehicleRates,
    Violation,
)

MONDAY_DATE = date(2026, 9, 7)


def build_rates(code: str = "CAR", **changes: Any) -> VehicleRates:
    """Rates that agree with the builders' types: GBP 20 a day, 13 a half day, 1.609344 a mile."""
    base: dict[str, Any] = {
        "vehicle_type": code,
        "day_charge": Decimal(20),
        "half_day_charge": Decimal(13),
        "per_live_mile": Decimal("1.609344"),
        "per_dead_mile": Decimal("1.609344"),
        "per_driver_hour": Decimal(36),
    }
    return VehicleRates(**(base | changes))


def build_card(*rates: VehicleRates, **changes: Any) -> RateCard:
    """A rate card; assistants GBP 18 an hour and GBP 5 a session."""
    base: dict[str, Any] = {
        "name": "test card",
        "effective_from": MONDAY_DATE,
        "vehicles": rates or (build_rates(),),
        "pa_per_hour": Decimal(18),
        "pa_fixed": Decimal(5),
    }
    return RateCard(**(base | changes))


def list_dates(count: int) -> list[date]:
    """The first `count` weekdays from Monday 7 September 2026."""
    days = (MONDAY_DATE + timedelta(days=i) for i in range(2 * count + 7))
    return [day for day in days if day.weekday() < 5][:count]


class Day:
    """Two sessions with their plans, joined under a policy and a rate card."""

    def __init__(
        self,
        am: tuple[Instance, TravelMatrix, SessionPlan],
        pm: tuple[Instance, TravelMatrix, SessionPlan],
        card: RateCard | None = None,
        **policy: object,
    ) -> None:
        self.card = card or build_card()
        self.policy = Policy().with_changes(policy, source="test")
        self.instances: Mapping[Session, Instance] = {"AM": am[0], "PM": pm[0]}
        self.matrices: Mapping[Session, TravelMatrix] = {"AM": am[1], "PM": pm[1]}
        self.plans: Mapping[Session, SessionPlan] = {"AM": am[2], "PM": pm[2]}

    def join(self) -> Plan:
        """Join the runs to routes."""
        routes = join_runs(self.instances, self.plans, self.matrices, self.policy, self.card)
        return self.build_plan(routes)

    def build_plan(self, routes: Sequence[Any]) -> Plan:
        """Build the plan of given routes."""
        return Plan(
            name="test",
            am_instance=self.instances["AM"],
            pm_instance=self.instances["PM"],
            am=self.plans["AM"],
            pm=self.plans["PM"],
            routes=tuple(routes),
        )

    def check(self, plan: Plan) -> tuple[Violation, ...]:
        """Check both sessions and the routes."""
        return check_plan(plan, self.matrices, self.policy)

    def cost(
        self,
        plan: Plan,
        dates: Sequence[date],
        closed: Mapping[str, frozenset[date]] | None = None,
    ) -> CostedPlan:
        """Cost a plan for the dates."""
        return YearCost(plan, self.matrices, self.card, dates, closed or {}).build()

    def check_costs(
        self,
        costed: CostedPlan,
        dates: Sequence[date],
        closed: Mapping[str, frozenset[date]] | None = None,
    ) -> tuple[Violation, ...]:
        """Recompute every line."""
        return check_costs(costed, self.matrices, self.card, dates, closed or {})

    def price_week(self, plan: Plan) -> float:
        """Unrounded pounds of the routes on one ordinary week, divided by five."""
        costs = self.cost(plan, list_dates(5))
        return float(sum(day.amount for day in costs.days)) / 5
