"""One track: what is known of it, and the form that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.admin.context import MAX_ID, current_services, to_local_address
from catalog.errors import InvalidEditError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from catalog.queries import TrackFacts

blueprint = Blueprint("track", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form."""

    name: str
    label: str
    hint: str = ""
    is_required: bool = False
    is_number: bool = False


FIELDS: Final = (
    Field("title", "Title", is_required=True),
    Field("artist", "Artist"),
    Field("album", "Album"),
    Field("genre", "Genre"),
    Field("year", "Year", is_number=True),
    Field("licence", "Licence", "Such as CC BY 4.0; listeners see it beside the track."),
    Field("attribution", "Attribution", "Whom to name, and where the music comes from."),
)


@blueprint.get(f"/tracks/<int(max={MAX_ID}):track_id>")
def show(track_id: int) -> ResponseReturnValue:
    """Show a track and its form.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    track = current_services().library.get_track(track_id)
    return _render(track, _read_values(track), back=to_local_address(request.args.get("back")))


@blueprint.post(f"/tracks/<int(max={MAX_ID}):track_id>")
def save(track_id: int) -> ResponseReturnValue:
    """Store what was changed in the form, or say at its field what is wrong.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    library = current_services().library
    back = to_local_address(request.form.get("back"))
    changes = read_changes(request.form)
    try:
        track = library.edit_track(track_id, changes)
    except InvalidEditError as error:
        values = {field.name: request.form.get(field.name, "") for field in FIELDS}
        # The error's own words begin with the field, and the form shows them at it.
        problem = str(error).removeprefix(f"{error.field}: ")
        return _render(library.get_track(track_id), values, back=back, problems={error.field: problem}), 422
    flash(f"“{track.title}” is saved." if changes else "Nothing was changed.")
    return redirect(url_for(".show", track_id=track_id, back=back), code=303)


def read_changes(form: Mapping[str, str]) -> dict[str, str | int | None]:
    """Return the fields that differ from what the form showed.

    Only these: an import leaves edited fields alone for ever, and somebody else may have changed the others.
    """
    changes: dict[str, str | int | None] = {}
    for field in FIELDS:
        value = _normalize(form.get(field.name, ""))
        if field.name in form and value != _normalize(form.get(f"was_{field.name}", "")):
            changes[field.name] = value
    return changes


def _normalize(text: str) -> str:
    return " ".join(text.split())


def _read_values(track: TrackFacts) -> dict[str, str]:
    return {field.name: str(getattr(track, field.name) or "") for field in FIELDS}


def _render(
    track: TrackFacts,
    values: Mapping[str, str],
    *,
    back: str,
    problems: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "admin/track.html",
        track=track,
        fields=FIELDS,
        values=values,
        stored=_read_values(track),
        problems=problems or {},
        back=back,
    )
