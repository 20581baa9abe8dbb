"""Named reads; each returns plain values that outlive the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, Select, func, select

from catalog.analysis.affect import AFFECT_LABELS
from catalog.corrections import follow_corrections
from catalog.errors import TrackNotFoundError
from catalog.fact_columns import EFFECTIVE_COLUMNS, FACT_COLUMNS
from catalog.filters import EVERY_TRACK, TrackFilter, conditions
from catalog.models import (
    AffectCorrection,
    Artist,
    AudioFeatures,
    CatalogRevision,
    Track,
    TrackAffect,
    TrackEmbedding,
    TrackStatus,
)
from catalog.search import relevance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from catalog.database import Base

TrackSort: TypeAlias = Literal["title", "artist", "created", "tempo", "valence", "arousal", "year", "relevance"]

# SQLite takes 32,766 variables in a statement; a playlist needs few, an export many.
_MAX_IDS_PER_SELECT: Final = 10_000

_JOINS: Final[Mapping[type[Base], ColumnElement[bool]]] = {
    Artist: Artist.id == Track.artist_id,
    AudioFeatures: AudioFeatures.track_id == Track.id,
    TrackAffect: TrackAffect.track_id == Track.id,
    AffectCorrection: AffectCorrection.track_id == Track.id,
}
# What is sorted by, and the tables to join for it.
_SORT_COLUMNS: Final[
    Mapping[TrackSort, tuple[ColumnElement[Any] | InstrumentedAttribute[Any], tuple[type[Base], ...]]]
] = {
    "title": (Track.title_key, ()),
    "artist": (Artist.name_key, (Artist,)),
    "created": (Track.created_at, ()),
    "year": (Track.year, ()),
    "tempo": (AudioFeatures.tempo_bpm, (AudioFeatures,)),
    "valence": (EFFECTIVE_COLUMNS["valence"], (TrackAffect, AffectCorrection)),
    "arousal": (EFFECTIVE_COLUMNS["arousal"], (TrackAffect, AffectCorrection)),
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
        valence: within [-1, 1], None before the analysis; as corrected where a correction stands.
        arousal: within [-1, 1], None before the analysis; as corrected where a correction stands.
        shares: how much the track sounds like each emotion label, within [0, 1] each; None before the analysis; as
            corrected where a correction stands.
        is_corrected: whether valence, arousal and shares are a correction, not a prediction.
        cover_hash: which `Cover` it has; None for none.
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
    album_artist: str | None = None
    track_number: int | None = None
    musicbrainz_id: str | None = None
    replaygain_db: float | None = None
    import_id: int | None = None
    cover_hash: str | None = None
    is_corrected: bool = False
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class PendingTrack:
    """A track that waits for analysis, and the sound it waits with."""

    track_id: int
    path: str
    content_hash: str | None


def list_tracks(  # noqa: PLR0913 - keywords of one query
    session: Session,
    wanted: TrackFilter = EVERY_TRACK,
    *,
    sort: TrackSort = "title",
    descending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[TrackFacts]:
    """List one page of tracks.

    Args:
        session: where to read.
        wanted: which tracks.
        sort: what to sort by; unknown values stand last. Relevance is to the filter's search.
        descending: largest first.
        limit: tracks on the page.
        offset: tracks before the page.
    """
    page = _sorted(select(Track.id).where(*conditions(session, wanted)), wanted, sort, descending=descending)
    # The page is found on the narrow index first, then only its own rows are read in full.
    return get_tracks(session, session.scalars(page.limit(limit).offset(offset)).all())


def list_track_ids(session: Session, wanted: TrackFilter = EVERY_TRACK, *, sort: TrackSort = "title") -> list[int]:
    """List the ids of all tracks that `list_tracks` would list on all pages, in its order."""
    query = select(Track.id).where(*conditions(session, wanted))
    return list(session.scalars(_sorted(query, wanted, sort, descending=False)))


def count_tracks(session: Session, wanted: TrackFilter = EVERY_TRACK) -> int:
    """Count the tracks that `list_tracks` would list on all pages."""
    return session.scalar(select(func.count(Track.id)).where(*conditions(session, wanted))) or 0


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


def load_embeddings(session: Session, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Load all embeddings of one model; where a correction stands, their affect follows it.

    Returns:
        Track ids, int64, shape (n,), ascending, and unit vectors, float32, shape (n, d); both empty if there are none.
    """
    query = select(TrackEmbedding.track_id, TrackEmbedding.vector).where(TrackEmbedding.model == model)
    rows = session.execute(query.order_by(TrackEmbedding.track_id)).all()
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
    track_ids = np.array([row.track_id for row in rows], dtype=np.int64)
    flat = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4").astype(np.float32)
    return track_ids, follow_corrections(session, model, track_ids, flat.reshape(len(rows), -1))


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


def _sorted(query: Select[int], wanted: TrackFilter, sort: TrackSort, *, descending: bool) -> Select[int]:
    if sort == "relevance":
        keys = [relevance(wanted.search), Track.title_key, Track.id]
        return query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    column, tables = _SORT_COLUMNS[sort]
    for joined in tables:
        query = query.outerjoin(joined, _JOINS[joined])
    return query.order_by(*_order(column, is_own=not tables, descending=descending, is_narrow=wanted.is_narrow))


def _order(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], *, is_own: bool, descending: bool, is_narrow: bool
) -> list[ColumnElement[Any]]:
    if not is_own or column is Track.year:
        return [(column.desc() if descending else column.asc()).nulls_last(), Track.id.asc()]
    # Walking the sorted index looks every track up; for a few hits one pass over the table and a small sort are faster.
    # An expression, even one that changes nothing, keeps the planner from the index.
    key: ColumnElement[Any] = func.coalesce(column, column) if is_narrow else column.expression
    # Ties in the same direction as the rest: only so is the index the order.
    return [key.desc(), Track.id.desc()] if descending else [key.asc(), Track.id.asc()]


def _read_facts(session: Session, condition: ColumnElement[bool]) -> Iterator[TrackFacts]:
    # Columns, not rows as objects: a playlist of 60 is read three times as fast.
    query = select(*FACT_COLUMNS.values(), *EFFECTIVE_COLUMNS.values()).select_from(Track)
    for table, condition_of_join in _JOINS.items():
        query = query.outerjoin(table, condition_of_join)
    for row in session.execute(query.where(condition)):
        values: dict[str, Any] = dict(zip((*FACT_COLUMNS, *EFFECTIVE_COLUMNS), row, strict=True))
        shares = {label: values.pop(label) for label in AFFECT_LABELS}
        yield TrackFacts(**values, shares=None if shares["happy"] is None else shares)
