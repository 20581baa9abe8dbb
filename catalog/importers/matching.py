"""Find the rows that entries of a source belong to, and what would change in them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from catalog.importers.importer import Action, PlannedChange, TrackDraft
from catalog.models import Artist, Track
from catalog.sorting import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_FIELDS: Final = tuple(field.name for field in fields(TrackDraft))
_DURATION_TOLERANCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class KnownTrack:
    """A row as an importer sees it: the draft it would be made from, and what a curator wrote by hand."""

    track_id: int
    draft: TrackDraft
    edited_fields: frozenset[str]
    is_failed: bool


@dataclass(frozen=True, slots=True)
class KnownTracks:
    """The rows that a batch of entries may belong to."""

    by_path: dict[str, KnownTrack]
    by_url: dict[str, KnownTrack]
    lost_by_hash: dict[str, list[KnownTrack]]


def find_known(
    session: Session,
    *,
    paths: Iterable[str] = (),
    urls: Iterable[str] = (),
    hashes: Iterable[str] = (),
) -> KnownTracks:
    """Read the rows of these paths and URLs, and those of these sounds whose own file is gone."""
    by_path = {str(known.draft.path): known for known in _read(session, Track.path.in_(set(paths)), paths)}
    by_url = {str(known.draft.url): known for known in _read(session, Track.url.in_(set(urls)), urls)}
    lost_by_hash: dict[str, list[KnownTrack]] = {}
    for known in _read(session, Track.content_hash.in_(set(hashes)), hashes):
        if known.draft.path is not None and not Path(known.draft.path).exists():
            lost_by_hash.setdefault(str(known.draft.content_hash), []).append(known)
    return KnownTracks(by_path, by_url, lost_by_hash)


def find_moved(known: KnownTracks, draft: TrackDraft, taken: set[int]) -> KnownTrack | None:
    """Return the track with this sound whose own file is gone: the file was moved, not copied."""
    candidates = known.lost_by_hash.get(draft.content_hash or "", [])
    return next((candidate for candidate in candidates if candidate.track_id not in taken), None)


def compare(known: KnownTrack, draft: TrackDraft, where: str) -> PlannedChange:
    """Plan what the draft changes in a row; what a curator wrote, and what the draft is silent about, stays."""
    changed = [
        name
        for name in _FIELDS
        if getattr(draft, name) is not None
        and name not in known.edited_fields
        and not _is_same(name, getattr(draft, name), getattr(known.draft, name))
    ]
    if not changed:
        return PlannedChange(Action.UNCHANGED, where, track_id=known.track_id)
    kept = {name: getattr(draft, name) if name in changed else getattr(known.draft, name) for name in _FIELDS}
    reason = "changed: " + ", ".join(changed)
    if "path" in changed and known.draft.path is not None:
        reason = f"moved from {known.draft.path}"
    return PlannedChange(Action.UPDATE, where, reason, known.track_id, TrackDraft(**kept))


def _is_same(name: str, new: object, old: object) -> bool:
    if name == "artist" and isinstance(new, str) and isinstance(old, str):
        return sort_key(new) == sort_key(old)
    if name == "duration_s" and isinstance(new, float) and isinstance(old, float):
        # Tags estimate what the analysis counts; that is no news.
        return abs(new - old) <= _DURATION_TOLERANCE_S
    return new == old


def _read(session: Session, condition: ColumnElement[bool], wanted: Iterable[str]) -> list[KnownTrack]:
    if not wanted:
        return []
    query = (
        select(Track, Artist.name).outerjoin(Artist, Artist.id == Track.artist_id).where(condition).order_by(Track.id)
    )
    return [_to_known(track, artist) for track, artist in session.execute(query)]


def _to_known(track: Track, artist: str | None) -> KnownTrack:
    values: dict[str, Any] = {name: getattr(track, name) for name in _FIELDS if name != "artist"}
    draft = TrackDraft(**values, artist=artist)
    return KnownTrack(track.id, draft, frozenset(track.edited_fields), track.status == "failed")
