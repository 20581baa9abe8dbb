"""What was heard, and what the listener says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.services.errors import ListeningNotFoundError
from catalog.database import utc_now
from catalog.models import Feedback, Listening
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory
    from recognizer.inference import Recognition

CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class StoredListening:
    """What is kept of one voice note: never the recording.

    Attributes:
        notes: what makes the mood less sure, in sentences for the person.
        n_known: earlier notes of the voice that were known then.
        corrected_label: what the listener said the mood was, the last time they said it; None if never.
        recording_deleted_at: when the recording was deleted; None if that is not known.
    """

    listening_id: str
    created_at: datetime
    posterior: Mapping[str, float]
    label: str
    confidence: float
    abstained: bool
    reason: str | None
    duration_s: float
    timeline: tuple[Mapping[str, Any], ...]
    model: str
    notes: tuple[str, ...]
    n_known: int
    corrected_label: str | None
    recording_deleted_at: datetime | None


class FeedbackService:
    """Keep what was heard and what was said about it.

    Args:
        session_factory: where listenings are stored.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory

    def record_listening(self, recognition: Recognition) -> str:
        """Store what was heard and return its id, which nobody can guess."""
        heard = recognition.to_json()
        with self._session_factory.begin() as session:
            listening = Listening(
                posterior=heard["posterior"],
                label=heard["label"],
                confidence=heard["confidence"],
                abstained=heard["abstained"],
                reason=heard["reason"],
                duration_s=heard["duration_s"],
                timeline=heard["timeline"],
                model=heard["model"],
                notes=list(recognition.notes) or None,
                n_known=recognition.n_known,
            )
            session.add(listening)
        return listening.id

    def record_deletion(self, listening_id: str) -> None:
        """Note that the recording was deleted just now.

        Raises:
            ListeningNotFoundError: no listening bears this id.
        """
        with self._session_factory.begin() as session:
            _get(session, listening_id).recording_deleted_at = utc_now()

    def get_listening(self, listening_id: str) -> StoredListening:
        """Return what was heard and how the listener corrected it.

        Raises:
            ListeningNotFoundError: no listening bears this id.
        """
        with self._session_factory() as session:
            listening = _get(session, listening_id)
            corrections = select(Feedback.label).where(
                Feedback.listening_id == listening_id,
                Feedback.kind == CORRECTION,
            )
            corrected_label = session.scalar(corrections.order_by(Feedback.id.desc()).limit(1))
        return _to_stored(listening, corrected_label)

    def correct(self, listening_id: str, label: str, *, listener_id: str | None = None) -> None:
        """Store what the listener says the mood was; said again, the last word counts.

        Args:
            listening_id: which voice note.
            label: one of the four moods.
            listener_id: who said so, if they agreed to be learned from; an id that exists.

        Raises:
            ValueError: the label is none of the four.
            ListeningNotFoundError: no listening bears this id.
        """
        if label not in LABELS:
            raise ValueError(f"mood must be one of {', '.join(LABELS)}, got {label!r}")
        with self._session_factory.begin() as session:
            _get(session, listening_id)
            session.add(Feedback(listening_id=listening_id, listener_id=listener_id, kind=CORRECTION, label=label))


def _get(session: Session, listening_id: str) -> Listening:
    listening = session.get(Listening, listening_id)
    if listening is None:
        raise ListeningNotFoundError(listening_id)
    return listening


def _to_stored(listening: Listening, corrected_label: str | None) -> StoredListening:
    return StoredListening(
        listening_id=listening.id,
        created_at=listening.created_at,
        posterior=listening.posterior,
        label=listening.label,
        confidence=listening.confidence,
        abstained=listening.abstained,
        reason=listening.reason,
        duration_s=listening.duration_s,
        timeline=tuple(listening.timeline),
        model=listening.model,
        notes=tuple(listening.notes or ()),
        n_known=listening.n_known,
        corrected_label=corrected_label,
        recording_deleted_at=listening.recording_deleted_at,
    )
