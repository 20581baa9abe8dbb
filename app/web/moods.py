"""Music for a mood that the listener names, without a voice."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from app.web.context import current_services, wants_fragment
from app.web.forms import read_intent, read_label
from app.web.pages import N_TRACKS, render_private, send_playlist_file
from app.web.wording import ADJECTIVE_BY_LABEL

blueprint = Blueprint("moods", __name__)


@blueprint.get("/moods/<label>/playlist")
def show(label: str) -> Response:
    """Show the playlist for a mood, as a page or as a fragment for another intent."""
    intent = read_intent(request.args.get("intent"))
    playlist = current_services().listening.playlist_for_mood(read_label(label), intent=intent, k=N_TRACKS)
    response = render_private(
        "_playlist.html" if wants_fragment() else "mood.html",
        label=label,
        playlist=playlist,
        playlist_url=url_for(".show", label=label),
        playlist_file_url=url_for(".download", label=label, intent=intent.value),
        intent=intent.value,
    )
    if wants_fragment():
        response.headers["HX-Replace-Url"] = url_for(".show", label=label, intent=intent.value)
    return response


@blueprint.get("/moods/<label>/playlist.m3u8")
def download(label: str) -> Response:
    """Hand out the playlist of a mood as a file."""
    intent = read_intent(request.args.get("intent"))
    playlist = current_services().listening.playlist_for_mood(read_label(label), intent=intent, k=N_TRACKS)
    return send_playlist_file(playlist, f"{ADJECTIVE_BY_LABEL[label]}-{intent.value}")
