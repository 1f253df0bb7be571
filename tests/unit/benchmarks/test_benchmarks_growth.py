"""Growth and profile: the demo borough as a reference file, the tables, the picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from benchmarks import profile
from benchmarks.demo_session import write_demo_instance
from benchmarks.growth import Growth, _write_page, draw
from solver.reference import read_instance


def build_growth(pupils: int) -> Growth:
    return Growth(
        pupils=pupils,
        riders=2 * pupils,
        stops=3 * pupils,
        write_s=1.0,
        read_s=2.0,
        build_s=0.5,
        first_s=1.5,
        plan_s=10.0,
        first_gbp=20.0 * pupils,
        objective_gbp=18.0 * pupils,
        runs=7,
        unassigned=1,
        iterations=12_340,
        peak_bytes=300 * 2**20,
    )


def test_the_demo_borough_is_written_in_the_reference_format(tmp_path: Path) -> None:
    path = write_demo_instance(tmp_path, 50, 42)
    instance, matrix = read_instance(path)
    assert len({rider.reference for rider in instance.riders}) == len(instance.riders)
    assert 40 <= len(instance.riders) <= 50
    assert len(matrix) == len(instance.stops)
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert all(kind["count"] is None and kind["depot"] is None for kind in raw["vehicle_types"])
    assert any(rider.bays for rider in instance.riders)


def test_the_table_divides_by_riders_and_seconds() -> None:
    page = _write_page(
        [build_growth(1_500)], argparse.Namespace(seconds_a_pupil=0.18, most_seconds=900.0)
    )
    # 12,340 steps in 10 s; 20 x 1,500 / 3,000 = 10.00 first and 9.00 last, GBP a rider
    counts = "| 1,500 | 3,000 | 4,500 | 1.0 | 2.0 | 0.5 | 1.5 | 10 |"
    assert f"{counts} 1,234 | 10.00 | 9.00 | 7 | 1 | 300 |" in page


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    path = tmp_path / "images" / "growth.png"
    draw([build_growth(size) for size in (50, 500)], path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_kernels_of_a_step_are_counted(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WARM_STEPS", "TIMED_STEPS", "COUNTED_STEPS"):
        monkeypatch.setattr(profile, name, 20)
    path = shared / "reference" / "instances" / "walsall_60_s1.json"
    counted = profile.count("60", path, 1)
    floors, places, prices = counted.kernels
    assert 1 <= counted.insertions <= 60
    # a floor for each run near, fewer searches, and at least two exact prices an insertion
    assert floors.calls >= places.calls > 0
    assert prices.calls >= 2 * counted.insertions
    assert counted.step_micros > 0
