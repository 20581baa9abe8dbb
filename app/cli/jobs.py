"""Watch long work from the terminal, and pause, resume, cancel or retry it."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Final

import click
from tqdm import tqdm

from app.cli.tables import format_table

if TYPE_CHECKING:
    from app.services.job_facts import JobErrorPage, JobFacts
    from app.services.jobs import JobService

# As often as a worker writes its progress down.
_LOOK_EVERY_S: Final = 0.5
_N_SHOWN_ERRORS: Final = 20

job_id_argument = click.argument("job_id", type=click.IntRange(1))


@click.group()
def jobs() -> None:
    """Watch long work, and pause, resume, cancel or retry it."""


@jobs.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(limit: int) -> None:
    """List jobs, the newest first."""
    rows = [
        (job.job_id, job.kind, job.status, describe_progress(job), job.n_failed, job.message)
        for job in _open().list_jobs(limit=limit)
    ]
    click.echo(format_table(("Id", "Kind", "Status", "Progress", "Failed", "Message"), rows))


@jobs.command()
@job_id_argument
@click.option("--follow", is_flag=True, help="Show the progress live until the job ends or is paused.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(job_id: int, *, follow: bool, as_json: bool) -> None:
    """Tell how far a job is, how fast it goes, and which files it could not do."""
    service = _open()
    job = _follow(service, job_id) if follow else service.get_job(job_id)
    errors = service.list_errors(job_id, limit=_N_SHOWN_ERRORS)
    if as_json:
        values = {**dataclasses.asdict(job), "errors": dataclasses.asdict(errors)}
        click.echo(json.dumps(values, default=str))
        return
    click.echo(describe(job))
    click.echo(_describe_errors(errors), nl=False)


@jobs.command()
@job_id_argument
def pause(job_id: int) -> None:
    """Let a job rest after the file under way."""
    click.echo(describe(_open().pause(job_id)))


@jobs.command()
@job_id_argument
def resume(job_id: int) -> None:
    """Let a paused job go on where it rested."""
    click.echo(describe(_open().resume(job_id)))


@jobs.command()
@job_id_argument
def cancel(job_id: int) -> None:
    """Stop a job for good; what it did stays."""
    click.echo(describe(_open().cancel(job_id)))


@jobs.command()
@job_id_argument
def retry(job_id: int) -> None:
    """Ask again for what a job left undone: its failed files, or all of it if it failed."""
    click.echo(describe(_open().retry(job_id)))


def describe(job: JobFacts) -> str:
    """Say in a line or two how a job stands."""
    line = f"job {job.job_id}, {job.kind}: {job.status}"
    progress = describe_progress(job)
    if progress:
        line += f", {progress}"
    if job.n_failed:
        line += f", {job.n_failed} failed"
    return f"{line}\n{job.message}" if job.message not in {"", job.status} else line


def describe_progress(job: JobFacts) -> str:
    """Say how much is done, how fast it goes and how long it takes; empty where nothing is known.

    Example:
        >>> from types import SimpleNamespace
        >>> describe_progress(SimpleNamespace(n_done=30, n_total=90, rate_per_s=0.5, seconds_left=120, is_final=False))
        '30 of 90, 0.5/s, 2:00 left'
    """
    if job.is_final or (job.n_done == 0 and job.n_total is None):
        return ""
    parts = [str(job.n_done) if job.n_total is None else f"{job.n_done} of {job.n_total}"]
    if job.seconds_left is not None:
        parts += [f"{job.rate_per_s:.1f}/s", f"{tqdm.format_interval(round(job.seconds_left)).removeprefix('0')} left"]
    return ", ".join(parts)


def _describe_errors(page: JobErrorPage) -> str:
    lines = [f"{error.where}: {error.reason}\n" for error in page.errors]
    n_more = page.n_total - len(page.errors)
    return "".join([*lines, f"and {n_more} more\n"] if n_more else lines)


def _follow(service: JobService, job_id: int) -> JobFacts:
    """Show a bar on the terminal, or nothing where there is none, until nothing more happens."""
    with tqdm(bar_format="{desc} {bar}", leave=False, disable=None) as bar:
        while True:
            job = service.get_job(job_id)
            if job.is_final or job.can_resume:
                return job
            bar.total, bar.n = job.n_total or 1, job.n_done if job.n_total else 0
            bar.set_description_str(f"{job.message or job.status}: {describe_progress(job)}")
            time.sleep(_LOOK_EVERY_S)


def _open() -> JobService:
    from app.bootstrap import build_services
    from app.settings import Settings

    return build_services(Settings.from_env()).jobs
