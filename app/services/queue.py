"""The queue between those who ask for long work and the workers that do it.

A file of its own beside the database, or a server by URL where workers stand on several machines.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from huey import SqliteHuey
from huey.storage import PostgresStorage, RedisStorage

from app.services.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_NAME: Final = "emotitune"
_POSTGRES_SCHEMES: Final = ("postgresql", "postgresql+psycopg")
# What the libraries raise when their server is away; named by text, for neither need be installed.
_UNAVAILABLE: Final = ("redis.exceptions", "psycopg", "psycopg.errors", "sqlite3")


class JobQueue:
    """Carry the ids of jobs to a worker; what there is to do, and how far it is, stands in the job's row.

    A message may be lost or come twice: workers look for jobs that wait, and start each one once.

    Args:
        data_dir: the folder that holds the queue's file, made where missing.
        run_job: what the worker does with an id; None in a process that only asks for work.
        url: `redis://`, `rediss://`, `unix://` or `postgresql+psycopg://`; the file unless given. Nothing is
            connected before the first message.

    Raises:
        QueueUnavailableError: the URL is of another kind, or its library is not installed.
    """

    def __init__(self, data_dir: Path, run_job: Callable[[int], None] | None = None, *, url: str = "") -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._run_job = run_job
        self.is_shared = bool(url)
        self._is_prepared = False
        self._lock = threading.Lock()
        self.huey: Any = _open(url) if url else _open_file(data_dir / "queue.db")
        self._send = self.huey.task(name="run_job")(self._receive)
        # A server's connections belong to threads: each one closes its own.
        self.huey.on_shutdown("close connection")(self.close)

    def send(self, job_id: int) -> None:
        """Put a job's id at the end of the queue.

        Raises:
            QueueUnavailableError: the queue's server does not answer.
        """
        self._ask(lambda: self._send(job_id))

    def count(self) -> int:
        """Count the messages that wait.

        Raises:
            QueueUnavailableError: the queue's server does not answer.
        """
        return int(self._ask(self.huey.pending_count))

    def close(self) -> None:
        """Close files and connections; they are opened again when they are needed."""
        self.huey.storage.close()
        if isinstance(self.huey.storage, RedisStorage):
            self.huey.storage.conn.connection_pool.disconnect()

    def _ask(self, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - what Huey answers
        try:
            self._prepare()
            return act()
        except Exception as error:
            if type(error).__module__.startswith(_UNAVAILABLE) or isinstance(error, OSError):
                remedy = "check that its server runs and that EMOTITUNE_QUEUE_URL is right"
                raise QueueUnavailableError(f"the queue does not answer: {remedy}") from error
            raise

    def _prepare(self) -> None:
        """Make the tables of a queue in PostgreSQL; files make theirs on opening, Redis has none."""
        with self._lock:
            if not self._is_prepared and isinstance(self.huey.storage, PostgresStorage):
                self.huey.storage.initialize_schema()
            self._is_prepared = True

    def _receive(self, job_id: int) -> None:
        if self._run_job is None:
            raise RuntimeError("this process only asks for work; a worker opens the queue with run_job")
        self._run_job(job_id)


def _open_file(path: Path) -> Any:  # noqa: ANN401 - Huey has no types
    # Results would pile up unread: the job's row holds them.
    return SqliteHuey(_NAME, filename=str(path), results=False, journal_mode="wal", timeout=10)


def _open(url: str) -> Any:  # noqa: ANN401 - Huey has no types
    scheme = url.partition(":")[0]
    if scheme not in _OPEN_BY_SCHEME:
        expected = ", ".join(f"{known}://" for known in _OPEN_BY_SCHEME)
        raise QueueUnavailableError(f"expected EMOTITUNE_QUEUE_URL to begin with one of {expected}, got {scheme!r}")
    return _OPEN_BY_SCHEME[scheme](url)


def _open_redis(url: str) -> Any:  # noqa: ANN401 - Huey has no types
    try:
        import redis  # noqa: F401 - Huey would say less of what is missing
    except ImportError as error:
        raise QueueUnavailableError("a queue in Redis needs its library: pip install '.[redis]'") from error
    from huey import RedisHuey

    return RedisHuey(_NAME, url=url, results=False)


def _open_postgres(url: str) -> Any:  # noqa: ANN401 - Huey has no types
    try:
        import psycopg
    except ImportError as error:
        raise QueueUnavailableError("a queue in PostgreSQL needs its library: pip install '.[postgres]'") from error
    from huey import PostgresHuey
    from sqlalchemy.engine import make_url

    parts = make_url(url)
    named = {"dbname": parts.database, "user": parts.username, "password": parts.password}
    given = {**named, "host": parts.host, "port": parts.port, **parts.query}
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return PostgresHuey(
        _NAME,
        connection=lambda: psycopg.connect(**known),
        table_prefix="queue",
        create_tables=False,
        results=False,
    )


_OPEN_BY_SCHEME: Final[Mapping[str, Callable[[str], Any]]] = {
    "redis": _open_redis,
    "rediss": _open_redis,
    "unix": _open_redis,
    **dict.fromkeys(_POSTGRES_SCHEMES, _open_postgres),
}
