"""Tell by its suffix and its first line which importer a source is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.errors import ImportSourceError
from catalog.importers import mtg_jamendo
from catalog.importers.freemusi import FreemusiImporter
from catalog.importers.incompetech import IncompetechImporter
from catalog.importers.text_source import iter_lines, open_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME_BY_SUFFIX: Final[Mapping[str, str]] = {
    ".m3u": "m3u",
    ".m3u8": "m3u",
    ".xspf": "xspf",
    ".jspf": "jspf",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".txt")


def recognize_source(source: Path) -> str:
    """Return the name of the importer for a folder or file.

    Raises:
        ImportSourceError: it is not there, cannot be read, or is of no kind that is known.
    """
    if source.is_dir():
        return "folder"
    if not source.exists():
        raise ImportSourceError(f"expected a folder or a list, but {str(source)!r} is not there")
    suffixes = [suffix.lower() for suffix in source.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _NAME_BY_SUFFIX:
        return _NAME_BY_SUFFIX[suffix]
    if suffix in _TABLE_SUFFIXES:
        return _recognize_table(source)
    expected = ", ".join((*_NAME_BY_SUFFIX, *_TABLE_SUFFIXES))
    raise ImportSourceError(f"expected a folder or a file of {expected}, got {source.name!r}; name the kind of import")


def _recognize_table(source: Path) -> str:
    with open_text(source) as file:
        header = next(iter_lines(file), "")
    if mtg_jamendo.recognizes(header):
        return mtg_jamendo.MtgJamendoImporter.name
    columns = header.strip().split(",")
    known = (importer for importer in (IncompetechImporter, FreemusiImporter) if importer.recognizes(columns))
    return next((importer.name for importer in known), "csv")
