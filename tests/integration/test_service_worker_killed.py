"""Workers die and freeze; no solve is lost and none is done twice."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any
from uuid import UUID

import psutil
import pytest
from installation import (
    REPOSITORY,
    Council,
    Installation,
    start_solve,
    wait_for,
    wait_for_state,
)
from sqlalchemy import text

from app import solves
from app.db import mapping
from app.work.run import build_order
from app.work.worker import Work
from solver.domain import Plan

LONG = {"seconds": 300}


@pytest.fixture(scope="module")
def installation(private_installation: Installation) -> Installation:
    """Workers run here, so the database is this module's own."""
    return private_installation


def _wait_for_progress(council: Council, solve: str) -> dict[str, Any]:
    until = time.monotonic() + 90
    while True:
        found: dict[str, Any] = council.planner.get(f"/v1/solves/{solve}").json()
        if found["progress"] is not None:
            return found
        assert found["state"] in {"queued", "running"}, found
        assert time.monotonic() < until, "no progress was reported"
        time.sleep(0.2)


def _has_checkpoint(installation: Installation, council: Council, solve: str) -> bool:
    with installation.database.of_authority(council.authority) as session:
        row = solves.get_solve(session, UUID(solve))
        return row.checkpoint is not None and bool(mapping.unpack(Plan, row.checkpoint).am.runs)


def _get_checkpoint(installation: Installation, council: Council, solve: str) -> Plan:
    """Return a solve's stored plan, which is the first that its next worker is to start from."""
    work = Work(installation.database, installation.settings, "test")
    with installation.database.of_authority(council.authority) as session:
        row = solves.get_solve(session, UUID(solve))
        assert row.checkpoint is not None
        kept = mapping.unpack(Plan, row.checkpoint)
        assert build_order(session, work, row.id).starts[0] == kept
    return kept


def _list_descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_killed_workers_solve_is_finished_by_another(
    installation: Installation, council: Council
) -> None:
    first = installation.start_worker()
    solve = start_solve(council.planner, council.scenario["id"], **LONG)
    _wait_for_progress(council, solve["id"])
    wait_for(lambda: _has_checkpoint(installation, council, solve["id"]), 30, "a checkpoint")
    descendants = _list_descendants(first.pid)
    assert len(descendants) >= 2  # the solve's process is among them
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    killed_at = time.monotonic()
    kept = _get_checkpoint(installation, council, solve["id"])
    second = installation.start_worker()
    wait_for(lambda: not psutil.wait_procs(descendants, timeout=0)[1], 10, "the solver to end")
    address = f"/v1/solves/{solve['id']}"
    wait_for(lambda: council.planner.get(address).json()["attempt"] == 2, 40, "another worker")
    assert time.monotonic() - killed_at < 30
    going = _wait_for_progress(council, solve["id"])["progress"]
    before = kept.am if going["session"] == "AM" else kept.pm
    assert going["objective"] <= before.objective + 0.01, "it does not go on from the checkpoint"
    council.planner.post(f"/v1/solves/{solve['id']}/cancel")
    ended = wait_for_state(council.planner, solve["id"], {"cancelled"}, 30)
    assert len(ended["plans"]) <= 1
    short = start_solve(council.planner, council.scenario["id"], iterations=2)
    done = wait_for_state(council.planner, short["id"], {"succeeded"}, 60)
    assert [plan["pricing"] for plan in done["plans"]] == ["rate card"]
    second.terminate()
    assert second.wait(20) == 0


def test_frozen_worker_that_comes_back_changes_nothing(
    installation: Installation, council: Council
) -> None:
    first = installation.start_worker()
    solve = start_solve(council.planner, council.scenario["id"], seconds=6)
    _wait_for_progress(council, solve["id"])
    os.kill(first.pid, signal.SIGSTOP)
    second = installation.start_worker()
    done = wait_for_state(council.planner, solve["id"], {"succeeded"}, 90)
    assert done["attempt"] == 2
    os.kill(first.pid, signal.SIGCONT)
    wait_for(lambda: "solve_fenced" in installation.read_logs(), 30, "the fence to be met")
    after = council.planner.get(f"/v1/solves/{solve['id']}").json()
    assert after == done
    for process in (first, second):
        process.terminate()
        process.wait(20)


