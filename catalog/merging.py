"""Make one track of several that are the same piece; nothing that people did with any of them is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete

from catalog.artists import ArtistRows
from catalog.edit_values import EDITABLE_FIELDS
from catalog.errors import TrackNotFoundError
from catalog.history import ChangeAction, record
from catalog.listening_rows import move_rows
from catalog.models import Track
from catalog.track_states import read_states, read_values, write_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.history import ChangeOrigin

_FILLED: Final = (*EDITABLE_FIELDS, "album_artist", "track_number", "musicbrainz_id", "cover_hash")


def merge_tracks(session: Session, keep_id: int, drop_ids: Sequence[int], origin: ChangeOrigin) -> None:
    """Keep one track and drop the others; undo the group to have them back.

    The kept track keeps its file and its own values. It takes from the others what a curator edited and it did not,
    what it has not itself, their tags, a correction if it has none, and all playlists and ratings.

    Raises:
        TrackNotFoundError: a track is not there.
        ValueError: nothing is to be dropped, or the track that is to be kept.
    """
    if not drop_ids or keep_id in drop_ids:
        raise ValueError(f"expected tracks to drop other than {keep_id!r}, got {list(drop_ids)!r}")
    states = read_states(session, [keep_id, *drop_ids])
    for track_id in (keep_id, *drop_ids):
        if track_id not in states:
            raise TrackNotFoundError(track_id)
    for drop_id in drop_ids:
        moved = move_rows(session, drop_id, keep_id)
        state = {**states[drop_id], "merged_into": keep_id, "moved": moved}
        record(session, ChangeAction.MERGE, origin, track_id=drop_id, before=state)
    session.execute(delete(Track).where(Track.id.in_(drop_ids)))
    track = session.get_one(Track, keep_id)
    after = _join(states[keep_id], [states[drop_id] for drop_id in drop_ids])
    if after:
        before = read_values(session, track, list(after))
        write_values(session, track, after, ArtistRows(session))
        record(session, ChangeAction.MERGE, origin, track_id=keep_id, before=before, after=after)
    session.flush()


def _join(kept: Mapping[str, Any], dropped: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what changes in the kept track."""
    joined: dict[str, Any] = {name: kept[name] for name in (*_FILLED, "tags", "correction", "edited_fields")}
    for state in dropped:
        edited = set(state["edited_fields"]) - set(joined["edited_fields"])
        for name in _FILLED:
            if name in edited or joined[name] is None:
                joined[name] = state[name]
        joined["tags"] = sorted({tuple(tag) for tag in (*joined["tags"], *state["tags"])})
        joined["correction"] = joined["correction"] or state["correction"]
        joined["edited_fields"] = sorted({*joined["edited_fields"], *edited})
    joined["tags"] = [list(tag) for tag in joined["tags"]]
    return {name: value for name, value in joined.items() if value != kept[name]}
