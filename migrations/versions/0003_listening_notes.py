"""Keep what makes a mood less sure, such as a telephone's sound, with the mood."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was heard before has no notes."""
    with op.batch_alter_table("listening", **_copied()) as batch:
        batch.add_column(sa.Column("notes", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Drop the column with its notes."""
    with op.batch_alter_table("listening", **_copied()) as batch:
        batch.drop_column("notes")


def _copied() -> dict[str, Any]:
    """Let SQLite copy the table, so that it comes out as the models would make it."""
    return {"recreate": "always"} if op.get_bind().dialect.name == "sqlite" else {}
