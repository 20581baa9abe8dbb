"""What the pages with a playlist have in common: the playlist by the address, its controls, and who listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.services.errors import NotReadyError
from app.web.consent import find_listener_id
from app.web.context import current_services
from app.web.errors import describe_named_error
from app.web.playlist_views import build_playlist_view
from app.web.wishes import draw_seed, get_length, get_steps, is_plain
from recommender.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.services.playlists import FilterChoices, ServedPlaylist
    from app.services.wishes import PlaylistWishes


def serve_music(serve: Callable[[], ServedPlaylist], make_url: Callable[..., str]) -> dict[str, Any]:
    """Return what `_playlist.html` needs; where there is no music, why: the rest of the page is worth showing."""
    listener_id = find_listener_id()
    try:
        served = serve()
    except (RecommenderError, NotReadyError) as error:
        entry, message = describe_named_error(error)
        return {"music": None, "trouble": f"{entry.title}. {message}", "is_learning": listener_id is not None}
    reactions = current_services().own_data.find_reactions(listener_id) if listener_id else {}
    return {
        "music": build_playlist_view(served, reactions, make_url),
        "trouble": "",
        "is_learning": listener_id is not None,
        "next_seed": draw_seed(),
    }


def describe_controls(wishes: PlaylistWishes, page_url: str) -> dict[str, Any]:
    """Return what `_music.html` needs besides the playlist, on the page at an address."""
    length, unit = get_length(wishes)
    return {
        "wishes": wishes,
        "length": length,
        "unit": unit,
        "steps": get_steps(wishes),
        "is_plain": is_plain(wishes),
        "choices": _find_choices(),
        **describe_learning(page_url),
    }


def describe_learning(page_url: str) -> dict[str, Any]:
    """Return what `_learning.html` needs on the page at an address."""
    listener_id = find_listener_id()
    n_notes = current_services().own_data.count_notes(listener_id) if listener_id else 0
    return {"is_learning": listener_id is not None, "n_notes": n_notes, "page_url": page_url}


def _find_choices() -> FilterChoices | None:
    """Return what filters can be set to; nothing while there is no index, which the playlist itself tells."""
    try:
        return current_services().playlists.list_choices()
    except (RecommenderError, NotReadyError):
        return None
