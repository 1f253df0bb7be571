"""Heavy reading in a process of its own, so that other requests are answered meanwhile.

A county's roads take a minute and gigabytes to read; a thread would hold the interpreter at times,
and the service would keep the memory.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from app import engine
from solver.domain import SchoolrunError


def find_roads_fault(path: Path, cache: Path) -> str | None:
    """Read a roads file apart; return what is wrong with it, `None` where nothing is.

    What was computed is kept in `cache`.
    """
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            return pool.submit(_read_roads, path, cache).result()
    except BrokenProcessPool:
        return "it needs more memory to be read than this machine has; cut it to your area"


def _read_roads(path: Path, cache: Path) -> str | None:
    try:
        engine.check_roads(path, cache)
    except SchoolrunError as exc:
        return str(exc)
    except (ValueError, OSError):
        return "it cannot be read as OpenStreetMap"
    return None
