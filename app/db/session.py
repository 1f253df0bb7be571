"""Connections, and transactions that see one authority only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from app.db.embedded import start_embedded
from app.db.tables import AuthorityRow
from app.settings import Settings


@lru_cache(maxsize=8)
def _start(folder: str) -> tuple[str, str]:
    from pathlib import Path

    return start_embedded(Path(folder))


def get_service_url(settings: Settings) -> str:
    """Return the address that the service connects with, starting the embedded server if needed."""
    if settings.database_url:
        return settings.database_url
    return _start(str(settings.postgres_folder.resolve()))[1]


def get_owner_url(settings: Settings) -> str:
    """Return the address that migrations connect with."""
    if settings.owner_database_url:
        return settings.owner_database_url
    if settings.database_url:
        return settings.database_url
    return _start(str(settings.postgres_folder.resolve()))[0]


def to_sqlalchemy(url: str) -> str:
    """Return a PostgreSQL address as SQLAlchemy writes it for psycopg 3."""
    _scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}"


class Database:
    """The connections of one process. Parameters of statements never reach a log."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            to_sqlalchemy(url),
            pool_size=settings.pool_size,
            max_overflow=settings.pool_size,
            pool_timeout=settings.pool_timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": settings.connect_timeout_s,
                "application_name": "schoolrun",
            },
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def of_authority(self, authority_id: UUID) -> Iterator[Session]:
        """Open a transaction that sees and writes the rows of one authority; commits at the end."""
        with self._sessions.begin() as session:
            session.execute(
                text("SELECT set_config('schoolrun.authority', :id, true)"),
                {"id": str(authority_id)},
            )
            yield session

    def list_authorities(self) -> list[UUID]:
        """List the ids of all authorities, for upkeep and the nightly. Reads nothing else."""
        with self._sessions.begin() as session:
            session.execute(text("SELECT set_config('schoolrun.list_authorities', 'on', true)"))
            rows = session.scalars(
                select(AuthorityRow.authority_id).order_by(AuthorityRow.created_at)
            )
            return list(rows)

    def check(self) -> None:
        """Raise if the database does not answer or is not migrated."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM authority"))
            connection.execute(text("SELECT id FROM parcel LIMIT 0"))  # the latest table

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the service's connections."""
    return Database(get_service_url(settings), settings)
