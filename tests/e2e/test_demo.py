"""The demonstration by its own command: the table, the lots, and every file that it leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyogrio
import pytest
from python_calamine import CalamineWorkbook

REPOSITORY = Path(__file__).resolve().parents[2]
PLANS = (
    "as-is-contract",
    "single-school-runs",
    "re-optimised",
    "ride-limit-60",
    "shared-assistants",
)


@dataclass(frozen=True)
class Demo:
    screen: str
    out: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "SCHOOLRUN_DATA_FOLDER": str(folder / "data"), "COLUMNS": "160"}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "app.cli", "demo"),
            *("--pupils", "60", "--iterations", "150", "--bound-seconds", "1"),
            *("--out", str(folder / "out")),
        ],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    return Demo(done.stdout, folder / "out")


def test_the_screen_sets_the_contract_beside_four_policies(demo: Demo) -> None:
    for words in (
        "As-is contract",
        "contract prices",
        "rate card",
        "Single-school runs",
        "Re-optimised",
        "Ride limit 60",
        "Shared assistants",
        "Saving on as-is",
        "Savings are illustrative",
        "Pupils over 45 minutes",
        "lots route by route",
        "lots by school",
        "lots by area",
        "to the penny",
        "./run serve",
        "Synthetic",
    ):
        assert words in demo.screen, words


def read_row(book: CalamineWorkbook, label: str) -> list[object]:
    """Return the four solved plans' cells of a row of the comparison."""
    rows = book.get_sheet_by_name("Comparison").to_python()
    (found,) = [row for row in rows if str(row[0]).strip() == label]
    return list(found[3:7])


def test_bound_and_gap_stand_beside_each_cost(demo: Demo) -> None:
    """A day of each plan, not below its bound; gap and bound as the screen says them."""
    book = CalamineWorkbook.from_path(demo.out / "comparison.xlsx")
    days = read_row(book, "Day objective, AM + PM")
    bounds, gaps = read_row(book, "lower bound"), read_row(book, "gap at most")
    for day, bound, gap in zip(days, bounds, gaps, strict=True):
        assert isinstance(day, float)
        assert isinstance(bound, float)
        assert isinstance(gap, float)
        assert 0 <= bound <= day + 0.005
        # rounded up to a tenth of a per cent, and the bound down to a penny
        assert gap == pytest.approx(1 - bound / day, abs=0.0011)
        assert f"none below £{bound:,.2f}: gap at most {gap:.1%}" in demo.screen
    assert demo.screen.count("no plan under these rules can be cheaper than") == 4
    assert "not about the year" in demo.screen


def test_every_plan_leaves_a_map_and_files(demo: Demo) -> None:
    for plan in PLANS:
        assert (demo.out / f"{plan}.png").stat().st_size > 100_000
        features = json.loads((demo.out / f"{plan}.geojson").read_bytes())["features"]
        assert {f["properties"]["layer"] for f in features} == {"runs_am", "runs_pm", "schools"}


def test_the_workbook_adds_up(demo: Demo) -> None:
    book = CalamineWorkbook.from_path(demo.out / "comparison.xlsx")
    names = book.sheet_names
    for start in ("Comparison", "Lots route", "Lots by school", "Routes", "Stops", "Costs"):
        assert any(name.startswith(start) for name in names), (start, names)
    year = _total(book, "Costs", "Amount a year")
    assert _total(book, "Lots by school", "Expected cost a year") == pytest.approx(year, abs=0.001)
    assert _total(book, "Lots route", "Expected cost a year") == pytest.approx(year, abs=0.001)
    shown = re.search(r"adds up to the plan's £([0-9,.]+) a year", demo.screen)
    assert shown is not None
    assert float(shown.group(1).rstrip(".").replace(",", "")) == pytest.approx(year, abs=0.001)


def _total(book: CalamineWorkbook, sheet: str, column: str) -> float:
    """Add up a column below its heading, the sheet's own total row left out."""
    name = next(name for name in book.sheet_names if name.startswith(sheet))
    rows = book.get_sheet_by_name(name).to_python()
    top = next(i for i, row in enumerate(rows) if any(column in str(cell) for cell in row))
    at = next(i for i, cell in enumerate(rows[top]) if column in str(cell))
    below = [row for row in rows[top + 1 :] if str(row[0]) not in ("", "Total")]
    return sum(float(row[at]) for row in below if isinstance(row[at], int | float))


def test_every_layer_is_read_back(demo: Demo) -> None:
    ogrinfo = shutil.which("ogrinfo")
    if ogrinfo is None and not os.environ.get("CI"):
        pytest.skip("ogrinfo is not on this machine; CI installs it (gdal-bin)")
    assert ogrinfo is not None, "ogrinfo must be there on CI: .ci/run installs gdal-bin"
    for plan in PLANS:
        path = demo.out / f"{plan}.gpkg"
        for layer in ("runs_am", "runs_pm", "stops", "schools"):
            count = len(pyogrio.read_dataframe(path, layer=layer))
            assert count > 0
            told = subprocess.run(
                [ogrinfo, "-so", str(path), layer], capture_output=True, text=True, check=True
            )
            assert f"Feature Count: {count}" in told.stdout
