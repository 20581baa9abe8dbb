"""All that is known of a track as plain JSON, and back: what the log keeps of deleted and changed tracks."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from catalog.models import AffectCorrection, Artist, AudioFeatures, Track, TrackAffect, TrackEmbedding, TrackTag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.artists import ArtistRows
    from catalog.database import Base

# Within SQLite's limit of variables, and few enough to keep in memory.
BATCH_SIZE: Final = 500

_DERIVED: Final = frozenset({"id", "artist_id", "title_key", "search_text"})
_COLUMNS: Final = tuple(name for name in Track.__table__.columns.keys() if name not in _DERIVED)  # noqa: SIM118
_MOMENTS: Final = frozenset({"created_at", "updated_at", "at"})
_ONE_EACH: Final[Mapping[str, type[Base]]] = {
    "features": AudioFeatures,
    "affect": TrackAffect,
    "correction": AffectCorrection,
}


def read_states(session: Session, track_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read all that is known of some tracks, by id; ids of deleted tracks are left out."""
    query = select(Track, Artist.name).outerjoin(Artist, Artist.id == Track.artist_id).where(Track.id.in_(track_ids))
    states: dict[int, dict[str, Any]] = {}
    for track, artist in session.execute(query):
        states[track.id] = {name: _encode(getattr(track, name)) for name in _COLUMNS}
        states[track.id] |= {"artist": artist, "tags": [], "embeddings": [], **dict.fromkeys(_ONE_EACH)}
    for name, table in _ONE_EACH.items():
        for track_id, row in _read_rows(session, table, track_ids):
            states[track_id][name] = row
    for name, table in (("tags", TrackTag), ("embeddings", TrackEmbedding)):
        for track_id, row in _read_rows(session, table, track_ids):
            states[track_id][name].append([row["kind"], row["name"]] if name == "tags" else row)
    return states


def restore_track(session: Session, track_id: int, state: Mapping[str, Any], artists: ArtistRows) -> None:
    """Store a deleted track again, under the id that it had, with the next flush."""
    track = Track(id=track_id, **{name: _decode(name, state[name]) for name in _COLUMNS})
    track.artist = artists.get_or_add(state["artist"])
    track.tags = [TrackTag(kind=kind, name=name) for kind, name in state["tags"]]
    session.add(track)
    for name, table in _ONE_EACH.items():
        if state[name] is not None:
            session.add(_to_row(table, track_id, state[name]))
    session.add_all(_to_row(TrackEmbedding, track_id, row) for row in state["embeddings"])


def read_values(session: Session, track: Track, names: Sequence[str]) -> dict[str, Any]:
    """Read some of a track's values, by name: columns, `artist`, `tags` or `correction`."""
    return {name: _read_value(session, track, name) for name in names}


def read_tracks(session: Session, track_ids: Sequence[int]) -> list[Track]:
    """Read the rows of some tracks with all that `read_values` and `write_values` look at, by id."""
    query = select(Track).where(Track.id.in_(track_ids)).options(joinedload(Track.artist), selectinload(Track.tags))
    return list(session.scalars(query.order_by(Track.id)))


def write_values(session: Session, track: Track, values: Mapping[str, Any], artists: ArtistRows) -> None:
    """Write what `read_values` read, or what an import wrote down of the values that it replaced."""
    for name, value in values.items():
        if name == "artist":
            track.artist = artists.get_or_add(value)
        elif name == "tags":
            write_tags(track, {(kind, tag) for kind, tag in value or ()})
        elif name == "correction":
            _write_correction(session, track.id, value)
        elif name == "cover":
            track.cover_hash = value
        elif name in _COLUMNS:
            setattr(track, name, _decode(name, value))
    _write_stated(session, track.id, values)


def write_tags(track: Track, wanted: set[tuple[str, str]]) -> None:
    """Give a track these tags and no others; kind and name."""
    present = {(tag.kind, tag.name): tag for tag in track.tags}
    for key in present.keys() - wanted:
        track.tags.remove(present[key])
    track.tags.extend(TrackTag(kind=kind, name=name) for kind, name in sorted(wanted - present.keys()))


def _read_rows(session: Session, table: type[Base], track_ids: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    columns = table.__table__.columns
    rows = session.execute(select(*columns).where(columns["track_id"].in_(track_ids)).order_by(*columns[:1])).mappings()
    plain = [{name: _encode(value) for name, value in row.items()} for row in rows]
    return [(int(row.pop("track_id")), row) for row in plain]


def _read_value(session: Session, track: Track, name: str) -> Any:  # noqa: ANN401 - of many kinds
    if name == "artist":
        return track.artist.name if track.artist else None
    if name == "tags":
        return sorted([tag.kind, tag.name] for tag in track.tags)
    if name == "correction":
        rows = _read_rows(session, AffectCorrection, [track.id])
        return rows[0][1] if rows else None
    return _encode(getattr(track, name))


def _write_correction(session: Session, track_id: int, value: Mapping[str, Any] | None) -> None:
    present = session.get(AffectCorrection, track_id)
    if value is not None:
        session.merge(_to_row(AffectCorrection, track_id, value))
    elif present is not None:
        session.delete(present)


def _write_stated(session: Session, track_id: int, values: Mapping[str, Any]) -> None:
    """Take back what a list said of a track's sound, where nothing was said before; a curator's word stays."""
    # Each look-up writes what waits before it, row by row: in a bulk edit only where there is something to take back.
    if "valence" in values:
        correction = session.get(AffectCorrection, track_id)
        if correction is not None and correction.who.startswith("import "):
            session.delete(correction)
    if "tempo_bpm" in values:
        features = session.get(AudioFeatures, track_id)
        if features is not None and features.analyzer_version == "imported":
            features.tempo_bpm = values["tempo_bpm"]


def _to_row(table: type[Base], track_id: int, values: Mapping[str, Any]) -> Base:
    return table(track_id=track_id, **{name: _decode(name, value) for name, value in values.items()})


def _encode(value: Any) -> Any:  # noqa: ANN401 - of many kinds
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, datetime) else value


def _decode(name: str, value: Any) -> Any:  # noqa: ANN401 - of many kinds
    if name == "vector":
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if name in _MOMENTS and value is not None else value
