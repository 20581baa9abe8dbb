"""What listeners who agreed do with tracks: like, skip, never again, finish, and take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, abort, redirect, request

from app.web.consent import find_listener_id
from app.web.context import current_services, wants_fragment
from app.web.errors import BadRequestError
from app.web.forms import read_local_path
from app.web.pages import render_private
from catalog.errors import TrackNotFoundError
from recommender.taste import Reaction

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("reactions", __name__)

UNDO: Final = "undo"


@blueprint.post("/reactions")
def create() -> BaseResponse:
    """Note what was done with a track, and show its buttons anew.

    Raises:
        BadRequestError: a field holds what none of our pages sends.
        TrackNotFoundError, PlaylistNotFoundError: there is no such thing.
    """
    listener_id = find_listener_id()
    if listener_id is None:
        abort(403, "expected a listener who agreed to be learned from, got none; agree first, on the page below")
    track_id, reaction = _read_track_id(request.form.get("track_id")), _read_reaction(request.form.get("kind"))
    playlist_id = request.form.get("playlist_id") or None
    listeners = current_services().listeners
    if reaction is None:
        listeners.undo_reaction(track_id, listener_id=listener_id, playlist_id=playlist_id)
    else:
        listeners.record_reaction(track_id, reaction, listener_id=listener_id, playlist_id=playlist_id)
    if not wants_fragment():
        return _answer_plainly()
    track = current_services().library.get_track(track_id)
    return render_private(
        "_reactions.html", track_id=track_id, title=track.title, reaction=reaction, playlist_id=playlist_id
    )


def _answer_plainly() -> BaseResponse:
    """Lead a form without scripts back to its page; a script that only reports needs no page."""
    if "next" not in request.form:
        return Response(status=204)
    return redirect(read_local_path(request.form["next"]), 303)


def _read_track_id(text: str | None) -> int:
    if not text or not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise BadRequestError(f"expected the number of a track, got {text!r}")
    if int(text) >= 2**31:
        raise TrackNotFoundError(int(text))
    return int(text)


def _read_reaction(text: str | None) -> Reaction | None:
    if text == UNDO:
        return None
    try:
        return Reaction(text or "")
    except ValueError as error:
        raise BadRequestError(f"expected one of {', '.join([*Reaction, UNDO])}, got {text!r}") from error
