"""What a worker may store, and how a failed solve is named."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
from test_app_mapping import build_costed, build_dataset, build_rate_card

from app.engine import SolveOrder
from app.errors import AbsentError
from app.work.child import (
    Failed,
    Progressed,
    SolveProcess,
    _report,
    check_plans,
    name_failure,
)
from scenarios.pipeline import Progress
from solver.child import Job, SearchFailedError, solve_jobs
from solver.domain import CostedPlan, PlanRejectedError, Policy, SchoolrunError
from solver.session import SearchLimits

ROOT = Path(__file__).resolve().parents[3]


def _ours(costed: CostedPlan) -> CostedPlan:
    return replace(costed, plan=replace(costed.plan, is_as_is=False))


def test_plan_of_ours_with_violations_is_not_stored() -> None:
    failed = check_plans([_ours(build_costed())])
    assert failed is not None
    assert failed.code == "plan-rejected"
    assert "C2 ride time: AM run 1: 46 minutes" in failed.text


def test_as_is_plan_is_stored_with_its_violations() -> None:
    assert build_costed().plan.violations
    assert check_plans([build_costed()]) is None


def test_clean_plan_is_stored() -> None:
    ours = _ours(build_costed())
    assert check_plans([replace(ours, plan=replace(ours.plan, violations=()))]) is None


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PlanRejectedError(()), "plan-rejected"),
        (AbsentError("x"), "absent"),
        (SchoolrunError("x"), "schoolrun"),
    ],
)
def test_failure_is_named_by_its_class(failure: SchoolrunError, code: str) -> None:
    assert name_failure(failure) == code


@pytest.mark.parametrize("bound", [None, 3920.25])
def test_progress_passes_on_the_bound_and_the_plan(bound: float | None) -> None:
    receiving, sending = Pipe(duplex=False)
    plan = build_costed().plan
    _report(Progress("AM", "proving", 12.5, 4210.5, 71, 1, 64, bound, plan), sending)
    said = receiving.recv()
    assert isinstance(said, Progressed)
    assert said.plan == plan
    assert said.numbers == {
        "session": "AM", "phase": "proving", "seconds": 12.5, "objective": 4210.5, "runs": 71,
        "unassigned": 1, "iterations": 64, "bound": bound,
    }  # fmt: skip
    receiving.close()
    sending.close()


def _solve_with_broken_roads(folder: Path, kind: str) -> Failed:
    roads = folder / "roads.osm"
    if kind == "damaged":
        roads.write_bytes(b"<osm version='0.6'><node id='1'")
    elif kind == "a folder":
        roads.mkdir()
    order = SolveOrder(
        kind="scenario", name="Broken", dataset=build_dataset(), policy=Policy(),
        rate_card=build_rate_card(), roads=roads, roads_cache=folder / "cache", levers=(),
        seed=1, seconds=1.0, iterations=None,
    )  # fmt: skip
    process = SolveProcess(order)
    try:
        message = process.wait(120)
    finally:
        process.end()
    assert isinstance(message, Failed), message
    return message


@pytest.mark.parametrize("kind", ["absent", "damaged", "a folder"])
def test_failure_of_a_solve_shows_no_traceback_and_no_path(tmp_path: Path, kind: str) -> None:
    failed = _solve_with_broken_roads(tmp_path, kind)
    assert failed.code == "roads-file"
    assert "roads.osm" in failed.text
    assert_bare(failed.text, tmp_path)


def test_failure_of_a_search_shows_its_places_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken: Any = tmp_path  # no instance: the search breaks in a way that nobody foresaw
    with pytest.raises(SearchFailedError) as failure:
        solve_jobs([Job(broken, broken, SearchLimits(iterations=1))])
    text = str(failure.value)
    assert "Error in " in text
    assert ".py:" in text
    assert_bare(text, tmp_path)
    assert_bare(capfd.readouterr().err, tmp_path)


def assert_bare(text: str, folder: Path) -> None:
    """Fail if a text shows a traceback or a path of this machine."""
    assert "Traceback" not in text
    assert 'File "' not in text
    assert str(folder) not in text
    assert str(ROOT) not in text
