"""What the interface takes and gives, as JSON. Money is in whole pence, times are UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from solver.domain import Grade

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$"),
]


class Taken(BaseModel):
    """Base of request bodies: what is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Page[T](BaseModel):
    """One page of a list, newest first; `next` is the cursor of the following page."""

    items: list[T]
    next: str | None = None


class Problem(BaseModel):
    """An error as RFC 9457 describes it. `errors` names everything that is wrong, at once."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultOut] = []


class FaultOut(BaseModel):
    """One thing wrong: where (JSON pointer; for files also row and column), what, what to do."""

    pointer: str
    code: str
    text: str
    remedy: str | None = None
    file: str | None = None
    row: int | None = None
    column: str | None = None
    severity: str | None = None


class MeOut(BaseModel):
    """Who the key belongs to, and what it may call."""

    authority_id: UUID
    authority: str
    role: str
    key_prefix: str
    operations: list[str]


class StatusOut(BaseModel):
    """Whether the service lives."""

    status: Literal["ok"]


class ReportOut(BaseModel):
    """The faults found in an upload. Warnings are listed and do not stop it."""

    errors: int
    warnings: int
    faults: list[dict[str, Any]]


class DatasetFileOut(BaseModel):
    """A file that was uploaded: kind, size and SHA-256."""

    kind: str
    size_bytes: int
    sha256: str


class DatasetOut(BaseModel):
    """A version of a data set. No rows about pupils are given here."""

    id: UUID
    name: str
    version: int
    state: Literal["ready", "deleted"]
    content_hash: str
    counts: dict[str, Any]
    rate_card_id: UUID | None
    created_at: datetime
    deleted_at: datetime | None
    files: list[DatasetFileOut]
    report: ReportOut | None = None


class CheckedOut(BaseModel):
    """What `validate_only` answers for files that could be stored."""

    would_store: Literal[True] = True
    counts: dict[str, Any]
    report: ReportOut


class RoadsOut(BaseModel):
    """A roads file."""

    id: UUID
    name: str
    content_hash: str
    size_bytes: int
    created_at: datetime


class SettingIn(Taken):
    """A default of the policy to change, with the reason that will be shown beside it."""

    name: Name
    value: bool | int | float | str | None
    grade: Grade = "assumed"
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class PolicyIn(Taken):
    """A new version of the policy: the national defaults, or the version `based_on`, changed."""

    name: Name
    effective_from: date
    based_on: UUID | None = None
    settings: list[SettingIn] = Field(default=[], max_length=100)


class SettingOut(BaseModel):
    """A setting in force: value, unit, how well it is founded, and on what."""

    name: str
    value: Any
    unit: str
    grade: Grade
    source: str


class PolicyOut(BaseModel):
    """A version of the policy."""

    id: UUID
    version: int
    name: str
    effective_from: date
    content_hash: str
    created_at: datetime
    settings: list[SettingOut]


class VehicleRatesIn(Taken):
    """Prices of one vehicle type in pounds, as decimal text."""

    vehicle_type: Name
    day_charge: Money
    half_day_charge: Money
    per_live_mile: Money
    per_dead_mile: Money
    per_driver_hour: Money
    minimum_charge: Money = "0"
    grade: Grade = "assumed"
    source: Name = "assumed; replace by the council's own contract register"


class RateCardIn(Taken):
    """A new version of the rate card."""

    name: Name
    effective_from: date
    vehicles: list[VehicleRatesIn] = Field(min_length=1, max_length=200)
    pa_per_hour: Money
    pa_fixed: Money
    pa_grade: Grade = "assumed"
    pa_source: Name = "assumed; replace by the council's own contract register"


Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}(\.[0-9]{1,6})?$")]


class RateCardOut(BaseModel):
    """A version of the rate card, prices in pounds as decimal text."""

    id: UUID
    version: int
    name: str
    effective_from: date
    content_hash: str
    created_at: datetime
    content: dict[str, Any]


class ScenarioIn(Taken):
    """A scenario: a data set, versions, and levers in words of the levers' guide.

    Where a version is left out, the one in force is taken and named in the answer.
    """

    name: Name
    dataset_id: UUID
    policy_id: UUID | None = None
    rate_card_id: UUID | None = None
    roads_id: UUID | None = None
    levers: list[dict[str, Any]] = Field(default=[], max_length=50)


class ScenarioOut(BaseModel):
    """A scenario; it never changes."""

    id: UUID
    name: str
    dataset_id: UUID
    policy_id: UUID
    rate_card_id: UUID
    roads_id: UUID
    levers: list[dict[str, Any]]
    content_hash: str
    created_at: datetime


class SolveIn(Taken):
    """A solve of a scenario. `as_is` values today's contract, searches nothing and takes no limits.

    With `bound_seconds` the search is followed by a proof that takes so long at the most: a lower
    bound of the day objective, which no plan under the scenario's rules can go below.
    """

    scenario_id: UUID
    kind: Literal["scenario", "as_is"] = "scenario"
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    iterations: int | None = Field(default=None, ge=1)
    bound_seconds: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Seconds of the lower bound, on top of the search; 0: none",
    )
    seed: int = Field(default=1, ge=0, le=2**31 - 1)


class PlanLink(BaseModel):
    """A plan that a solve made: its year and, of its day objective, lower bound and gap.

    `gap_at_most` = (objective - bound) / objective. Both are `null` where no bound was asked for,
    and all three for today's contract.
    """

    id: UUID
    pricing: str
    year_pence: int
    day_objective_gbp: float | None
    lower_bound_gbp: float | None
    gap_at_most: float | None


class SolveOut(BaseModel):
    """A solve: where it stands, what made it, and its plans once it has ended."""

    id: UUID
    kind: Literal["scenario", "as_is"]
    scenario_id: UUID
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    attempt: int
    seed: int
    seconds: float | None
    iterations: int | None
    bound_seconds: float
    progress: dict[str, Any] | None
    failure: dict[str, Any] | None
    is_cancel_requested: bool
    provenance: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    plans: list[PlanLink]


class PlanOut(BaseModel):
    """A plan's totals and metrics. They stay when its data set is deleted."""

    id: UUID
    solve_id: UUID
    dataset_id: UUID
    name: str
    pricing: str
    is_as_is: bool
    year_pence: int
    content_hash: str
    is_purged: bool
    created_at: datetime
    metrics: dict[str, Any]
    route_costs: list[dict[str, Any]]


