"""API keys: 256 random bits, shown once, stored as SHA-256 beside role and authority."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import mapping
from app.db.session import Database
from app.db.tables import ApiKeyRow, AuthorityRow, PolicyRow
from app.errors import AbsentError, KeyRefusedError
from app.roles import Role
from solver.domain import Policy, content_hash

_MARK = "sr"
_USED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as their key says."""

    authority_id: UUID
    authority: str
    key_id: UUID
    role: Role
    cursor_secret: bytes
    prefix: str


def create_authority(database: Database, name: str) -> UUID:
    """Create an authority with the national default policy as its version 1; return its id."""
    authority_id = uuid4()
    policy = Policy()
    with database.of_authority(authority_id) as session:
        session.add(
            AuthorityRow(
                authority_id=authority_id, name=name, cursor_secret=secrets.token_bytes(32)
            )
        )
        session.flush()
        session.add(
            PolicyRow(
                authority_id=authority_id,
                id=uuid4(),
                version=1,
                name=policy.name,
                effective_from=policy.effective_from,
                content=mapping.to_json(policy),
                content_hash=content_hash(policy),
            )
        )
    return authority_id


def create_key(
    database: Database,
    authority_id: UUID,
    role: Role,
    *,
    label: str = "",
    days: int | None = None,
) -> tuple[UUID, str]:
    """Create a key; return its id and the key itself, which cannot be shown again.

    Raises
    ------
    AbsentError
        If there is no such authority.
    """
    secret = secrets.token_urlsafe(32)
    key_id = uuid4()
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    with database.of_authority(authority_id) as session:
        _get_authority(session)
        session.add(
            ApiKeyRow(
                authority_id=authority_id,
                id=key_id,
                secret_hash=_hash(secret),
                prefix=secret[:6],
                role=role,
                label=label,
                expires_at=expires,
            )
        )
    return key_id, f"{_MARK}_{authority_id.hex}_{secret}"


def revoke_key(database: Database, authority_id: UUID, key_id: UUID) -> None:
    """Revoke a key from now on; raises :class:`AbsentError` where there is none such."""
    with database.of_authority(authority_id) as session:
        found = session.execute(
            update(ApiKeyRow)
            .where(ApiKeyRow.id == key_id)
            .values(revoked_at=datetime.now(UTC))
            .returning(ApiKeyRow.id)
        ).first()
    if found is None:
        raise AbsentError(f"authority {authority_id} has no key {key_id}")


def authenticate(database: Database, header: str | None) -> Caller:
    """Return who holds the key in an `Authorization: Bearer` header.

    Raises
    ------
    KeyRefusedError
        If there is no key or it does not hold; the answer never says which part is wrong.
    """
    refused = KeyRefusedError(
        "send an API key that is in force as 'Authorization: Bearer KEY'; the service's operator "
        "makes one with 'schoolrun key create'"
    )
    scheme, _, token = (header or "").partition(" ")
    parts = token.strip().split("_", 2)
    if scheme.lower() != "bearer" or len(parts) != 3 or parts[0] != _MARK:
        raise refused
    try:
        authority_id = UUID(hex=parts[1])
    except ValueError:
        raise refused from None
    now = datetime.now(UTC)
    with database.of_authority(authority_id) as session:
        key = session.scalars(
            select(ApiKeyRow).where(ApiKeyRow.secret_hash == _hash(parts[2]))
        ).one_or_none()
        if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
            raise refused
        if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
            key.last_used_at = now
        authority = _get_authority(session)
        return Caller(
            authority_id=authority_id,
            authority=authority.name,
            key_id=key.id,
            role=key.role,  # type: ignore[arg-type]  # written from Role only
            cursor_secret=authority.cursor_secret,
            prefix=key.prefix,
        )


def _get_authority(session: Session) -> AuthorityRow:
    row = session.scalars(select(AuthorityRow)).one_or_none()
    if row is None:
        raise AbsentError("there is no such authority; 'schoolrun authority create' makes one")
    return row


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
