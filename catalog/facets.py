"""What there is to filter by: the values of a column, and how many tracks have each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy import func, select

from catalog.models import Track

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Facet: TypeAlias = Literal["source", "licence", "genre"]

_MAX_VALUES: Final = 100


def count_values(session: Session, facet: Facet, *, limit: int = _MAX_VALUES) -> list[tuple[str, int]]:
    """List the most used values of a column and their numbers of tracks; empty ones are left out."""
    column = getattr(Track, facet)
    query = select(column, func.count(Track.id)).where(column.is_not(None), column != "").group_by(column)
    rows = session.execute(query.order_by(func.count(Track.id).desc(), column).limit(limit))
    return [(value, n_tracks) for value, n_tracks in rows]
