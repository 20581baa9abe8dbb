"""Named writes; the caller's session decides when they are stored."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from sqlalchemy import delete, update

from catalog.errors import InvalidEditError, TrackNotFoundError
from catalog.importers.tag_text import clean_text
from catalog.models import Artist, AudioFeatures, Track, TrackAffect, TrackEmbedding, TrackStatus
from catalog.queries import find_artist

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.analysis.affect import AffectEstimate
    from catalog.analysis.features import AudioFeatureValues

EDITABLE_FIELDS: Final = ("title", "artist", "album", "genre", "year", "licence", "attribution")
_YEARS: Final = range(1500, 2101)
_MAX_IDS_PER_DELETE: Final = 10_000
_FEATURE_COLUMNS: Final = frozenset(AudioFeatures.__table__.columns.keys())


class Analysis(Protocol):
    """What the analysis of a file gives; see `catalog.analysis.analyzer.TrackAnalysis`."""

    @property
    def duration_s(self) -> float: ...  # noqa: D102
    @property
    def features(self) -> AudioFeatureValues: ...  # noqa: D102
    @property
    def affect(self) -> AffectEstimate: ...  # noqa: D102
    @property
    def embedding(self) -> np.ndarray: ...  # noqa: D102
    @property
    def embedding_model(self) -> str: ...  # noqa: D102
    @property
    def affect_model(self) -> str: ...  # noqa: D102


def store_analysis(session: Session, track_id: int, analysis: Analysis, *, content_hash: str | None) -> bool:
    """Store what was measured.

    Args:
        session: where to write.
        track_id: the track that was analyzed.
        analysis: what was measured.
        content_hash: the sound that was analyzed.

    Returns:
        False, with nothing stored, if the track is gone or sounds otherwise by now.
    """
    track = session.get(Track, track_id)
    if track is None or track.content_hash != content_hash:
        return False
    values = asdict(analysis.features)
    stored = {name: _to_plain(value) for name, value in values.items() if name in _FEATURE_COLUMNS}
    more = {name: _to_plain(value) for name, value in values.items() if name not in _FEATURE_COLUMNS}
    version = f"{analysis.affect_model}, {analysis.embedding_model}"
    session.merge(AudioFeatures(track_id=track_id, analyzer_version=version, more=more, **stored))
    session.merge(_to_affect(track_id, analysis))
    vector = np.asarray(analysis.embedding, dtype="<f4").tobytes()
    session.merge(TrackEmbedding(track_id=track_id, model=analysis.embedding_model, vector=vector))
    track.duration_s = float(analysis.duration_s)
    track.status = TrackStatus.ANALYZED
    track.failure_reason = None
    return True


def store_failure(session: Session, track_id: int, reason: str, *, content_hash: str | None) -> bool:
    """Note that a track cannot be analyzed; False if it is gone or sounds otherwise by now."""
    track = session.get(Track, track_id)
    if track is None or track.content_hash != content_hash:
        return False
    track.status = TrackStatus.FAILED
    track.failure_reason = reason
    return True


def retry_failed(session: Session, track_ids: Iterable[int] | None = None) -> int:
    """Let failed tracks wait for analysis again, all or some; return how many."""
    query = update(Track).where(Track.status == TrackStatus.FAILED)
    if track_ids is not None:
        query = query.where(Track.id.in_(list(track_ids)))
    result = session.execute(query.values(status=TrackStatus.PENDING, failure_reason=None))
    return int(getattr(result, "rowcount", 0))


def edit_track(session: Session, track_id: int, changes: Mapping[str, str | int | None]) -> None:
    """Change what is known of a track; imports leave the changed fields alone from now on.

    Args:
        session: where to write.
        track_id: which track.
        changes: new value by field, of `EDITABLE_FIELDS`; empty text or None empties a field.

    Raises:
        TrackNotFoundError: no track bears this id.
        InvalidEditError: a field cannot be changed, or not to this value.
    """
    track = session.get(Track, track_id)
    if track is None:
        raise TrackNotFoundError(track_id)
    for field, value in changes.items():
        if field not in EDITABLE_FIELDS:
            raise InvalidEditError(field, f"expected a field among {', '.join(EDITABLE_FIELDS)}")
        if field == "artist":
            track.artist = _get_or_add_artist(session, clean_text(_to_text(value)))
        elif field == "year":
            track.year = _read_year(value)
        else:
            setattr(track, field, _read_text(field, value))
    track.edited_fields = sorted({*track.edited_fields, *changes})


def delete_tracks(session: Session, track_ids: Sequence[int]) -> int:
    """Delete tracks with all that is known of them, never their files; return how many there were."""
    n_deleted = 0
    for start in range(0, len(track_ids), _MAX_IDS_PER_DELETE):
        some_ids = list(track_ids[start : start + _MAX_IDS_PER_DELETE])
        result = session.execute(delete(Track).where(Track.id.in_(some_ids)))
        n_deleted += int(getattr(result, "rowcount", 0))
    return n_deleted


def _to_affect(track_id: int, analysis: Analysis) -> TrackAffect:
    affect = analysis.affect
    return TrackAffect(
        track_id=track_id,
        model=analysis.affect_model,
        valence=float(affect.valence),
        arousal=float(affect.arousal),
        stds={name: float(value) for name, value in affect.stds.items()},
        **{label: float(share) for label, share in affect.shares.items()},
    )


def _to_plain(value: Any) -> Any:  # noqa: ANN401 - text or a number, perhaps of numpy
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    # Silence has no loudness, and JSON no infinity.
    return number if math.isfinite(number) else None


def _get_or_add_artist(session: Session, name: str | None) -> Artist | None:
    if name is None:
        return None
    artist = find_artist(session, name)
    return artist if artist is not None and artist.name == name else _rename_or_add(session, artist, name)


def _rename_or_add(session: Session, artist: Artist | None, name: str) -> Artist:
    # The same name in other letters: the curator's spelling wins.
    if artist is None:
        artist = Artist(name=name)
        session.add(artist)
    artist.name = name
    return artist


def _read_text(field: str, value: str | int | None) -> str | None:
    text = clean_text(_to_text(value))
    if text is None and field == "title":
        raise InvalidEditError(field, "expected one, got nothing")
    return text


def _read_year(value: str | int | None) -> int | None:
    text = clean_text(_to_text(value))
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) not in _YEARS:
        raise InvalidEditError("year", f"expected a number from {_YEARS[0]} to {_YEARS[-1]}, got {text!r}")
    return int(text)


def _to_text(value: str | int | None) -> str | None:
    return None if value is None else str(value)
