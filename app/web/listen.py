"""The listener's page: speak or upload, see the mood, hear music that fits."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.web.consent import find_listener_id
from app.web.context import current_services, wants_fragment
from app.web.errors import BadRequestError
from app.web.forms import read_elapsed, read_label
from app.web.music import describe_controls, serve_music
from app.web.pages import render_private, send_playlist_file
from app.web.views import build_mood_view
from app.web.wishes import read_wishes, write_wishes

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from app.services.playlists import ServedPlaylist
    from app.services.wishes import PlaylistWishes

blueprint = Blueprint("listen", __name__)


@blueprint.get("/")
def show_home() -> str:
    """Show the recorder, and what is missing if something is."""
    services = current_services()
    missing = [check for check in services.readiness() if not check.ok]
    return render_template("home.html", missing=missing, settings=services.settings)


@blueprint.get("/privacy")
def show_privacy() -> str:
    """Explain what is inferred, and what happens to a recording."""
    return render_template("privacy.html")


@blueprint.post("/listenings")
def create() -> BaseResponse:
    """Listen to a clip and show the mood with its playlist.

    Raises:
        BadRequestError: a field is missing or holds what no page of ours sends.
        UnreadableAudioError, UnusableClipError, NotReadyError, EmptyIndexError: as the service.
    """
    clip = request.files.get("clip")
    if clip is None or not clip.filename:
        raise BadRequestError("expected a recording or an audio file, got none")
    wishes = read_wishes(request.form)
    expected_s = read_elapsed(request.form.get("elapsed_s"))
    services = current_services()
    recording = cast("BinaryIO", clip.stream)
    result = services.listening.listen(
        recording, clip.filename, wishes=wishes, expected_s=expected_s, listener_id=find_listener_id()
    )
    # The recording lives in this request's memory alone: closed, it is gone, and the listener may see when.
    clip.close()
    services.feedback.record_deletion(result.listening_id)
    address = url_for(".show", listening_id=result.listening_id, **write_wishes(wishes))
    if not wants_fragment():
        return redirect(address, 303)
    response = _render_listening("_result.html", result.listening_id, wishes, served=result.served)
    response.headers["HX-Push-Url"] = address
    return response


@blueprint.get("/listenings/<listening_id>")
def show(listening_id: str) -> Response:
    """Show a mood that was heard before, with its playlist."""
    return _render_listening("listening.html", listening_id, read_wishes(request.args))


@blueprint.get("/listenings/<listening_id>/playlist")
def show_playlist(listening_id: str) -> BaseResponse:
    """Show the playlist for other wishes."""
    wishes = read_wishes(request.args)
    page_url = url_for(".show", listening_id=listening_id, **write_wishes(wishes))
    if not wants_fragment():
        return redirect(page_url)
    response = render_private("_playlist.html", **_describe_playlist(listening_id, wishes))
    response.headers["HX-Replace-Url"] = page_url
    return response


@blueprint.post("/listenings/<listening_id>/correction")
def correct(listening_id: str) -> BaseResponse:
    """Take the listener's own word for the mood, and choose the music by it."""
    wishes, label = read_wishes(request.form), read_label(request.form.get("label"))
    current_services().listening.correct(listening_id, label, listener_id=find_listener_id())
    if not wants_fragment():
        return redirect(url_for(".show", listening_id=listening_id, **write_wishes(wishes)), 303)
    return _render_listening("_result.html", listening_id, wishes)


@blueprint.get("/listenings/<listening_id>/playlist.m3u8")
def download_playlist(listening_id: str) -> Response:
    """Hand out the playlist as a file."""
    wishes = read_wishes(request.args)
    return send_playlist_file(_serve(listening_id, wishes).items, wishes.name)


def _serve(listening_id: str, wishes: PlaylistWishes) -> ServedPlaylist:
    return current_services().listening.playlist_for(listening_id, wishes, listener_id=find_listener_id())


def _describe_playlist(
    listening_id: str, wishes: PlaylistWishes, served: ServedPlaylist | None = None
) -> dict[str, Any]:
    """Return what the playlist's fragment needs; without one served already, recommend it."""
    return {
        "listening_id": listening_id,
        "playlist_file_url": url_for(".download_playlist", listening_id=listening_id, **write_wishes(wishes)),
        "wish_fields": write_wishes(wishes),
        **serve_music(
            lambda: served or _serve(listening_id, wishes),
            functools.partial(url_for, ".show", listening_id=listening_id),
        ),
    }


def _render_listening(
    template: str,
    listening_id: str,
    wishes: PlaylistWishes,
    *,
    served: ServedPlaylist | None = None,
) -> Response:
    mood = build_mood_view(current_services().listening.get(listening_id))
    playlist = {} if mood.asks else _describe_playlist(listening_id, wishes, served)
    page_url = url_for(".show", listening_id=listening_id, **write_wishes(wishes))
    controls = {
        "listening_id": listening_id,
        "playlist_url": url_for(".show_playlist", listening_id=listening_id),
        "wish_fields": write_wishes(wishes),
        **describe_controls(wishes, page_url),
    }
    return render_private(template, **(controls | playlist), mood=mood)