def test_worker_told_to_end_hands_its_solve_back(
    installation: Installation, council: Council
) -> None:
    first = installation.start_worker()
    solve = start_solve(council.planner, council.scenario["id"], **LONG)
    _wait_for_progress(council, solve["id"])
    began = time.monotonic()
    first.terminate()
    assert first.wait(15) == 0
    assert time.monotonic() - began < 15
    back = council.planner.get(f"/v1/solves/{solve['id']}").json()
    assert back["state"] == "queued"
    council.planner.post(f"/v1/solves/{solve['id']}/cancel").raise_for_status()


def test_solve_whose_search_is_killed_fails_in_plain_words(
    installation: Installation, council: Council
) -> None:
    worker = installation.start_worker()
    solve = start_solve(council.planner, council.scenario["id"], **LONG)
    _wait_for_progress(council, solve["id"])
    searches = [
        process
        for process in _list_descendants(worker.pid)
        if any("spawn_main" in word for word in process.cmdline())
    ]
    assert len(searches) == 2, "one for the morning, one for the afternoon"
    searches[0].kill()
    ended = wait_for_state(council.planner, solve["id"], {"failed"}, 30)
    assert ended["failure"]["code"] == "search-failed"
    assert "exit code -9" in ended["failure"]["text"]
    wait_for(lambda: not psutil.wait_procs(searches, timeout=0)[1], 10, "the other to end")
    _assert_bare(installation, council, ended)
    worker.terminate()
    worker.wait(20)


def test_solve_without_its_roads_file_fails_in_plain_words(
    installation: Installation, council: Council
) -> None:
    folder = installation.settings.roads_folder
    away = folder.with_name("roads-away")
    folder.rename(away)
    worker = installation.start_worker()
    try:
        solve = start_solve(council.planner, council.scenario["id"], iterations=2)
        ended = wait_for_state(council.planner, solve["id"], {"failed"}, 60)
    finally:
        away.rename(folder)
    assert ended["failure"]["code"] == "roads-file"
    assert "no such file" in ended["failure"]["text"]
    _assert_bare(installation, council, ended)
    worker.terminate()
    worker.wait(20)


def _assert_bare(installation: Installation, council: Council, solve: dict[str, Any]) -> None:
    """Fail if the solve, its events or the logs show a traceback or a path of this machine."""
    stream = council.planner.get(f"/v1/solves/{solve['id']}/events").raise_for_status().text
    assert "event: failed" in stream
    logs = installation.read_logs()
    assert solve["failure"]["text"] in logs
    for shown in (str(solve), stream, logs):
        assert "Traceback" not in shown
        assert 'File "' not in shown
        for path in (REPOSITORY, installation.folder, sys.prefix):
            assert str(path) not in shown
    for line in filter(None, logs.splitlines()):
        json.loads(line)


def test_attempt_is_a_fence(installation: Installation, council: Council) -> None:
    solve = start_solve(council.planner, council.scenario["id"], **LONG)
    solve_id = type(council.authority)(solve["id"])
    with installation.database.of_authority(council.authority) as session:
        row = solves.take_solve(session, solve_id)
        assert row is not None
        stale = row.attempt
    with installation.database.of_authority(council.authority) as session:
        assert solves.take_solve(session, solve_id) is None, "it is taken already"
    with installation.database.of_authority(council.authority) as session:
        locked = solves.get_solve(session, solve_id, for_update=True)
        solves.requeue_solve(session, locked, "test")
    with installation.database.of_authority(council.authority) as session:
        row = solves.take_solve(session, solve_id)
        assert row is not None
        fresh = row.attempt
    assert fresh == stale + 1
    with installation.database.of_authority(council.authority) as session:
        assert solves.beat(session, solve_id, stale, {"cost": 1}, None) is None
        assert not solves.finish_solve(session, solve_id, stale, "failed")
        assert solves.beat(session, solve_id, fresh, None, None) is False
    with installation.database.of_authority(council.authority) as session:
        assert solves.finish_solve(session, solve_id, fresh, "cancelled")
        count = session.execute(text("SELECT count(*) FROM solve WHERE state = 'cancelled'"))
        assert count.scalar_one() >= 1
