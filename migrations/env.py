"""Alembic's way into a migration; `catalog.schema` opens the database and hands over the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context

from catalog import models

if TYPE_CHECKING:
    from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]
# Batch mode: SQLite alters a table by copying it. The caller's one transaction holds every version, or none.
context.configure(
    connection=connection,
    target_metadata=models.Track.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
