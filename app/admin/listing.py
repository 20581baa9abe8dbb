"""Which tracks a list shows, as its address says it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from app.admin.regions import format_region, parse_region
from catalog.affect_plane import box
from catalog.filters import EVERY_TRACK, MISSING_FIELDS, TrackFilter
from catalog.models import TagKind, TrackStatus
from catalog.queries import TrackSort

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MultiDict

    from app.services.curation import CurationService
    from app.services.curation_facts import FilteredPage
    from catalog.affect_plane import MoodRegion

PAGE_SIZE: Final = 50
MAX_SEARCH_LENGTH: Final = 200
_MAX_PAGE: Final = 1_000_000
_YEARS: Final = range(1, 10_000)
_MAX_ID: Final = 2**63 - 1
# Where the first click on a column shows what is looked for: the newest, not the oldest.
_DESCENDING_FIRST: Final = frozenset({"created", "year"})
# The quarters of the plane, by the moods whose words stand for them.
REGION_BY_MOOD: Final[Mapping[str, MoodRegion]] = {
    "happy": box(0.0, 1.0, 0.0, 1.0),
    "sad": box(-1.0, 0.0, -1.0, 0.0),
    "angry": box(-1.0, 0.0, 0.0, 1.0),
    "neutral": box(0.0, 1.0, -1.0, 0.0),
}
BOX_EDGES: Final = ("valence_from", "valence_to", "arousal_from", "arousal_to")
_WHETHER: Final[Mapping[str, bool]] = {"yes": True, "no": False}
_FILTER_FIELDS: Final = frozenset(field.name for field in fields(TrackFilter))

Address = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """What an address asks for; anything it cannot mean is left at its default.

    Attributes:
        wanted: which tracks.
        mood: the word that was chosen for the region; empty where it was drawn, or none was.
        page: from 1.
    """

    wanted: TrackFilter = EVERY_TRACK
    mood: str = ""
    sort: TrackSort = "title"
    descending: bool = False
    page: int = 1

    @classmethod
    def from_args(cls, args: MultiDict[str, str]) -> Listing:
        """Read an address."""
        sort, page = args.get("sort", ""), args.get("page", "")
        return cls(
            wanted=read_filter(args),
            mood=_one_of(args.get("mood"), REGION_BY_MOOD) or "",
            sort=cast("TrackSort", sort) if sort in get_args(TrackSort) else "title",
            descending=args.get("order") == "desc",
            page=min(max(int(page), 1), _MAX_PAGE) if page.isascii() and page.isdigit() else 1,
        )

    @property
    def search(self) -> str:
        """What was typed."""
        return self.wanted.search

    @property
    def status(self) -> TrackStatus | None:
        """The status that is shown alone."""
        return self.wanted.status

    @property
    def n_filters(self) -> int:
        """How many conditions stand beside search and status."""
        plain = replace(self.wanted, search="", status=None)
        return sum(getattr(plain, name) not in (None, (), "") for name in _FILTER_FIELDS)

    def to_args(self, **changes: Any) -> Address:  # noqa: ANN401 - its own fields and those of the filter
        """Return the address of this list with some fields changed; what is at its default is left out."""
        own = {name: value for name, value in changes.items() if name not in _FILTER_FIELDS}
        filters = {name: value for name, value in changes.items() if name in _FILTER_FIELDS}
        if "region" in changes:
            own["mood"] = ""
        # A changed search, filter or order starts at its first page.
        listing = replace(self, **{"page": 1, "wanted": replace(self.wanted, **filters), **own})
        return {
            **_write_filter(listing.wanted, listing.mood),
            "sort": listing.sort if listing.sort != "title" else None,
            "order": "desc" if listing.descending else None,
            "page": listing.page if listing.page > 1 else None,
        }

    def sorted_by(self, sort: TrackSort) -> Address:
        """Return the address sorted by a column, turned round if it is sorted by it already."""
        descending = not self.descending if sort == self.sort else sort in _DESCENDING_FIRST
        return self.to_args(sort=sort, descending=descending)


def read_filter(args: MultiDict[str, str]) -> TrackFilter:
    """Read which tracks an address means; what cannot be read filters nothing."""
    mood = _one_of(args.get("mood"), REGION_BY_MOOD)
    kind, _, name = args.get("tag", "").strip().lower()[:MAX_SEARCH_LENGTH].rpartition(":")
    has_kind = kind in set(TagKind)
    status = _one_of(args.get("status"), set(TrackStatus))
    return TrackFilter(
        search=args.get("q", "").strip()[:MAX_SEARCH_LENGTH],
        status=TrackStatus(status) if status else None,
        source=args.get("source") or None,
        licence=args.get("licence") or None,
        genre=args.get("genre") or None,
        tag=(name if has_kind or not kind else f"{kind}:{name}") or None,
        tag_kind=kind if has_kind else None,
        from_year=_read_year(args.get("from", "")),
        to_year=_read_year(args.get("to", "")),
        region=REGION_BY_MOOD[mood] if mood else parse_region(args.get("region", "")) or _read_box(args),
        missing=tuple(field for field in MISSING_FIELDS if field in args.getlist("missing")),
        is_suspicious=_WHETHER.get(args.get("suspicious", "")),
        is_corrected=_WHETHER.get(args.get("corrected", "")),
        import_id=_read_id(args.get("import", "")),
    )


def _write_filter(wanted: TrackFilter, mood: str) -> Address:
    words = {True: "yes", False: "no", None: None}
    tag = f"{wanted.tag_kind}:{wanted.tag}" if wanted.tag_kind else wanted.tag
    return {
        "q": wanted.search or None,
        "status": wanted.status,
        "source": wanted.source,
        "licence": wanted.licence,
        "genre": wanted.genre,
        "tag": tag,
        "from": wanted.from_year,
        "to": wanted.to_year,
        "mood": mood or None,
        "region": None if mood or wanted.region is None else format_region(wanted.region),
        "missing": list(wanted.missing) or None,
        "suspicious": words[wanted.is_suspicious],
        "corrected": words[wanted.is_corrected],
        "import": wanted.import_id,
    }


def _one_of(text: str | None, words: Mapping[str, object] | set[TrackStatus]) -> str | None:
    return text if text and text in words else None


def _read_year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) in _YEARS else None  # noqa: PLR2004 - digits


def _read_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 and 0 < int(text) <= _MAX_ID else None  # noqa: PLR2004 - digits


def _read_box(args: MultiDict[str, str]) -> MoodRegion | None:
    """Read the edges of a box; one that is left open is the plane's own."""
    if not any(args.get(name) for name in BOX_EDGES):
        return None
    try:
        edges = [float(args.get(name) or default) for name, default in zip(BOX_EDGES, (-1, 1, -1, 1), strict=True)]
        return box(*edges)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of a list.

    Attributes:
        listing: what is shown, its page among those there are.
        first: number of its first track, from 1; 0 on an empty page.
    """

    listing: Listing
    page: FilteredPage
    first: int
    last: int
    n_pages: int


def find_page(curation: CurationService, listing: Listing) -> ShownPage:
    """Find the tracks of a page; a page behind the last, perhaps after a deletion, becomes the last."""
    page = _read(curation, listing)
    n_pages = max(1, math.ceil(page.n_total / PAGE_SIZE))
    if listing.page > n_pages:
        listing = replace(listing, page=n_pages)
        page = _read(curation, listing)
    first = (listing.page - 1) * PAGE_SIZE
    return ShownPage(listing, page, min(first + 1, page.n_total), first + len(page.tracks), n_pages)


def _read(curation: CurationService, listing: Listing) -> FilteredPage:
    return curation.list_tracks(
        listing.wanted,
        sort=listing.sort,
        descending=listing.descending,
        limit=PAGE_SIZE,
        offset=(listing.page - 1) * PAGE_SIZE,
    )
