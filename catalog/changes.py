"""Named writes; the caller's session decides when they are stored."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from sqlalchemy import delete, update

from catalog.affect_plane import shares_at
from catalog.artists import ArtistRows
from catalog.database import utc_now
from catalog.edit_values import check_fields, check_tags
from catalog.errors import InvalidEditError, TrackNotFoundError
from catalog.history import ChangeAction, ChangeOrigin, record
from catalog.models import AudioFeatures, Track, TrackAffect, TrackEmbedding, TrackStatus
from catalog.track_states import BATCH_SIZE, read_states, read_tracks, read_values, write_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.analysis.affect import AffectEstimate
    from catalog.analysis.features import AudioFeatureValues
    from catalog.edit_values import TrackEdit

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
    @property
    def analyzer_version(self) -> str: ...  # noqa: D102


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
    heard = update(Track).where(Track.id == track_id, Track.content_hash.is_not_distinct_from(content_hash))
    changes = {"duration_s": float(analysis.duration_s), "status": TrackStatus.ANALYZED, "failure_reason": None}
    # Written first, so that another worker with the same track waits, and then finds what was stored.
    if not getattr(session.execute(heard.values(changes)), "rowcount", 0):
        return False
    values = asdict(analysis.features)
    stored = {name: _to_plain(value) for name, value in values.items() if name in _FEATURE_COLUMNS}
    more = {name: _to_plain(value) for name, value in values.items() if name not in _FEATURE_COLUMNS}
    session.merge(AudioFeatures(track_id=track_id, analyzer_version=analysis.analyzer_version, more=more, **stored))
    session.merge(_to_affect(track_id, analysis))
    vector = np.asarray(analysis.embedding, dtype="<f4").tobytes()
    session.merge(TrackEmbedding(track_id=track_id, model=analysis.embedding_model, vector=vector))
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


def edit_tracks(session: Session, track_ids: Sequence[int], edit: TrackEdit, origin: ChangeOrigin) -> int:
    """Change many tracks alike, as one group of the log.

    Returns:
        How many tracks differ from before.

    Raises:
        InvalidEditError: a field cannot be changed, or not to this value; then nothing is.
    """
    fields, added, removed = check_fields(edit.fields), check_tags(edit.add_tags), check_tags(edit.remove_tags)
    artists, n_changed = ArtistRows(session), 0
    for start in range(0, len(track_ids), BATCH_SIZE):
        tracks = read_tracks(session, [int(each) for each in track_ids[start : start + BATCH_SIZE]])
        with session.no_autoflush:
            for track in tracks:
                values: dict[str, Any] = dict(fields)
                if added or removed:
                    values["tags"] = _join_tags(track, added, removed)
                n_changed += _write_logged(session, track, values, origin, artists)
        session.flush()
    return n_changed


def delete_tracks(
    session: Session,
    track_ids: Sequence[int],
    origin: ChangeOrigin,
    *,
    action: ChangeAction = ChangeAction.DELETE,
) -> int:
    """Delete tracks with all that is known of them, never their files; the log keeps it all for an undo.

    Args:
        session: where to write.
        track_ids: which tracks; ids of deleted tracks are left out.
        origin: who deletes.
        action: as which it is logged.

    Returns:
        How many there were.
    """
    n_deleted = 0
    for start in range(0, len(track_ids), BATCH_SIZE):
        states = read_states(session, [int(each) for each in track_ids[start : start + BATCH_SIZE]])
        for track_id, state in states.items():
            record(session, action, origin, track_id=track_id, before=state)
        session.execute(delete(Track).where(Track.id.in_(states)))
        n_deleted += len(states)
    return n_deleted


def correct_affect(session: Session, track_id: int, valence: float, arousal: float, origin: ChangeOrigin) -> None:
    """Put a track where a curator hears it; what the model predicts is kept beside it.

    Raises:
        TrackNotFoundError: no track bears this id.
        InvalidEditError: the place lies outside the plane.
    """
    try:
        shares = shares_at(valence, arousal)
    except ValueError as error:
        raise InvalidEditError("affect", str(error)) from error
    place = {"valence": valence, "arousal": arousal, **shares}
    _write_correction(session, track_id, {**place, "who": origin.who, "at": utc_now().isoformat()}, origin)


def withdraw_correction(session: Session, track_id: int, origin: ChangeOrigin) -> None:
    """Let the prediction count again.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    _write_correction(session, track_id, None, origin)


def _write_correction(
    session: Session, track_id: int, correction: Mapping[str, Any] | None, origin: ChangeOrigin
) -> None:
    track = session.get(Track, track_id)
    if track is None:
        raise TrackNotFoundError(track_id)
    before, after = read_values(session, track, ["correction"]), {"correction": correction}
    if before == after:
        return
    write_values(session, track, after, ArtistRows(session))
    record(session, ChangeAction.CORRECT, origin, track_id=track_id, before=before, after=after)
    session.flush()


def _join_tags(track: Track, added: set[tuple[str, str]], removed: set[tuple[str, str]]) -> list[list[str]]:
    present = {(tag.kind, tag.name) for tag in track.tags}
    return sorted([kind, name] for kind, name in (present - removed) | added)


def _write_logged(
    session: Session, track: Track, values: Mapping[str, Any], origin: ChangeOrigin, artists: ArtistRows
) -> bool:
    """Write values and log what differs; whatever a curator set counts as edited, even to what it was."""
    before = read_values(session, track, [*values, "edited_fields"])
    after = {**values, "edited_fields": sorted({*track.edited_fields, *values})}
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return False
    write_values(session, track, {name: after[name] for name in changed}, artists)
    old, new = ({name: each[name] for name in changed} for each in (before, after))
    record(session, ChangeAction.EDIT, origin, track_id=track.id, before=old, after=new)
    return True


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
