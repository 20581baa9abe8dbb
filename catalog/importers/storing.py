"""Write a batch of drafts into the tables: whole lists of rows at once, several times faster than row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from catalog.importers.importer import Action, PlannedChange, TrackDraft
from catalog.importers.matching import FIELDS
from catalog.importers.stated import store_stated
from catalog.models import Artist, Cover, Track, TrackStatus, TrackTag
from catalog.sorting import search_text_of, sort_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

_IN_OTHER_TABLES: Final = frozenset({"artist", "tags", "cover", "tempo_bpm", "valence", "arousal"})
_PLAIN_FIELDS: Final = tuple(name for name in FIELDS if name not in _IN_OTHER_TABLES)


def store_changes(
    session: Session, changes: Sequence[PlannedChange], *, source: str, import_id: int
) -> list[PlannedChange]:
    """Create and update tracks with their artists, tags and covers.

    Args:
        session: where to write.
        changes: all with a draft.
        source: what new tracks note as the place they came from.
        import_id: the import that they belong to.

    Returns:
        The updates whose track is gone; nothing of them is stored.
    """
    pairs = [(change, change.draft) for change in changes if change.draft is not None]
    _store_covers(session, [draft for _, draft in pairs])
    artists = _load_artists(session, [draft for _, draft in pairs])
    present = _lock_present(session, [change.track_id for change, _ in pairs if change.track_id is not None])
    new = [draft for change, draft in pairs if change.action is Action.CREATE]
    old = [(change, draft) for change, draft in pairs if change.track_id in present]
    created = _create(session, new, artists, source=source, import_id=import_id)
    _update(session, old, artists, present)
    _replace_tags(session, created, [(change, draft) for change, draft in old if "tags" in change.before])
    store_stated(session, created, [(change.track_id or 0, draft) for change, draft in old], import_id)
    return [change for change, _ in pairs if change.action is Action.UPDATE and change.track_id not in present]


def _lock_present(session: Session, track_ids: list[int]) -> dict[int, tuple[str, str | None]]:
    """Return status and sound of the tracks that are there."""
    if not track_ids:
        return {}
    rows = session.execute(select(Track.id, Track.status, Track.content_hash).where(Track.id.in_(track_ids)))
    return {row.id: (row.status, row.content_hash) for row in rows}


def _create(
    session: Session, drafts: list[TrackDraft], artists: Mapping[str, Artist], *, source: str, import_id: int
) -> list[tuple[int, TrackDraft]]:
    if not drafts:
        return []
    origin = {"source": source, "import_id": import_id, "status": TrackStatus.PENDING}
    rows = [{**_to_row(draft, artists), **origin} for draft in drafts]
    query = insert(Track).returning(Track.id, sort_by_parameter_order=True)
    return list(zip(session.scalars(query, rows), drafts, strict=True))


def _update(
    session: Session,
    pairs: list[tuple[PlannedChange, TrackDraft]],
    artists: Mapping[str, Artist],
    present: Mapping[int, tuple[str, str | None]],
) -> None:
    rows = []
    for change, draft in pairs:
        status, content_hash = present[change.track_id or 0]
        row: dict[str, Any] = {"id": change.track_id, **_to_row(draft, artists)}
        # A track that failed gets another chance with its new bytes; one that sounds as before keeps its analysis.
        is_new_sound = status == TrackStatus.FAILED or (content_hash and content_hash != draft.content_hash)
        row["status"] = TrackStatus.PENDING if is_new_sound else status
        rows.append(row)
    for status in TrackStatus:
        same = [row for row in rows if row["status"] == status]
        if same:
            reset = {"failure_reason": None} if status is TrackStatus.PENDING else {}
            session.execute(update(Track), [{**row, **reset} for row in same])


def _to_row(draft: TrackDraft, artists: Mapping[str, Artist]) -> dict[str, Any]:
    artist = artists[sort_key(draft.artist)] if draft.artist else None
    tag_names = sorted({name for _, name in draft.tags or ()})
    return {
        **{name: getattr(draft, name) for name in _PLAIN_FIELDS},
        "artist_id": artist.id if artist else None,
        "cover_hash": draft.cover.hash if draft.cover else None,
        # Rows that are written as lists pass by the models, which keep these two otherwise.
        "title_key": sort_key(draft.title),
        "search_text": search_text_of(
            draft.title, artist.name if artist else None, draft.album, draft.genre, *tag_names
        ),
    }


def _replace_tags(
    session: Session,
    created: list[tuple[int, TrackDraft]],
    updated: list[tuple[PlannedChange, TrackDraft]],
) -> None:
    pairs = [*created, *((change.track_id or 0, draft) for change, draft in updated)]
    if updated:
        session.execute(delete(TrackTag).where(TrackTag.track_id.in_([change.track_id for change, _ in updated])))
    rows = [
        {"track_id": track_id, "kind": kind, "name": name}
        for track_id, draft in pairs
        for kind, name in sorted(set(draft.tags or ()))
    ]
    if rows:
        session.execute(insert(TrackTag), rows)


def _store_covers(session: Session, drafts: list[TrackDraft]) -> None:
    """Store the covers that are new, before the tracks that refer to them."""
    cover_by_hash = {draft.cover.hash: draft.cover for draft in drafts if draft.cover is not None and draft.cover.data}
    if not cover_by_hash:
        return
    present = set(session.scalars(select(Cover.hash).where(Cover.hash.in_(cover_by_hash))))
    for digest in sorted(cover_by_hash.keys() - present):
        cover = cover_by_hash[digest]
        session.add(
            Cover(hash=digest, mime=cover.mime, width_px=cover.width_px, height_px=cover.height_px, data=cover.data)
        )
    session.flush()


def _load_artists(session: Session, drafts: list[TrackDraft]) -> dict[str, Artist]:
    """Return the rows of the drafts' artists by the key of their names; those without one get it."""
    name_by_key = {sort_key(draft.artist): draft.artist for draft in reversed(drafts) if draft.artist}
    known = session.scalars(select(Artist).where(Artist.name_key.in_(name_by_key)))
    artists = {artist.name_key: artist for artist in known}
    for key, name in name_by_key.items():
        if key not in artists:
            artists[key] = Artist(name=name)
            session.add(artists[key])
    session.flush()
    return artists
