"""Keep with a mood how many earlier notes of the voice were known, since that is how far to believe it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what was heard before nobody knows, so it counts as none."""
    with op.batch_alter_table("listening", **_copied()) as batch:
        batch.add_column(sa.Column("n_known", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("listening", **_copied()) as batch:
        batch.drop_column("n_known")


def _copied() -> dict[str, Any]:
    """Let SQLite copy the table, so that it comes out as the models would make it."""
    return {"recreate": "always"} if op.get_bind().dialect.name == "sqlite" else {}
