"""What a listener's reactions and corrections say of them: read from their rows, learned anew where damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import structlog
from sqlalchemy import func, select

from app.services.feedback import CORRECTION
from catalog.corrections import follow_corrections
from catalog.models import Feedback, Listening, Playlist, TrackEmbedding, TrackFeedback
from recommender.errors import TasteUnreadableError
from recommender.mood_model import MoodModel
from recommender.taste import ListenerTaste, Reaction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from catalog.models import Listener

_LOG = structlog.get_logger(__name__)

UNDO: Final = "undo"
# A taste changes; what somebody liked a thousand tracks ago says little, and refitting stays quick.
MAX_REACTIONS: Final = 1_000


def load_standing(session: Session, listener_id: str) -> dict[int, Reaction]:
    """Read what the listener did last with each track and did not take back, oldest first."""
    query = select(TrackFeedback.track_id, TrackFeedback.kind).where(TrackFeedback.listener_id == listener_id)
    standing: dict[int, Reaction] = {}
    for track_id, kind in session.execute(query.order_by(TrackFeedback.id)):
        standing.pop(track_id, None)
        if kind != UNDO:
            standing[track_id] = Reaction(kind)
    return standing


def learn_taste(session: Session, standing: Mapping[int, Reaction], model: str) -> ListenerTaste:
    """Learn from all reactions anew, as embeddings change with a new analysis or a correction."""
    latest = dict(list(standing.items())[-MAX_REACTIONS:])
    embedding_by_id = _load_embeddings(session, latest, model)
    taste = ListenerTaste(model=model)
    for track_id, reaction in latest.items():
        if track_id in embedding_by_id:
            taste = taste.with_reaction(embedding_by_id[track_id], reaction)
    return taste


def _load_embeddings(session: Session, track_ids: Collection[int], model: str) -> dict[int, np.ndarray]:
    query = select(TrackEmbedding.track_id, TrackEmbedding.vector).where(
        TrackEmbedding.model == model, TrackEmbedding.track_id.in_(list(track_ids))
    )
    rows = session.execute(query.order_by(TrackEmbedding.track_id)).all()
    if not rows:
        return {}
    ids = np.array([row.track_id for row in rows], dtype=np.int64)
    vectors = np.array([np.frombuffer(row.vector, dtype="<f4") for row in rows], dtype=np.float32)
    return dict(zip(ids.tolist(), follow_corrections(session, model, ids, vectors), strict=True))


def read_taste(session: Session, listener: Listener, standing: Mapping[int, Reaction], model: str) -> ListenerTaste:
    """Read the taste that was stored, of this model's space; a damaged or outdated one is learned anew."""
    if listener.taste is None:
        return ListenerTaste(model=model)
    try:
        return ListenerTaste.from_json(listener.taste, model=model)
    except TasteUnreadableError as error:
        _LOG.warning("taste learned anew", reason=error.reason)
        taste = learn_taste(session, standing, model)
        listener.taste = taste.to_json()
        return taste


def read_mood_model(session: Session, listener: Listener) -> MoodModel:
    """Read the mood model that was stored; a damaged one is learned anew."""
    if listener.mood_model is None:
        return MoodModel()
    try:
        return MoodModel.from_json(listener.mood_model)
    except TasteUnreadableError as error:
        _LOG.warning("mood model learned anew", reason=error.reason)
        model = MoodModel.fit(*load_moods(session, listener.id))
        listener.mood_model = model.to_json()
        return model


def load_moods(session: Session, listener_id: str) -> tuple[list[tuple[dict[str, float], str]], list[dict[str, float]]]:
    """Read the moods a listener corrected, with the last label given, and those answered with music and left."""
    query = (
        select(Listening.id, Listening.posterior, Feedback.label)
        .join(Feedback, Feedback.listening_id == Listening.id)
        .where(Feedback.listener_id == listener_id, Feedback.kind == CORRECTION, Feedback.label.is_not(None))
    )
    corrected = {row[0]: (row[1], str(row[2])) for row in session.execute(query.order_by(Feedback.id))}
    answered = (
        select(Listening.id, Listening.posterior)
        .where(Listening.id.in_(select(Playlist.listening_id).where(Playlist.listener_id == listener_id)))
        .order_by(Listening.created_at)
    )
    left = [posterior for listening_id, posterior in session.execute(answered) if listening_id not in corrected]
    return list(corrected.values()), left


def count_plays(session: Session, listener_id: str) -> dict[int, int]:
    """Count how often a listener liked a track or heard it to the end."""
    query = (
        select(TrackFeedback.track_id, func.count())
        .where(TrackFeedback.listener_id == listener_id)
        .where(TrackFeedback.kind.in_([Reaction.LIKE, Reaction.FINISHED]))
        .group_by(TrackFeedback.track_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}
