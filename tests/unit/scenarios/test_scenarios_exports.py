"""What leaves the house: nothing that names a pupil or a home where it must not, and no gaps."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from straight_town import (
    FRIDAY,
    LAT,
    STEP_LAT,
    at,
    build_dataset,
    build_pupil,
    build_rate_card,
    build_route,
    build_school,
    plan_town,
)

from data.roads import RoadNetwork
from scenarios import exports, mapping
from scenarios.lots import build_lottings
from scenarios.pipeline import value_as_is
from scenarios.report import list_plan_tables
from solver.domain import AddressRule, CostedPlan, Dataset, Policy, Violation

MADE_ON = date(2026, 9, 1)
NAMES = ("ZEBRA-71", "ZEBRA-72", "ZEBRA-73", "ZEBRA-74")


@pytest.fixture(scope="module")
def town() -> Dataset:
    """Pupils with a chair, two homes and an early bell; the last is off the roads."""
    other = AddressRule(FRIDAY, "PM", at(7.321))
    pupils = [
        build_pupil(NAMES[0], 6.123, other_addresses=(other,), ward="North"),
        build_pupil(NAMES[1], 4.456, mobility="wheelchair", assistant="shared"),
        build_pupil(NAMES[2], 5.789, ride_cap_s=700),
        build_pupil(NAMES[3], 2.5, home=at(2.5, east=0.011)),
    ]
    contract = (
        build_route("R1", NAMES[:2], vehicle_type="MB8", assistants=1),
        build_route("R2", [NAMES[2]]),
    )
    return build_dataset(pupils, contract=contract, attribution=("Example licence",))


@pytest.fixture(scope="module")
def plans(town: Dataset, road: RoadNetwork) -> list[tuple[str, CostedPlan]]:
    as_is = value_as_is(town, Policy(), build_rate_card(), road)
    return [
        ("Contract", as_is.at_contract_prices),
        ("As-is", as_is.at_rate_card),
        ("Re-optimised", plan_town(town, road)),
    ]


def list_homes(dataset: Dataset) -> list[str]:
    """List the digits that give a home away, whatever comes after them."""
    points = [p.home for p in dataset.pupils]
    points += [rule.point for p in dataset.pupils for rule in p.other_addresses]
    return [f"{point.lat:.4f}"[:-1] for point in points]


def read_cells(path: Path) -> list[str]:
    book = CalamineWorkbook.from_path(str(path))
    return [
        str(cell)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in (name, *row)
    ]


def read_bytes(path: Path) -> bytes:
    """Return every part of a workbook, unpacked, one after the other."""
    with zipfile.ZipFile(path) as parts:
        return b"\n".join(parts.read(name) for name in parts.namelist())


def write_plan(folder: Path, plan: tuple[str, CostedPlan], town: Dataset, has: bool) -> Path:
    exports.write_plan(folder / "plan.xlsx", *plan, town, MADE_ON, has_pupils=has)
    return folder / "plan.xlsx"


# --- workbooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2])
def test_plan_without_pupils_names_none_in_any_cell_or_byte(
    tmp_path: Path, plans: list[tuple[str, CostedPlan]], town: Dataset, number: int
) -> None:
    assert any("ZEBRA-74" in line.text for line in plans[number][1].lines)
    path = write_plan(tmp_path, plans[number], town, has=False)
    cells = read_cells(path)
    assert not any("ZEBRA" in cell for cell in cells)
    assert b"ZEBRA" not in read_bytes(path)
    # the costs of the pupil left out are there all the same
    assert cells.count("UNASSIGNED") == 1
    assert "a vehicle of a pupil's own, direct" in cells
    assert any(cell.startswith("Costs") for cell in cells)
    assert any(cell.startswith("Day costs") for cell in cells) is (number > 0)


def test_plan_for_planners_names_everybody(
    tmp_path: Path, plans: list[tuple[str, CostedPlan]], town: Dataset
) -> None:
    content = " ".join(read_cells(write_plan(tmp_path, plans[2], town, has=True)))
    assert all(name in content for name in NAMES)
    assert "keep this sheet from bidders" in content


@pytest.mark.parametrize("has_pupils", [False, True])
def test_comparison_names_pupils_to_those_who_may_see_them_alone(
    tmp_path: Path, plans: list[tuple[str, CostedPlan]], town: Dataset, has_pupils: bool
) -> None:
    path = tmp_path / "comparison.xlsx"
    settings = (Policy(), build_rate_card())
    broken = [(name, _break(costed)) for name, costed in plans[:2]]
    exports.write_comparison(
        path, [*broken, plans[2]], town, settings, MADE_ON, has_pupils=has_pupils
    )
    cells = read_cells(path)
    assert any("ZEBRA" in cell for cell in cells) is has_pupils
    assert (b"ZEBRA" in read_bytes(path)) is has_pupils
    assert any(cell.startswith("Rules broken As") for cell in cells) is has_pupils
    assert "07:00" in cells  # the settings say when, not how many seconds
    assert "25200" not in " ".join(cells)


def _break(costed: CostedPlan) -> CostedPlan:
    """The plan with a finding of the checker's that names a pupil."""
    plan = costed.plan
    assert plan.violations == ()
    found = Violation("C2", "AM", 0, f"{NAMES[0]} rides too long", (NAMES[0],))
    return replace(costed, plan=replace(plan, violations=(found,)))


