"""What listeners who agreed may do with what is kept of them: read it, take it with them, forget parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from app.services.errors import ListenerNotFoundError
from app.services.feedback import CORRECTION
from catalog.models import Feedback, Listener, Listening, Playlist, PlaylistEntry, TrackFeedback
from catalog.queries import get_tracks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from app.services.listeners import ListenerService
    from app.services.voices import VoiceService
    from catalog.database import SessionFactory
    from catalog.queries import TrackFacts
    from recommender.taste import Reaction


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is kept of a listener, as they may read it.

    Attributes:
        agreed_at: when they agreed to be learned from.
        taste: what they like, surest first, in words; empty before anything is sure.
        n_reactions: tracks they reacted to.
        tracks: by what they did last with each; tracks that left the catalog are left out.
        moods: how their moods differ from how they sound, in words.
        n_corrections: moods they corrected.
        n_notes: voice notes their voice is known from.
        n_playlists: playlists in the log that bear their id.
    """

    agreed_at: datetime | None
    taste: tuple[str, ...]
    n_reactions: int
    tracks: Mapping[Reaction, tuple[TrackFacts, ...]]
    moods: str
    n_corrections: int
    n_notes: int
    n_playlists: int


class OwnDataService:
    """Show, export and forget what is kept of a listener.

    Args:
        session_factory: where listeners are stored.
        listeners: knows what was learned of tastes and moods.
        voices: knows what was learned of voices.
    """

    def __init__(self, session_factory: SessionFactory, listeners: ListenerService, voices: VoiceService) -> None:
        self._session_factory = session_factory
        self._listeners = listeners
        self._voices = voices

    def is_known(self, listener_id: str) -> bool:
        """Tell whether a listener is still there."""
        with self._session_factory() as session:
            return session.get(Listener, listener_id) is not None

    def count_notes(self, listener_id: str) -> int:
        """Count the voice notes that a voice is known from.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        baseline = self._voices.find(listener_id)
        return baseline.n_clips if baseline else 0

    def describe(self, listener_id: str) -> OwnData:
        """Say what is kept, in words and counts.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        learned = self._listeners.describe(listener_id)
        with self._session_factory() as session:
            tracks = {
                reaction: tuple(get_tracks(session, track_ids))
                for reaction, track_ids in learned.track_ids_by_reaction.items()
            }
            return OwnData(
                _get_listener(session, listener_id).agreed_at,
                learned.taste,
                learned.n_reactions,
                tracks,
                learned.moods,
                len(_load_corrections(session, listener_id)),
                self.count_notes(listener_id),
                session.scalar(select(func.count()).where(Playlist.listener_id == listener_id)) or 0,
            )

    def find_reactions(self, listener_id: str) -> dict[int, Reaction]:
        """Return what the listener did last with each track.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        by_reaction = self._listeners.describe(listener_id).track_ids_by_reaction
        return {track_id: reaction for reaction, track_ids in by_reaction.items() for track_id in track_ids}

    def export(self, listener_id: str) -> dict[str, Any]:
        """Return all that is kept of a listener, as JSON holds it.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory() as session:
            listener = _get_listener(session, listener_id)
            return {
                "listener_id": listener.id,
                "agreed_at": listener.agreed_at and listener.agreed_at.isoformat(),
                "taste": listener.taste,
                "mood_model": listener.mood_model,
                "voice_baseline": listener.voice_baseline,
                "reactions": _load_reactions(session, listener_id),
                "corrected_moods": _load_corrections(session, listener_id),
                "playlists": _load_playlists(session, listener_id),
            }

    def forget_taste(self, listener_id: str) -> None:
        """Forget all reactions to tracks, "never again" included.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            _get_listener(session, listener_id).taste = None
            session.execute(delete(TrackFeedback).where(TrackFeedback.listener_id == listener_id))

    def forget_voice(self, listener_id: str) -> None:
        """Forget how the voice is.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        self._voices.forget(listener_id)

    def forget_moods(self, listener_id: str) -> None:
        """Forget what corrected moods taught; the corrections stay with their pages, and become nobody's.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            _get_listener(session, listener_id).mood_model = None
            corrections = update(Feedback).where(Feedback.listener_id == listener_id)
            session.execute(corrections.values(listener_id=None))


def _get_listener(session: Session, listener_id: str) -> Listener:
    listener = session.get(Listener, listener_id)
    if listener is None:
        raise ListenerNotFoundError(listener_id)
    return listener


def _load_reactions(session: Session, listener_id: str) -> list[dict[str, Any]]:
    query = select(TrackFeedback).where(TrackFeedback.listener_id == listener_id).order_by(TrackFeedback.id)
    return [
        {"at": row.created_at.isoformat(), "track_id": row.track_id, "kind": row.kind, "playlist_id": row.playlist_id}
        for row in session.scalars(query)
    ]


def _load_corrections(session: Session, listener_id: str) -> list[dict[str, Any]]:
    query = (
        select(Feedback, Listening)
        .join(Listening, Feedback.listening_id == Listening.id)
        .where(Feedback.listener_id == listener_id, Feedback.kind == CORRECTION)
        .order_by(Feedback.id)
    )
    return [
        {
            "at": said.created_at.isoformat(),
            "listening_id": heard.id,
            "heard": heard.posterior,
            "label": said.label,
        }
        for said, heard in session.execute(query)
    ]


def _load_playlists(session: Session, listener_id: str) -> list[dict[str, Any]]:
    playlists = session.scalars(
        select(Playlist).where(Playlist.listener_id == listener_id).order_by(Playlist.created_at)
    ).all()
    track_ids: dict[str, list[int]] = {row.id: [] for row in playlists}
    entries = (
        select(PlaylistEntry.playlist_id, PlaylistEntry.track_id)
        .join(Playlist, PlaylistEntry.playlist_id == Playlist.id)
        .where(Playlist.listener_id == listener_id)
        .order_by(PlaylistEntry.playlist_id, PlaylistEntry.position)
    )
    for playlist_id, track_id in session.execute(entries):
        track_ids[playlist_id].append(track_id)
    return [
        {
            "at": row.created_at.isoformat(),
            "playlist_id": row.id,
            "listening_id": row.listening_id,
            "mood": row.posterior,
            "intent": row.intent,
            "track_ids": track_ids[row.id],
        }
        for row in playlists
    ]
