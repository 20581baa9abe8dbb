"""Named reads; each returns plain values that outlive the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, Select, func, select

from catalog.errors import TrackNotFoundError
from catalog.models import Artist, AudioFeatures, CatalogRevision, Track, TrackAffect, TrackEmbedding, TrackStatus
from catalog.sorting import sort_key, split_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

TrackSort: TypeAlias = Literal["title", "artist", "created", "tempo", "valence", "arousal"]

# SQLite takes 32,766 variables in a statement; a playlist needs few, an export many.
_MAX_IDS_PER_SELECT: Final = 10_000

_SORT_COLUMNS: Final[Mapping[TrackSort, InstrumentedAttribute[Any]]] = {
    "title": Track.title_key,
    "artist": Artist.name_key,
    "created": Track.created_at,
    "tempo": AudioFeatures.tempo_bpm,
    "valence": TrackAffect.valence,
    "arousal": TrackAffect.arousal,
}


_FACT_COLUMNS: Final[Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]]] = {
    "track_id": Track.id,
    "title": Track.title,
    "artist": func.coalesce(Artist.name, ""),
    "artist_id": Track.artist_id,
    "album": Track.album,
    "genre": Track.genre,
    "year": Track.year,
    "duration_s": Track.duration_s,
    "path": Track.path,
    "url": Track.url,
    "source": Track.source,
    "licence": Track.licence,
    "attribution": Track.attribution,
    "status": Track.status,
    "failure_reason": Track.failure_reason,
    "tempo_bpm": AudioFeatures.tempo_bpm,
    "key": AudioFeatures.key,
    "mode": AudioFeatures.mode,
    "loudness_lufs": AudioFeatures.loudness_lufs,
    "valence": TrackAffect.valence,
    "arousal": TrackAffect.arousal,
    "created_at": Track.created_at,
    "updated_at": Track.updated_at,
}
_SHARE_COLUMNS: Final[Mapping[str, InstrumentedAttribute[float]]] = {
    "happy": TrackAffect.happy,
    "sad": TrackAffect.sad,
    "angry": TrackAffect.angry,
    "neutral": TrackAffect.neutral,
}


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """All that is known of one track.

    Attributes:
        artist: empty where unknown.
        path: absolute path of the audio file, None for a track known by URL or name alone.
        status: `pending`, `analyzed` or `failed`.
        failure_reason: why the analysis failed, None unless it did.
        key: tonic such as `C` or `F#`, None before the analysis.
        mode: `major` or `minor`, None before the analysis.
        valence: within [-1, 1], None before the analysis.
        arousal: within [-1, 1], None before the analysis.
        shares: how much the track sounds like each emotion label, within [0, 1] each; None before the analysis.
    """

    track_id: int
    title: str
    artist: str = ""
    artist_id: int | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    duration_s: float | None = None
    path: str | None = None
    url: str | None = None
    source: str = ""
    licence: str | None = None
    attribution: str | None = None
    status: str = TrackStatus.PENDING
    failure_reason: str | None = None
    tempo_bpm: float | None = None
    key: str | None = None
    mode: str | None = None
    loudness_lufs: float | None = None
    valence: float | None = None
    arousal: float | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class PendingTrack:
    """A track that waits for analysis, and the sound it waits with."""

    track_id: int
    path: str
    content_hash: str | None


def list_tracks(  # noqa: PLR0913 - keywords of one query
    session: Session,
    *,
    search: str = "",
    status: TrackStatus | None = None,
    source: str | None = None,
    sort: TrackSort = "title",
    descending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[TrackFacts]:
    """List one page of tracks.

    Args:
        session: where to read.
        search: words that must all occur in title, artist, album or genre, however capitalized; empty for all tracks.
        status: only tracks that have come this far; None for all.
        source: only tracks brought in from here; None for all.
        sort: what to sort by; unknown values stand last.
        descending: largest first.
        limit: tracks on the page.
        offset: tracks before the page.
    """
    column = _SORT_COLUMNS[sort]
    page = _filtered(select(Track.id), search=search, status=status, source=source)
    if column.class_ is not Track:
        page = page.outerjoin(column.class_)
    page = page.order_by(*_order(column, descending=descending, is_search=bool(search)))
    # The page is found on the narrow index first, then only its own rows are read in full.
    return get_tracks(session, session.scalars(page.limit(limit).offset(offset)).all())


def count_tracks(
    session: Session,
    *,
    search: str = "",
    status: TrackStatus | None = None,
    source: str | None = None,
) -> int:
    """Count the tracks that `list_tracks` would list on all pages."""
    query = _filtered(select(func.count(Track.id)), search=search, status=status, source=source)
    return session.scalar(query) or 0


def get_track(session: Session, track_id: int) -> TrackFacts:
    """Return one track.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    tracks = get_tracks(session, [track_id])
    if not tracks:
        raise TrackNotFoundError(track_id)
    return tracks[0]


