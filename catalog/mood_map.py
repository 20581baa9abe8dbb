"""Every track as a point in the valence-arousal plane, as a page draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import case, func, literal, select

from catalog.analysis.affect import AFFECT_LABELS
from catalog.filters import EVERY_TRACK, TrackFilter, conditions
from catalog.models import AffectCorrection, Track, TrackAffect
from catalog.numbers import read_numbers

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

MOODS: Final = AFFECT_LABELS
# No standard deviation is below zero.
_UNSAID: Final = -1.0


@dataclass(frozen=True, slots=True)
class MoodMap:
    """Points by column; the same row of each is one track, in the order of ids.

    Attributes:
        track_ids: int32, shape (n,).
        valence: float32, shape (n,), within [-1, 1]; as corrected where a correction stands.
        arousal: float32, shape (n,), within [-1, 1].
        uncertainty: float32, shape (n,), mean of the standard deviations expected of valence and arousal; 0 where a
            curator corrected, nan where the model did not say.
        is_corrected: bool, shape (n,).
        mood: uint8, shape (n,), place in `MOODS` of the largest share.
        predicted_valence: float32, shape (n_corrected,), of the corrected points in their order: where the model hears
            them; nan where it was not asked.
        predicted_arousal: float32, shape (n_corrected,).
    """

    track_ids: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    uncertainty: np.ndarray
    is_corrected: np.ndarray
    mood: np.ndarray
    predicted_valence: np.ndarray
    predicted_arousal: np.ndarray

    def to_bytes(self) -> bytes:
        """Return the columns one after the other, little-endian: three of float32, ids as int32, then two of a byte.

        First the number of points as uint32. A page reads each column as a typed array, in this order: ids, valence,
        arousal, uncertainty, is_corrected, mood; 18 bytes a point. Then follow two more columns of float32, of the
        corrected points alone: predicted valence and arousal.
        """
        columns = (
            self.track_ids.astype("<i4"),
            self.valence.astype("<f4"),
            self.arousal.astype("<f4"),
            self.uncertainty.astype("<f4"),
            self.is_corrected.astype("u1"),
            self.mood.astype("u1"),
            self.predicted_valence.astype("<f4"),
            self.predicted_arousal.astype("<f4"),
        )
        return len(self.track_ids).to_bytes(4, "little") + b"".join(column.tobytes() for column in columns)


def load_mood_map(session: Session, wanted: TrackFilter = EVERY_TRACK) -> MoodMap:
    """Load the points of all tracks that have an affect and that the filter means."""
    predicted = _read(session, TrackAffect, wanted, func.coalesce(TrackAffect.uncertainty, _UNSAID))
    corrected = _read(session, AffectCorrection, wanted, literal(0.0))
    # A track may have the one without the other.
    is_corrected = np.zeros(1 + int(max(predicted[:, 0].max(initial=0), corrected[:, 0].max(initial=0))), dtype=bool)
    is_corrected[corrected[:, 0].astype(np.int64)] = True
    points = np.concatenate([predicted[~is_corrected[predicted[:, 0].astype(np.int64)]], corrected])
    # Stable sorting merges two runs that are sorted already.
    points = points[np.argsort(points[:, 0], kind="stable")]
    places = _find_predicted(predicted[is_corrected[predicted[:, 0].astype(np.int64)]], corrected[:, 0])
    return MoodMap(
        track_ids=points[:, 0].astype(np.int32),
        valence=points[:, 1].astype(np.float32),
        arousal=points[:, 2].astype(np.float32),
        uncertainty=np.where(points[:, 3] == _UNSAID, np.nan, points[:, 3]).astype(np.float32),
        is_corrected=is_corrected[points[:, 0].astype(np.int64)],
        mood=points[:, 4].astype(np.uint8),
        predicted_valence=places[:, 0].astype(np.float32),
        predicted_arousal=places[:, 1].astype(np.float32),
    )


def _find_predicted(predicted: np.ndarray, corrected_ids: np.ndarray) -> np.ndarray:
    """Put predicted places in the order of the corrected ids, ascending, shape (n_corrected, 2)."""
    places = np.full((len(corrected_ids), 2), np.nan)
    places[np.searchsorted(np.sort(corrected_ids), predicted[:, 0])] = predicted[:, 1:3]
    return places


def _read(
    session: Session,
    table: type[TrackAffect | AffectCorrection],
    wanted: TrackFilter,
    uncertainty: ColumnElement[float],
) -> np.ndarray:
    """Read id, valence, arousal, uncertainty and mood, float64, shape (n, 5)."""
    shares = [getattr(table, label) for label in MOODS]
    # The database compares quicker than three more numbers are read; ties go to the first.
    largest = (func.max if session.get_bind().dialect.name == "sqlite" else func.greatest)(*shares)
    mood = case(*((share, place) for place, share in enumerate(shares)), value=largest, else_=0)
    query = select(table.track_id, table.valence, table.arousal, uncertainty, mood)
    if wanted != EVERY_TRACK:
        query = query.where(table.track_id.in_(select(Track.id).where(*conditions(session, wanted))))
    return read_numbers(session, query, 5)
