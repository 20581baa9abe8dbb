"""Which tracks are meant: one filter for lists, counts, bulk edits, exports and the mood map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy import ARRAY, ColumnElement, Integer, any_, bindparam, func, literal, or_, select

from catalog.models import AffectCorrection, TagKind, Track, TrackAffect, TrackStatus, TrackTag
from catalog.numbers import read_numbers
from catalog.search import matching

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.affect_plane import MoodRegion

MissingField: TypeAlias = Literal["artist", "title", "genre", "year"]
MISSING_FIELDS: Final[tuple[MissingField, ...]] = ("artist", "title", "genre", "year")


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """Which tracks are meant; conditions join, what is left out filters nothing.

    Attributes:
        search: words of title, artist, album, genre or tags; see `catalog.search`.
        status: `pending`, `analyzed` or `failed`.
        source: where tracks were brought in from.
        tag: name of a tag, in lower case.
        tag_kind: kind of that tag; None for any.
        from_year: first year.
        to_year: last year.
        region: part of the valence-arousal plane that the effective affect lies in.
        missing: fields that must all be empty; a title is missing where the file's name stands for it.
        is_suspicious: whether the predicted affect is doubtful, see `catalog.doubt`; what a curator corrected never is.
        is_corrected: whether a correction stands.
        import_id: the import that created the track.
    """

    search: str = ""
    status: TrackStatus | None = None
    source: str | None = None
    licence: str | None = None
    genre: str | None = None
    tag: str | None = None
    tag_kind: str | None = None
    from_year: int | None = None
    to_year: int | None = None
    region: MoodRegion | None = None
    missing: tuple[MissingField, ...] = ()
    is_suspicious: bool | None = None
    is_corrected: bool | None = None
    import_id: int | None = None

    def __post_init__(self) -> None:
        unknown = sorted(set(self.missing) - set(MISSING_FIELDS))
        if unknown:
            raise ValueError(f"missing: expected fields among {', '.join(MISSING_FIELDS)}, got {unknown[0]!r}")

    @property
    def is_narrow(self) -> bool:
        """Whether few tracks may be meant, so that sorting them is quicker than walking through all in order."""
        named = (self.search, self.tag, self.region, self.missing, self.import_id)
        return any(named) or self.is_suspicious is not None or self.is_corrected is not None


EVERY_TRACK: Final = TrackFilter()


def conditions(session: Session, track_filter: TrackFilter) -> list[ColumnElement[bool]]:
    """Return what a track must fulfil; each condition stands on `track` alone, whatever a query joins."""
    found = matching(session, track_filter.search)
    return [
        *([] if found is None else [found]),
        *_plain_conditions(track_filter),
        *([_is_missing(field) for field in track_filter.missing]),
        *_affect_conditions(session, track_filter),
    ]


def _plain_conditions(wanted: TrackFilter) -> list[ColumnElement[bool]]:
    columns = {
        Track.status: wanted.status,
        Track.source: wanted.source,
        Track.licence: wanted.licence,
        Track.genre: wanted.genre,
        Track.import_id: wanted.import_id,
    }
    found = [column == value for column, value in columns.items() if value is not None]
    if wanted.from_year is not None:
        found.append(Track.year >= wanted.from_year)
    if wanted.to_year is not None:
        found.append(Track.year <= wanted.to_year)
    if wanted.tag is not None:
        # The index begins with the kind: naming all of them lets it serve.
        kinds = list(TagKind) if wanted.tag_kind is None else [wanted.tag_kind]
        tagged = select(TrackTag.track_id).where(TrackTag.kind.in_(kinds), TrackTag.name == wanted.tag)
        found.append(Track.id.in_(tagged))
    return found


def _is_missing(field: MissingField) -> ColumnElement[bool]:
    if field == "artist":
        return Track.artist_id.is_(None)
    if field == "title":
        # An expression that both databases know and that takes no sign for a wildcard.
        return func.replace(Track.path, literal("/") + Track.title + ".", "") != Track.path
    return getattr(Track, field).is_(None)  # type: ignore[no-any-return]


def _affect_conditions(session: Session, wanted: TrackFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    corrected = select(AffectCorrection.track_id)
    if wanted.is_corrected is not None:
        is_corrected = Track.id.in_(corrected)
        found.append(is_corrected if wanted.is_corrected else ~is_corrected)
    if wanted.is_suspicious is not None:
        suspicious = select(TrackAffect.track_id).where(TrackAffect.is_doubtful, TrackAffect.track_id.not_in(corrected))
        is_suspicious = Track.id.in_(suspicious)
        found.append(is_suspicious if wanted.is_suspicious else ~is_suspicious)
    if wanted.region is not None:
        found.append(_in_region(session, wanted.region))
    return found


def _in_region(session: Session, region: MoodRegion) -> ColumnElement[bool]:
    """Corrected tracks by their correction, all others by what is predicted."""
    low_v, high_v, low_a, high_a = region.bounds
    predicted, corrected = (
        select(table.track_id, table.valence, table.arousal).where(
            table.valence.between(low_v, high_v), table.arousal.between(low_a, high_a)
        )
        for table in (TrackAffect, AffectCorrection)
    )
    predicted = predicted.where(TrackAffect.track_id.not_in(select(AffectCorrection.track_id)))
    if region.is_box:
        columns = [query.with_only_columns(query.selected_columns[0]) for query in (predicted, corrected)]
        return or_(*(Track.id.in_(query) for query in columns))
    points = read_numbers(session, predicted.union_all(corrected), 3)
    is_inside = region.contains(points[:, 1], points[:, 2])
    return in_ids(session, points[is_inside, 0].astype(int).tolist())


def in_ids(session: Session, track_ids: list[int]) -> ColumnElement[bool]:
    """Return the condition that a track is one of these, however many they are."""
    if session.get_bind().dialect.name == "sqlite":
        # One value, where a list of values would pass the limit of 32,766.
        each = func.json_each(json.dumps(track_ids)).table_valued("value")
        return Track.id.in_(select(each.c.value))
    return Track.id == any_(bindparam(None, track_ids, type_=ARRAY(Integer)))
