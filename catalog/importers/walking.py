"""Find the audio files below a folder, each once, whatever links and locks lie in the way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIO_SUFFIXES: Final = frozenset({".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
# Music too, but of kinds that browsers do not play: named in the report, where a cover picture is not.
OTHER_AUDIO_SUFFIXES: Final = frozenset(
    {
        ".aac",
        ".ac3",
        ".aif",
        ".aiff",
        ".alac",
        ".amr",
        ".ape",
        ".dsf",
        ".mid",
        ".midi",
        ".mka",
        ".mp2",
        ".mpc",
        ".wma",
        ".wv",
    },
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An audio file; `path` is absolute and free of symbolic links."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """Something that cannot be imported, and why."""

    where: str
    reason: str


def walk_audio_files(folder: Path, roots: tuple[Path, ...] = ()) -> Iterator[FoundFile | RefusedEntry]:
    """Find audio files, in the order of their names, hidden ones left out.

    Args:
        folder: where to look, itself and all below; symbolic links are followed, each folder is entered once.
        roots: folders that links may lead into; empty for anywhere.
    """
    return _Walk(folder, roots).run()


def is_inside(path: str, roots: tuple[str, ...]) -> bool:
    """Tell whether a real path lies in one of the real roots; with no roots everything does."""
    return not roots or any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def printable(path: str) -> str:
    """Return a path that can be stored and shown, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


class _Walk:
    def __init__(self, folder: Path, roots: tuple[Path, ...]) -> None:
        self._start = os.path.realpath(folder)
        self._roots = tuple(os.path.realpath(root) for root in roots)
        self._waiting = [self._start]
        self._entered: set[str] = set()
        self._linked_files: set[str] = set()

    def run(self) -> Iterator[FoundFile | RefusedEntry]:
        while self._waiting:
            folder = self._waiting.pop()
            if folder in self._entered:
                continue
            self._entered.add(folder)
            try:
                entries = _sorted_entries(folder)
            except OSError as error:
                yield RefusedEntry(printable(folder), f"the folder cannot be read: {why(error)}")
                continue
            yield from self._read(entries)

    def _read(self, entries: list[os.DirEntry[str]]) -> Iterator[FoundFile | RefusedEntry]:
        folders = []
        for entry in entries:
            is_link = entry.is_symlink()
            path = os.path.realpath(entry.path) if is_link else entry.path
            is_folder = _is_folder(entry)
            reason = self._why_no_link(path, is_folder=is_folder) if is_link else ""
            if reason:
                yield RefusedEntry(printable(entry.path), reason)
            elif is_folder:
                folders.append(path)
            else:
                yield from _look_at(entry, path)
        self._waiting.extend(reversed(folders))

    def _why_no_link(self, path: str, *, is_folder: bool) -> str:
        if not is_inside(path, self._roots):
            return "the link leads outside the folders that may be read"
        if is_folder:
            return "the link leads to a folder that is read already" if self._is_known(path) else ""
        if path in self._linked_files or is_inside(path, (self._start,)):
            return "the link leads to a file that is read already"
        self._linked_files.add(path)
        return ""

    def _is_known(self, folder: str) -> bool:
        return folder in self._entered or is_inside(folder, (self._start,)) or is_inside(self._start, (folder,))


def _sorted_entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _look_at(entry: os.DirEntry[str], path: str) -> Iterator[FoundFile | RefusedEntry]:
    suffix = Path(entry.name).suffix.lower()
    if suffix not in AUDIO_SUFFIXES | OTHER_AUDIO_SUFFIXES:
        return
    try:
        yield look_at_file(path, entry.stat())
    except OSError as error:
        yield RefusedEntry(printable(entry.path), f"the file cannot be read: {why(error)}")


def look_at_file(path: str, facts: os.stat_result) -> FoundFile | RefusedEntry:
    """Judge a file by its name and size, before it is opened."""
    suffix = Path(path).suffix.lower()
    if suffix not in AUDIO_SUFFIXES:
        expected = ", ".join(sorted(AUDIO_SUFFIXES))
        return RefusedEntry(printable(path), f"expected a file of {expected}, got {suffix or 'no suffix'}")
    if facts.st_size == 0:
        return RefusedEntry(printable(path), "the file is empty")
    try:
        path.encode()
    except UnicodeEncodeError:
        return RefusedEntry(printable(path), "the name is no valid UTF-8; rename the file")
    return FoundFile(path, facts.st_size, facts.st_mtime_ns)


def why(error: OSError) -> str:
    """Return the system's reason alone; the path stands beside it in a report."""
    return (error.strerror or type(error).__name__).lower()
