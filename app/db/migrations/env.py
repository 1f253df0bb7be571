"""Alembic's entry: runs the migrations on the owner's connection."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from app.db.tables import Row

config = context.config
_LOCK = 7_250_117
"""Advisory lock: two processes that start at once migrate one after the other."""


def run() -> None:
    """Run the migrations in one transaction."""
    engine = create_engine(config.attributes["url"])
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.configure(connection=connection, target_metadata=Row.metadata)
        context.run_migrations()
    engine.dispose()


run()
