"""What the solver answers with: runs, routes, violations and cost lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from solver.domain.geography import Session
from solver.domain.instance import Instance, Visit
from solver.domain.policy import Grade


@dataclass(frozen=True, slots=True)
class RunDay:
    """A run's timetable on one weekday, one entry a visit; -1 where a visit is skipped that day.

    `arrive_s` is the wheels at rest, `start_s` the start of boarding or set-down (after any wait),
    `depart_s` its end. `assistants` is the crew of passenger assistants that day.
    """

    weekday: int
    assistants: int
    arrive_s: tuple[int, ...]
    start_s: tuple[int, ...]
    depart_s: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One vehicle's one-way journey in one session: sequence, layout and times by weekday.

    `vehicle_type` and `layout` are indices into the instance's fleet and that type's layouts.
    """

    vehicle_type: int
    layout: int
    visits: tuple[Visit, ...]
    days: tuple[RunDay, ...] = ()
    is_order_planned: bool = False
    """The council's file did not give the order, so we planned one (as-is routes only)."""

    @property
    def riders(self) -> tuple[int, ...]:
        """Everyone aboard at some time, in order of the sequence."""
        return tuple(dict.fromkeys(r for visit in self.visits for r in visit.riders))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pupil is not carried, or what a plan breaks: a rule's label and a sentence."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A rider whom no run carries, every reason, and the price of a vehicle of their own.

    `is_type_able` is False where no type could carry them even alone, so that the dearest type's
    price stands in.
    """

    rider: int
    reasons: tuple[Reason, ...]
    vehicle_type: int
    is_type_able: bool
    session_price: float


BY_RIDER = -1
"""As assistants of riders' own in a hint: a crew of any size, each paid for by its rider."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Riders whom a node is best to remember when runs of a type and crew are grown: a hint.

    `crew` are the assistants for shared riders and those of riders' own, or :data:`BY_RIDER`; nodes
    are riders, then school calls. No bound depends on it, only how soon it is proven.
    """

    vehicle_type: int
    crew: tuple[int, int]
    node: int
    riders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeatPrice:
    """What a seat of a vehicle type with a crew is best to cost before the first call: a hint, GBP.

    No bound depends on it, only how soon it is proven.
    """

    vehicle_type: int
    crew: tuple[int, int]
    price: float


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound of a session's objective, GBP a day, and the duals that prove it.

    `duals` are per rider; `kind_duals` per vehicle type, at most 0: what one vehicle more of a type
    whose number is limited would save. `memory` and `seats` are hints for who proves it again.
    `relaxed` is what the linear programme over runs says, GBP a day, and `prices` what each rider
    adds to that; neither is proven.
    """

    value: float
    duals: tuple[float, ...]
    seconds: float
    kind_duals: tuple[float, ...] = ()
    memory: tuple[Remembered, ...] = ()
    seats: tuple[SeatPrice, ...] = ()
    relaxed: float = 0.0
    prices: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """The runs of one session. `cost` and `penalty` add up to `objective`, GBP per full day."""

    session: Session
    runs: tuple[Run, ...]
    unassigned: tuple[Unassigned, ...]
    cost: float
    penalty: float
    seed: int = 0
    iterations: int = 0
    seconds: float = 0.0
    bound: Bound | None = None

    @property
    def objective(self) -> float:
        """Cost of the runs and of unassigned riders plus the soft penalties."""
        return self.cost + self.penalty


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken by a plan: rule label, where, what was found. Names no pupil's needs."""

    rule: str
    session: str
    run: int | None
    text: str
    riders: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.session} run {self.run + 1}" if self.run is not None else self.session
        return f"{self.rule}: {place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Block:
    """Successive runs of one vehicle in one session, as indices into the session's runs."""

    session: Session
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """What a council tenders and pays by the day: an AM and a PM block with one vehicle."""

    reference: str
    vehicle_type: int
    am: Block | None
    pm: Block | None
    operator: str = ""
    contract_daily_price: Decimal | None = None

    def list_runs(self, session: Session) -> tuple[int, ...]:
        """List the runs that the route makes in a session, in order; empty where it makes none."""
        block = self.am if session == "AM" else self.pm
        return block.runs if block else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Both sessions joined to routes. Ours are stored only when `violations` is empty."""

    name: str
    am_instance: Instance
    pm_instance: Instance
    am: SessionPlan
    pm: SessionPlan
    routes: tuple[Route, ...]
    violations: tuple[Violation, ...] = ()
    is_as_is: bool = False
    changes: tuple[str, ...] = ()
    """What differs from the data and the policy as they are, in words."""

    def get_session(self, session: Session) -> tuple[Instance, SessionPlan]:
        """Return the instance and the plan of one session."""
        if session == "AM":
            return self.am_instance, self.am
        return self.pm_instance, self.pm


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of the yearly cost: amount = quantity x rate, rounded once, half up, to a penny.

    `route` is the route's reference, or empty on the lines of unassigned pupils.
    """

    route: str
    code: str
    text: str
    quantity: Decimal
    unit: str
    rate: Decimal
    amount_pence: int
    grade: Grade
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """What a route costs on an ordinary weekday, GBP unrounded; never added up into a year."""

    route: str
    weekday: int
    code: str
    quantity: Decimal
    unit: str
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostedPlan:
    """A plan with its cost for a year over the real calendar, line by line."""

    plan: Plan
    lines: tuple[CostLine, ...]
    days: tuple[DayCost, ...]
    operating_days: int
    pricing: str
    """`rate card` or `contract prices`."""

    @property
    def year_pence(self) -> int:
        """The year's total: the sum of its lines."""
        return sum(line.amount_pence for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One or more routes offered for bids together, with what a bidder must provide."""

    reference: str
    title: str
    routes: tuple[str, ...]
    licence_class: str
    vehicle_types: tuple[str, ...]
    seats: int
    bays: int
    assistants: int
    year_miles: Decimal
    year_pence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lotting:
    """One way to cut a plan into lots; `outside_pence` is what no lot holds (unassigned pupils)."""

    way: str
    lots: tuple[Lot, ...]
    outside_pence: int

    @property
    def year_pence(self) -> int:
        """The lots and what is outside them: equal to the plan's total to the penny."""
        return sum(lot.year_pence for lot in self.lots) + self.outside_pence
