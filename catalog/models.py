"""Every table. Rows never leave the sessions: the named reads and the services hand out plain values.

Longer than other modules on purpose: what is stored is read in one place, and tables refer to each other.
"""

from __future__ import annotations

import uuid
from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations at run time
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    event,
    false,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship, validates

from catalog import full_text
from catalog.database import Base, UtcDateTime, utc_now
from catalog.doubt import is_doubtful, mean_std
from catalog.sorting import search_text_of, sort_key, split_words


class TrackStatus(StrEnum):
    """How far a track has come."""

    PENDING = "pending"
    ANALYZED = "analyzed"
    FAILED = "failed"


class JobStatus(StrEnum):
    """How far a job has come; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImportStatus(StrEnum):
    """How far an import has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


class TagKind(StrEnum):
    """What a tag speaks about."""

    MOOD = "mood"
    GENRE = "genre"
    INSTRUMENT = "instrument"
    ACTIVITY = "activity"
    OTHER = "other"


class TrackFeedbackKind(StrEnum):
    """What a listener may say about a track; `undo` takes back the same listener's last word on it."""

    LIKE = "like"
    SKIP = "skip"
    NEVER = "never"
    FINISHED = "finished"
    UNDO = "undo"


class Artist(Base):
    """Who made the music; one row per name, however it is capitalized."""

    __tablename__ = "artist"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, unique=True)

    @validates("name")
    def _keep_key(self, _field: str, name: str) -> str:
        self.name_key = sort_key(name)
        return name


