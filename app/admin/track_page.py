"""One track: what is known of it, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for

from app.admin.bulk_edit import flash_undo
from app.admin.context import MAX_ID, current_services, to_local_address
from app.admin.guard import who
from app.admin.track_words import ACTION_WORDS, RATING_WORDS, describe_change
from app.admin.wording import find_leading_mood
from catalog.edit_values import TrackEdit
from catalog.errors import InvalidEditError, UndoBlockedError, UnknownChangeError, UnreadableMusicError
from catalog.models import TagKind
from catalog.mood_map import MOODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from app.services.curation_facts import TrackStory
    from app.services.neighbors import Neighbor
    from catalog.queries import TrackFacts

blueprint = Blueprint("track", __name__)

_TRACK: Final = f"/tracks/<int(max={MAX_ID}):track_id>"
_ONE_DAY_S: Final = 24 * 3600


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


@blueprint.get(_TRACK)
def show(track_id: int) -> ResponseReturnValue:
    """Show a track and its forms.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    story = current_services().curation.tell(track_id)
    return _render(story, _read_values(story.track), back=to_local_address(request.args.get("back")))


@blueprint.post(_TRACK)
def save(track_id: int) -> ResponseReturnValue:
    """Store what was changed in the form, or say at its field what is wrong.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    services = current_services()
    services.library.get_track(track_id)
    changes = read_changes(request.form)
    try:
        result = services.curation.edit([track_id], TrackEdit(changes), who=who())
    except InvalidEditError as error:
        values = {field.name: request.form.get(field.name, "") for field in FIELDS}
        # The error's own words begin with the field, and the form shows them at it.
        problems = {error.field: _reason(error)}
        back = to_local_address(request.form.get("back"))
        return _render(services.curation.tell(track_id), values, back=back, problems=problems), 422
    title = services.library.get_track(track_id).title
    flash_undo(f"“{title}” is saved." if changes else "Nothing was changed.", result)
    return _go_back_to(track_id)


@blueprint.post(f"{_TRACK}/correction")
def correct(track_id: int) -> ResponseReturnValue:
    """Put a track where the curator hears it.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    curation = current_services().curation
    try:
        result = curation.correct(track_id, *read_place(request.form), who=who())
    except InvalidEditError as error:
        if _wants_json():
            return jsonify(problem=_reason(error)), 422
        flash(f"Not saved: {_reason(error)}.")
        return _go_back_to(track_id)
    if _wants_json():
        return _send_place(track_id, result.group_id)
    flash_undo("Your place for this track is saved. Playlists follow with the next index.", result)
    return _go_back_to(track_id)


@blueprint.post(f"{_TRACK}/correction/withdraw")
def withdraw(track_id: int) -> ResponseReturnValue:
    """Let the prediction count again.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    result = current_services().curation.withdraw_correction(track_id, who=who())
    if _wants_json():
        return _send_place(track_id, result.group_id)
    flash_undo("The correction is gone: the prediction counts again.", result)
    return _go_back_to(track_id)


@blueprint.post(f"{_TRACK}/undo")
def undo(track_id: int) -> ResponseReturnValue:
    """Take back one change of this track; where it was part of a bulk edit, all of that.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    try:
        report = current_services().curation.undo(request.form.get("group_id", ""), who=who())
    except (UnknownChangeError, UndoBlockedError) as error:
        if _wants_json():
            return jsonify(problem=str(error)), 409
        flash(f"Not undone: {error}.")
        return _go_back_to(track_id)
    if _wants_json():
        return _send_place(track_id, report.group_id)
    flash("Undone." if report.n_changes == 1 else f"Undone, with {report.n_changes - 1:,} more of the same change.")
    return _go_back_to(track_id)


