from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from app.services.errors import QueueUnavailableError
from app.services.queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "redis", "postgres"])
def queue_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "file" else request.getfixturevalue(f"{request.param}_queue_url")


@pytest.fixture
def redis_queue_url(redis_url: str) -> str:
    return redis_url


@pytest.fixture
def queue(tmp_path: Path, queue_url: str) -> Iterator[JobQueue]:
    queue = JobQueue(tmp_path, url=queue_url)
    yield queue
    queue.close()


def test_messages_wait_for_a_worker_in_their_order(queue: JobQueue, queue_url: str, tmp_path: Path):
    done: list[int] = []
    worker = JobQueue(tmp_path, done.append, url=queue_url)

    for job_id in (3, 1, 2):
        queue.send(job_id)
    n_waiting = queue.count()
    while task := worker.huey.dequeue():
        worker.huey.execute(task)

    assert (n_waiting, done, queue.count()) == (3, [3, 1, 2], 0)
    worker.close()


def test_messages_outlive_the_process_that_sent_them(queue: JobQueue, queue_url: str, tmp_path: Path):
    queue.send(7)
    queue.close()

    again = JobQueue(tmp_path, url=queue_url)

    assert again.count() == 1
    again.close()


def test_a_process_that_only_asks_for_work_does_none(tmp_path: Path):
    queue = JobQueue(tmp_path)

    with pytest.raises(RuntimeError, match="only asks for work"):
        queue._receive(1)
    queue.close()


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "postgresql+psycopg://nobody@/none?host=/nowhere"], ids=["redis", "postgres"]
)
def test_a_server_that_is_away_is_named_when_it_is_needed(tmp_path: Path, url: str):
    queue = JobQueue(tmp_path, url=url)

    with pytest.raises(QueueUnavailableError, match="check that its server runs and that EMOTITUNE_QUEUE_URL"):
        queue.send(1)


def test_another_kind_of_address_is_refused(tmp_path: Path):
    with pytest.raises(QueueUnavailableError, match=r"to begin with one of redis://, .*, got 'amqp'"):
        JobQueue(tmp_path, url="amqp://somewhere")


@pytest.mark.parametrize(
    ("url", "library", "remedy"),
    [
        ("redis://somewhere", "redis", r"pip install '\.\[redis\]'"),
        ("postgresql+psycopg://somewhere", "psycopg", r"pip install '\.\[postgres\]'"),
    ],
)
def test_a_missing_library_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, library: str, remedy: str
):
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(QueueUnavailableError, match=remedy):
        JobQueue(tmp_path, url=url)
