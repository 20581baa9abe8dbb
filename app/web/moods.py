"""Music for a mood that the listener names, without a voice."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for

from app.web.consent import find_listener_id
from app.web.context import current_services, wants_fragment
from app.web.forms import read_label
from app.web.music import describe_controls, serve_music
from app.web.pages import render_private, send_playlist_file
from app.web.wishes import read_wishes, write_wishes
from app.web.wording import ADJECTIVE_BY_LABEL

if TYPE_CHECKING:
    from app.services.playlists import ServedPlaylist
    from app.services.wishes import PlaylistWishes

blueprint = Blueprint("moods", __name__)


@blueprint.get("/moods/<label>/playlist")
def show(label: str) -> Response:
    """Show the playlist for a mood, as a page or as a fragment for other wishes."""
    wishes = read_wishes(request.args)
    served = _serve(read_label(label), wishes)
    page_url = url_for(".show", label=label, **write_wishes(wishes))
    playlist: dict[str, Any] = {
        "playlist_file_url": url_for(".download", label=label, **write_wishes(wishes)),
        **serve_music(lambda: served, functools.partial(url_for, ".show", label=label)),
    }
    if wants_fragment():
        response = render_private("_playlist.html", **playlist)
        response.headers["HX-Replace-Url"] = page_url
        return response
    controls = playlist | describe_controls(wishes, page_url)
    playlist_url = url_for(".show", label=label)
    return render_private(
        "mood.html", **controls, label=label, playlist_url=playlist_url, wish_fields=write_wishes(wishes)
    )


@blueprint.get("/moods/<label>/playlist.m3u8")
def download(label: str) -> Response:
    """Hand out the playlist of a mood as a file."""
    wishes = read_wishes(request.args)
    served = _serve(read_label(label), wishes)
    return send_playlist_file(served.items, f"{ADJECTIVE_BY_LABEL[label]}-{wishes.name}")


def _serve(label: str, wishes: PlaylistWishes) -> ServedPlaylist:
    return current_services().listening.playlist_for_mood(label, wishes, listener_id=find_listener_id())
