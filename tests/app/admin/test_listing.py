from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from app.admin.listing import Listing
from catalog.affect_plane import box, read_region
from catalog.filters import EVERY_TRACK, TrackFilter
from catalog.models import TrackStatus


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        ([("q", " moss "), ("status", "failed")], TrackFilter(search="moss", status=TrackStatus.FAILED)),
        (
            [("source", "folder"), ("licence", "CC0"), ("genre", "Jazz")],
            TrackFilter(source="folder", licence="CC0", genre="Jazz"),
        ),
        ([("tag", "Mood:Bright")], TrackFilter(tag="bright", tag_kind="mood")),
        ([("tag", "drum: bass")], TrackFilter(tag="drum: bass")),
        ([("from", "1990"), ("to", "1999")], TrackFilter(from_year=1990, to_year=1999)),
        ([("missing", "artist"), ("missing", "year"), ("missing", "soul")], TrackFilter(missing=("artist", "year"))),
        ([("suspicious", "yes"), ("corrected", "no")], TrackFilter(is_suspicious=True, is_corrected=False)),
        ([("import", "7")], TrackFilter(import_id=7)),
        ([("mood", "sad")], TrackFilter(region=box(-1, 0, -1, 0))),
        ([("valence_from", "0.5"), ("arousal_to", "-0.25")], TrackFilter(region=box(0.5, 1, -1, -0.25))),
        ([("region", "0,0;1,0;1,1")], TrackFilter(region=read_region([(0, 0), (1, 0), (1, 1)]))),
        ([("mood", "odd"), ("from", "soon"), ("import", "-1"), ("valence_from", "nan"), ("status", "x")], EVERY_TRACK),
        ([("import", "9" * 40), ("from", "\u0661"), ("corrected", "maybe"), ("page", "\u00b2")], EVERY_TRACK),
    ],
)
def test_an_address_means_a_filter_and_is_written_back(args, wanted):
    listing = Listing.from_args(MultiDict(args))

    written = MultiDict({name: value for name, value in listing.to_args().items() if value is not None})

    assert listing.wanted == wanted
    assert Listing.from_args(MultiDict((name, str(value)) for name, value in written.items(multi=True))) == listing


def test_a_drawn_region_takes_the_place_of_a_word():
    listing = Listing.from_args(MultiDict([("mood", "angry")]))

    assert listing.to_args(region=box(0, 1, 0, 1))["mood"] is None
    assert listing.to_args(region=box(0, 1, 0, 1))["region"] == "0,0;1,0;1,1;0,1"


def test_filters_are_counted_beside_search_and_status():
    assert Listing.from_args(MultiDict([("q", "a"), ("status", "failed")])).n_filters == 0
    assert Listing.from_args(MultiDict([("genre", "Jazz"), ("corrected", "no"), ("mood", "sad")])).n_filters == 3
