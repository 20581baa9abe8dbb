"""Keep which tracks a curator heard to be no copies of each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing was said before."""
    op.create_table(
        "track_distinction",
        sa.Column("track_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("other_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("track_id < other_id", name=op.f("ck_track_distinction_order")),
        sa.PrimaryKeyConstraint("track_id", "other_id", name=op.f("pk_track_distinction")),
    )


def downgrade() -> None:
    """Drop the table with what was said."""
    op.drop_table("track_distinction")