def get_tracks(session: Session, track_ids: Sequence[int]) -> list[TrackFacts]:
    """Return tracks in the order of their ids as given; ids of deleted tracks are left out."""
    facts_by_id: dict[int, TrackFacts] = {}
    for start in range(0, len(track_ids), _MAX_IDS_PER_SELECT):
        some_ids = [int(track_id) for track_id in track_ids[start : start + _MAX_IDS_PER_SELECT]]
        facts_by_id.update({facts.track_id: facts for facts in _read_facts(session, Track.id.in_(some_ids))})
    return [facts_by_id[track_id] for track_id in track_ids if track_id in facts_by_id]


def find_track_by_path(session: Session, path: str) -> TrackFacts | None:
    """Return the track of an absolute file path, None where there is none."""
    return next(_read_facts(session, Track.path == path), None)


def find_artist(session: Session, name: str) -> Artist | None:
    """Return the artist's row, however the name is capitalized or spaced."""
    return session.scalar(select(Artist).where(Artist.name_key == sort_key(name)))


def load_embeddings(session: Session, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Load all embeddings of one model.

    Returns:
        Track ids, int64, shape (n,), ascending, and unit vectors, float32, shape (n, d); both empty if there are none.
    """
    query = select(TrackEmbedding.track_id, TrackEmbedding.vector).where(TrackEmbedding.model == model)
    rows = session.execute(query.order_by(TrackEmbedding.track_id)).all()
    track_ids = np.array([row.track_id for row in rows], dtype=np.int64)
    flat = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4").astype(np.float32)
    return track_ids, flat.reshape(len(rows), -1) if rows else np.empty((0, 0), dtype=np.float32)


def count_embeddings(session: Session, model: str) -> int:
    """Count the tracks that have an embedding of this model."""
    return session.scalar(select(func.count()).where(TrackEmbedding.model == model)) or 0


def catalog_revision(session: Session) -> int:
    """Return a number that grows with every change of tracks or embeddings."""
    return session.scalar(select(CatalogRevision.value)) or 0


def list_pending(session: Session, *, limit: int, after_id: int = 0) -> list[PendingTrack]:
    """List tracks with a file that wait for analysis, by id from after `after_id`."""
    query = select(Track.id, Track.path, Track.content_hash).where(
        Track.status == TrackStatus.PENDING, Track.path.is_not(None), Track.id > after_id
    )
    rows = session.execute(query.order_by(Track.id).limit(limit))
    return [PendingTrack(row.id, str(row.path), row.content_hash) for row in rows]


def count_by_status(session: Session) -> dict[str, int]:
    """Count the tracks by how far they have come; every status is there."""
    rows = session.execute(select(Track.status, func.count(Track.id)).group_by(Track.status))
    return dict.fromkeys(TrackStatus, 0) | {row.status: row[1] for row in rows}


def count_pending(session: Session) -> int:
    """Count the tracks with a file that wait for analysis."""
    query = select(func.count(Track.id)).where(Track.status == TrackStatus.PENDING, Track.path.is_not(None))
    return session.scalar(query) or 0


def _order(column: InstrumentedAttribute[Any], *, descending: bool, is_search: bool) -> list[ColumnElement[Any]]:
    if column.class_ is not Track:
        return [(column.desc() if descending else column.asc()).nulls_last(), Track.id.asc()]
    # Walking the sorted index looks every track up; for a few hits one pass over the table and a small sort are faster.
    # An expression, even one that changes nothing, keeps the planner from the index.
    key: ColumnElement[Any] = func.coalesce(column, column) if is_search else column.expression
    # Ties in the same direction as the rest: only so is the index the order.
    return [key.desc(), Track.id.desc()] if descending else [key.asc(), Track.id.asc()]


def _filtered(
    query: Select[int],
    *,
    search: str,
    status: TrackStatus | None,
    source: str | None,
) -> Select[int]:
    for word in split_words(search):
        query = query.where(Track.search_text.contains(word, autoescape=True))
    if status is not None:
        query = query.where(Track.status == status)
    if source is not None:
        query = query.where(Track.source == source)
    return query


def _read_facts(session: Session, condition: ColumnElement[bool]) -> Iterator[TrackFacts]:
    # Columns, not rows as objects: a playlist of 60 is read three times as fast.
    query = (
        select(*_FACT_COLUMNS.values(), *_SHARE_COLUMNS.values())
        .select_from(Track)
        .outerjoin(Artist, Artist.id == Track.artist_id)
        .outerjoin(AudioFeatures, AudioFeatures.track_id == Track.id)
        .outerjoin(TrackAffect, TrackAffect.track_id == Track.id)
        .where(condition)
    )
    n_facts = len(_FACT_COLUMNS)
    for row in session.execute(query):
        values: dict[str, Any] = dict(zip(_FACT_COLUMNS, row[:n_facts], strict=True))
        shares = dict(zip(_SHARE_COLUMNS, row[n_facts:], strict=True))
        yield TrackFacts(**values, shares=None if shares["happy"] is None else shares)
