"""Change many tracks alike: set or clear fields, add or remove tags; all of it can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.admin.context import current_services, to_local_address
from app.admin.guard import who
from app.admin.selection import Selection
from app.admin.wording import count
from app.services.jobs import JobFacts
from catalog.edit_values import EDITABLE_FIELDS, TrackEdit
from catalog.errors import InvalidEditError
from catalog.models import TagKind

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import MultiDict

    from app.services.curation_facts import ChangeResult

blueprint = Blueprint("bulk_edit", __name__)

# Many tracks of one title are no work of a curator's day.
FIELDS: Final = tuple(name for name in EDITABLE_FIELDS if name != "title")
# In a category of its own a message carries what its button takes back; see the frame of all pages.
UNDO: Final = "undo:"


def flash_undo(message: str, result: ChangeResult) -> None:
    """Say what was done, with a button that takes it back."""
    flash(message, f"{UNDO}{result.group_id}" if result.n_tracks else "message")


@blueprint.get("/tracks/edit")
def show() -> ResponseReturnValue:
    """Show the form for the chosen tracks."""
    selection = Selection.from_values(request.args)
    back = to_local_address(request.args.get("back"))
    if not _count(selection):
        flash("Select the tracks to edit first.")
        return redirect(back, code=303)
    return _render(selection, request.args, back=back)


@blueprint.post("/tracks/edit")
def apply() -> ResponseReturnValue:
    """Change the chosen tracks, or say what is wrong with the change."""
    selection = Selection.from_values(request.form)
    back = to_local_address(request.form.get("back"))
    n_shown, n_tracks = request.form.get("n_shown", type=int), _count(selection)
    if selection.address is not None and n_shown is not None and n_shown != n_tracks:
        problem = f"{count(n_shown, 'track')} were found before, {n_tracks:,} are now; look again, then go on"
        return _render(selection, request.form, back=back, problem=problem), 409
    edit = read_edit(request.form)
    if not (edit.fields or edit.add_tags or edit.remove_tags):
        return _render(selection, request.form, back=back, problem="nothing is filled in that could be changed"), 422
    try:
        result = current_services().bulk_changes.edit(selection.which, edit, who=who())
    except InvalidEditError as error:
        return _render(selection, request.form, back=back, problem=str(error), field=error.field), 422
    if isinstance(result, JobFacts):
        return redirect(url_for("admin.jobs.show_job", job_id=result.job_id), code=303)
    n_same = n_tracks - result.n_tracks
    same = f" {count(n_same, 'track')} had these values already." if n_same > 0 else ""
    flash_undo(f"{count(result.n_tracks, 'track')} changed.{same}", result)
    return redirect(back, code=303)


def read_edit(form: MultiDict[str, str]) -> TrackEdit:
    """Read a change: text sets a field, a tick beside an empty one clears it, all others stay."""
    texts = {name: " ".join(form.get(name, "").split()) for name in FIELDS}
    cleared = set(form.getlist("clear"))
    return TrackEdit(
        {name: text or None for name, text in texts.items() if text or name in cleared},
        add_tags=_read_tags(form, "add"),
        remove_tags=_read_tags(form, "remove"),
    )


def _read_tags(form: MultiDict[str, str], verb: str) -> tuple[tuple[str, str], ...]:
    kind = form.get(f"{verb}_kind", TagKind.MOOD)
    names = (name.strip() for name in form.get(f"{verb}_tags", "").split(","))
    return tuple((kind, name) for name in names if name)


def _count(selection: Selection) -> int:
    services = current_services()
    return selection.look(services.curation, services.library).n_total


def _render(selection: Selection, values: MultiDict[str, str], *, back: str, problem: str = "", field: str = "") -> str:
    services = current_services()
    return render_template(
        "admin/bulk_edit.html",
        chosen=selection.look(services.curation, services.library),
        max_at_once=services.bulk_changes.max_at_once,
        fields=FIELDS,
        tag_kinds=tuple(TagKind),
        tags=services.curation.count_tags(),
        values=values,
        back=back,
        problem=problem,
        problem_field=field,
    )
