"""Readable text for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.services.playlists import PlaylistItem


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Align columns by their widest cell, two spaces apart."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def format_posterior(posterior: Mapping[str, float]) -> str:
    """Name the moods from the likeliest on, with their shares."""
    ranked = sorted(posterior.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{label} {share:.0%}" for label, share in ranked)


def format_playlist(playlist: Sequence[PlaylistItem]) -> str:
    """List the tracks with their reasons."""
    header = ("#", "Title", "Artist", "Score", "Why")
    rows = [(i, item.title, item.artist, f"{item.score:.3f}", item.reason) for i, item in enumerate(playlist, start=1)]
    return format_table(header, rows)
