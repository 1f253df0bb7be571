"""Which code and which solver made a plan."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tomllib import loads
from typing import Final

_PACKAGES: Final = ("ortools", "scipy", "numpy", "numba")


@lru_cache(maxsize=1)
def get_code_version() -> str:
    """Return the version of this project, from its metadata or, in a clone, its pyproject.toml."""
    try:
        return version("schoolrun")
    except PackageNotFoundError:
        project = Path(__file__).parent.parent / "pyproject.toml"
        return str(loads(project.read_text(encoding="utf-8"))["project"]["version"])


def get_provenance() -> dict[str, str]:
    """Return the versions that a plan depends on, by name."""
    found = {"schoolrun": get_code_version(), "python": platform.python_version()}
    return found | {name: version(name) for name in _PACKAGES}
