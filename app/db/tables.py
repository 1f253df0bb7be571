"""The tables. Every one is keyed by authority, and row-level security is forced on each.

Rows never leave `app`; :mod:`app.db.mapping` turns their contents into domain types.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TERMINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
"""The states that a solve never leaves."""


class Row(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        datetime: DateTime(timezone=True),
        bytes: LargeBinary,
    }


class AuthorityRow(Row):
    """A council."""

    __tablename__ = "authority"
    authority_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    cursor_secret: Mapped[bytes]
    """Signs the cursors of this authority's lists."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuthorityOwned:
    """Columns of everything that an authority owns."""

    authority_id: Mapped[UUID] = mapped_column(
        ForeignKey("authority.authority_id"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKeyRow(AuthorityOwned, Row):
    """An API key: SHA-256 of a 256-bit secret that was shown once."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("authority_id", "secret_hash"),)
    secret_hash: Mapped[str]
    prefix: Mapped[str]
    role: Mapped[str]
    label: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class RoadsRow(AuthorityOwned, Row):
    """A roads file; the file itself lies on disk under its content hash."""

    __tablename__ = "roads"
    name: Mapped[str]
    content_hash: Mapped[str]
    suffix: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class PolicyRow(AuthorityOwned, Row):
    """One version of the planning rules."""

    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("authority_id", "version"),)
    version: Mapped[int]
    name: Mapped[str]
    effective_from: Mapped[date]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]


class RateCardRow(AuthorityOwned, Row):
    """One version of the prices."""

    __tablename__ = "rate_card"
    __table_args__ = (UniqueConstraint("authority_id", "version"),)
    version: Mapped[int]
    name: Mapped[str]
    effective_from: Mapped[date]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]


class DatasetRow(AuthorityOwned, Row):
    """One version of a data set. `content` is wiped when the data set is deleted."""

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("authority_id", "name", "version"),
        ForeignKeyConstraint(
            ["authority_id", "rate_card_id"], ["rate_card.authority_id", "rate_card.id"]
        ),
    )
    name: Mapped[str]
    version: Mapped[int]
    content_hash: Mapped[str]
    state: Mapped[str]
    counts: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    content: Mapped[bytes | None]
    rate_card_id: Mapped[UUID | None]
    deleted_at: Mapped[datetime | None]


class DatasetFileRow(AuthorityOwned, Row):
    """A file that a data set was read from: its kind, size and hash, not its content."""

    __tablename__ = "dataset_file"
    __table_args__ = (
        ForeignKeyConstraint(
            ["authority_id", "dataset_id"], ["dataset.authority_id", "dataset.id"]
        ),
    )
    dataset_id: Mapped[UUID]
    kind: Mapped[str]
    content_hash: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)


class ScenarioRow(AuthorityOwned, Row):
    """A scenario: versions and levers, never changed."""

    __tablename__ = "scenario"
    __table_args__ = (
        ForeignKeyConstraint(
            ["authority_id", "dataset_id"], ["dataset.authority_id", "dataset.id"]
        ),
        ForeignKeyConstraint(["authority_id", "policy_id"], ["policy.authority_id", "policy.id"]),
        ForeignKeyConstraint(
            ["authority_id", "rate_card_id"], ["rate_card.authority_id", "rate_card.id"]
        ),
        ForeignKeyConstraint(["authority_id", "roads_id"], ["roads.authority_id", "roads.id"]),
    )
    name: Mapped[str]
    dataset_id: Mapped[UUID]
    policy_id: Mapped[UUID]
    rate_card_id: Mapped[UUID]
    roads_id: Mapped[UUID]
    levers: Mapped[list[Any]]
    content_hash: Mapped[str]


class SolveRow(AuthorityOwned, Row):
    """One optimisation job. Every update by a worker carries `attempt`, its fence."""

    __tablename__ = "solve"
    __table_args__ = (
        ForeignKeyConstraint(
            ["authority_id", "scenario_id"], ["scenario.authority_id", "scenario.id"]
        ),
        ForeignKeyConstraint(
            ["authority_id", "dataset_id"], ["dataset.authority_id", "dataset.id"]
        ),
    )
    kind: Mapped[str]
    scenario_id: Mapped[UUID]
    dataset_id: Mapped[UUID]
    seed: Mapped[int]
    seconds: Mapped[float | None]
    iterations: Mapped[int | None]
    bound_seconds: Mapped[float] = mapped_column(server_default="0")
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(server_default="0")
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    provenance: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any] | None]
    checkpoint: Mapped[bytes | None]
    event_seq: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[dict[str, Any] | None]
    heartbeat_at: Mapped[datetime | None]
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]


class ParcelRow(AuthorityOwned, Row):
    """A piece of a solve that any worker may improve meanwhile; gone when it has come back.

    It holds numbers only (:mod:`solver.together.parcels`), no names, references or places.
    """

    __tablename__ = "parcel"
    __table_args__ = (
        ForeignKeyConstraint(["authority_id", "solve_id"], ["solve.authority_id", "solve.id"]),
    )
    solve_id: Mapped[UUID]
    lender: Mapped[str]
    """The worker that has the solve, which does not take it itself."""
    content: Mapped[bytes]
    taken_at: Mapped[datetime | None]
    answer: Mapped[bytes | None]


class SolveEventRow(Row):
    """What happened to a solve, in order, for progress streams that are picked up again."""

    __tablename__ = "solve_event"
    __table_args__ = (
        ForeignKeyConstraint(["authority_id", "solve_id"], ["solve.authority_id", "solve.id"]),
    )
    authority_id: Mapped[UUID] = mapped_column(
        ForeignKey("authority.authority_id"), primary_key=True
    )
    solve_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PlanRow(AuthorityOwned, Row):
    """A costed plan. `content` is wiped with its data set; totals and route costs stay."""

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("authority_id", "solve_id", "pricing"),
        ForeignKeyConstraint(["authority_id", "solve_id"], ["solve.authority_id", "solve.id"]),
        ForeignKeyConstraint(
            ["authority_id", "dataset_id"], ["dataset.authority_id", "dataset.id"]
        ),
    )
    solve_id: Mapped[UUID]
    dataset_id: Mapped[UUID]
    name: Mapped[str]
    pricing: Mapped[str]
    is_as_is: Mapped[bool]
    content_hash: Mapped[str]
    year_pence: Mapped[int] = mapped_column(BigInteger)
    summary: Mapped[dict[str, Any]]
    route_costs: Mapped[list[Any]]
    content: Mapped[bytes | None]


class IdempotencyRow(Row):
    """The answer to a request that may be sent again with the same key."""

    __tablename__ = "idempotency"
    authority_id: Mapped[UUID] = mapped_column(
        ForeignKey("authority.authority_id"), primary_key=True
    )
    caller: Mapped[UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NightlyRunRow(Row):
    """That an authority's night was queued; there can be no second row for one night."""

    __tablename__ = "nightly_run"
    authority_id: Mapped[UUID] = mapped_column(
        ForeignKey("authority.authority_id"), primary_key=True
    )
    night: Mapped[date] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    text: Mapped[str]
    solve_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
