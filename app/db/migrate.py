"""Bring the database to the present shape. Runs as the owner, never as the service."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql

from app.db.embedded import LOCK
from app.db.session import get_owner_url, get_service_url, to_sqlalchemy
from app.settings import Settings
from solver.domain import SchoolrunError


class MigrationError(SchoolrunError):
    """The database cannot be set up as asked: the message says what to change."""


def migrate(settings: Settings) -> None:
    """Create or update all tables, and the role that the service connects as.

    Raises
    ------
    MigrationError
        If the service would connect as the owner of the tables.
    """
    owner, service = get_owner_url(settings), get_service_url(settings)
    role = urlsplit(service).username or ""
    _create_service_role(owner, role, urlsplit(service).password)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = to_sqlalchemy(owner)
    config.attributes["service_role"] = role
    command.upgrade(config, "head")


def _create_service_role(owner: str, role: str, password: str | None) -> None:
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        (present,) = connection.execute("SELECT current_user").fetchone() or ("",)
        if role in ("", present):
            raise MigrationError(
                "the service must not connect as the owner of the tables: put the owner's address "
                "into SCHOOLRUN_OWNER_DATABASE_URL and another role's, such as "
                "schoolrun_service, into DATABASE_URL (migrate creates that role)"
            )
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if known is None:
            secret = (
                sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
            )
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
                ).format(sql.Identifier(role))
                + secret
            )
