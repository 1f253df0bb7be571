"""Settings of the service, read from the environment: `SCHOOLRUN_*` and `DATABASE_URL`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that differs between two installations.

    Without `DATABASE_URL` an embedded PostgreSQL is started in `data_folder`/postgres.
    """

    model_config = SettingsConfigDict(env_prefix="SCHOOLRUN_", populate_by_name=True)

    database_url: str | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url")
    )
    """What the service connects with: a role that owns no table and cannot pass by row security."""
    owner_database_url: str | None = None
    """What migrations connect with; only `schoolrun migrate` reads it."""
    data_folder: Path = Path(".schoolrun")
    """Roads files by content hash and the embedded database. Shared by API and workers."""

    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "INFO"

    pool_size: int = 10
    connect_timeout_s: int = 3
    pool_timeout_s: float = 5.0

    max_file_bytes: int = 50_000_000
    """Most bytes of one of a council's files."""
    max_roads_bytes: int = 500_000_000
    """Most bytes of a roads file: extracts of a county are 50 to 100 MB and more."""
    max_upload_bytes: int = 150_000_000
    max_body_bytes: int = 1_000_000
    page_size: int = 50
    max_page_size: int = 200

    max_solve_s: float = 3600.0
    default_solve_s: float = 60.0
    max_iterations: int = 10_000_000
    default_bound_s: float = 0.0
    """Seconds of a solve's lower bound where the request does not say; 0 asks for none."""
    max_bound_s: float = 3600.0
    """Most seconds of a lower bound, on top of those of the search."""

    worker_solves: int = 1
    """Solves at one time in one worker process."""
    heartbeat_s: float = 5.0
    stalled_after_s: float = 15.0
    """A running solve without a heartbeat for so long is taken up by another worker."""
    sweep_s: int = 5
    cancel_grace_s: float = 10.0
    """How long a cancelled search may take to hand over its best plan before it is ended."""
    checkpoint_s: float = 5.0
    """Least seconds between two stored checkpoints of one solve."""
    max_attempts: int = 5

    event_poll_s: float = 0.5
    event_heartbeat_s: float = 15.0
    idempotency_days: int = 7
    nightly_solve_s: float = 300.0
    nightly_bound_s: float = 120.0
    """Seconds of the lower bound of a nightly plan, on top of those of its search."""

    @property
    def roads_folder(self) -> Path:
        """Where roads files and what is computed from them lie."""
        return self.data_folder / "roads"

    @property
    def uploads_folder(self) -> Path:
        """Where uploads lie while they are received and read."""
        return self.data_folder / "uploads"

    @property
    def postgres_folder(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.data_folder / "postgres"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
