"""The embedded database: several processes start at once, and it stops with the last of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from installation import REPOSITORY, Installation, wait_for


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="schoolrun-embedded-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=REPOSITORY,
        env=environment | {"SCHOOLRUN_DATA_FOLDER": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _list_servers(folder: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres"
        and str(folder / "postgres") in (process.info["cmdline"] or [])
    ]


def test_a_folder_with_a_space_in_its_name_holds_a_database(folder: Path) -> None:
    process = _start(folder / "school run", "migrate")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors


def test_processes_that_start_at_once_share_one_database(folder: Path) -> None:
    processes = [_start(folder, "migrate") for _ in range(3)]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    wait_for(lambda: not _list_servers(folder), 20, "the server to stop with its last user")


def test_authorities_and_keys_by_command(installation: Installation) -> None:
    made = installation.run("authority", "create", "Example borough")
    assert made.returncode == 0, made.stderr
    authority = made.stdout.strip()
    wrong = installation.run("key", "create", "--authority", authority, "--role", "boss")
    assert wrong.returncode != 0
    assert "commissioner" in wrong.stderr
    good = installation.run("key", "create", "--authority", authority, "--role", "planner")
    key = good.stdout.strip()
    assert key.startswith("sr_")
    assert key not in good.stderr
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{installation.url}/v1/me", headers=headers).json()["role"] == "planner"
    key_id = good.stderr.split("Key ")[1].split(" ")[0]
    assert installation.run("key", "revoke", "--authority", authority, key_id).returncode == 0
    assert httpx.get(f"{installation.url}/v1/me", headers=headers).status_code == 401
    for refused in (
        installation.run("authority", "create", " "),
        installation.run("nightly", "--night", "2026-99-01"),
    ):
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr
    absent = installation.run("key", "revoke", "--authority", authority, authority)
    assert absent.returncode == 1
    assert "Traceback" not in absent.stderr
