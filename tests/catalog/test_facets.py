from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.facets import count_values
from tests.factories import add_track

if TYPE_CHECKING:
    from catalog.database import SessionFactory


def test_values_come_with_their_numbers_the_most_used_first(session_factory: SessionFactory):
    with session_factory.begin() as session:
        for licence in ("CC0-1.0", "CC BY 4.0", "CC BY 4.0", "", None):
            add_track(session, licence=licence)

    with session_factory() as session:
        assert count_values(session, "licence") == [("CC BY 4.0", 2), ("CC0-1.0", 1)]
        assert count_values(session, "source") == [("folder", 5)]
