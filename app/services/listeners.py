"""What is learned of a listener who agreed to it, from tracks played and moods corrected; and the log of playlists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from app.services.errors import ListenerNotFoundError, PlaylistNotFoundError
from app.services.learning import UNDO, count_plays, learn_taste, load_moods, load_standing, read_mood_model, read_taste
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.database import utc_now
from catalog.errors import TrackNotFoundError
from catalog.models import Feedback, Listener, Playlist, PlaylistEntry, Track, TrackFeedback
from recommender.mood_model import MoodModel
from recommender.taste import ListenerTaste, Reaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """A track as it stood in a playlist.

    Attributes:
        track_id: which track.
        score: what the ranking gave it.
        propensity: how likely the policy was to put it there, given the places before; None where that is not known.
    """

    track_id: int
    score: float
    propensity: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedPlaylist:
    """A playlist as it was given, to judge other policies by.

    Attributes:
        posterior: the mood it was for, as recommended with.
        intent: what the music should do with it.
        policy: name of what filled its places, parameters included.
        entries: in playing order.
        listening_id: the voice note it answered, if any.
        listener_id: who agreed to be learned from, if anyone.
        seed: what makes it come again.
        context: what else the choice depended on, such as filters.
    """

    posterior: Mapping[str, float]
    intent: str
    policy: str
    entries: Sequence[LoggedEntry]
    listening_id: str | None = None
    listener_id: str | None = None
    seed: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListenerModel:
    """What the recommender needs to know of a listener.

    Attributes:
        taste: scores tracks; without reactions it changes nothing.
        mood_model: corrects posteriors; before enough corrections it changes nothing.
        excluded_track_ids: tracks never to play again.
        play_counts: how often the listener finished or liked a track, by id.
    """

    taste: ListenerTaste
    mood_model: MoodModel
    excluded_track_ids: frozenset[int]
    play_counts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of a listener, as they may read it.

    Attributes:
        n_reactions: tracks they reacted to.
        taste: what they like, surest first, in words; empty before anything is sure.
        moods: how their moods differ from how they sound, in words.
        track_ids_by_reaction: the tracks, by what they did last with each.
    """

    n_reactions: int
    taste: tuple[str, ...]
    moods: str
    track_ids_by_reaction: Mapping[Reaction, tuple[int, ...]]


