"""The music itself: files that the catalog knows, in the ranges a player asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, send_file

from app.web.context import current_services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("tracks", __name__)

# Spelled out, since the system's own table differs from machine to machine.
MIME_TYPE_BY_SUFFIX: Final = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}


@blueprint.get("/tracks/<int(max=9223372036854775807):track_id>/audio")
def play(track_id: int) -> BaseResponse:
    """Send a track's audio, or the part of it that was asked for.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    track = current_services().library.get_track(track_id)
    if track.path:
        return _send(Path(track.path))
    if track.url and urlsplit(track.url).scheme in {"http", "https"}:
        return redirect(track.url)
    return abort(410, "this track has no file to play")


def _send(path: Path) -> Response:
    mime_type = MIME_TYPE_BY_SUFFIX.get(path.suffix.lower())
    if mime_type is None:
        abort(415, f"expected a music file, got {path.suffix!r}")
    try:
        response = send_file(path, mimetype=mime_type, conditional=True, etag=True, max_age=3600)
    except OSError:
        # Moved, deleted, unmounted or unreadable: to a listener it is gone, and the player goes on.
        abort(410, "it was moved or deleted, so the next one plays")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Accept-Ranges"] = "bytes"
    return response
