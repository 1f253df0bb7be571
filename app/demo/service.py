"""The service and one worker as child processes, for as long as the demonstration lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.settings import Settings
from solver.domain import SchoolrunError

_READY_WITHIN_S = 60


class ServiceDidNotStartError(SchoolrunError):
    """The API or the worker ended at once, or was not ready in time; see its log."""


@contextmanager
def run_service(settings: Settings) -> Iterator[str]:
    """Start the API on a free port and a worker; yield the API's address; end both.

    Raises
    ------
    ServiceDidNotStartError
        If the API is not ready within a minute.
    """
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    processes = []
    try:
        api_log = settings.data_folder / "demo-api.log"
        processes.append(_start(api_log, "serve", "--host", "127.0.0.1", "--port", str(port)))
        _wait_until_ready(url, processes[0], api_log)
        processes.append(_start(settings.data_folder / "demo-worker.log", "worker"))
        yield url
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(log: Path, *words: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).resolve().parents[2],
            env=os.environ,
        )


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/ready", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise ServiceDidNotStartError(f"the service did not start; its log is {log}")
