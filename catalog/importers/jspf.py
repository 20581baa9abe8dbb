"""Import JSPF playlists, XSPF's names as JSON, https://xspf.org/jspf."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from catalog.errors import ImportSourceError
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.playlist_entries import read_entry
from catalog.importers.xspf import make_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A list of 100,000 tracks has some 30 MB; it is read whole.
_MAX_BYTES: Final = 64 * 1024 * 1024


class JspfImporter(ListImporter):
    """Bring in what a JSPF playlist names; paths are relative to it."""

    name: ClassVar[str] = "jspf"
    expected: ClassVar[str] = "a JSPF playlist"

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the entries; see `ListImporter.iter_listed`."""
        for number, track in enumerate(_load_tracks(source), start=1):
            where = f"{source.name}, track {number}"
            if isinstance(track, dict):
                told = {str(name): _to_texts(value) for name, value in track.items()}
                yield read_entry(make_entry(where, told), source.parent, self.roots)
            else:
                yield ListedTrack(where, reason=f"expected an object, got {json.dumps(track)[:50]}")


def _load_tracks(source: Path) -> list[Any]:
    try:
        if source.stat().st_size > _MAX_BYTES:
            raise ImportSourceError(f"{source.name}: expected at most {_MAX_BYTES} bytes, got {source.stat().st_size}")
        playlist = json.loads(source.read_bytes())["playlist"]
        tracks = playlist["track"]
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ImportSourceError(f"cannot read {str(source)!r}: {reason}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ImportSourceError(f'{source.name}: expected a JSPF playlist: {{"playlist": {{"track": []}}}}') from error
    if not isinstance(tracks, list):
        raise ImportSourceError(f"{source.name}: expected a list of tracks, got {type(tracks).__name__}")
    return tracks


def _to_texts(value: Any) -> list[str]:  # noqa: ANN401 - anything JSON holds
    values = value if isinstance(value, list) else [value]
    plain = [item for item in values if isinstance(item, (str, int)) and not isinstance(item, bool)]
    return [str(item).encode("utf-8", "replace").decode() for item in plain]
