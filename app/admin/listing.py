"""Which tracks a list shows, as its address says it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from catalog.models import TrackStatus
from catalog.queries import TrackSort

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.services.library import LibraryService, TrackPage

PAGE_SIZE: Final = 50
MAX_SEARCH_LENGTH: Final = 200
_MAX_PAGE: Final = 1_000_000
# Where the first click on a column shows what is looked for: the newest, not the oldest.
_DESCENDING_FIRST: Final = frozenset({"created"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What an address asks for; anything it cannot mean is left at its default.

    Attributes:
        page: from 1.
    """

    search: str = ""
    status: TrackStatus | None = None
    sort: TrackSort = "title"
    descending: bool = False
    page: int = 1

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Listing:
        """Read an address."""
        status, sort, page = args.get("status", ""), args.get("sort", ""), args.get("page", "")
        return cls(
            search=args.get("q", "").strip()[:MAX_SEARCH_LENGTH],
            status=TrackStatus(status) if status in set(TrackStatus) else None,
            sort=cast("TrackSort", sort) if sort in get_args(TrackSort) else "title",
            descending=args.get("order") == "desc",
            page=min(max(int(page), 1), _MAX_PAGE) if page.isascii() and page.isdigit() else 1,
        )

    def to_args(self, **changes: Any) -> dict[str, str | int | None]:  # noqa: ANN401 - its own fields
        """Return the address of this list with some fields changed; what is at its default is left out."""
        # A changed search, filter or order starts at its first page.
        wanted = replace(self, **{"page": 1, **changes})
        return {
            "q": wanted.search or None,
            "status": wanted.status,
            "sort": wanted.sort if wanted.sort != "title" else None,
            "order": "desc" if wanted.descending else None,
            "page": wanted.page if wanted.page > 1 else None,
        }

    def sorted_by(self, sort: TrackSort) -> dict[str, str | int | None]:
        """Return the address sorted by a column, turned round if it is sorted by it already."""
        descending = not self.descending if sort == self.sort else sort in _DESCENDING_FIRST
        return self.to_args(sort=sort, descending=descending)


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of a list.

    Attributes:
        listing: what is shown, its page among those there are.
        first: number of its first track, from 1; 0 on an empty page.
    """

    listing: Listing
    page: TrackPage
    first: int
    last: int
    n_pages: int


def find_page(library: LibraryService, listing: Listing) -> ShownPage:
    """Find the tracks of a page; a page behind the last, perhaps after a deletion, becomes the last."""
    page = _read(library, listing)
    n_pages = max(1, math.ceil(page.n_total / PAGE_SIZE))
    if listing.page > n_pages:
        listing = replace(listing, page=n_pages)
        page = _read(library, listing)
    first = (listing.page - 1) * PAGE_SIZE
    return ShownPage(listing, page, min(first + 1, page.n_total), first + len(page.tracks), n_pages)


def _read(library: LibraryService, listing: Listing) -> TrackPage:
    return library.list_tracks(
        search=listing.search,
        status=listing.status,
        sort=listing.sort,
        descending=listing.descending,
        limit=PAGE_SIZE,
        offset=(listing.page - 1) * PAGE_SIZE,
    )
