"""Tracks that another version of the analysis measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from catalog.models import AudioFeatures, Track, TrackAffect, TrackEmbedding, TrackStatus
from catalog.queries import PendingTrack

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.analysis.analyzer import AnalysisVersions


# All models that can be searched by mood place affect on the same axes.
_FAMILY: Final = "affect-"


@dataclass(frozen=True, slots=True)
class OutdatedTracks:
    """The analyzed tracks with a file that lack anything of the present versions."""

    versions: AnalysisVersions

    def count(self, session: Session) -> int:
        """Count them."""
        return session.scalar(select(func.count(Track.id)).where(self._is_outdated())) or 0

    def list_page(self, session: Session, *, limit: int, after_id: int) -> list[PendingTrack]:
        """List some of them, by id from after `after_id`."""
        query = select(Track.id, Track.path, Track.content_hash).where(self._is_outdated(), Track.id > after_id)
        rows = session.execute(query.order_by(Track.id).limit(limit))
        return [PendingTrack(row.id, str(row.path), row.content_hash) for row in rows]

    def _is_outdated(self) -> ColumnElement[bool]:
        def lacks(*conditions: Any) -> ColumnElement[bool]:  # noqa: ANN401 - SQL conditions
            return ~exists().where(*conditions)

        return and_(
            Track.status == TrackStatus.ANALYZED,
            Track.path.is_not(None),
            or_(
                lacks(AudioFeatures.track_id == Track.id, AudioFeatures.analyzer_version == self.versions.analyzer),
                lacks(TrackAffect.track_id == Track.id, TrackAffect.model == self.versions.affect_model),
                lacks(TrackEmbedding.track_id == Track.id, TrackEmbedding.model == self.versions.embedding_model),
            ),
        )


def choose_indexed_model(session: Session, present: str) -> str:
    """Return the model whose embeddings an index should hold: that of most tracks, the present one if none has more.

    While tracks are analyzed again, those that are done have embeddings of both models, so the older model stays until
    `drop_old_embeddings` ends its time: one index never holds two.
    """
    query = select(TrackEmbedding.model, func.count()).group_by(TrackEmbedding.model)
    n_by_model = {model: n for model, n in session.execute(query).all() if model.startswith(_FAMILY)}
    return max(n_by_model, key=lambda model: (n_by_model[model], model == present), default=present)


def drop_old_embeddings(session: Session, model: str) -> int:
    """Delete the embeddings of all models but one, where a track has that one; return how many.

    An index holds its own copy of what it was built from: one that still serves loses nothing.
    """
    newer = select(TrackEmbedding.track_id).where(TrackEmbedding.model == model)
    found = TrackEmbedding.model != model, TrackEmbedding.track_id.in_(newer)
    # Only where there is something to delete: each delete makes the index look old.
    if not session.scalar(select(func.count()).select_from(TrackEmbedding).where(*found)):
        return 0
    result = session.execute(delete(TrackEmbedding).where(*found).execution_options(synchronize_session=False))
    return int(getattr(result, "rowcount", 0))
