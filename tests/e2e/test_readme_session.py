"""The README's REST session, run as printed against a running service and worker."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from data.demo import write_borough

REPOSITORY = Path(__file__).resolve().parents[2]


def read_session() -> str:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text.split("## A session over REST")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return block


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A service and a worker of their own, and the address at which they answer."""
    folder = tmp_path_factory.mktemp("readme")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    values = {**os.environ, "SCHOOLRUN_DATA_FOLDER": str(folder / "data")}
    values["API"] = f"http://127.0.0.1:{port}"
    values.pop("DATABASE_URL", None)
    log = (folder / "service.log").open("wb")

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app.cli", *words]
        return subprocess.Popen(command, cwd=REPOSITORY, env=values, stdout=log, stderr=log)

    processes = [start("serve", "--port", str(port))]
    try:
        wait_until_ready(values["API"])
        processes.append(start("worker"))
        yield values
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(30)
        log.close()


def wait_until_ready(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/ready", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("the service was not ready within a minute")


def test_the_session_of_the_readme_works_as_printed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    write_borough(tmp_path / "out" / "borough", pupils=60, seed=1)
    (tmp_path / "run").write_text(
        f'#!/bin/sh\ncd "{REPOSITORY}" && exec "{sys.executable}" -m app.cli "$@"\n'
    )
    (tmp_path / "run").chmod(0o755)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", read_session()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    assert "event: progress" in done.stdout
    comparison = json.loads(done.stdout.strip().splitlines()[-1])["comparison"]
    names = [metrics["name"] for metrics in comparison["metrics"]]
    assert len(names) == 3
    assert names[-1] == "Ride limit 60"
    assert comparison["savings"][0]["pence"] > 0
    assert (tmp_path / "out" / "comparison-rest.xlsx").read_bytes()[:2] == b"PK"
