"""Long work: what waits, what runs and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.admin.context import MAX_ID, current_services, wants_fragment
from app.admin.wording import describe_job
from app.services.jobs import JobKind

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("jobs", __name__)


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


@blueprint.get(f"/jobs/<int(max={MAX_ID}):job_id>")
def show_job(job_id: int) -> ResponseReturnValue:
    """Show one job; to htmx, which asks each second while it is open, the part that changes.

    Asked for again and again, not streamed: each open stream would hold one of the server's few threads for as
    long as somebody watches, and listeners would wait for it. A row changes twice a second at most, and reading
    it takes a millisecond.

    Raises:
        JobNotFoundError: no job bears this id.
    """
    job = current_services().jobs.get_job(job_id)
    return render_template("admin/_job.html" if wants_fragment() else "admin/job.html", job=job)


@blueprint.post(f"/jobs/<int(max={MAX_ID}):job_id>/cancel")
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
