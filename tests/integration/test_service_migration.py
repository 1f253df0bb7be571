"""Migrations keep what is there: a solve from before lower bounds asked for none."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from app.db import migrate as migrating
from app.db.migrate import migrate
from app.db.session import open_database
from app.settings import Settings


@pytest.fixture
def settings(postgres: str, tmp_path: Path) -> Settings:
    """An empty database of its own."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(b"CREATE DATABASE t_migration")
    parts = urlsplit(postgres)
    owner = urlunsplit(parts._replace(path="/t_migration"))
    service = owner.replace(f"{parts.username}@", "schoolrun_service@", 1)
    return Settings(database_url=service, owner_database_url=owner, data_folder=tmp_path)


def test_solves_of_the_first_tables_ask_for_no_bound(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = command.upgrade

    def upgrade_to_first(config: Config, _revision: str) -> None:
        upgrade(config, "0001")

    with monkeypatch.context() as patched:
        patched.setattr(migrating.command, "upgrade", upgrade_to_first)
        migrate(settings)
    database = open_database(settings)
    with pytest.raises(Exception, match="parcel"):
        database.check()
    owner = settings.owner_database_url or ""
    with psycopg.connect(owner) as connection:
        connection.execute("SET session_replication_role = replica")  # no references to keep here
        connection.execute("ALTER TABLE solve NO FORCE ROW LEVEL SECURITY")
        connection.execute(
            "INSERT INTO solve (authority_id, id, kind, scenario_id, dataset_id, seed, state, "
            "provenance) VALUES (%s, %s, 'scenario', %s, %s, 1, 'succeeded', '{}')",
            [uuid4() for _ in range(4)],
        )
        connection.execute("ALTER TABLE solve FORCE ROW LEVEL SECURITY")
    migrate(settings)
    database.check()
    with psycopg.connect(owner) as connection:
        rows = connection.execute("SELECT kind, bound_seconds FROM solve").fetchall()
    assert rows == [("scenario", 0.0)]
    database.close()
