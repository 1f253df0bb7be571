"""The nightly: each authority once a night, never twice, none harmed by another's failure."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from installation import Council, Installation, start_solve, wait_for_state

from app import solves
from app.db import mapping
from app.db.tables import DatasetRow
from app.work import nightly
from app.work.nightly import queue_night
from app.work.run import build_order
from app.work.worker import Work


@pytest.fixture(scope="module")
def installation(private_installation: Installation) -> Installation:
    """Workers run here, so the database is this module's own."""
    return private_installation


@pytest.fixture(scope="module", autouse=True)
def _councils(council: Council, other_council: Council) -> None:
    """Two authorities with data."""


def _count_nightly(council: Council, night: str) -> int:
    scenarios = council.planner.get("/v1/scenarios", params={"limit": 200}).json()["items"]
    return sum(scenario["name"] == f"Nightly {night}" for scenario in scenarios)


def test_two_nightlies_at_once_queue_each_authority_once(
    installation: Installation, council: Council, other_council: Council
) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(
            pool.map(lambda _: installation.run("nightly", "--night", "2026-11-24"), range(3))
        )
    assert [run.returncode for run in runs] == [0, 0, 0], [run.stderr[-500:] for run in runs]
    text = "\n".join(run.stdout for run in runs)
    for each in (council, other_council):
        lines = [line for line in text.splitlines() if line.startswith(str(each.authority))]
        outcomes = [line.split("  ")[1] for line in lines]
        assert sorted(outcomes) == ["done before", "done before", "queued"]
        assert _count_nightly(each, "2026-11-24") == 1


def test_another_night_is_another_solve(installation: Installation, council: Council) -> None:
    for night in (date(2026, 3, 29), date(2026, 10, 25)):  # the clocks change
        nights = queue_night(installation.database, installation.settings, night)
        assert {done.outcome for done in nights} == {"queued"}
        assert _count_nightly(council, night.isoformat()) == 1


def test_authority_without_data_is_skipped(installation: Installation) -> None:
    empty = installation.create_authority("Newborough")
    nights = queue_night(installation.database, installation.settings, date(2026, 11, 25))
    outcomes = {done.authority_id: done.outcome for done in nights}
    assert outcomes.pop(empty) == "skipped"
    assert set(outcomes.values()) == {"queued"}


def test_one_authoritys_failure_harms_no_other(
    installation: Installation,
    council: Council,
    other_council: Council,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    night = date(2026, 11, 26)
    add = nightly.add_scenario

    def fail_for_first(session: Any, authority_id: Any, **rest: Any) -> Any:
        if authority_id == council.authority:
            raise OSError("disk full")
        return add(session, authority_id, **rest)

    monkeypatch.setattr(nightly, "add_scenario", fail_for_first)
    nights = queue_night(installation.database, installation.settings, night)
    outcomes = {done.authority_id: done.outcome for done in nights}
    assert outcomes[council.authority] == "failed"
    assert outcomes[other_council.authority] == "queued"
    monkeypatch.undo()
    nights = queue_night(installation.database, installation.settings, night)
    outcomes = {done.authority_id: done.outcome for done in nights}
    assert outcomes[council.authority] == "queued"  # nothing half stored stood in the way
    assert outcomes[other_council.authority] == "done before"


@pytest.fixture
def _worker(installation: Installation) -> Iterator[None]:
    process = installation.start_worker()
    yield
    process.terminate()
    process.wait(20)


@pytest.mark.usefixtures("_worker")
def test_night_starts_from_the_latest_plan(
    installation: Installation, council: Council, other_council: Council
) -> None:
    for each in (council, other_council):
        for queued in each.planner.get("/v1/solves", params={"limit": 200}).json()["items"]:
            each.planner.post(f"/v1/solves/{queued['id']}/cancel")
    solve = start_solve(council.planner, council.scenario["id"], iterations=2)
    ended = wait_for_state(council.planner, solve["id"], {"succeeded", "failed"}, 90)
    assert ended["state"] == "succeeded", ended["failure"]
    nights = queue_night(installation.database, installation.settings, date(2026, 12, 1))
    solve_id = next(done.solve_id for done in nights if done.authority_id == council.authority)
    assert solve_id is not None
    work = Work(installation.database, installation.settings, "test")
    with installation.database.of_authority(council.authority) as session:
        order = build_order(session, work, solve_id)
        row = session.get(
            DatasetRow, (council.authority, solves.get_solve(session, solve_id).dataset_id)
        )
        assert row is not None
        assert row.content is not None
        assert order.dataset == mapping.unpack(type(order.dataset), row.content)
    assert [plan.name for plan in order.starts][:1] == ["Today's policy"]
    assert order.bound_seconds == installation.settings.nightly_bound_s > 0


SHORT_NIGHT = {"nightly_solve_s": 1.0, "nightly_bound_s": 1.0}


@pytest.mark.usefixtures("_worker")
def test_nights_are_set_beside_the_plan_of_the_night_before(
    installation: Installation, council: Council, other_council: Council
) -> None:
    for each in (council, other_council):
        for queued in each.planner.get("/v1/solves", params={"limit": 200}).json()["items"]:
            each.planner.post(f"/v1/solves/{queued['id']}/cancel")
    settings = installation.settings.model_copy(update=SHORT_NIGHT)
    for night in (date(2027, 1, 12), date(2027, 1, 13)):
        for done in queue_night(installation.database, settings, night):
            if done.authority_id == council.authority:
                ended = wait_for_state(
                    council.planner, str(done.solve_id), {"succeeded", "failed"}, 90
                )
                assert ended["state"] == "succeeded", ended["failure"]
    page = council.planner.get("/v1/nights", params={"limit": 2}).raise_for_status().json()
    later, earlier = page["items"]
    assert [later["night"], earlier["night"]] == ["2027-01-13", "2027-01-12"]
    assert page["next"]
    # the same data, and the plan of the night before is a start: never dearer
    assert later["has_same_input"] is True
    assert later["change_pence"] == later["year_pence"] - earlier["year_pence"] <= 0
    assert later["day_objective_gbp"] > 0
    assert later["state"] == "succeeded"
    shown = installation.run("nights", "--authority", str(council.authority), "--last", "2")
    assert shown.returncode == 0, shown.stderr
    assert "2027-01-13" in shown.stdout
    assert f"£{later['year_pence'] / 100:,.2f}" in shown.stdout
    assert "the same" in shown.stdout


def test_night_without_a_plan_shows_why(installation: Installation) -> None:
    empty = installation.create_authority("Lateborough")
    queue_night(installation.database, installation.settings, date(2027, 1, 14))
    (night,) = installation.client(empty, "auditor").get("/v1/nights").json()["items"]
    assert (night["state"], night["text"]) == ("skipped", "the authority has no data set")
    assert (night["solve_id"], night["year_pence"], night["change_pence"]) == (None, None, None)
    shown = installation.run("nights", "--authority", str(empty))
    assert "skipped" in shown.stdout


def test_seconds_of_the_bound_may_be_given_by_command(
    installation: Installation, council: Council
) -> None:
    done = installation.run("nightly", "--night", "2027-01-15", "--bound-seconds", "4.5")
    assert done.returncode == 0, done.stderr
    solve = council.planner.get("/v1/solves", params={"limit": 1}).json()["items"][0]
    assert solve["bound_seconds"] == 4.5
