"""Schema history of the catalog database, by Alembic."""
