"""What the pages with a playlist share: their size, their words, how they are rendered and cached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, make_response, render_template, url_for
from markupsafe import Markup, escape

from app.web.playlist_files import format_m3u8
from app.web.wording import ADJECTIVE_BY_LABEL, describe_credit, format_time, shorten_licence, to_sentence
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.services.playlists import PlaylistItem

INTENT_WORDS: Final[Mapping[str, str]] = {
    "stay": "Stay",
    "lift": "Lift",
    "calm": "Calm",
    "energize": "Energize",
    "journey": "Journey",
}
FAMILIARITY_WORDS: Final[Mapping[float, str]] = {
    -1.0: "New to me",
    -0.5: "Rather new",
    0.0: "No matter",
    0.5: "Rather familiar",
    1.0: "Familiar",
}


def register_words(app: Flask) -> None:
    """Give templates the words for labels and intents, and filters for times and sentences."""
    app.jinja_env.globals.update(
        labels=LABELS,
        mood_words=ADJECTIVE_BY_LABEL,
        intent_words=INTENT_WORDS,
        familiarity_words=FAMILIARITY_WORDS,
        credit=describe_credit,
        shorten_licence=shorten_licence,
    )
    app.jinja_env.filters.update(clock=format_time, sentence=to_sentence, commands=mark_commands)


def mark_commands(text: str) -> Markup:
    """Set what stands between backticks, as our messages write commands, in the type of a terminal."""
    # The text is escaped first; only our own tags are added.
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def render_private(template: str, **context: object) -> Response:
    """Render a page or fragment that stays out of every cache: it tells what a voice revealed."""
    response = make_response(render_template(template, **context))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "HX-Request"
    return response


def send_playlist_file(playlist: tuple[PlaylistItem, ...], name: str) -> Response:
    """Send a playlist as an M3U8 file with absolute addresses.

    Args:
        playlist: its tracks in order.
        name: what the file is called, without the suffix; plain letters and hyphens.
    """
    text = format_m3u8(
        f"EmotiTune {name.replace('-', ' ')}",
        playlist,
        lambda item: url_for("tracks.play", track_id=item.track_id, _external=True),
    )
    response = make_response(text)
    response.headers["Content-Type"] = "application/vnd.apple.mpegurl; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="emotitune-{name}.m3u8"'
    response.headers["Cache-Control"] = "no-store"
    return response
