"""First tables, each keyed by authority with row-level security forced, and the queue's own.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import context, op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None

TABLES = (
    "authority", "api_key", "roads", "policy", "rate_card", "dataset", "dataset_file", "scenario",
    "solve", "solve_event", "plan", "idempotency", "nightly_run",
)  # fmt: skip

_WHEN = sa.DateTime(timezone=True)


def _at() -> sa.Column[object]:
    return sa.Column("created_at", _WHEN, nullable=False, server_default=sa.func.now())


def _create(name: str, *parts: sa.schema.SchemaItem, keys: tuple[str, ...] = ("id",)) -> None:
    """Create a table with its authority first in the key."""
    op.create_table(
        name,
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        *([sa.Column("id", sa.Uuid(), nullable=False)] if keys == ("id",) else []),
        *parts,
        _at(),
        sa.PrimaryKeyConstraint("authority_id", *keys, name=f"{name}_pkey"),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.authority_id"], name=f"{name}_authority_id_fkey"
        ),
    )


def _text(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _to(table: str, of: str) -> sa.ForeignKeyConstraint:
    """A reference that cannot leave the authority."""
    return sa.ForeignKeyConstraint(
        ["authority_id", f"{table}_id"],
        [f"{table}.authority_id", f"{table}.id"],
        name=f"{of}_authority_id_{table}_id_fkey",
    )


def _unique(of: str, *columns: str) -> sa.UniqueConstraint:
    names = ("authority_id", *columns)
    return sa.UniqueConstraint(*names, name=f"{of}_{'_'.join(names)}_key")


def _json(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, pg.JSONB(), nullable=nullable)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "authority",
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        _text("name"),
        sa.Column("cursor_secret", sa.LargeBinary(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("authority_id", name="authority_pkey"),
    )
    _create_keys_and_inputs()
    _create_solves()
    queue: psycopg.Connection[Any] = op.get_bind().connection.driver_connection  # type: ignore[assignment]
    queue.execute(SchemaManager.get_schema())
    _force_row_security()
    _grant(context.config.attributes["service_role"])


def _create_keys_and_inputs() -> None:
    _create(
        "api_key",
        _text("secret_hash"), _text("prefix"), _text("role"), _text("label"),
        sa.Column("expires_at", _WHEN), sa.Column("revoked_at", _WHEN),
        sa.Column("last_used_at", _WHEN),
        _unique("api_key", "secret_hash"),
    )  # fmt: skip
    _create(
        "roads",
        _text("name"), _text("content_hash"), _text("suffix"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
    )  # fmt: skip
    for name in ("policy", "rate_card"):
        _create(
            name,
            sa.Column("version", sa.Integer(), nullable=False), _text("name"),
            sa.Column("effective_from", sa.Date(), nullable=False),
            _json("content"), _text("content_hash"), _unique(name, "version"),
        )  # fmt: skip
    _create(
        "dataset",
        _text("name"), sa.Column("version", sa.Integer(), nullable=False), _text("content_hash"),
        _text("state"), _json("counts"), _json("report"),
        sa.Column("content", sa.LargeBinary()), sa.Column("rate_card_id", sa.Uuid()),
        sa.Column("deleted_at", _WHEN),
        _unique("dataset", "name", "version"), _to("rate_card", "dataset"),
    )  # fmt: skip
    _create(
        "dataset_file",
        sa.Column("dataset_id", sa.Uuid(), nullable=False), _text("kind"), _text("content_hash"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False), _to("dataset", "dataset_file"),
    )  # fmt: skip
    _create(
        "scenario",
        _text("name"),
        *(
            sa.Column(f"{part}_id", sa.Uuid(), nullable=False)
            for part in ("dataset", "policy", "rate_card", "roads")
        ),
        _json("levers"), _text("content_hash"),
        *(_to(part, "scenario") for part in ("dataset", "policy", "rate_card", "roads")),
    )  # fmt: skip


def _create_solves() -> None:
    _create(
        "solve",
        _text("kind"), sa.Column("scenario_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False), sa.Column("seconds", sa.Float()),
        sa.Column("iterations", sa.Integer()), _text("state"),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("job_id", sa.BigInteger()), _json("provenance"), _json("progress", True),
        sa.Column("checkpoint", sa.LargeBinary()),
        sa.Column("event_seq", sa.Integer(), nullable=False, server_default="0"),
        _json("failure", True), sa.Column("heartbeat_at", _WHEN),
        sa.Column("queued_at", _WHEN, nullable=False, server_default=sa.func.now()),
        sa.Column("started_at", _WHEN), sa.Column("finished_at", _WHEN),
        sa.Column("cancel_requested_at", _WHEN),
        _to("scenario", "solve"), _to("dataset", "solve"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name="solve_state_check",
        ),
    )  # fmt: skip
    _create(
        "solve_event",
        sa.Column("solve_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False), _text("type"), _json("data"),
        _to("solve", "solve_event"),
        keys=("solve_id", "seq"),
    )  # fmt: skip
    _create(
        "plan",
        sa.Column("solve_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False), _text("name"), _text("pricing"),
        sa.Column("is_as_is", sa.Boolean(), nullable=False), _text("content_hash"),
        sa.Column("year_pence", sa.BigInteger(), nullable=False), _json("summary"),
        _json("route_costs"), sa.Column("content", sa.LargeBinary()),
        _unique("plan", "solve_id", "pricing"), _to("solve", "plan"), _to("dataset", "plan"),
    )  # fmt: skip
    _create(
        "idempotency",
        sa.Column("caller", sa.Uuid(), nullable=False), _text("operation"), _text("key"),
        _text("request_hash"), sa.Column("status", sa.Integer(), nullable=False),
        _json("headers"), _json("body"),
        keys=("caller", "operation", "key"),
    )  # fmt: skip
    _create(
        "nightly_run",
        sa.Column("night", sa.Date(), nullable=False), _text("outcome"), _text("text"),
        sa.Column("solve_id", sa.Uuid()),
        keys=("night",),
    )  # fmt: skip


def _force_row_security() -> None:
    """An unset authority sees nothing; only the list of authorities' ids can be asked for whole."""
    mine = "authority_id = nullif(current_setting('schoolrun.authority', true), '')::uuid"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_rows ON {table} USING ({mine}) WITH CHECK ({mine})")
    op.execute(
        "CREATE POLICY list_authorities ON authority FOR SELECT "
        "USING (current_setting('schoolrun.list_authorities', true) = 'on')"
    )


def _grant(role: str) -> None:
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(TABLES)} TO "{role}"')
    for table in ("jobs", "workers", "periodic_defers", "events"):
        op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_{table} TO "{role}"')
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}"')


def downgrade() -> None:
    """Not offered: the first tables hold everything; restore a backup instead."""
    raise NotImplementedError("the first migration cannot be undone; restore a backup instead")
