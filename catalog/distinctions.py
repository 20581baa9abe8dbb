"""Tracks that are no copies of each other, though they look so: a curator's word, in the log like any other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from catalog.errors import TrackNotFoundError
from catalog.history import ChangeAction, record
from catalog.models import Track, TrackDistinction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from catalog.history import ChangeOrigin

# The log names each pair by itself, so that an undo of one stands in no other's way.
_FIELD: Final = "other than track "


def distinguish_tracks(session: Session, track_ids: Sequence[int], origin: ChangeOrigin) -> int:
    """Note that some tracks are different pieces, each from each; return how many pairs are news.

    Raises:
        TrackNotFoundError: a track is not there.
        ValueError: there are not two of them.
    """
    ids = sorted(set(track_ids))
    if len(ids) < 2:  # noqa: PLR2004 - a pair
        raise ValueError(f"expected two tracks at least, got {list(track_ids)!r}")
    present = set(session.scalars(select(Track.id).where(Track.id.in_(ids))))
    for track_id in ids:
        if track_id not in present:
            raise TrackNotFoundError(track_id)
    news = sorted(set(combinations(ids, 2)) - read_distinctions(session))
    for track_id, other_id in news:
        session.add(TrackDistinction(track_id=track_id, other_id=other_id))
        field = f"{_FIELD}{other_id}"
        record(session, ChangeAction.DISTINGUISH, origin, track_id=track_id, before={field: None}, after={field: True})
    session.flush()
    return len(news)


def read_distinctions(session: Session) -> set[tuple[int, int]]:
    """Read all pairs, the lower id first."""
    return {(first, second) for first, second in session.execute(select(*TrackDistinction.__table__.columns))}


def write_distinction(session: Session, track_id: int, field: str, value: object) -> None:
    """Write or take back what the log calls by this field; nothing if it names no pair."""
    if not field.startswith(_FIELD):
        return
    pair = {"track_id": track_id, "other_id": int(field.removeprefix(_FIELD))}
    present = session.get(TrackDistinction, pair)
    if value and present is None:
        session.add(TrackDistinction(**pair))
    elif not value and present is not None:
        session.delete(present)
