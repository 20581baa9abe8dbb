"""The list of tracks, what is written in its cells, and what is done to several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from app.admin.bulk_edit import flash_undo
from app.admin.columns import COLUMNS, choose_columns, remember_columns
from app.admin.context import MAX_ID, current_services, read_ids, to_local_address, wants_fragment
from app.admin.guard import who
from app.admin.listing import REGION_BY_MOOD, Listing, find_page
from app.admin.selection import Selection
from app.admin.wording import count
from app.services.jobs import JobFacts, JobKind
from catalog.edit_values import TrackEdit
from catalog.errors import InvalidEditError
from catalog.filters import MISSING_FIELDS

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.admin.listing import Address, ShownPage

blueprint = Blueprint("tracks", __name__)


@blueprint.get("/tracks")
def show_list() -> ResponseReturnValue:
    """Show the tracks that the address asks for; to htmx, the list alone."""
    shown = find_page(current_services().curation, Listing.from_args(request.args))
    if not wants_fragment():
        return _render_page(shown)
    response = make_response(_render("admin/_track_list.html", shown))
    # What was left empty in the form has no place in the address.
    response.headers["HX-Replace-Url"] = url_for(".show_list", **_to_address(shown))
    return response


@blueprint.post("/tracks/columns")
def choose() -> ResponseReturnValue:
    """Remember which columns to show."""
    response = cast("Response", redirect(to_local_address(request.form.get("back")), code=303))
    remember_columns(response, request.form.getlist("column"))
    return response


@blueprint.post(f"/tracks/<int(max={MAX_ID}):track_id>/cell")
def write_cell(track_id: int) -> ResponseReturnValue:
    """Write one field of one track, and answer with its row.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    services = current_services()
    field, text = request.form.get("field", ""), request.form.get("value", "")
    stored = str(getattr(services.library.get_track(track_id), field, None) or "")
    if stored != request.form.get("was", ""):
        return f"Somebody wrote “{stored}” here meanwhile. Reload the page to see it.", 409
    try:
        result = services.curation.edit([track_id], TrackEdit({field: text}), who=who())
    except InvalidEditError as error:
        return str(error), 422
    track = services.library.get_track(track_id)
    here = to_local_address(request.form.get("back"))
    response = make_response(render_template("admin/_track_row.html", track=track, columns=choose_columns(), here=here))
    if result.n_tracks:
        response.headers["X-Change-Group"] = result.group_id
    return response


@blueprint.get("/tracks/delete")
def confirm_delete() -> ResponseReturnValue:
    """Name the chosen tracks and ask whether to delete them."""
    services = current_services()
    back = to_local_address(request.args.get("back"))
    chosen = Selection.from_values(request.args).look(services.curation, services.library)
    if not chosen.n_total:
        flash("Select the tracks to delete first.")
        return redirect(back, code=303)
    return render_template("admin/delete.html", chosen=chosen, back=back, max_at_once=services.bulk_changes.max_at_once)


@blueprint.post("/tracks/delete")
def delete() -> ResponseReturnValue:
    """Delete the chosen tracks from the catalog; their files stay."""
    result = current_services().bulk_changes.delete(Selection.from_values(request.form).which, who=who())
    if isinstance(result, JobFacts):
        return redirect(url_for("admin.jobs.show_job", job_id=result.job_id), code=303)
    flash_undo(f"{count(result.n_tracks, 'track')} deleted.", result)
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


def _render_page(shown: ShownPage) -> str:
    curation = current_services().curation
    return _render(
        "admin/tracks.html",
        shown,
        all_columns=COLUMNS,
        moods=tuple(REGION_BY_MOOD),
        missing_fields=MISSING_FIELDS,
        facets={name: curation.count_values(name) for name in ("source", "licence", "genre")},
        tags=curation.count_tags(),
    )


def _render(template: str, shown: ShownPage, **context: object) -> str:
    return render_template(
        template,
        shown=shown,
        listing=shown.listing,
        columns=choose_columns(),
        here=url_for(".show_list", **_to_address(shown)),
        n_by_status=current_services().library.count_by_status(),
        **context,
    )


def _to_address(shown: ShownPage) -> Address:
    return shown.listing.to_args(page=shown.listing.page)
