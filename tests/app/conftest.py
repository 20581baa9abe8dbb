"""Servers that tests of the queue run on."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from catalog.database import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Socket of a Redis server of the tests' own."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "redis.sock"
    arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, *arguments], stdout=log)
    deadline_s = time.monotonic() + 20.0
    while not socket.exists():
        assert time.monotonic() < deadline_s, "redis-server did not start"
        time.sleep(0.02)
    yield socket
    server.terminate()
    server.wait()


@pytest.fixture
def redis_url(redis_server: Path) -> Iterator[str]:
    """URL of an empty Redis database."""
    import redis

    url = f"unix://{redis_server}?db=0"
    yield url
    with redis.Redis.from_url(url) as server:
        server.flushdb()


@pytest.fixture
def postgres_queue_url() -> Iterator[str]:
    """URL of an empty PostgreSQL schema for a queue."""
    server = os.environ.get("EMOTITUNE_TEST_POSTGRES_URL")
    if not server:
        pytest.skip("EMOTITUNE_TEST_POSTGRES_URL is not set")
    name = f"queue_{uuid.uuid4().hex}"
    engine = open_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        # A worker that left a transaction open fails here, where it would wait for ever.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()
