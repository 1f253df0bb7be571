"""Fresh instances are of the family, and the tables add up."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instances import write_walsall
from benchmarks.measuring import Measured
from benchmarks.school_bus import convert, read_published
from benchmarks.side_by_side import Job, Result, _name_job, _Store, _write_page
from solver.reference import read_instance


def test_fresh_instances_are_of_the_reference_family(shared: Path, tmp_path: Path) -> None:
    fresh = json.loads(write_walsall(tmp_path, shared, 500, 2).read_text(encoding="utf-8"))
    known = shared / "reference" / "instances" / "walsall_500_s1.json"
    reference = json.loads(known.read_text(encoding="utf-8"))
    assert set(reference) == set(fresh)
    assert set(reference["pupils"][0]) == set(fresh["pupils"][0])
    assert fresh["vehicle_types"] == reference["vehicle_types"]
    for share in (
        lambda raw: np.mean([pupil["wheelchair"] for pupil in raw["pupils"]]),
        lambda raw: np.mean([pupil["pa"] == "shared" for pupil in raw["pupils"]]),
        lambda raw: np.mean([pupil["solo"] for pupil in raw["pupils"]]),
    ):
        assert share(fresh) == pytest.approx(share(reference), abs=0.06)


def test_a_detour_never_pays_in_a_fresh_instance(shared: Path, tmp_path: Path) -> None:
    instance, matrix = read_instance(write_walsall(tmp_path, shared, 60, 3))
    assert len(instance.riders) == 60
    for table in (matrix.time_s.astype(int), matrix.dist_m.astype(int)):
        through = (table[:, :, None] + table[None, :, :]).min(axis=1)
        assert (table <= through).all()
        assert table.max() > 0


def test_the_same_seed_draws_the_same_instance(shared: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append(write_walsall(tmp_path / name, shared, 60, 5).read_bytes())
    assert written[0] == written[1]


def test_the_school_bus_set_is_read_with_its_published_counts(shared: Path, tmp_path: Path) -> None:
    published = read_published(shared)
    assert len(published) == 8
    first = published[0]
    assert (first.name, first.ride_cap_s, first.best) == ("RSRB01", 2700, 31)
    assert first.methods["Chen"] == 31
    instance, _ = read_instance(convert(first, shared, tmp_path))
    assert sum(rider.seats for rider in instance.riders) == 3409


def build_result(job: Job, cost: float) -> Result:
    key = _name_job(job, Path("python"))
    return Result(key, job.case, job.solver, job.seed, Measured(cost, 10, job.seconds, 1.0))


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    instance = tmp_path / "town.json"
    instance.write_text("{}", encoding="utf-8")
    return [
        Job("town@20", instance, 20.0, solver, seed)
        for solver in ("schoolrun", "vroom", "ortools")
        for seed in (1, 2, 3)
    ]


def test_the_table_sets_our_median_beside_the_best_other(jobs: list[Job]) -> None:
    costs = [90.0, 91.0, 95.0, 100.0, 102.0, 120.0, 105.0, 104.0, 103.0]
    results = [build_result(job, cost) for job, cost in zip(jobs, costs, strict=True)]
    arguments = argparse.Namespace(seeds=[1, 2, 3], cases=["town@20"])
    page = _write_page(results, arguments, "versions", [])
    # medians 91, 102 and 104: 91/102 is 10.8 % under, 91/104 is 12.5 % under
    assert "| town @ 20 | 91.00 | - | vroom | 102.00 | 10.8% | - |" in page
    assert "| town @ 20 | ortools | 103.00 | 104.00 | 105.00 | 1.9% |" in page
    assert "| 12.5% |" in page


def test_results_outlive_the_process_and_changed_instances_run_again(
    jobs: list[Job], tmp_path: Path
) -> None:
    path = tmp_path / "scratch" / "results.jsonl"
    arguments = argparse.Namespace(peers_python=Path("python"))
    _Store(path).keep(build_result(jobs[3], 100.0))
    found = _Store(path).find(jobs[3], arguments)
    assert found is not None
    assert found.measured.cost == 100.0
    assert _Store(path).find(jobs[4], arguments) is None
    jobs[3].instance.write_text('{"name": "other"}', encoding="utf-8")
    assert _Store(path).find(jobs[3], arguments) is None
