"""Serve the page under gunicorn, with a worker process beside it; or the worker alone.

These two commands stand above the others: they start what the web and the jobs are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from app.settings import Settings


@click.command()
@click.option("--host", help="Address to serve at; EMOTITUNE_HOST unless given.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve at; EMOTITUNE_PORT unless given.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve pages.")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Threads of each process.")
@click.option("--worker/--no-worker", "has_worker", default=True, help="Whether to do the queue's long work as well.")
def serve(host: str | None, port: int | None, workers: int, threads: int, *, has_worker: bool) -> None:
    """Serve the page, with a worker beside it."""
    from app.settings import Settings

    _show_own_logs()
    settings = Settings.from_env()
    settings = dataclasses.replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    with _worker_process() if has_worker else contextlib.nullcontext():
        _run_gunicorn(settings, workers=workers, threads=threads)


@click.command()
def worker() -> None:
    """Do the long work of the queue until stopped; then the file under way is finished, the rest waits."""
    from app.jobs.worker import run_worker
    from app.settings import Settings

    _show_own_logs()
    run_worker(Settings.from_env())


def _show_own_logs() -> None:
    """Tell what we do, and of the libraries only what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("app").setLevel(logging.INFO)


@contextlib.contextmanager
def _worker_process() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "app", "worker"])
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        process.kill()


def _run_gunicorn(settings: Settings, *, workers: int, threads: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """Gunicorn, configured here instead of by a file."""

        def load_config(self) -> None:
            """Set what differs from gunicorn's defaults."""
            options: dict[str, Any] = {
                "bind": f"{settings.host}:{settings.port}",
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "timeout": 120,
                "when_ready": _say_ready,
                "loglevel": "warning",
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            """Build the application in the forked process: OpenMP threads do not survive a fork."""
            from app.bootstrap import build_services
            from app.factory import create_app

            services = build_services(settings)
            for check in services.readiness():
                if not check.ok:
                    click.echo(f"{check.name}: {check.message}", err=True)
            return create_app(services)

    Server().run()


def _say_ready(server: Any) -> None:  # noqa: ANN401 - gunicorn's arbiter has no type
    host, port = server.LISTENERS[0].sock.getsockname()[:2]
    click.echo(f"EmotiTune serves at http://{host}:{port}", err=True)
