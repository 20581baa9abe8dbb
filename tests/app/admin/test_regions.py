from __future__ import annotations

import pytest

from app.admin.regions import format_region, parse_region
from catalog.affect_plane import MoodRegion, box

BOW_TIE = MoodRegion(((-1.0, -1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, 1.0)))


@pytest.mark.parametrize(
    "region", [box(-1.0, 0.3333, 0.0, 1.0), MoodRegion(((0.0, 0.0), (1.0, 0.0), (0.5, 0.75))), BOW_TIE]
)
def test_a_region_comes_back_as_it_was_written(region: MoodRegion):
    found = parse_region(format_region(region))

    assert found == region


def test_a_box_is_known_whatever_corner_it_begins_with():
    region = parse_region("1,1;0,1;0,0;1,0")

    assert region is not None
    assert region.is_box


@pytest.mark.parametrize("text", ["", "0,0;1,1", "a,b;c,d;e,f", "nan,0;0,1;1,1", "0;1;2", "0,0;1,1;1,0" + " " * 5000])
def test_what_is_no_region_is_none(text: str):
    assert parse_region(text) is None
