"""What a list says of a track's sound, kept where measured and corrected values stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from catalog.models import AffectCorrection, AudioFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from catalog.importers.importer import TrackDraft

IMPORTED_FEATURES: Final = "imported"
_IMPORTER_SIGN: Final = "import "


def is_curated(who: str | None) -> bool:
    """Tell whether a correction was made by a person, who knows better than a list."""
    return who is not None and not who.startswith(_IMPORTER_SIGN)


def store_stated(
    session: Session,
    created: Sequence[tuple[int, TrackDraft]],
    updated: Sequence[tuple[int, TrackDraft]],
    import_id: int,
) -> None:
    """Store tempo and affect as stated; measured tempos and a curator's corrections stay.

    Args:
        session: where to write.
        created: new tracks by id, which have neither yet.
        updated: tracks by id, which may have both.
        import_id: signs for the values.
    """
    _store_tempos(session, created, updated)
    _store_affects(session, created, updated, f"{_IMPORTER_SIGN}{import_id}")


def _store_tempos(
    session: Session, created: Sequence[tuple[int, TrackDraft]], updated: Sequence[tuple[int, TrackDraft]]
) -> None:
    told = {track_id: draft.tempo_bpm for track_id, draft in updated if draft.tempo_bpm is not None}
    known = {row.track_id: row for row in _load(session, AudioFeatures, told)}
    for track_id, row in known.items():
        if row.analyzer_version == IMPORTED_FEATURES:
            row.tempo_bpm = told[track_id]
    fresh = {track_id: tempo_bpm for track_id, tempo_bpm in told.items() if track_id not in known}
    fresh |= {track_id: draft.tempo_bpm for track_id, draft in created if draft.tempo_bpm is not None}
    if fresh:
        rows = [{"track_id": i, "analyzer_version": IMPORTED_FEATURES, "tempo_bpm": bpm} for i, bpm in fresh.items()]
        session.execute(insert(AudioFeatures), rows)


def _store_affects(
    session: Session,
    created: Sequence[tuple[int, TrackDraft]],
    updated: Sequence[tuple[int, TrackDraft]],
    who: str,
) -> None:
    told = {i: _place(draft.valence, draft.arousal) for i, draft in updated if draft.valence is not None}
    known = {row.track_id: row for row in _load(session, AffectCorrection, told)}
    for track_id, row in known.items():
        if not is_curated(row.who):
            for name, value in told[track_id].items():
                setattr(row, name, value)
            row.who = who
    fresh = {track_id: place for track_id, place in told.items() if track_id not in known}
    fresh |= {i: _place(draft.valence, draft.arousal) for i, draft in created if draft.valence is not None}
    if fresh:
        session.execute(insert(AffectCorrection), [{"track_id": i, "who": who, **place} for i, place in fresh.items()])


def _load(session: Session, table: type[Any], track_ids: dict[int, Any]) -> Sequence[Any]:
    return session.scalars(select(table).where(table.track_id.in_(track_ids))).all() if track_ids else []


def _place(valence: float | None, arousal: float | None) -> dict[str, float]:
    """Split a point among the four quadrants of the plane, by how near it lies to each corner; the shares sum to 1."""
    valence, arousal = valence or 0.0, arousal or 0.0
    bright, loud = (1 + valence) / 2, (1 + arousal) / 2
    return {
        "valence": valence,
        "arousal": arousal,
        "happy": bright * loud,
        "angry": (1 - bright) * loud,
        "neutral": bright * (1 - loud),
        "sad": (1 - bright) * (1 - loud),
    }
