"""What an import reads: a place on this server, or a list that was uploaded."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from app.services.errors import ForbiddenPathError
from catalog.errors import ImportSourceError
from catalog.importers import IMPORTERS

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from app.services.library import LibraryService

UPLOAD_SUFFIXES: Final = (
    *(".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".m3u", ".m3u8", ".xspf", ".jspf"),
    *(".csv.gz", ".tsv.gz", ".jsonl.gz"),
)
_KEPT_FOR_S: Final = 30 * 24 * 3600
_N_LISTED_FOLDERS: Final = 500


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on this server, for a person who looks for music in it.

    Attributes:
        parent: the folder above, None where it may not be read.
        folders: those inside, by name.
        n_files: how many files lie in it.
    """

    path: str
    parent: str | None
    folders: tuple[str, ...]
    n_files: int


def check_source(library: LibraryService, kind: str, text: str) -> tuple[str, Path]:
    """Return the importer and the real path of what should be imported.

    Args:
        library: knows which folders may be read.
        kind: name of an importer; empty to find it.
        text: path, as it was typed.

    Raises:
        ForbiddenPathError: it lies outside the allowed folders.
        ImportSourceError: it is not there, or of no kind that is known.
    """
    if kind and kind not in IMPORTERS:
        raise ImportSourceError(f"expected one of {', '.join(IMPORTERS)}, got {kind!r}")
    if not text:
        raise ImportSourceError("expected the path of a folder or of a list on this server, got nothing")
    if not PurePath(text).is_absolute() and not text.startswith("~"):
        raise ImportSourceError(f"expected a whole path such as /home/me/Music, got {text!r}")
    path = library.check_path(Path(text))
    if not os.path.lexists(path):
        raise ImportSourceError(f"expected a folder or a list at {text!r} on this server, found nothing")
    if not os.access(path, os.R_OK):
        raise ImportSourceError(f"this server may not read {text!r}; give it the permission, then try again")
    found = "folder" if path.is_dir() else (kind or library.recognize_source(path))
    if kind and (kind == "folder") != (found == "folder"):
        expected, came = ("a folder", "a file") if kind == "folder" else ("a file", "a folder")
        raise ImportSourceError(f"expected {expected} at {text!r} on this server, found {came}")
    return found, path


def keep_upload(library: LibraryService, upload: FileStorage) -> Path:
    """Store an uploaded list where imports may read it, for a month.

    Raises:
        ImportSourceError: it has no name, is empty, or is of no kind that is known.
    """
    name = _clean_name(upload.filename or "")
    if not name.lower().endswith(UPLOAD_SUFFIXES):
        raise ImportSourceError(f"expected a file of {', '.join(UPLOAD_SUFFIXES)}, got {upload.filename!r}")
    _drop_old(library.uploads_dir)
    folder = library.uploads_dir / uuid.uuid4().hex
    folder.mkdir(parents=True)
    path = folder / name
    upload.save(path)
    if not path.stat().st_size:
        shutil.rmtree(folder)
        raise ImportSourceError(f"expected a list, got the empty file {name!r}")
    return path


def list_folder(library: LibraryService, text: str) -> Folder:
    """Look into a folder; links inside it are left out.

    Raises:
        ForbiddenPathError: it lies outside the allowed folders.
        ImportSourceError: it is none, or cannot be read.
    """
    path = library.check_path(Path(text))
    try:
        with os.scandir(path) as found:
            entries = list(found)
    except OSError as error:
        raise ImportSourceError(f"cannot look into {text!r}: {error.strerror or error}") from error
    folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    # A name that no text can hold cannot be sent by a form either.
    named = [name for name in folders if not name.startswith(".") and name.isprintable()]
    return Folder(
        path=str(path),
        parent=_find_parent(library, path),
        folders=tuple(named[:_N_LISTED_FOLDERS]),
        n_files=sum(entry.is_file(follow_symlinks=False) for entry in entries),
    )


def _find_parent(library: LibraryService, path: Path) -> str | None:
    if path.parent == path:
        return None
    try:
        return str(library.check_path(path.parent))
    except ForbiddenPathError:
        return None


def _clean_name(name: str) -> str:
    plain = re.sub(r"[^\w.\- ]+", "_", PurePath(name.replace("\\", "/")).name).strip(". ")
    return plain[-120:]


def _drop_old(folder: Path) -> None:
    for old in folder.glob("*"):
        if time.time() - old.stat().st_mtime > _KEPT_FOR_S:
            shutil.rmtree(old, ignore_errors=True)
