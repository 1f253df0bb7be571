"""A street of a kilometre a place, in the reference format: arithmetic by hand stays easy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.problem import Problem, read_problem

HOMES = 6
WriteStreet = Callable[..., Path]


@pytest.fixture
def write_street(tmp_path: Path) -> WriteStreet:
    """Write a street: homes 0 to 5 km along it, school S0 at 6 km and S1 at 7 km.

    A kilometre takes 100 s. `pupils` holds what differs by pupil number from: a seat, no
    assistant, school S0, boarding in 60 s, a ride of at most 1,800 s.
    """

    def write(pupils: dict[int, dict[str, Any]] | None = None, **changes: Any) -> Path:
        places = np.arange(HOMES + 2)
        apart = np.abs(places[:, None] - places)
        np.save(tmp_path / "time.npy", (apart * 100).astype(np.int32))
        np.save(tmp_path / "dist.npy", (apart * 1000).astype(np.int32))
        content = {
            "name": "street",
            "points": [[52.5 + 0.01 * int(place), -2.0] for place in places],
            "time": "time.npy",
            "dist": "dist.npy",
            "pupils": [_build_pupil(i) | (pupils or {}).get(i, {}) for i in range(HOMES)],
            "schools": [_build_school(0, 30_000), _build_school(1, 30_600)],
            "vehicle_types": [
                _build_type("car", [[4, 0]], lift=False, fixed=20.0),
                _build_type("wav", [[4, 1]], lift=True, fixed=30.0),
            ],
            "pa_per_hour": 12.0,
            "pa_fixed": 5.0,
            **changes,
        }
        path = tmp_path / "street.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def street(write_street: WriteStreet) -> Problem:
    return read_problem(write_street())


def _build_pupil(number: int) -> dict[str, Any]:
    return {
        "id": f"P{number}",
        "point": number,
        "school": "S0",
        "wheelchair": 0,
        "pa": "none",
        "solo": False,
        "board_s": 60,
        "max_ride_s": 1_800,
        "needs_lift": False,
        "incompatible": [],
    }


def _build_school(number: int, opens_s: int) -> dict[str, Any]:
    return {
        "id": f"S{number}",
        "point": HOMES + number,
        "arrive_from": opens_s,
        "arrive_to": opens_s + 900,
        "unload_s": 60,
    }


def _build_type(name: str, layouts: list[list[int]], *, lift: bool, fixed: float) -> dict[str, Any]:
    return {
        "id": name,
        "layouts": layouts,
        "lift": lift,
        "fixed": fixed,
        "per_km": 1.0,
        "per_hour": 18.0,
        "count": None,
        "depot": None,
    }
