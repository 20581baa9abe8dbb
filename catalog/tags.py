"""Tags of tracks, read by many at once, and what tags there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from catalog.models import TrackTag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def read_tags(session: Session, track_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Read the tags of some tracks, at most ten thousand: kind and name, sorted; tracks without tags are left out."""
    tags: dict[int, list[tuple[str, str]]] = defaultdict(list)
    query = select(TrackTag.track_id, TrackTag.kind, TrackTag.name).where(TrackTag.track_id.in_(track_ids))
    for track_id, kind, name in session.execute(query.order_by(TrackTag.kind, TrackTag.name)):
        tags[track_id].append((kind, name))
    return dict(tags)


def count_tags(session: Session, *, limit: int = 500) -> list[tuple[str, str, int]]:
    """List the most used tags: kind, name, number of tracks."""
    n_tracks = func.count()
    query = select(TrackTag.kind, TrackTag.name, n_tracks).group_by(TrackTag.kind, TrackTag.name)
    rows = session.execute(query.order_by(n_tracks.desc(), TrackTag.kind, TrackTag.name).limit(limit))
    return [(kind, name, n) for kind, name, n in rows]
