"""The one door from the service to the planning packages.

They import numpy, geopandas and more, so each is imported when it is first needed: `schoolrun key`
and `/health` do not wait for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.db import mapping
from solver.domain import CostedPlan, Dataset, Lotting, Plan, Policy, RateCard, Session

if TYPE_CHECKING:
    from data.readers import CouncilData
    from data.roads import RoadNetwork
    from scenarios.comparison import Comparison

BOUND_METRICS: Final = ("day_objective_gbp", "lower_bound_gbp", "gap_at_most")
"""The metrics that stand beside a plan's cost; plans stored before there were bounds have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveOrder:
    """Everything that one solve needs, as it is handed to the process that does it."""

    kind: str
    name: str
    dataset: Dataset
    policy: Policy
    rate_card: RateCard
    roads: Path
    roads_cache: Path
    levers: tuple[dict[str, Any], ...]
    seed: int
    seconds: float | None
    iterations: int | None
    bound_seconds: float = 0.0
    starts: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as it was stored, with what its exports need."""

    costed: CostedPlan
    dataset: Dataset
    roads: Path
    roads_cache: Path
    made_on: date


def read_upload(
    files: Mapping[str, Path | Sequence[Path]], name: str, *, is_synthetic: bool
) -> CouncilData:
    """Read a council's files by kind; every fault is in the report."""
    from data.readers import CouncilFiles, read_council

    paths = CouncilFiles.from_mapping(files)
    return read_council(paths, name=name, is_synthetic=is_synthetic)


def list_template_kinds() -> list[str]:
    """List the kinds of file that have a template."""
    from data.readers import list_file_kinds

    return [str(getattr(kind, "name", kind)) for kind in list_file_kinds()]


def write_template(kind: str, path: Path) -> None:
    """Write the template of a kind of file as CSV or XLSX, by the ending of `path`."""
    from data import templates

    templates.write_template(kind, path)


def check_roads(path: Path, cache: Path) -> None:
    """Read a roads file; raises where it is none. What was computed is kept in `cache`."""
    from data.roads import read_network

    read_network(path, cache=cache)


def check_levers(raw: Sequence[Mapping[str, Any]]) -> None:
    """Raise if the levers are not known, have wrong values or contradict each other."""
    from scenarios.levers import parse_levers

    parse_levers([dict(lever) for lever in raw])


def check_levers_fit(raw: Sequence[Mapping[str, Any]], dataset: Dataset, policy: Policy) -> None:
    """Raise if the levers cannot be applied to this data set and policy."""
    from scenarios.levers import apply_levers, parse_levers

    apply_levers(dataset, policy, parse_levers([dict(lever) for lever in raw]))


def read_setting(name: str, value: Any) -> Any:
    """Return a new value of a policy setting in its own type; raises `ValueError`."""
    from scenarios import levers

    return levers.read_setting(name, value)


def list_policy_faults(policy: Policy) -> list[str]:
    """List what the settings of a policy together leave no time for."""
    from scenarios import levers

    return levers.list_policy_faults(policy)


def solve(
    order: SolveOrder,
    on_progress: Callable[[Any], None],
    should_stop: Callable[[], bool],
    lender: Any = None,
) -> tuple[CostedPlan, ...]:
    """Do a solve; return its plans, for `as_is` at contract prices and at the rate card.

    Parameters
    ----------
    lender
        A :class:`solver.together.Lender`: workers elsewhere, who may improve pieces meanwhile.
    """
    from data.roads import read_network
    from scenarios import pipeline
    from scenarios.levers import parse_levers

    network = read_network(order.roads, cache=order.roads_cache)
    given = (order.dataset, order.policy, order.rate_card, network)
    if order.kind == "as_is":
        as_is = pipeline.value_as_is(*given)
        return as_is.at_contract_prices, as_is.at_rate_card
    levers = parse_levers([dict(lever) for lever in order.levers])
    limits = pipeline.Limits(order.seconds, order.iterations, order.seed, order.bound_seconds)
    costed = pipeline.solve_scenario(
        *given,
        levers,
        limits,
        name=order.name,
        starts=order.starts,
        on_progress=on_progress,
        should_stop=should_stop,
        lender=lender,
    )
    return (costed,)


def improve_parcel(parcel: bytes, is_over: Callable[[float], bool]) -> bytes:
    """Improve the pieces of another solve until `is_over` of the seconds that they may take."""
    from solver.together import work_parcel

    return work_parcel(parcel, is_over)


def summarise(costed: CostedPlan, dataset: Dataset) -> dict[str, Any]:
    """Return the metrics of one plan as plain JSON types."""
    from scenarios.comparison import measure_plan

    metrics = measure_plan(costed.plan.name, costed, dataset)
    by_rule = Counter(violation.rule for violation in costed.plan.violations)
    more = {"miles": str(metrics.miles), "violations_by_rule": dict(sorted(by_rule.items()))}
    return dict(mapping.to_json(metrics)) | more


def compare(plans: Mapping[str, CostedPlan], dataset: Dataset) -> Comparison:
    """Return the comparison of several plans of one data set."""
    from scenarios.comparison import compare as compare_plans

    return compare_plans(list(plans.items()), dataset)


def write_comparison(
    plans: Mapping[str, CostedPlan],
    last: StoredPlan,
    settings: tuple[Policy, RateCard],
    path: Path,
    *,
    has_pupils: bool,
) -> None:
    """Write the comparison, with lots, routes and costs of its last plan, as an XLSX workbook."""
    from scenarios import exports

    exports.write_comparison(
        path, list(plans.items()), last.dataset, settings, last.made_on, has_pupils=has_pupils
    )


def build_lottings(costed: CostedPlan, dataset: Dataset) -> tuple[Lotting, ...]:
    """Return the three ways to cut a plan into lots."""
    from scenarios import lots

    return lots.build_lottings(costed, dataset)


def write_routes_geojson(plan: StoredPlan, *, has_homes: bool) -> bytes:
    """Return the routes as GeoJSON; without homes only the schools, with totals by route."""
    from scenarios import exports

    network = _read_network(plan) if has_homes else None
    return exports.build_plan_geojson(
        plan.costed, plan.dataset, network, plan.made_on, has_homes=has_homes
    )


def write_plan_workbook(plan: StoredPlan, path: Path, *, has_pupils: bool) -> None:
    """Write lots, routes and costs, to those who plan also stops, as an XLSX workbook."""
    from scenarios import exports

    exports.write_plan(
        path, plan.costed.plan.name, plan.costed, plan.dataset, plan.made_on, has_pupils=has_pupils
    )


def write_plan_geopackage(plan: StoredPlan, path: Path) -> None:
    """Write runs, stops and schools as a GeoPackage with styles."""
    from scenarios import exports

    network = _read_network(plan)
    exports.write_plan_geopackage(path, plan.costed, plan.dataset, network, plan.made_on)


def draw_plan_map(plan: StoredPlan, path: Path, session: Session) -> None:
    """Draw the plan's map of one session."""
    from scenarios import exports

    exports.draw_plan(
        path,
        plan.costed.plan.name,
        plan.costed,
        plan.dataset,
        _read_network(plan),
        plan.made_on,
        session=session,
    )


def _read_network(plan: StoredPlan) -> RoadNetwork:
    from data.roads import read_network

    return read_network(plan.roads, cache=plan.roads_cache)
