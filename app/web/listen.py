"""The listener's page: speak or upload, see the mood, hear music that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.services.errors import NotReadyError
from app.web.context import current_services, wants_fragment
from app.web.errors import BadRequestError, describe_named_error
from app.web.forms import read_elapsed, read_intent, read_label
from app.web.pages import N_TRACKS, render_private, send_playlist_file
from app.web.views import build_mood_view
from recommender.errors import RecommenderError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from app.services.playlists import PlaylistItem
    from recommender.space import Intent

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
    intent = read_intent(request.form.get("intent"))
    expected_s = read_elapsed(request.form.get("elapsed_s"))
    services = current_services()
    recording = cast("BinaryIO", clip.stream)
    result = services.listening.listen(recording, clip.filename, intent=intent, k=N_TRACKS, expected_s=expected_s)
    # The recording lives in this request's memory alone: closed, it is gone, and the listener may see when.
    clip.close()
    services.feedback.record_deletion(result.listening_id)
    address = url_for(".show", listening_id=result.listening_id, intent=intent.value)
    if not wants_fragment():
        return redirect(address, 303)
    notes = result.recognition.notes
    response = _render_listening("_result.html", result.listening_id, intent, playlist=result.playlist, notes=notes)
    response.headers["HX-Push-Url"] = address
    return response


@blueprint.get("/listenings/<listening_id>")
def show(listening_id: str) -> Response:
    """Show a mood that was heard before, with its playlist."""
    return _render_listening("listening.html", listening_id, read_intent(request.args.get("intent")))


@blueprint.get("/listenings/<listening_id>/playlist")
def show_playlist(listening_id: str) -> BaseResponse:
    """Show the playlist for another intent."""
    intent = read_intent(request.args.get("intent"))
    page = url_for(".show", listening_id=listening_id, intent=intent.value)
    if not wants_fragment():
        return redirect(page)
    playlist = current_services().listening.playlist_for(listening_id, intent=intent, k=N_TRACKS)
    file_url = url_for(".download_playlist", listening_id=listening_id, intent=intent.value)
    response = render_private("_playlist.html", playlist=playlist, playlist_file_url=file_url, intent=intent.value)
    response.headers["HX-Replace-Url"] = page
    return response


@blueprint.post("/listenings/<listening_id>/correction")
def correct(listening_id: str) -> BaseResponse:
    """Take the listener's own word for the mood, and choose the music by it."""
    intent = read_intent(request.form.get("intent"))
    current_services().feedback.correct(listening_id, read_label(request.form.get("label")))
    if not wants_fragment():
        return redirect(url_for(".show", listening_id=listening_id, intent=intent.value), 303)
    return _render_listening("_result.html", listening_id, intent)


@blueprint.get("/listenings/<listening_id>/playlist.m3u8")
def download_playlist(listening_id: str) -> Response:
    """Hand out the playlist as a file."""
    intent = read_intent(request.args.get("intent"))
    playlist = current_services().listening.playlist_for(listening_id, intent=intent, k=N_TRACKS)
    return send_playlist_file(playlist, intent.value)


def _render_listening(
    template: str,
    listening_id: str,
    intent: Intent,
    *,
    playlist: tuple[PlaylistItem, ...] = (),
    notes: tuple[str, ...] = (),
) -> Response:
    mood = build_mood_view(current_services().listening.get(listening_id))
    trouble = ""
    if not playlist and not mood.asks:
        playlist, trouble = _find_playlist(listening_id, intent)
    return render_private(
        template,
        listening_id=listening_id,
        mood=mood,
        notes=notes,
        playlist=playlist,
        trouble=trouble,
        playlist_url=url_for(".show_playlist", listening_id=listening_id),
        playlist_file_url=url_for(".download_playlist", listening_id=listening_id, intent=intent.value),
        intent=intent.value,
    )


def _find_playlist(listening_id: str, intent: Intent) -> tuple[tuple[PlaylistItem, ...], str]:
    """Return the playlist, or none and why: a mood is worth showing even while there is no music for it."""
    try:
        return current_services().listening.playlist_for(listening_id, intent=intent, k=N_TRACKS), ""
    except (RecommenderError, NotReadyError) as error:
        entry, message = describe_named_error(error)
        return (), f"{entry.title}. {message}"
