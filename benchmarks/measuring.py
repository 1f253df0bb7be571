"""Run a solver as a whole process, have the referee judge its plan, and say on what machine."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"
"""Where the reference instances, the referee and the published sets lie."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One solver's feasible plan: GBP a day, runs, and its process's wall and CPU seconds.

    `peak_bytes` is the most memory that the process held at once, 0 where the system does not say.
    """

    cost: float
    runs: int
    wall_s: float
    cpu_s: float
    peak_bytes: int = 0


class MeasureError(Exception):
    """A solver failed, or the referee refused its plan: the message says which and why."""


def measure(
    command: Sequence[str | Path], instance: Path, referee: Path, *, slack_s: float
) -> Measured:
    """Run `command` with `--out` a plan of its own, and judge the plan.

    Parameters
    ----------
    slack_s
        Wall seconds after which the process is ended.

    Raises
    ------
    MeasureError
        If the process fails or overruns, or the referee refuses the plan.
    """
    with tempfile.TemporaryDirectory() as folder:
        plan, complaint = Path(folder) / "plan.json", Path(folder) / "complaint.txt"
        began = time.perf_counter()
        with complaint.open("wb") as stderr:
            process = subprocess.Popen(
                [*map(str, command), "--out", str(plan)],
                cwd=REPOSITORY,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
            usage, status = _wait(process, began + slack_s)
        wall_s = time.perf_counter() - began
        name = " ".join(Path(str(word)).name for word in command[:5])
        if status != 0:
            said = complaint.read_text(errors="replace").strip().splitlines()
            raise MeasureError(
                f"{name}: status {status} after {wall_s:.0f} s: {' '.join(said[-3:])}"
            )
        judged = judge(referee, instance, plan)
        if judged["violations"]:
            raise MeasureError(f"{name}: the referee refused the plan: {judged['violations'][:3]}")
    return Measured(
        cost=float(judged["cost"]),
        runs=int(judged["runs"]),
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
    )


def _wait(process: subprocess.Popen[bytes], until: float) -> tuple[Any, int]:
    """Wait for a process and its children; returns their use of the machine and the status."""
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage, process.returncode
        if time.perf_counter() > until:
            process.kill()
        time.sleep(0.02)


def judge(referee: Path, instance: Path, plan: Path) -> dict[str, Any]:
    """Return the referee's findings: `cost`, `runs`, `violations` and more."""
    module = _load_referee(referee)
    found = module.check(module.load(str(instance)), json.loads(plan.read_text(encoding="utf-8")))
    return dict(found)


@cache
def _load_referee(path: Path) -> ModuleType:
    """Load the referee from the shared folder, where it stays."""
    spec = importlib.util.spec_from_file_location("referee", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise MeasureError(f"there is no referee at {path}: give its folder by --shared")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def describe_machine() -> str:
    """Describe processor, cores, memory, system and Python in one line."""
    processor = platform.processor() or platform.machine()
    for line in _read_lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    memory = ""
    for line in _read_lines(Path("/proc/meminfo")):
        if line.startswith("MemTotal"):
            memory = f", {int(line.split()[1]) / 2**20:.0f} GiB"
            break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{processor}, {cores} cores{memory}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def get_revision() -> str:
    """Return the short commit of the repository, with `+` where files differ from it."""
    words = ["git", "describe", "--always", "--dirty=+", "--abbrev=8"]
    found = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown revision"
