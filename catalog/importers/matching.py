"""Find the rows that entries of a source belong to, and what would change in them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from catalog.importers.importer import Action, CoverImage, PlannedChange, TrackDraft
from catalog.importers.stated import IMPORTED_FEATURES, is_curated
from catalog.models import AffectCorrection, Artist, AudioFeatures, Track, TrackTag
from catalog.sorting import sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

FIELDS: Final = tuple(field.name for field in fields(TrackDraft))
_DURATION_TOLERANCE_S: Final = 1.0
_ELSEWHERE: Final = frozenset({"artist", "tags", "cover", "tempo_bpm", "valence", "arousal"})
_COLUMNS: Final = tuple(name for name in FIELDS if name not in _ELSEWHERE)


@dataclass(frozen=True, slots=True)
class KnownTrack:
    """A row as an importer sees it: the draft it would be made from, and what an import must leave alone."""

    track_id: int
    draft: TrackDraft
    kept_fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class KnownTracks:
    """The rows that a batch of entries may belong to.

    Attributes:
        by_name: tracks without a file, by the name that their catalog gives them.
        lost_by_hash: tracks whose file is gone, by their sound.
    """

    by_path: Mapping[str, KnownTrack] = field(default_factory=dict)
    by_url: Mapping[str, KnownTrack] = field(default_factory=dict)
    by_name: Mapping[str, KnownTrack] = field(default_factory=dict)
    lost_by_hash: Mapping[str, list[KnownTrack]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells an unchanged file without opening it."""

    track_id: int
    size_bytes: int | None
    mtime_ns: int | None


def find_stamps(session: Session, paths: Collection[str]) -> dict[str, Stamp]:
    """Read the stamps of files that have a row, by path."""
    query = select(Track.path, Track.id, Track.size_bytes, Track.mtime_ns).where(Track.path.in_(paths))
    return {str(row.path): Stamp(row.id, row.size_bytes, row.mtime_ns) for row in session.execute(query)}


def find_known(
    session: Session,
    *,
    paths: Collection[str] = (),
    urls: Collection[str] = (),
    names: Collection[str] = (),
    hashes: Collection[str] = (),
) -> KnownTracks:
    """Read the rows of these paths, URLs and catalog names, and those of these sounds whose own file is gone."""
    by_path = {str(known.draft.path): known for known in _read(session, Track.path.in_(set(paths)), paths)}
    by_url = {str(known.draft.url): known for known in _read(session, Track.url.in_(set(urls)), urls)}
    by_name = {str(known.draft.content_hash): known for known in _read(session, Track.content_hash.in_(names), names)}
    lost_by_hash: dict[str, list[KnownTrack]] = {}
    for known in _read(session, Track.content_hash.in_(set(hashes)), hashes):
        if known.draft.path is not None and not Path(known.draft.path).exists():
            lost_by_hash.setdefault(str(known.draft.content_hash), []).append(known)
    return KnownTracks(by_path, by_url, by_name, lost_by_hash)


def find_moved(known: KnownTracks, draft: TrackDraft, taken: set[int]) -> KnownTrack | None:
    """Return the track with this sound whose own file is gone: the file was moved, not copied."""
    candidates = known.lost_by_hash.get(draft.content_hash or "", [])
    moved = next((candidate for candidate in candidates if candidate.track_id not in taken), None)
    if moved is not None:
        taken.add(moved.track_id)
    return moved


def compare(known: KnownTrack, draft: TrackDraft, where: str, *, note: str = "") -> PlannedChange:
    """Plan what the draft changes in a row; what a curator wrote, and what the draft is silent about, stays."""
    draft = replace(draft, tags=_join_tags(known.draft.tags, draft.tags))
    changed = [
        name
        for name in FIELDS
        if getattr(draft, name) is not None
        and name not in known.kept_fields
        and not _is_same(name, getattr(draft, name), getattr(known.draft, name))
    ]
    if not changed:
        return PlannedChange(Action.UNCHANGED, where, track_id=known.track_id, note=note)
    kept = {name: getattr(draft, name) if name in changed else getattr(known.draft, name) for name in FIELDS}
    before = {name: to_json(getattr(known.draft, name)) for name in changed}
    reason = "changed: " + ", ".join(changed)
    if "path" in changed and known.draft.path is not None:
        reason = f"moved from {known.draft.path}"
    return PlannedChange(Action.UPDATE, where, reason, known.track_id, TrackDraft(**kept), before, note)


