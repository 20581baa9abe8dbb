"""Playlists as files that other players open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.services.playlists import PlaylistItem


def format_m3u8(name: str, items: Iterable[PlaylistItem], get_url: Callable[[PlaylistItem], str]) -> str:
    """Write an extended M3U playlist.

    Args:
        name: the playlist's title.
        items: its tracks in order.
        get_url: gives a track's absolute address.

    Returns:
        The file's text; a track of unknown length has the duration -1.

    Source: the M3U8 of RFC 8216, section 4.3.2.1, and Winamp's `#PLAYLIST`.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{_on_one_line(name)}"]
    for item in items:
        duration_s = -1 if item.duration_s is None else round(item.duration_s)
        lines.append(f"#EXTINF:{duration_s},{_on_one_line(f'{item.artist} - {item.title}')}")
        lines.append(get_url(item))
    return "\n".join(lines) + "\n"


def _on_one_line(text: str) -> str:
    # A line break in a tag would start a new entry.
    return " ".join(text.split())