class ResultOut(BaseModel):
    """What a solve came to: one plan; for `as_is` two, at contract prices and at the rate card."""

    solve_id: UUID
    state: str
    plans: list[PlanOut]


class NightOut(BaseModel):
    """One night's plan. The change is its year less that of the last plan of an earlier night.

    With `has_same_input` that one was made from the same data, policy, rate card and roads, so
    that the search alone made the difference. Numbers are `null` where there is nothing to state.
    """

    night: date
    state: str
    text: str
    solve_id: UUID | None
    year_pence: int | None
    change_pence: int | None
    has_same_input: bool | None
    day_objective_gbp: float | None
    lower_bound_gbp: float | None
    gap_at_most: float | None


class VisitTimeOut(BaseModel):
    """When a halt is made on one weekday, and for whom: some pupils travel on some days only."""

    weekday: str
    arrive: str
    start: str
    depart: str
    pupils: list[str]


class VisitOut(BaseModel):
    """One halt: a home or a school, who boards or alights on any day, and times by weekday."""

    place: Literal["home", "school"]
    school_urn: str | None
    school: str | None
    lat: float
    lon: float
    pupils: list[str]
    times: list[VisitTimeOut]


class RunOut(BaseModel):
    """One run with its halts in order."""

    session: Literal["AM", "PM"]
    number: int
    route: str | None
    vehicle_type: str
    seats: int
    bays: int
    is_order_planned: bool
    visits: list[VisitOut]


class ViolationOut(BaseModel):
    """One rule that a plan breaks: rule, session, run number, route where one can be told.

    `session` is `day` or `year` for what concerns both. `pupils` are references, and empty for
    roles that see no rows about pupils.
    """

    rule: str
    session: str
    number: int | None
    route: str | None
    text: str
    pupils: list[str]


class CostLineOut(BaseModel):
    """One yearly cost line: amount = quantity x rate, rounded once to a penny."""

    route: str
    code: str
    text: str
    quantity: str
    unit: str
    rate: str
    amount_pence: int
    grade: str
    source: str


class CostsOut(Page[CostLineOut]):
    """Cost lines; `year_pence` is the sum of all lines, not of this page."""

    year_pence: int


class LotsOut(BaseModel):
    """A plan cut into lots three ways; each way adds up to the plan to the penny."""

    plan_id: UUID
    year_pence: int
    lottings: list[dict[str, Any]]


class ComparisonOut(BaseModel):
    """Several plans side by side; savings are like with like, and illustrative."""

    solves: list[UUID]
    comparison: dict[str, Any]


for _model in (Problem, VehicleRatesIn, RateCardIn):
    _model.model_rebuild()
