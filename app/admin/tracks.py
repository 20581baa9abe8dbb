"""The list of tracks, and what is done to several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.admin.context import current_services, read_ids, to_local_address, wants_fragment
from app.admin.listing import Listing, find_page
from app.admin.wording import count
from app.services.jobs import JobKind

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("tracks", __name__)

_MAX_NAMED: Final = 10


@blueprint.get("/tracks")
def show_list() -> ResponseReturnValue:
    """Show the tracks that the address asks for; to htmx, the list alone."""
    library = current_services().library
    shown = find_page(library, Listing.from_args(request.args))
    template = "admin/_track_list.html" if wants_fragment() else "admin/tracks.html"
    return render_template(template, shown=shown, listing=shown.listing, n_by_status=library.count_by_status())


@blueprint.get("/tracks/delete")
def confirm_delete() -> ResponseReturnValue:
    """Name the chosen tracks and ask whether to delete them."""
    back = to_local_address(request.args.get("back"))
    tracks = current_services().library.get_tracks(read_ids(request.args))
    if not tracks:
        flash("Select the tracks to delete first.")
        return redirect(back, code=303)
    return render_template("admin/delete.html", tracks=tracks, n_named=_MAX_NAMED, back=back)


@blueprint.post("/tracks/delete")
def delete() -> ResponseReturnValue:
    """Delete the chosen tracks from the catalog; their files stay."""
    n_deleted = current_services().library.delete_tracks(read_ids(request.form))
    flash(f"{count(n_deleted, 'track')} deleted.")
    return redirect(to_local_address(request.form.get("back")), code=303)


@blueprint.post("/tracks/retry")
def retry() -> ResponseReturnValue:
    """Analyze failed tracks again: the ones named, or all."""
    services = current_services()
    track_ids = read_ids(request.form)
    n_waiting = services.library.retry_failed(track_ids or None)
    if not n_waiting:
        flash("Nothing to try again: no such track has failed.")
        return redirect(url_for(".show_list"), code=303)
    flash(f"{count(n_waiting, 'track')} will be analyzed again.")
    job = services.jobs.submit(JobKind.ANALYZE)
    return redirect(url_for("admin.jobs.show_job", job_id=job.job_id), code=303)
