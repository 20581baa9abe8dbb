"""Files that lists name: found beside the list, inside the folders that may be read, and joined with their own tags."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from catalog.importers.importer import TrackDraft
from catalog.importers.music_file import read_draft
from catalog.importers.walking import FoundFile, RefusedEntry, is_inside, look_at_file, printable, why

_FROM_FILE: Final = frozenset({"path", "content_hash", "size_bytes", "mtime_ns"})
_SAID: Final = tuple(field.name for field in fields(TrackDraft) if field.name not in _FROM_FILE)


def join_file(draft: TrackDraft, path: Path, roots: tuple[Path, ...]) -> tuple[TrackDraft, str] | RefusedEntry:
    """Add what a file itself says, where the list is silent.

    Returns:
        The draft and a note on what was left out of it; or why the file cannot be taken.
    """
    try:
        real_path = os.path.realpath(path)
        if not is_inside(real_path, tuple(os.path.realpath(root) for root in roots)):
            return RefusedEntry("", f"path: {printable(real_path)!r} lies outside the folders that may be read")
        if Path(real_path).is_dir():
            return RefusedEntry("", f"path: expected a file, got the folder {printable(real_path)!r}")
        found = look_at_file(real_path, Path(real_path).stat())
    except OSError as error:
        return RefusedEntry("", f"path: {printable(str(path))!r} cannot be read: {why(error)}")
    except ValueError as error:  # a zero byte in the name
        return RefusedEntry("", f"path: {error}")
    music = read_draft(found) if isinstance(found, FoundFile) else found
    if isinstance(music, RefusedEntry):
        return RefusedEntry("", f"path: {music.reason}")
    said = {name: value for name in _SAID if (value := getattr(draft, name)) not in (None, "")}
    return replace(music.draft, **said), music.note
