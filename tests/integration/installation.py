"""One installation of the service for tests: its database, API process and workers, all real."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx
import psycopg
from borough import write_borough

from app import keys
from app.db.migrate import migrate
from app.db.session import Database, open_database
from app.roles import Role
from app.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
FAST = {
    "SCHOOLRUN_STALLED_AFTER_S": "6",
    "SCHOOLRUN_SWEEP_S": "2",
    "SCHOOLRUN_HEARTBEAT_S": "1",
    "SCHOOLRUN_CHECKPOINT_S": "0.5",
    "SCHOOLRUN_EVENT_POLL_S": "0.1",
    "SCHOOLRUN_EVENT_HEARTBEAT_S": "0.5",
}
"""Shorter waits than in production, so that deaths are seen in seconds."""


@dataclass
class Installation:
    """Settings, database and processes of one test module."""

    settings: Settings
    owner_url: str
    folder: Path
    database: Database
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the installation's processes run."""
        service = self.settings.database_url or ""
        return os.environ | FAST | {
            "DATABASE_URL": service,
            "SCHOOLRUN_OWNER_DATABASE_URL": self.owner_url,
            "SCHOOLRUN_DATA_FOLDER": str(self.settings.data_folder),
        }  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `schoolrun ARGUMENTS` as a process; its log goes to a file in the folder."""
        log = self.folder / f"{arguments[0]}-{len(self.processes)}.log"
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `schoolrun ARGUMENTS` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def serve(self) -> None:
        """Start the API and wait until it is ready."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.start("serve", "--port", str(port))
        wait_for(lambda: _is_ready(self.url), 30, "the API to be ready")

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker process."""
        return self.start("worker")

    def read_logs(self) -> str:
        """Return everything that the installation's processes wrote."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def create_authority(self, name: str) -> UUID:
        """Create an authority."""
        return keys.create_authority(self.database, name)

    def client(self, authority: UUID, role: Role) -> httpx.Client:
        """Return a client with a new key of `role`."""
        _key_id, key = keys.create_key(self.database, authority, role)
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def stop(self) -> None:
        """End every process and connection of the installation."""
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        self.database.close()


@contextmanager
def install(server_url: str, folder: Path) -> Iterator[Installation]:
    """Make a database of its own on the server, migrate it, and stop everything at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"t_{folder.name}".replace("-", "_").lower()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    parts = urlsplit(server_url)
    owner = urlunsplit(parts._replace(path=f"/{name}"))
    service = owner.replace(f"{parts.username}@", "schoolrun_service@", 1)
    settings = Settings(database_url=service, owner_database_url=owner, data_folder=folder / "data")
    migrate(settings)
    installation = Installation(settings, owner, folder, open_database(settings))
    try:
        yield installation
    finally:
        installation.stop()


@dataclass
class Council:
    """An authority with its uploads, and a client of each role that tests need."""

    authority: UUID
    planner: httpx.Client
    dataset: dict[str, Any]
    roads: dict[str, Any]
    scenario: dict[str, Any]


def set_up_council(installation: Installation, name: str) -> Council:
    """Create an authority and upload the made-up borough through the service."""
    paths = write_borough(installation.folder / f"files-{name}")
    authority = installation.create_authority(name)
    planner = installation.client(authority, "planner")
    roads = upload_roads(planner, paths["roads"]).raise_for_status().json()
    dataset = upload_dataset(planner, paths, name).raise_for_status().json()
    body = {"name": "Today's policy", "dataset_id": dataset["id"], "levers": []}
    scenario = planner.post("/v1/scenarios", json=body).raise_for_status().json()
    return Council(authority, planner, dataset, roads, scenario)


def upload_roads(client: httpx.Client, path: Path) -> httpx.Response:
    """Upload a roads file."""
    with path.open("rb") as content:
        return client.post("/v1/roads", data={"name": "Grid"}, files={"file": content})


def upload_dataset(
    client: httpx.Client, paths: dict[str, Path], name: str, *, validate_only: bool = False
) -> httpx.Response:
    """Upload a council's files by kind."""
    files = {
        kind: (path.name, path.read_bytes()) for kind, path in paths.items() if kind != "roads"
    }
    data = {"name": name, "is_synthetic": "true"}
    query = "?validate_only=true" if validate_only else ""
    return client.post(f"/v1/datasets{query}", data=data, files=files)


def start_solve(client: httpx.Client, scenario: str, **body: Any) -> dict[str, Any]:
    """Start a solve and return it."""
    response = client.post("/v1/solves", json={"scenario_id": scenario, **body})
    assert response.status_code == 202, response.text
    solve: dict[str, Any] = response.json()
    return solve


def wait_for_state(
    client: httpx.Client, solve: str, states: set[str], seconds: float = 60
) -> dict[str, Any]:
    """Wait until a solve is in one of `states` and return it."""
    until = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = client.get(f"/v1/solves/{solve}").raise_for_status().json()
        if found["state"] in states:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"the solve is {found['state']} after {seconds} s: {found}")
        time.sleep(0.2)


def wait_for(is_so: Any, seconds: float, what: str) -> None:
    """Wait until `is_so()` holds."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").status_code == 200
    except httpx.TransportError:
        return False
