"""The columns that a track's facts are read from; affect as corrected where a correction stands, else as predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, func

from catalog.analysis.affect import TARGETS
from catalog.models import AffectCorrection, Artist, AudioFeatures, Track, TrackAffect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import InstrumentedAttribute

_TRACK_FACTS: Final = (
    "title",
    "artist_id",
    "album",
    "album_artist",
    "track_number",
    "genre",
    "year",
    "duration_s",
    "path",
    "url",
    "source",
    "licence",
    "attribution",
    "musicbrainz_id",
    "replaygain_db",
    "import_id",
    "cover_hash",
    "status",
    "failure_reason",
    "created_at",
    "updated_at",
)
_FEATURE_FACTS: Final = ("tempo_bpm", "key", "mode", "loudness_lufs")

FACT_COLUMNS: Final[Mapping[str, ColumnElement[Any] | InstrumentedAttribute[Any]]] = {
    "track_id": Track.id,
    "artist": func.coalesce(Artist.name, ""),
    **{name: getattr(Track, name) for name in _TRACK_FACTS},
    **{name: getattr(AudioFeatures, name) for name in _FEATURE_FACTS},
    "is_corrected": AffectCorrection.track_id.is_not(None),
}
EFFECTIVE_COLUMNS: Final[Mapping[str, ColumnElement[Any]]] = {
    axis: func.coalesce(getattr(AffectCorrection, axis), getattr(TrackAffect, axis)) for axis in TARGETS
}