@blueprint.post(f"{_TRACK}/tags")
def change_tags(track_id: int) -> ResponseReturnValue:
    """Add a tag, or remove one.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    services = current_services()
    services.library.get_track(track_id)
    kind, _, name = request.form.get("remove", "").partition(":")
    added = ((request.form.get("kind", ""), request.form.get("name", "")),)
    edit = TrackEdit(remove_tags=((kind, name),)) if name else TrackEdit(add_tags=added)
    try:
        services.curation.edit([track_id], edit, who=who())
    except InvalidEditError as error:
        flash(f"The tag is not saved: {_reason(error)}.")
    return _go_back_to(track_id)


@blueprint.get(f"{_TRACK}/peaks")
def send_peaks(track_id: int) -> ResponseReturnValue:
    """Send a track's outline, a byte for each stretch.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    try:
        peaks = current_services().waveforms.get_peaks(track_id)
    except UnreadableMusicError:
        # A track known by its address alone, or a file that is gone: the player does without a picture.
        return Response(status=204)
    return Response(peaks, mimetype="application/octet-stream")


@blueprint.get("/covers/<cover_hash>")
def send_cover(cover_hash: str) -> ResponseReturnValue:
    """Send a cover picture, as the importer made it."""
    cover = current_services().curation.find_cover(cover_hash)
    if cover is None:
        abort(404, "there is no such cover")
    response = Response(cover[1], mimetype=cover[0])
    response.headers["Cache-Control"] = f"private, max-age={_ONE_DAY_S}, immutable"
    return response


def read_place(form: Mapping[str, str]) -> tuple[float, float]:
    """Read valence and arousal.

    Raises:
        InvalidEditError: one of them is no number.
    """
    valence, arousal = (_read_number(form, name) for name in ("valence", "arousal"))
    return valence, arousal


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


def _read_number(form: Mapping[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError as error:
        reason = f"expected a number within [-1, 1], got {form.get(name, '')!r}"
        raise InvalidEditError(name, reason) from error


def _normalize(text: str) -> str:
    return " ".join(text.split())


def _reason(error: InvalidEditError) -> str:
    return str(error).removeprefix(f"{error.field}: ")


def _read_values(track: TrackFacts) -> dict[str, str]:
    return {field.name: str(getattr(track, field.name) or "") for field in FIELDS}


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _send_place(track_id: int, group_id: str) -> Response:
    """Tell the map where a track stands by now."""
    story = current_services().curation.tell(track_id)
    return jsonify(
        track_id=track_id,
        group_id=group_id,
        undo_address=url_for("admin.track.undo", track_id=track_id),
        valence=story.track.valence,
        arousal=story.track.arousal,
        is_corrected=story.correction is not None,
        predicted=[story.prediction.valence, story.prediction.arousal] if story.prediction else None,
        uncertainty=_mean_uncertainty(story),
        mood=_place_of_mood(story),
    )


def _place_of_mood(story: TrackStory) -> int:
    """Return the place in `MOODS` of the largest share, as the points of the map have it."""
    leading = find_leading_mood(story.track.shares)
    return MOODS.index(leading) if leading else 0


def _mean_uncertainty(story: TrackStory) -> float | None:
    if story.correction is not None or story.prediction is None:
        return None
    stds = [story.prediction.stds[name] for name in ("valence", "arousal") if name in story.prediction.stds]
    return sum(stds) / len(stds) if stds else None


def _go_back_to(track_id: int) -> ResponseReturnValue:
    back = to_local_address(request.form.get("back"))
    return redirect(url_for("admin.track.show", track_id=track_id, back=back), code=303)


def _render(
    story: TrackStory,
    values: Mapping[str, str],
    *,
    back: str,
    problems: Mapping[str, str] | None = None,
) -> str:
    return render_template(
        "admin/track.html",
        story=story,
        track=story.track,
        fields=FIELDS,
        values=values,
        stored=_read_values(story.track),
        problems=problems or {},
        back=back,
        neighbors=_find_neighbors(story.track.track_id),
        history=[(entry, describe_change(entry)) for entry in story.changes],
        tag_kinds=list(TagKind),
        action_words=ACTION_WORDS,
        rating_words=RATING_WORDS,
    )


def _find_neighbors(track_id: int) -> tuple[Neighbor, ...]:
    services = current_services()
    # A missing index is built by whoever needs a playlist: looking at a track should not wait for it.
    return services.neighbors.find(track_id) if services.library.index_path.is_file() else ()
