"""Write tracks as CSV, JSON lines or a playlist, a piece at a time.

Cells of a CSV file are safe for spreadsheets, see `spreadsheet_cells`; the CSV import takes them back unharmed.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from catalog.filters import EVERY_TRACK, TrackFilter
from catalog.queries import get_tracks, list_track_ids
from catalog.spreadsheet_cells import defuse_cell
from catalog.tags import read_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy.orm import Session

    from catalog.queries import TrackFacts

_BATCH_SIZE: Final = 1_000
# The first ten are those of the CSV import; what a model heard is named otherwise than what a list states.
CSV_COLUMNS: Final = (
    *("title", "artist", "path", "url", "album", "genre", "year", "licence", "attribution", "duration_s"),
    *("source", "status", "effective_valence", "effective_arousal", "is_corrected", "tags"),
)


def iter_csv(session: Session, wanted: TrackFilter = EVERY_TRACK) -> Iterator[str]:
    """Yield a CSV file, header first, in pieces of some hundred rows; by title."""
    yield _to_csv([CSV_COLUMNS])
    for tracks, tags in _iter_tracks(session, wanted):
        yield _to_csv([_to_cells(track, tags.get(track.track_id, [])) for track in tracks])


def iter_jsonl(session: Session, wanted: TrackFilter = EVERY_TRACK) -> Iterator[str]:
    """Yield JSON lines, one object a track, in pieces; by title. Moments are ISO 8601, missing values null."""
    for tracks, tags in _iter_tracks(session, wanted):
        rows = ({**asdict(track), "tags": tags.get(track.track_id, [])} for track in tracks)
        yield "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def iter_m3u8(session: Session, wanted: TrackFilter = EVERY_TRACK) -> Iterator[str]:
    """Yield an extended M3U playlist, in pieces; by title. Tracks without file and URL are left out."""
    yield "#EXTM3U\n"
    for tracks, _tags in _iter_tracks(session, wanted):
        yield "".join(_to_m3u(track) for track in tracks if track.path or track.url)


EXPORTERS: Final[Mapping[str, Callable[[Session, TrackFilter], Iterator[str]]]] = {
    "csv": iter_csv,
    "jsonl": iter_jsonl,
    "m3u8": iter_m3u8,
}


def _iter_tracks(
    session: Session, wanted: TrackFilter
) -> Iterator[tuple[list[TrackFacts], Mapping[int, list[tuple[str, str]]]]]:
    # Ids alone are kept: a million of them are few bytes, and no track comes twice while others are edited.
    track_ids = list_track_ids(session, wanted)
    for start in range(0, len(track_ids), _BATCH_SIZE):
        some_ids = track_ids[start : start + _BATCH_SIZE]
        yield get_tracks(session, some_ids), read_tags(session, some_ids)


def _to_cells(track: TrackFacts, tags: list[tuple[str, str]]) -> list[str]:
    values: dict[str, Any] = {
        "effective_valence": track.valence,
        "effective_arousal": track.arousal,
        "is_corrected": "yes" if track.is_corrected else "",
        "tags": ";".join(f"{kind}:{name}" for kind, name in tags),
    }
    return [_to_cell(values[name] if name in values else getattr(track, name)) for name in CSV_COLUMNS]


def _to_cell(value: Any) -> str:  # noqa: ANN401 - text, a number or nothing
    if value is None:
        return ""
    # A negative number is no formula, and must stay a number.
    return defuse_cell(value) if isinstance(value, str) else str(value)


def _to_csv(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _to_m3u(track: TrackFacts) -> str:
    seconds = -1 if track.duration_s is None else round(track.duration_s)
    name = f"{track.artist} - {track.title}" if track.artist else track.title
    return f"#EXTINF:{seconds},{_one_line(name)}\n{_one_line(track.path or track.url or '')}\n"


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
