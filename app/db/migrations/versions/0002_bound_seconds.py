"""A solve says how long its lower bound may take; solves from before asked for none.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("bound_seconds", sa.Float(), nullable=False, server_default="0")
    op.add_column("solve", column)


def downgrade() -> None:
    """Drop the column; stored plans keep the bounds that they have."""
    op.drop_column("solve", "bound_seconds")
