"""Fixtures every test may ask for."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.engine import make_url

from catalog import schema
from catalog.database import make_session_factory, open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.database import SessionFactory

# Machines are noisy: a slow example is no failure. Chance is seeded, so that a failure comes again.
settings.register_profile("emotitune", deadline=None, derandomize=True)
settings.load_profile("emotitune")


@pytest.fixture(scope="session")
def material_dir() -> Path:
    """Folder with the real speech and music; tests that need it are left out where it is not."""
    folder = os.environ.get("EMOTITUNE_MATERIAL_DIR")
    if not folder:
        pytest.skip("EMOTITUNE_MATERIAL_DIR is not set")
    return Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database; PostgreSQL where EMOTITUNE_TEST_POSTGRES_URL names a server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    server = os.environ.get("EMOTITUNE_TEST_POSTGRES_URL")
    if not server:
        pytest.skip("EMOTITUNE_TEST_POSTGRES_URL is not set")
    name = f"test_{uuid.uuid4().hex}"
    engine = open_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        # A test that left a transaction open fails here, where it would wait for ever.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture
def session_factory(database_url: str) -> Iterator[SessionFactory]:
    """Sessions of a migrated, empty catalog."""
    schema.upgrade(database_url)
    engine = open_engine(database_url, busy_timeout_s=2.0)
    yield make_session_factory(engine)
    engine.dispose()