class Track(Base):
    """One piece of music, as a file, as a URL, or known by name alone."""

    __tablename__ = "track"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'analyzed', 'failed')", name="status"),
        Index("ix_track_title_key", "title_key", "id"),
        Index("ix_track_artist_id", "artist_id", "title_key"),
        Index("ix_track_status", "status", "id"),
        # An id is never given twice: an index that still serves must not find a new track under a deleted one's id.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(Text)
    artist_id: Mapped[int | None] = mapped_column(ForeignKey("artist.id", ondelete="SET NULL"))
    album: Mapped[str | None] = mapped_column(Text)
    album_artist: Mapped[str | None] = mapped_column(Text)
    track_number: Mapped[int | None]
    genre: Mapped[str | None] = mapped_column(Text, index=True)
    year: Mapped[int | None]
    duration_s: Mapped[float | None]
    path: Mapped[str | None] = mapped_column(Text, unique=True)
    url: Mapped[str | None] = mapped_column(Text, index=True)
    source: Mapped[str] = mapped_column(String(32), index=True)
    licence: Mapped[str | None] = mapped_column(Text, index=True)
    attribution: Mapped[str | None] = mapped_column(Text)
    musicbrainz_id: Mapped[str | None] = mapped_column(Text, index=True)
    replaygain_db: Mapped[float | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"), index=True)
    cover_hash: Mapped[str | None] = mapped_column(ForeignKey("cover.hash", ondelete="SET NULL"))
    content_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16), default=TrackStatus.PENDING)
    failure_reason: Mapped[str | None] = mapped_column(Text)
    # What a curator wrote by hand; an import leaves these fields alone.
    edited_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Words of title, artist, album, genre and tags; the full-text index follows it by triggers.
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)

    artist: Mapped[Artist | None] = relationship()
    features: Mapped[AudioFeatures | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    affect: Mapped[TrackAffect | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    correction: Mapped[AffectCorrection | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    embeddings: Mapped[list[TrackEmbedding]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    tags: Mapped[list[TrackTag]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class TrackTag(Base):
    """A word that describes a track, such as its mood or an instrument; names in lower case."""

    __tablename__ = "track_tag"
    __table_args__ = (
        CheckConstraint("kind IN ('mood', 'genre', 'instrument', 'activity', 'other')", name="kind"),
        Index("ix_track_tag_kind_name", "kind", "name"),
    )

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)


class Cover(Base):
    """A small cover picture, at most 256 pixels wide and high, as JPEG or WebP; one row per picture."""

    __tablename__ = "cover"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    mime: Mapped[str] = mapped_column(String(32))
    width_px: Mapped[int]
    height_px: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class AudioFeatures(Base):
    """What was measured in a track's audio."""

    __tablename__ = "audio_features"

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    analyzer_version: Mapped[str] = mapped_column(String(64))
    tempo_bpm: Mapped[float | None]
    key: Mapped[str | None] = mapped_column(String(8))
    mode: Mapped[str | None] = mapped_column(String(8))
    loudness_lufs: Mapped[float | None]
    dynamic_range_db: Mapped[float | None]
    onset_rate_hz: Mapped[float | None]
    beat_strength: Mapped[float | None]
    more: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class TrackAffect(Base):
    """What a model hears in a track: shares within [0, 1] each, valence and arousal within [-1, 1]."""

    __tablename__ = "track_affect"
    __table_args__ = (
        CheckConstraint("valence BETWEEN -1 AND 1 AND arousal BETWEEN -1 AND 1", name="plane"),
        Index("ix_track_affect_plane", "valence", "arousal"),
        Index("ix_track_affect_is_doubtful", "is_doubtful", "track_id"),
    )

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(String(64))
    valence: Mapped[float]
    arousal: Mapped[float]
    happy: Mapped[float]
    sad: Mapped[float]
    angry: Mapped[float]
    neutral: Mapped[float]
    # Standard deviation of the error to expect, by the names of the axes.
    stds: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    # Both follow from the columns above whenever a row is written; see `catalog.doubt`.
    uncertainty: Mapped[float | None]
    is_doubtful: Mapped[bool] = mapped_column(default=False, server_default=false())


class AffectCorrection(Base):
    """Where a curator hears a track; kept apart from what the model predicts, and used first."""

    __tablename__ = "affect_correction"
    __table_args__ = (CheckConstraint("valence BETWEEN -1 AND 1 AND arousal BETWEEN -1 AND 1", name="plane"),)

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    valence: Mapped[float]
    arousal: Mapped[float]
    happy: Mapped[float]
    sad: Mapped[float]
    angry: Mapped[float]
    neutral: Mapped[float]
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class TrackEmbedding(Base):
    """A track's unit vector in one model's space: little-endian float32, shape (d,)."""

    __tablename__ = "track_embedding"
    __table_args__ = (Index("ix_track_embedding_model", "model", "track_id"),)

    track_id: Mapped[int] = mapped_column(ForeignKey("track.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class CatalogRevision(Base):
    """One row that counts changes of tracks and embeddings, so that an index knows that it is old."""

    __tablename__ = "catalog_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


class ImportBatch(Base):
    """One import: what was read, by whom, and what came of it; it can be rolled back as a whole."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled', 'rolled_back')", name="status"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    importer: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(Text)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    who: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default=ImportStatus.RUNNING)
    n_created: Mapped[int] = mapped_column(default=0)
    n_updated: Mapped[int] = mapped_column(default=0)
    n_unchanged: Mapped[int] = mapped_column(default=0)
    n_skipped: Mapped[int] = mapped_column(default=0)
    # Skipped rows with their reasons, capped.
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rolled_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Change(Base):
    """One entry of the audit log; it outlives its track, and holds what an undo needs."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_track_id", "track_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    who: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32), index=True)
    track_id: Mapped[int | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id", ondelete="SET NULL"), index=True)
    # One for all entries of a bulk edit; an undo takes back a whole group.
    group_id: Mapped[str] = mapped_column(String(36), index=True, default=lambda: str(uuid.uuid4()))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TrackDistinction(Base):
    """Two tracks that a curator heard to be no copies of each other; the row outlives both, for an undo may follow."""

    __tablename__ = "track_distinction"
    __table_args__ = (CheckConstraint("track_id < other_id", name="order"),)

    track_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    other_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Job(Base):
    """One piece of long work; the only truth about how far it has come."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')", name="status"),
        Index("ix_job_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.QUEUED)
    n_done: Mapped[int] = mapped_column(default=0)
    n_failed: Mapped[int] = mapped_column(default=0, server_default="0")
    n_total: Mapped[int | None]
    message: Mapped[str] = mapped_column(Text, default="")
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobError(Base):
    """A file or track that a job could not do, and why."""

    __tablename__ = "job_error"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    track_id: Mapped[int | None]
    where: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class Listener(Base):
    """Someone who listens; what is learned of a person is kept only after they agreed, and goes with this row."""

    __tablename__ = "listener"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid.uuid4()))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voice_baseline: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    taste: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    mood_model: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Listening(Base):
    """What was heard in one voice note; the recording itself is not kept."""

    __tablename__ = "listening"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid.uuid4()))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    posterior: Mapped[dict[str, float]] = mapped_column(JSON)
    label: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float]
    abstained: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    duration_s: Mapped[float]
    timeline: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    model: Mapped[str] = mapped_column(String(64))
    notes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    n_known: Mapped[int] = mapped_column(default=0, server_default="0")
    recording_deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Feedback(Base):
    """What a listener said about one listening."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    listening_id: Mapped[str] = mapped_column(ForeignKey("listening.id", ondelete="CASCADE"), index=True)
    listener_id: Mapped[str | None] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    label: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class Playlist(Base):
    """One playlist as it was given: for which mood, by which policy."""

    __tablename__ = "playlist"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid.uuid4()))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    listening_id: Mapped[str | None] = mapped_column(ForeignKey("listening.id", ondelete="SET NULL"), index=True)
    listener_id: Mapped[str | None] = mapped_column(ForeignKey("listener.id", ondelete="SET NULL"), index=True)
    posterior: Mapped[dict[str, float]] = mapped_column(JSON)
    intent: Mapped[str] = mapped_column(String(16))
    policy: Mapped[str] = mapped_column(Text)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    context: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class PlaylistEntry(Base):
    """A track at its position, from 1; the row outlives the track."""

    __tablename__ = "playlist_entry"

    playlist_id: Mapped[str] = mapped_column(ForeignKey("playlist.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    track_id: Mapped[int] = mapped_column(index=True)
    score: Mapped[float]
    # How likely the policy was to put this track here; None where that is not known.
    propensity: Mapped[float | None]


class TrackFeedback(Base):
    """What a listener said about one track."""

    __tablename__ = "track_feedback"
    __table_args__ = (CheckConstraint("kind IN ('like', 'skip', 'never', 'finished', 'undo')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    playlist_id: Mapped[str | None] = mapped_column(ForeignKey("playlist.id", ondelete="SET NULL"), index=True)
    listener_id: Mapped[str | None] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"), index=True)
    track_id: Mapped[int] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(16))


class Account(Base):
    """Someone who may log in; addresses are kept in lower case, so they are unique however typed."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("role IN ('administrator', 'curator')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    @validates("email")
    def _lower(self, _field: str, email: str) -> str:
        return email.strip().lower()


COUNTED: Final = (Track, TrackEmbedding, AffectCorrection)
_SEARCHED_FIELDS: Final = ("title", "artist", "artist_id", "album", "genre", "tags")

full_text.attach(Track.__table__)


def bump_revision(session: Session) -> None:
    """Count one change of the catalog, in the session's transaction."""
    changed = session.connection().execute(update(CatalogRevision).values(value=CatalogRevision.value + 1))
    if changed.rowcount == 0:
        session.connection().execute(insert(CatalogRevision).values(id=1, value=1))


def _refresh_keys(session: Session, track: Track, tag_names: set[str]) -> None:
    artist = track.artist
    if artist is None and track.artist_id is not None:
        # A row that is not stored yet does not load what it only names by id.
        artist = session.get(Artist, track.artist_id)
    track.title_key = sort_key(track.title)
    artist_name = artist.name if artist else None
    track.search_text = search_text_of(track.title, artist_name, track.album, track.genre, *sorted(tag_names))


def _read_tag_names(session: Session, tracks: set[Track]) -> dict[Track, set[str]]:
    # Asking the session for its new or deleted rows goes over all of them: once for all tracks, not for each.
    deleted = set(session.deleted)
    names = {track: {tag.name for tag in track.tags if tag not in deleted} for track in tracks}
    by_id = {track.id: track for track in tracks if track.id is not None}
    # Tags may also come by themselves, not through their track.
    for row in session.new:
        if isinstance(row, TrackTag) and row.track_id in by_id:
            names[by_id[row.track_id]].add(row.name)
    return names


def _is_searched_otherwise(track: Track) -> bool:
    attributes = inspect(track).attrs
    return any(attributes[name].history.has_changes() for name in _SEARCHED_FIELDS)


def _find_renamed(session: Session) -> set[Track]:
    # Another spelling of the same words changes nothing.
    artists = [row for row in session.dirty if isinstance(row, Artist) and _has_other_words(row)]
    return {each for row in artists for each in session.scalars(select(Track).where(Track.artist_id == row.id))}


def _has_other_words(artist: Artist) -> bool:
    old_names = inspect(artist).attrs.name.history.deleted or ()
    return any(split_words(old) != split_words(artist.name) for old in old_names)


def _find_tagged(session: Session) -> set[Track]:
    rows = [row for row in (*session.new, *session.deleted) if isinstance(row, TrackTag)]
    tracks = {session.get(Track, row.track_id) for row in rows if row.track_id is not None}
    return {track for track in tracks if track is not None and track not in session.deleted}


def _shares_of(affect: TrackAffect) -> dict[str, float]:
    return {"happy": affect.happy, "sad": affect.sad, "angry": affect.angry, "neutral": affect.neutral}


# Listening on every session, so that no way of writing tracks can forget to count.
@event.listens_for(Session, "before_flush")
def _count_flush(session: Session, _context: object, _instances: object) -> None:
    tracks = {row for row in (*session.new, *session.dirty) if isinstance(row, Track) and _is_searched_otherwise(row)}
    for track, tag_names in _read_tag_names(session, tracks | _find_tagged(session) | _find_renamed(session)).items():
        _refresh_keys(session, track, tag_names)
    kept = [*session.new, *(row for row in session.dirty if session.is_modified(row))]
    for affect in kept:
        if isinstance(affect, TrackAffect):
            affect.uncertainty = mean_std(affect.stds or {})
            affect.is_doubtful = is_doubtful(affect.valence, affect.arousal, _shares_of(affect), affect.stds or {})
    if any(isinstance(row, COUNTED) for row in (*kept, *session.deleted)):
        bump_revision(session)


@event.listens_for(Session, "do_orm_execute")
def _count_bulk(state: ORMExecuteState) -> None:
    is_write = state.is_insert or state.is_update or state.is_delete
    if is_write and state.bind_mapper is not None and issubclass(state.bind_mapper.class_, COUNTED):
        bump_revision(state.session)
