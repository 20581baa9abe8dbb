"""Long work: what waits, what runs, what came of it, and what it could not do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from app.admin.context import MAX_ID, current_services, wants_fragment
from app.admin.error_files import stream_errors
from app.admin.wording import describe_job
from app.services.jobs import JobFacts, JobKind, JobService
from catalog.history import ChangeFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

blueprint = Blueprint("jobs", __name__)

_ONE = f"/jobs/<int(max={MAX_ID}):job_id>"
N_SHOWN_ERRORS: Final = 20
_N_SENT_ERRORS: Final = 1_000


@blueprint.get("/jobs")
def show_list() -> ResponseReturnValue:
    """Show the newest jobs; to htmx, the list alone."""
    services = current_services()
    jobs = services.jobs.list_jobs()
    template = "admin/_job_list.html" if wants_fragment() else "admin/jobs.html"
    return render_template(
        template,
        jobs=jobs,
        is_any_open=any(not job.is_final for job in jobs),
        n_pending=services.library.count_by_status()["pending"],
    )


@blueprint.get(_ONE)
def show_job(job_id: int) -> ResponseReturnValue:
    """Show one job; to htmx, which asks each second while it is open, the part that changes.

    Asked for again and again, not streamed: each open stream would hold one of the server's few threads for as
    long as somebody watches, and listeners would wait for it. A row changes twice a second at most, and reading
    it takes a millisecond.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    jobs = current_services().jobs
    page = min(max(request.args.get("errors", 1, type=int), 1), 1_000_000)
    errors = jobs.list_errors(job_id, limit=N_SHOWN_ERRORS, offset=(page - 1) * N_SHOWN_ERRORS)
    job = jobs.get_job(job_id)
    return render_template(
        "admin/_job.html" if wants_fragment() else "admin/job.html",
        job=job,
        n_standing=_count_standing(job),
        errors=errors,
        errors_page=page,
        n_errors_pages=max(1, math.ceil(errors.n_total / N_SHOWN_ERRORS)),
    )


@blueprint.get(f"{_ONE}/errors.csv")
def download_errors(job_id: int) -> ResponseReturnValue:
    """Send all that a job could not do, with the reasons.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    jobs = current_services().jobs
    jobs.get_job(job_id)
    return Response(
        stream_errors(_iter_errors(jobs, job_id)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="job-{job_id}-errors.csv"'},
    )


@blueprint.post(f"{_ONE}/pause")
def pause(job_id: int) -> ResponseReturnValue:
    """Let a job rest.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    current_services().jobs.pause(job_id)
    return redirect(url_for(".show_job", job_id=job_id), code=303)


@blueprint.post(f"{_ONE}/resume")
def resume(job_id: int) -> ResponseReturnValue:
    """Let a paused job go on.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    current_services().jobs.resume(job_id)
    return redirect(url_for(".show_job", job_id=job_id), code=303)


@blueprint.post(f"{_ONE}/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Ask for what a job left undone.

    Raises:
        JobNotFoundError: no job bears this id.
        JobStateError: it has not ended, or left nothing undone.
    """
    job = current_services().jobs.retry(job_id)
    return redirect(url_for(".show_job", job_id=job.job_id), code=303)


@blueprint.post(f"{_ONE}/cancel")
def cancel(job_id: int) -> ResponseReturnValue:
    """Cancel a job.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    job = current_services().jobs.cancel(job_id)
    if job.status != "cancelled":
        flash(f"{describe_job(job)} had ended already.")
    return redirect(url_for(".show_job", job_id=job_id), code=303)


@blueprint.post("/jobs")
def start() -> ResponseReturnValue:
    """Ask for the analysis of what waits, or for a fresh index."""
    kind = JobKind.REBUILD if request.form.get("kind") == JobKind.REBUILD else JobKind.ANALYZE
    job = current_services().jobs.submit(kind)
    return redirect(url_for(".show_job", job_id=job.job_id), code=303)


def _count_standing(job: JobFacts) -> int:
    """Count what an ended job changed in tracks and nobody took back."""
    group_id = job.arguments.get("group_id")
    if not group_id or not job.is_final:
        return 0
    return current_services().curation.list_changes(ChangeFilter(group_id=group_id, is_standing=True), limit=1).n_total


def _iter_errors(jobs: JobService, job_id: int) -> Iterator[tuple[str, str]]:
    offset = 0
    while errors := jobs.list_errors(job_id, limit=_N_SENT_ERRORS, offset=offset).errors:
        yield from ((error.where, error.reason) for error in errors)
        offset += len(errors)
