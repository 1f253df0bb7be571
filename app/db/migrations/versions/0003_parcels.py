"""Pieces of solves that other workers improve meanwhile.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, each row with its authority and seen by it alone."""
    op.create_table(
        "parcel",
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("solve_id", sa.Uuid(), nullable=False),
        sa.Column("lender", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.PrimaryKeyConstraint("authority_id", "id", name="parcel_pkey"),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["authority.authority_id"], name="parcel_authority_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["authority_id", "solve_id"],
            ["solve.authority_id", "solve.id"],
            name="parcel_authority_id_solve_id_fkey",
        ),
    )
    mine = "authority_id = nullif(current_setting('schoolrun.authority', true), '')::uuid"
    op.execute("ALTER TABLE parcel ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE parcel FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_rows ON parcel USING ({mine}) WITH CHECK ({mine})")
    role = context.config.attributes["service_role"]
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON parcel TO "{role}"')


def downgrade() -> None:
    """Drop the table; stop the workers of this version before, for their solves need it."""
    op.drop_table("parcel")
