"""What listeners did with a track: moved with it when duplicates become one, and told on its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from catalog.models import Playlist, PlaylistEntry, TrackFeedback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Appearance:
    """One playlist that a track was in."""

    playlist_id: str
    created_at: datetime
    intent: str
    policy: str
    position: int
    score: float


@dataclass(frozen=True, slots=True)
class Rating:
    """One word of a listener on a track."""

    created_at: datetime
    kind: str
    playlist_id: str | None


@dataclass(frozen=True, slots=True)
class ListeningHistory:
    """What became of a track among listeners.

    Attributes:
        n_playlists: how often it was recommended.
        appearances: the last of them, the newest first.
        n_by_kind: ratings by kind.
        ratings: the last of them, the newest first.
    """

    n_playlists: int
    appearances: tuple[Appearance, ...]
    n_by_kind: Mapping[str, int]
    ratings: tuple[Rating, ...]


def read_listening_history(session: Session, track_id: int, *, limit: int = 10) -> ListeningHistory:
    """Read where a track was recommended and how it was rated."""
    n_playlists = session.scalar(select(func.count()).where(PlaylistEntry.track_id == track_id)) or 0
    columns = (Playlist.id, Playlist.created_at, Playlist.intent, Playlist.policy)
    query = select(*columns, PlaylistEntry.position, PlaylistEntry.score).join(
        PlaylistEntry, PlaylistEntry.playlist_id == Playlist.id
    )
    query = query.where(PlaylistEntry.track_id == track_id).order_by(Playlist.created_at.desc()).limit(limit)
    rated = select(TrackFeedback.kind, func.count()).where(TrackFeedback.track_id == track_id)
    ratings = select(TrackFeedback.created_at, TrackFeedback.kind, TrackFeedback.playlist_id)
    ratings = ratings.where(TrackFeedback.track_id == track_id).order_by(TrackFeedback.id.desc()).limit(limit)
    return ListeningHistory(
        n_playlists=n_playlists,
        appearances=tuple(Appearance(*row) for row in session.execute(query)),
        n_by_kind=dict(session.execute(rated.group_by(TrackFeedback.kind)).all()),
        ratings=tuple(Rating(*row) for row in session.execute(ratings)),
    )


def move_rows(session: Session, from_id: int, to_id: int) -> dict[str, Any]:
    """Give a track's playlists and ratings to another track; return which, so that they can go back."""
    feedback_ids = list(session.scalars(select(TrackFeedback.id).where(TrackFeedback.track_id == from_id)))
    entries = session.execute(
        select(PlaylistEntry.playlist_id, PlaylistEntry.position).where(PlaylistEntry.track_id == from_id)
    )
    moved = {"feedback": feedback_ids, "entries": [list(row) for row in entries]}
    for table in (TrackFeedback, PlaylistEntry):
        session.execute(update(table).where(table.track_id == from_id).values(track_id=to_id))
    return moved


def move_back(session: Session, moved: Mapping[str, Any], track_id: int) -> None:
    """Give a track back what `move_rows` took from it."""
    for feedback_id in moved["feedback"]:
        session.execute(update(TrackFeedback).where(TrackFeedback.id == feedback_id).values(track_id=track_id))
    for playlist_id, position in moved["entries"]:
        is_entry = (PlaylistEntry.playlist_id == playlist_id) & (PlaylistEntry.position == position)
        session.execute(update(PlaylistEntry).where(is_entry).values(track_id=track_id))
