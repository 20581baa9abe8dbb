"""Import the tags of MTG-Jamendo (Bogdanov et al. 2019), as the project publishes them or gathered in one table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from catalog.errors import ImportSourceError
from catalog.importers.csv_rows import open_table
from catalog.importers.importer import TrackDraft
from catalog.importers.listed_files import join_file
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.tag_text import clean_text
from catalog.importers.text_source import is_utf8, iter_lines, open_text
from catalog.importers.values import make_tags, read_duration_s, read_tags
from catalog.importers.walking import RefusedEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_OFFICIAL: Final = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
_GATHERED: Final = (
    "jamendo_id",
    "artist_id",
    "path",
    "duration_s",
    "mood_theme",
    "genre",
    "instrument",
    "title",
    "artist",
)
_KIND_BY_PREFIX: Final[Mapping[str, str]] = {"mood/theme": "mood", "genre": "genre", "instrument": "instrument"}
_NUMBER: Final = re.compile(r"(?:track_|artist_)?0*(\d{1,12})", re.ASCII)
_PATH: Final = re.compile(r"\d{2}/\d{1,12}\.mp3", re.ASCII)


class MtgJamendoImporter(ListImporter):
    """Bring in `autotagging*.tsv` or `raw_30s.tsv`, or the same tags gathered in one CSV file.

    The tables name no licence for a track, so nothing is streamed; an audio file that lies beside the table, below
    `14/214.mp3` as published, is taken. Where a table knows no title or artist, the numbers stand for them.
    """

    name: ClassVar[str] = "mtg-jamendo"
    expected: ClassVar[str] = "a table of MTG-Jamendo"

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the rows; see `ListImporter.iter_listed`."""
        rows = iter_official(source) if _is_official(source) else iter_gathered(source)
        # Audio is published beside the tables: asked once, not for each of 55,000 rows.
        has_audio = any((source.parent / f"{number:02d}").is_dir() for number in range(100))
        for where, row, reason in rows:
            try:
                listed = ListedTrack(where, reason=reason) if reason else _to_listed(where, row)
            except ValueError as error:
                listed = ListedTrack(where, reason=str(error))
            yield self._join(listed, source.parent / row.get("path", "")) if has_audio and listed.draft else listed

    def _join(self, listed: ListedTrack, path: Path) -> ListedTrack:
        if listed.draft is None or not _PATH.fullmatch("/".join(path.parts[-2:])) or not path.is_file():
            return listed
        silent: dict[str, Any] = dict.fromkeys(listed.only_new)
        joined = join_file(replace(listed.draft, **silent), path, self.roots)
        if isinstance(joined, RefusedEntry):
            return replace(listed, note=f"imported without its file: {joined.reason}")
        return replace(listed, draft=joined[0], note=joined[1], only_new=frozenset())


def recognizes(header: str) -> bool:
    """Tell whether a first line is one of MTG-Jamendo's."""
    fields = header.strip().split("\t")
    return tuple(fields[: len(_OFFICIAL)]) == _OFFICIAL or set(_GATHERED) <= set(header.strip().split(","))


def iter_official(source: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """Read the published layout: tab-separated, every tag in a field of its own.

    Yields:
        Where, the row's text by the names that the gathered table has, and why the row cannot be used.
    """
    with open_text(source) as file:
        for number, line in enumerate(iter_lines(file), start=1):
            where = f"{source.name}, row {number}"
            fields = line.rstrip("\r\n").split("\t")
            if number == 1 or fields == [""]:
                continue
            if not is_utf8(line):
                yield where, {}, "expected text in UTF-8, got other bytes"
            elif len(fields) < len(_OFFICIAL) - 1:
                yield where, {}, f"expected at least {len(_OFFICIAL) - 1} fields, got {len(fields)}"
            else:
                yield where, _read_official(fields), ""


def iter_gathered(source: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """Read the table with a column for each kind of tag; see `iter_official`.

    Raises:
        ImportSourceError: it lacks columns.
    """
    with open_table(source, lambda column: column in _GATHERED, _GATHERED) as table:
        missing = [column for column in _GATHERED if column not in table.header]
        if missing:
            raise ImportSourceError(
                f"{source.name}: expected {MtgJamendoImporter.expected}, with the columns {', '.join(_OFFICIAL)} or "
                f"{', '.join(_GATHERED)}, but it lacks {', '.join(missing)}",
            )
        for row in table.rows:
            where = f"{source.name}, row {row.number}"
            yield where, {} if row.reason else dict(zip(table.header, row.fields, strict=True)), row.reason


def _is_official(source: Path) -> bool:
    with open_text(source) as file:
        return tuple(next(iter_lines(file), "").rstrip("\r\n").split("\t")[: len(_OFFICIAL)]) == _OFFICIAL


def _read_official(fields: list[str]) -> dict[str, str]:
    row = dict(zip(("jamendo_id", "artist_id", "album_id", "path", "duration_s"), fields, strict=False))
    for tag in fields[len(_OFFICIAL) - 1 :]:
        prefix, _, name = tag.partition("---")
        column = {"mood/theme": "mood_theme"}.get(prefix, prefix)
        if prefix in _KIND_BY_PREFIX and name:
            row[column] = f"{row[column]}|{name}" if column in row else name
    return row


def _to_listed(where: str, row: Mapping[str, str]) -> ListedTrack:
    number, artist_number = _read_number(row, "jamendo_id"), _read_number(row, "artist_id")
    title, artist = clean_text(row.get("title")), clean_text(row.get("artist"))
    made_up = {name for name, value in (("title", title), ("artist", artist)) if value is None}
    tags = {
        *read_tags("mood", row.get("mood_theme")),
        *read_tags("genre", row.get("genre")),
        *read_tags("instrument", row.get("instrument")),
    }
    genres = make_tags("genre", (row.get("genre") or "").split("|"))
    draft = TrackDraft(
        title=title or f"Jamendo {number}",
        artist=artist or f"Jamendo artist {artist_number}",
        genre=", ".join(name for _, name in genres) or None,
        duration_s=read_duration_s(clean_text(row.get("duration_s"))),
        licence=f"Creative Commons, as named at https://www.jamendo.com/track/{number}",
        attribution=f"{artist or f'artist {artist_number}'} on Jamendo, https://www.jamendo.com/track/{number}; "
        "tags by MTG-Jamendo, CC BY-NC-SA 4.0",
        tags=tuple(sorted(tags)) or None,
    )
    return ListedTrack(where, draft, name=f"mtg-jamendo:{number}", only_new=frozenset(made_up))


def _read_number(row: Mapping[str, str], column: str) -> int:
    text = (row.get(column) or "").strip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{column}: expected a number such as 214, got {text[:50]!r}")
    return int(match[1])