def to_json(value: Any) -> Any:  # noqa: ANN401 - a draft's values are of many kinds
    """Return a draft's value as the log of changes keeps it."""
    if isinstance(value, CoverImage):
        return value.hash
    return [list(tag) for tag in value] if isinstance(value, tuple) else value


def _join_tags(
    old: tuple[tuple[str, str], ...] | None,
    new: tuple[tuple[str, str], ...] | None,
) -> tuple[tuple[str, str], ...] | None:
    """Replace the tags of the kinds that the new ones speak about, and keep the others."""
    if not new:
        return None
    kinds = {kind for kind, _ in new}
    return tuple(sorted({*new, *(tag for tag in old or () if tag[0] not in kinds)}))


def _is_same(name: str, new: object, old: object) -> bool:
    if name == "artist" and isinstance(new, str) and isinstance(old, str):
        return sort_key(new) == sort_key(old)
    if name == "duration_s" and isinstance(new, float) and isinstance(old, float):
        # Tags estimate what the analysis counts; that is no news.
        return abs(new - old) <= _DURATION_TOLERANCE_S
    return new == old


def _read(session: Session, condition: ColumnElement[bool], wanted: Collection[str]) -> list[KnownTrack]:
    if not wanted:
        return []
    query = (
        select(
            *(getattr(Track, name) for name in _COLUMNS),
            Track.id,
            Track.edited_fields,
            Track.cover_hash,
            Artist.name.label("artist"),
            AudioFeatures.tempo_bpm,
            AudioFeatures.analyzer_version,
            AffectCorrection.valence,
            AffectCorrection.arousal,
            AffectCorrection.who,
        )
        .outerjoin(Artist, Artist.id == Track.artist_id)
        .outerjoin(AudioFeatures, AudioFeatures.track_id == Track.id)
        .outerjoin(AffectCorrection, AffectCorrection.track_id == Track.id)
        .where(condition)
        .order_by(Track.id)
    )
    rows = session.execute(query).all()
    tags = _read_tags(session, [row.id for row in rows])
    return [_to_known(row, tags.get(row.id)) for row in rows]


def _read_tags(session: Session, track_ids: list[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    query = select(TrackTag.track_id, TrackTag.kind, TrackTag.name).where(TrackTag.track_id.in_(track_ids))
    tags: dict[int, list[tuple[str, str]]] = {}
    for track_id, kind, name in session.execute(query):
        tags.setdefault(track_id, []).append((kind, name))
    return {track_id: tuple(sorted(names)) for track_id, names in tags.items()}


def _to_known(row: Any, tags: tuple[tuple[str, str], ...] | None) -> KnownTrack:  # noqa: ANN401 - SQLAlchemy types ten columns at most
    values: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    draft = TrackDraft(
        **values,
        artist=row.artist,
        tempo_bpm=row.tempo_bpm,
        valence=row.valence,
        arousal=row.arousal,
        tags=tags,
        cover=CoverImage(row.cover_hash) if row.cover_hash else None,
    )
    kept = set(row.edited_fields)
    if row.analyzer_version not in {None, IMPORTED_FEATURES}:
        # What is measured knows better than a list.
        kept.add("tempo_bpm")
    if is_curated(row.who):
        kept |= {"valence", "arousal"}
    return KnownTrack(row.id, draft, frozenset(kept))


def count_below(session: Session, folder: str) -> int:
    """Count the tracks whose files lie below a folder, whether they are there or not."""
    prefix = folder.rstrip("/") + "/"
    return session.scalar(select(func.count(Track.id)).where(Track.path.startswith(prefix, autoescape=True))) or 0