def test_tables_without_pupils_have_no_sheet_of_stops(
    plans: list[tuple[str, CostedPlan]], town: Dataset
) -> None:
    name, costed = plans[2]
    lottings = build_lottings(costed, town)
    full = [t.title for t in list_plan_tables(costed, name, lottings, has_pupils=True)]
    bare = [t.title for t in list_plan_tables(costed, name, lottings, has_pupils=False)]
    assert set(full) - set(bare) == {
        "Stops Re-optimised",
        "Unassigned pupils",
        "Long rides Re-optimised",
    }


def test_workbook_is_the_same_to_the_byte(
    tmp_path: Path, plans: list[tuple[str, CostedPlan]], town: Dataset
) -> None:
    first = write_plan(tmp_path, plans[2], town, has=True).read_bytes()
    assert write_plan(tmp_path, plans[2], town, has=True).read_bytes() == first


def test_every_file_says_whose_data_and_that_savings_are_illustrative(
    road: RoadNetwork, town: Dataset
) -> None:
    mine = replace(town, attribution=("Example licence",) * 2, notes=("Counted in May.",))
    about = exports.describe("Plan", mine, road, MADE_ON)
    assert about.attribution.count("Example licence") == 1
    assert road.attribution in about.attribution
    assert about.notes[0].startswith("Savings are illustrative")
    assert about.notes[1:] == ("Counted in May.",)
    assert not about.is_synthetic
    assert exports.describe("Plan", replace(mine, is_synthetic=True), None, MADE_ON).is_synthetic


# --- maps -----------------------------------------------------------------------------------------


def build_geojson(
    costed: CostedPlan, dataset: Dataset, network: RoadNetwork | None, *, has_homes: bool
) -> tuple[dict[str, Any], str]:
    raw = exports.build_plan_geojson(costed, dataset, network, MADE_ON, has_homes=has_homes)
    return json.loads(raw), raw.decode()


@pytest.mark.parametrize("is_drawn_on_roads", [True, False])
def test_geojson_without_homes_shows_schools_and_totals_alone(
    plans: list[tuple[str, CostedPlan]],
    town: Dataset,
    road: RoadNetwork,
    is_drawn_on_roads: bool,
) -> None:
    network = road if is_drawn_on_roads else None
    for _, costed in plans:
        found, text = build_geojson(costed, town, network, has_homes=False)
        assert "ZEBRA" not in text
        for digits in list_homes(town):
            assert digits not in text
        assert [f["properties"]["layer"] for f in found["features"]] == ["schools"]
        assert found["bbox"][1] == found["bbox"][3] == pytest.approx(LAT)
        totals = {row["route"]: row["cost_a_year"] for row in found["routes"]}
        assert set(totals) == {route.reference for route in costed.plan.routes}
        for reference, pounds in totals.items():
            lines = [x.amount_pence for x in costed.lines if x.route == reference]
            assert round(float(pounds) * 100) == sum(lines)