class ListenerService:
    """Learn from listeners, say what was learned, and forget it.

    Args:
        session_factory: where listeners and playlists are stored.
        choose_model: tells the embedding model of the index that serves; tastes of another are learned anew.
    """

    def __init__(
        self, session_factory: SessionFactory, *, choose_model: Callable[[], str] = lambda: EMBEDDING_MODEL
    ) -> None:
        self._session_factory = session_factory
        self._choose_model = choose_model

    def get_or_create(self, listener_id: str | None = None) -> str:
        """Return the id of a listener who agrees to be learned from; one unknown, or deleted, begins anew."""
        with self._session_factory.begin() as session:
            listener = session.get(Listener, listener_id) if listener_id else None
            if listener is None:
                listener = Listener()
                session.add(listener)
            listener.agreed_at = listener.agreed_at or utc_now()
            session.flush()
            return listener.id

    def record_reaction(
        self, track_id: int, reaction: Reaction, *, listener_id: str | None = None, playlist_id: str | None = None
    ) -> None:
        """Store what was done with a track, and learn from it who agreed to that; the last word on a track counts.

        Args:
            track_id: which track.
            reaction: what was done.
            listener_id: who, if they agreed to be learned from.
            playlist_id: where it was played, if that was logged.

        Raises:
            TrackNotFoundError: no track bears this id.
            ListenerNotFoundError: no listener bears this id.
            PlaylistNotFoundError: no playlist bears this id.
        """
        self._record(track_id, Reaction(reaction), listener_id, playlist_id)

    def undo_reaction(self, track_id: int, *, listener_id: str, playlist_id: str | None = None) -> None:
        """Take back what was done with a track.

        Raises:
            TrackNotFoundError: no track bears this id.
            ListenerNotFoundError: no listener bears this id.
            PlaylistNotFoundError: no playlist bears this id.
        """
        self._record(track_id, UNDO, listener_id, playlist_id)

    def learn_moods(self, listener_id: str) -> MoodModel:
        """Fit the listener's mood model anew to all their corrections.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            listener = _get_listener(session, listener_id)
            model = MoodModel.fit(*load_moods(session, listener_id))
            listener.mood_model = model.to_json()
        return model

    def get_model(self, listener_id: str) -> ListenerModel:
        """Return what the recommender needs to know; a damaged or outdated model is learned anew.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        model = self._choose_model()
        with self._session_factory.begin() as session:
            listener = _get_listener(session, listener_id)
            standing = load_standing(session, listener_id)
            return ListenerModel(
                read_taste(session, listener, standing, model),
                read_mood_model(session, listener),
                frozenset(track_id for track_id, reaction in standing.items() if reaction is Reaction.NEVER),
                count_plays(session, listener_id),
            )

    def describe(self, listener_id: str) -> Learned:
        """Say what was learned, in words.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        model = self._choose_model()
        with self._session_factory.begin() as session:
            listener = _get_listener(session, listener_id)
            standing = load_standing(session, listener_id)
            taste, moods = read_taste(session, listener, standing, model), read_mood_model(session, listener)
        tracks = {kind: tuple(i for i, reaction in standing.items() if reaction is kind) for kind in Reaction}
        return Learned(len(standing), taste.describe(), moods.describe(), tracks)

    def reset(self, listener_id: str) -> None:
        """Forget what was learned, "never again" included; the listener stays, their playlists become nobody's.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            listener = _get_listener(session, listener_id)
            listener.taste = listener.mood_model = listener.voice_baseline = None
            session.execute(delete(TrackFeedback).where(TrackFeedback.listener_id == listener_id))
            for table in (Feedback, Playlist):
                session.execute(update(table).where(table.listener_id == listener_id).values(listener_id=None))

    def delete(self, listener_id: str) -> None:
        """Delete a listener and all that was learned of them.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            session.delete(_get_listener(session, listener_id))

    def log_playlist(self, playlist: LoggedPlaylist) -> str:
        """Store a playlist as it was given and return its id.

        Raises:
            ListenerNotFoundError: no listener bears this id.
        """
        with self._session_factory.begin() as session:
            if playlist.listener_id is not None:
                _get_listener(session, playlist.listener_id)
            row = Playlist(
                listening_id=playlist.listening_id,
                listener_id=playlist.listener_id,
                posterior=dict(playlist.posterior),
                intent=playlist.intent,
                policy=playlist.policy,
                seed=playlist.seed,
                context=dict(playlist.context),
            )
            session.add(row)
            session.flush()
            session.add_all(
                PlaylistEntry(
                    playlist_id=row.id,
                    position=position,
                    track_id=entry.track_id,
                    score=entry.score,
                    propensity=entry.propensity,
                )
                for position, entry in enumerate(playlist.entries, start=1)
            )
            return row.id

    def _record(self, track_id: int, kind: str, listener_id: str | None, playlist_id: str | None) -> None:
        model = self._choose_model()
        with self._session_factory.begin() as session:
            if session.get(Track, track_id) is None:
                raise TrackNotFoundError(track_id)
            if playlist_id is not None and session.get(Playlist, playlist_id) is None:
                raise PlaylistNotFoundError(playlist_id)
            listener = None if listener_id is None else _get_listener(session, listener_id)
            session.add(TrackFeedback(track_id=track_id, kind=kind, listener_id=listener_id, playlist_id=playlist_id))
            session.flush()
            if listener is not None:
                listener.taste = learn_taste(session, load_standing(session, listener.id), model).to_json()


def _get_listener(session: Session, listener_id: str) -> Listener:
    # Locked, so that two reactions at once do not overwrite what the other taught.
    listener = session.get(Listener, listener_id, with_for_update=True)
    if listener is None:
        raise ListenerNotFoundError(listener_id)
    return listener
