"""Every table. Rows never leave the sessions: `queries` and the services hand out plain values."""

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
    insert,
    update,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship, validates

from catalog.database import Base, UtcDateTime, utc_now
from catalog.sorting import search_text_of, sort_key


class TrackStatus(StrEnum):
    """How far a track has come."""

    PENDING = "pending"
    ANALYZED = "analyzed"
    FAILED = "failed"


class JobStatus(StrEnum):
    """How far a job has come; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
    genre: Mapped[str | None] = mapped_column(Text, index=True)
    year: Mapped[int | None]
    duration_s: Mapped[float | None]
    path: Mapped[str | None] = mapped_column(Text, unique=True)
    url: Mapped[str | None] = mapped_column(Text, index=True)
    source: Mapped[str] = mapped_column(String(32), index=True)
    licence: Mapped[str | None] = mapped_column(Text)
    attribution: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16), default=TrackStatus.PENDING)
    failure_reason: Mapped[str | None] = mapped_column(Text)
    # What a curator wrote by hand; an import leaves these fields alone.
    edited_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    search_text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)

    artist: Mapped[Artist | None] = relationship()
    features: Mapped[AudioFeatures | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    affect: Mapped[TrackAffect | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    embeddings: Mapped[list[TrackEmbedding]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


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


class Job(Base):
    """One piece of long work; the only truth about how far it has come."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"),
        Index("ix_job_status", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.QUEUED)
    n_done: Mapped[int] = mapped_column(default=0)
    n_total: Mapped[int | None]
    message: Mapped[str] = mapped_column(Text, default="")
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
    recording_deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Feedback(Base):
    """What a listener said about one listening."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    listening_id: Mapped[str] = mapped_column(ForeignKey("listening.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    label: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


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


COUNTED: Final = (Track, TrackEmbedding)


def bump_revision(session: Session) -> None:
    """Count one change of the catalog, in the session's transaction."""
    changed = session.connection().execute(update(CatalogRevision).values(value=CatalogRevision.value + 1))
    if changed.rowcount == 0:
        session.connection().execute(insert(CatalogRevision).values(id=1, value=1))


def _refresh_keys(session: Session, track: Track) -> None:
    artist = track.artist
    if artist is None and track.artist_id is not None:
        # A row that is not stored yet does not load what it only names by id.
        artist = session.get(Artist, track.artist_id)
    track.title_key = sort_key(track.title)
    track.search_text = search_text_of(track.title, artist.name if artist else None, track.album, track.genre)


# Listening on every session, so that no way of writing tracks can forget to count.
@event.listens_for(Session, "before_flush")
def _count_flush(session: Session, _context: object, _instances: object) -> None:
    for row in (*session.new, *session.dirty):
        if isinstance(row, Track) and session.is_modified(row):
            _refresh_keys(session, row)
    written = [*session.new, *session.deleted, *(row for row in session.dirty if session.is_modified(row))]
    if any(isinstance(row, COUNTED) for row in written):
        bump_revision(session)


@event.listens_for(Session, "do_orm_execute")
def _count_bulk(state: ORMExecuteState) -> None:
    is_write = state.is_insert or state.is_update or state.is_delete
    if is_write and state.bind_mapper is not None and issubclass(state.bind_mapper.class_, COUNTED):
        bump_revision(state.session)
