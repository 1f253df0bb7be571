"""From a real roads file to costed lots: pupils on Newport's streets, planned end to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyogrio
import pytest
from newport import PUPILS, write_council

from data.readers import read_council
from data.roads import RoadNetwork, read_network
from scenarios import exports, pipeline
from scenarios.comparison import compare
from scenarios.instances import OffMapSchoolError, build_sessions
from scenarios.levers import parse_levers
from scenarios.lots import build_lottings
from solver.checker import check_plan
from solver.domain import CostedPlan, Dataset, Policy, RateCard

LIMITS = pipeline.Limits(None, 300, 7)
MADE_ON = date(2026, 11, 24)


@dataclass(frozen=True)
class Town:
    dataset: Dataset
    rate_card: RateCard
    network: RoadNetwork
    as_is: pipeline.AsIs
    strict: CostedPlan
    today: CostedPlan


@pytest.fixture(scope="module")
def town(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("newport")
    network = read_network(shared / "data/osm/newport.osm.pbf", cache=folder / "cache")
    council = read_council(write_council(folder / "files", network, seed=3), name="Newport test")
    assert council.report.errors == ()
    assert council.dataset is not None
    assert council.rate_card is not None
    given = (council.dataset, Policy(), council.rate_card, network)
    levers = parse_levers([{"kind": "single_school_runs"}])
    strict = pipeline.solve_scenario(*given, levers, LIMITS, name="single school")
    today = pipeline.solve_scenario(*given, (), LIMITS, name="today", starts=[strict.plan])
    return Town(
        council.dataset,
        council.rate_card,
        network,
        pipeline.value_as_is(*given),
        strict,
        today,
    )


def test_every_pupil_is_carried_or_named_with_the_reason(town: Town) -> None:
    for plan in (town.strict.plan, town.today.plan):
        for instance, session in (plan.get_session("AM"), plan.get_session("PM")):
            carried = {instance.riders[r].reference for run in session.runs for r in run.riders}
            named = {instance.riders[u.rider].reference: u for u in session.unassigned}
            assert set(named) == {"N060"}
            assert "from the nearest road" in named["N060"].reasons[0].text
            assert len(carried | set(named)) == PUPILS


def test_the_checker_finds_nothing_on_the_same_matrix(town: Town) -> None:
    sessions = build_sessions(town.dataset, Policy(), town.rate_card, town.network)
    assert check_plan(town.today.plan, sessions.matrices, Policy()) == ()


def test_a_relaxed_scenario_is_never_dearer_than_the_strict_one(town: Town) -> None:
    for session in ("AM", "PM"):
        strict = town.strict.plan.get_session(session)[1]
        assert town.today.plan.get_session(session)[1].objective <= strict.objective + 1e-6
        schools = [{v.school for v in run.visits if v.school is not None} for run in strict.runs]
        assert max(len(called) for called in schools) == 1


def test_savings_are_like_with_like_and_lots_add_up_to_the_penny(town: Town) -> None:
    plans = [
        ("contract", town.as_is.at_contract_prices),
        ("as-is", town.as_is.at_rate_card),
        ("today", town.today),
    ]
    comparison = compare(plans, town.dataset)
    (saving,) = comparison.savings
    assert saving.pence == town.as_is.at_rate_card.year_pence - town.today.year_pence
    assert saving.pence > 0
    assert comparison.price_difference_pence == (
        town.as_is.at_contract_prices.year_pence - town.as_is.at_rate_card.year_pence
    )
    for lotting in build_lottings(town.today, town.dataset):
        assert lotting.year_pence == town.today.year_pence
        assert sorted(r for lot in lotting.lots for r in lot.routes) == sorted(
            route.reference for route in town.today.plan.routes
        )


def test_the_unassigned_pupil_costs_a_vehicle_of_their_own(town: Town) -> None:
    lines = [line for line in town.today.lines if line.code == "UNASSIGNED"]
    (line,) = lines  # both sessions on every date, so one line
    assert line.text.startswith("pupil N060, AM and PM: a vehicle of their own")
    assert line.quantity == len(town.dataset.calendar.open_days)
    assert line.amount_pence > 0


def test_files_follow_the_real_roads(town: Town, tmp_path: Path) -> None:
    exports.write_plan_geopackage(
        tmp_path / "plan.gpkg", town.today, town.dataset, town.network, MADE_ON
    )
    runs = pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="runs_am")
    assert len(runs) == len(town.today.plan.am.runs)
    points = sum(len(line.coords) for shape in runs.geometry for line in shape.geoms)
    assert points > 10 * len(runs)  # bends of streets, not straight lines from stop to stop
    picture = tmp_path / "plan.png"
    exports.draw_plan(picture, "today", town.today, town.dataset, town.network, MADE_ON)
    assert picture.stat().st_size > 100_000


def test_a_school_off_the_map_is_refused_by_name(town: Town, tmp_path: Path) -> None:
    files = write_council(tmp_path, town.network, seed=3)
    assert files.schools is not None
    rows = files.schools.read_text().splitlines()
    rows[1] = "900000,Test School 0,51.4000,-3.0500,08:40,15:15"
    files.schools.write_text("\n".join(rows))
    council = read_council(files, name="off the map")
    assert council.dataset is not None
    with pytest.raises(OffMapSchoolError, match="Test School 0"):
        build_sessions(council.dataset, Policy(), town.rate_card, town.network)
