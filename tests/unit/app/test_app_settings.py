"""Settings come from the environment, and time limits fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.session import get_owner_url, get_service_url
from app.roles import OPEN, OPERATIONS, ROLES
from app.settings import Settings


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://s@db/x")
    monkeypatch.setenv("SCHOOLRUN_OWNER_DATABASE_URL", "postgresql://o@db/x")
    monkeypatch.setenv("SCHOOLRUN_DATA_FOLDER", "/srv/schoolrun")
    settings = Settings()
    assert get_service_url(settings) == "postgresql://s@db/x"
    assert get_owner_url(settings) == "postgresql://o@db/x"
    assert settings.roads_folder == Path("/srv/schoolrun/roads")


def test_dead_workers_solve_is_taken_up_within_half_a_minute() -> None:
    settings = Settings()
    polling_s = 2.0
    assert settings.stalled_after_s + settings.sweep_s + polling_s <= 30
    assert settings.heartbeat_s * 2 < settings.stalled_after_s


def test_a_night_asks_for_a_bound_and_a_request_only_where_it_says_so() -> None:
    settings = Settings()
    assert settings.nightly_bound_s > 0
    assert settings.default_bound_s == 0
    assert settings.nightly_bound_s <= settings.max_bound_s


def test_roles_are_those_of_the_architecture() -> None:
    assert ROLES == (
        "commissioner", "planner", "procurement", "operator", "auditor", "admin", "batch",
    )  # fmt: skip
    for name, allowed in OPERATIONS.items():
        assert allowed <= set(ROLES), name
    assert not set(OPERATIONS) & OPEN


def test_pupil_rows_are_for_those_who_plan() -> None:
    for name in ("list_plan_runs", "get_dataset_report", "get_plan_map", "get_plan_geopackage"):
        assert OPERATIONS[name] == {"commissioner", "planner"}
