from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.affect_plane import MoodRegion, box, read_region, shares_at
from catalog.changes import correct_affect
from catalog.filters import TrackFilter
from catalog.history import ChangeOrigin
from catalog.models import ImportBatch, TrackAffect, TrackTag
from catalog.mood_map import load_mood_map
from catalog.queries import count_tracks, list_track_ids, list_tracks
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

TRIANGLE = MoodRegion(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))


def _fill(session: Session) -> None:
    batch = ImportBatch(id=5, importer="csv", source="/list.csv")
    session.add(batch)
    session.flush()
    facts = {"licence": "CC0-1.0", "genre": "Jazz", "year": 1990, "artist": "Ann"}
    tagged = add_analyzed_track(session, "inside", **facts, **_affect(0.2, 0.2), path="/music/inside.mp3")
    tagged.tags.append(TrackTag(kind="mood", name="calm"))
    add_analyzed_track(session, "corner", **facts, **_affect(0.9, 0.9), import_id=batch.id, path="/music/x.mp3")
    opposed = {"happy": 0.9, "sad": 0.0, "angry": 0.0, "neutral": 0.6}
    add_analyzed_track(session, "opposed", valence=-0.5, arousal=-0.9, artist="Ann", year=2001, **opposed)
    wide = add_analyzed_track(session, "wide", **_affect(-0.5, -0.5), genre="Pop", year=2002)
    session.get_one(TrackAffect, wide.id).stds = {"valence": 0.6, "arousal": 0.3}
    moved = add_analyzed_track(session, "moved", valence=-0.9, arousal=0.9, **opposed, genre="Pop", artist="Bob")
    correct_affect(session, moved.id, 0.1, 0.1, ChangeOrigin("ann"))
    add_track(session, "bare", status="failed")


def _affect(valence: float, arousal: float) -> dict[str, float]:
    return {"valence": valence, "arousal": arousal, **shares_at(valence, arousal)}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TrackFilter(licence="CC0-1.0"), ["corner", "inside"]),
        (TrackFilter(genre="Pop"), ["moved", "wide"]),
        (TrackFilter(from_year=1990, to_year=2001), ["corner", "inside", "opposed"]),
        (TrackFilter(tag="calm"), ["inside"]),
        (TrackFilter(tag="calm", tag_kind="genre"), []),
        (TrackFilter(import_id=5), ["corner"]),
        (TrackFilter(status="failed"), ["bare"]),
        (TrackFilter(missing=("artist",)), ["bare", "wide"]),
        (TrackFilter(missing=("genre", "year")), ["bare"]),
        (TrackFilter(missing=("title",)), ["inside"]),
        (TrackFilter(is_corrected=True), ["moved"]),
        (TrackFilter(is_suspicious=True), ["opposed", "wide"]),
        (TrackFilter(is_suspicious=False, status="analyzed"), ["corner", "inside", "moved"]),
        (TrackFilter(region=box(0.0, 1.0, 0.0, 1.0)), ["corner", "inside", "moved"]),
        (TrackFilter(region=TRIANGLE), ["inside", "moved"]),
        (TrackFilter(region=TRIANGLE, search="mov", is_corrected=True), ["moved"]),
    ],
)
def test_a_filter_means_the_same_tracks_wherever_it_is_used(
    session_factory: SessionFactory, wanted: TrackFilter, expected: list[str]
):
    with session_factory.begin() as session:
        _fill(session)

    with session_factory() as session:
        tracks = list_tracks(session, wanted)
        n_tracks, track_ids, points = (
            count_tracks(session, wanted),
            list_track_ids(session, wanted),
            load_mood_map(session, wanted),
        )

    assert [track.title for track in tracks] == expected
    assert (n_tracks, track_ids) == (len(expected), [track.track_id for track in tracks])
    assert set(points.track_ids.tolist()) == {track.track_id for track in tracks if track.valence is not None}


def test_the_map_has_a_point_for_each_track_as_corrected(session_factory: SessionFactory):
    with session_factory.begin() as session:
        first = add_analyzed_track(session, valence=-0.5, arousal=0.25, happy=0.0, sad=0.0, angry=0.9, neutral=0.1).id
        session.get_one(TrackAffect, first).stds = {"valence": 0.25, "arousal": 0.75}
        second = add_analyzed_track(session).id
        correct_affect(session, second, 1.0, -1.0, ChangeOrigin("ann"))
        add_track(session)

    with session_factory() as session:
        points = load_mood_map(session)

    assert points.track_ids.tolist() == [first, second]
    assert (points.valence.tolist(), points.arousal.tolist()) == ([-0.5, 1.0], [0.25, -1.0])
    assert (points.uncertainty.tolist(), points.is_corrected.tolist()) == ([0.5, 0.0], [False, True])
    assert points.mood.tolist() == [2, 3]
    data = points.to_bytes()
    assert len(data) == 4 + 18 * 2 + 8
    assert np.frombuffer(data, "<f4", offset=4 + 36).tolist() == pytest.approx([0.2, -0.1])
    assert np.frombuffer(data, "<f4", count=2, offset=4 + 8).tolist() == [-0.5, 1.0]


def test_an_empty_catalog_has_an_empty_map(session_factory: SessionFactory):
    with session_factory() as session:
        assert load_mood_map(session).to_bytes() == bytes(4)


def test_points_lie_inside_a_polygon_by_the_even_odd_rule():
    bow_tie = MoodRegion(((-1.0, -1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, 1.0)))

    is_inside = bow_tie.contains(np.array([0.5, -0.5, 0.0, 0.0]), np.array([0.0, 0.0, 0.5, -0.5]))

    assert is_inside.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ([(0, 0), (1, 1)], "expected 3 to 2000 corners of a region, got 2"),
        ([(0, 0), (1, 1), (float("nan"), 0)], "got nan or infinity"),
        ([(0, 0), (1, 1), (1, 0, 0)], "as pairs of valence and arousal"),
    ],
)
def test_what_is_no_region_is_refused(corners: list[tuple[float, ...]], message: str):
    with pytest.raises(ValueError, match=message):
        read_region(corners)


def test_an_unknown_missing_field_is_refused():
    with pytest.raises(ValueError, match="missing: expected fields among artist, title, genre, year, got 'mood'"):
        TrackFilter(missing=("mood",))


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, -0.7), (-1.0, 1.0)])
def test_the_shares_of_a_place_sum_to_one(place: tuple[float, float]):
    shares = shares_at(*place)

    assert sum(shares.values()) == pytest.approx(1)
    assert shares["happy"] + shares["neutral"] - shares["sad"] - shares["angry"] == pytest.approx(place[0])