def test_geojson_with_homes_draws_runs_within_its_box(
    plans: list[tuple[str, CostedPlan]], town: Dataset, road: RoadNetwork
) -> None:
    found, text = build_geojson(plans[1][1], town, road, has_homes=True)
    # the check of the test above can fail: the homes are in this one
    assert any(digits in text for digits in list_homes(town))
    assert "ZEBRA" not in text
    layers = [f["properties"]["layer"] for f in found["features"]]
    assert layers == ["runs_am", "runs_am", "runs_pm", "runs_pm", "schools"]
    west, south, east, north = found["bbox"]
    assert south == pytest.approx(LAT)
    # the afternoon's second address is the farthest north
    assert north == pytest.approx(LAT + 7.321 * STEP_LAT, abs=1e-4)
    assert west <= east
    run = found["features"][0]["properties"]
    assert (run["route"], run["vehicle"], run["schools"]) == ("R1", "MB8", "School 100")
    assert run["pupils"] == 2
    assert run["first"] < run["last"]


def test_run_with_all_stops_at_one_place_has_a_place_on_the_map(road: RoadNetwork) -> None:
    dataset = build_dataset([build_pupil("P1", 0)])
    costed = plan_town(dataset, road)
    found, _ = build_geojson(costed, dataset, road, has_homes=True)
    am, pm, school = found["features"]
    assert am["properties"]["layer"] == "runs_am"
    assert pm["properties"]["layer"] == "runs_pm"
    assert school["properties"]["pupils"] == 1
    assert found["bbox"][1] == found["bbox"][3] == pytest.approx(LAT)


def test_schools_count_pupils_of_either_session_once(road: RoadNetwork) -> None:
    pupils = [
        build_pupil("P1", 4),
        build_pupil("P2", 4, weekdays_am=0),
        build_pupil("P3", 4, other_addresses=(AddressRule(FRIDAY, "PM", at(5)),)),
    ]
    contract = (build_route("R1", ["P1", "P2", "P3"]),)
    dataset = build_dataset(pupils, contract=contract)
    costed = value_as_is(dataset, Policy(), build_rate_card(), road).at_rate_card
    (schools,) = mapping.build_layers(costed, road, has_homes=False)
    assert [feature.properties["pupils"] for feature in schools.features] == [3]


# --- nobody, one pupil, no afternoon --------------------------------------------------------------


def build_nobody() -> Dataset:
    return build_dataset([])


def build_one() -> Dataset:
    return build_dataset([build_pupil("P1", 3)])


def build_lost() -> Dataset:
    return build_dataset([build_pupil("P1", 3, home=at(3, east=0.01))])


def build_mornings() -> Dataset:
    school = build_school("100", 0, pm_finish_s=(None,) * 5)
    return build_dataset([build_pupil("P1", 3), build_pupil("P2", 5)], schools=(school,))


@pytest.mark.parametrize(
    ("build", "routes", "am_runs", "pm_runs", "unassigned"),
    [
        (build_nobody, 0, 0, 0, 0),
        (build_one, 1, 1, 1, 0),
        (build_lost, 0, 0, 0, 1),
        (build_mornings, 1, 1, 0, 0),
    ],
)
def test_smallest_plans_go_all_the_way(
    tmp_path: Path,
    road: RoadNetwork,
    build: Callable[[], Dataset],
    routes: int,
    am_runs: int,
    pm_runs: int,
    unassigned: int,
) -> None:
    dataset = build()
    costed = plan_town(dataset, road)
    plan = costed.plan
    assert (len(plan.routes), len(plan.am.runs), len(plan.pm.runs)) == (routes, am_runs, pm_runs)
    assert sum(line.code == "UNASSIGNED" for line in costed.lines) == unassigned
    settings = (Policy(), build_rate_card())
    named = [("Plan", costed)]
    exports.write_comparison(
        tmp_path / "c.xlsx", named, dataset, settings, MADE_ON, has_pupils=True
    )
    cells = read_cells(tmp_path / "c.xlsx")
    assert "Cost a year" in cells
    for has_homes in (True, False):
        found, _ = build_geojson(costed, dataset, road, has_homes=has_homes)
        runs = am_runs + pm_runs if has_homes else 0
        assert len(found["features"]) == runs + (1 if dataset.pupils else 0)
    exports.write_plan_geopackage(tmp_path / "p.gpkg", costed, dataset, road, MADE_ON)
    exports.draw_plan(tmp_path / "p.png", "Plan", costed, dataset, road, MADE_ON)
    assert (tmp_path / "p.gpkg").stat().st_size > 10_000
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
