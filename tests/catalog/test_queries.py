from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import TrackNotFoundError
from catalog.filters import TrackFilter
from catalog.models import TrackStatus
from catalog.queries import (
    catalog_revision,
    count_by_status,
    count_embeddings,
    count_pending,
    count_tracks,
    find_track_by_path,
    get_track,
    get_tracks,
    list_pending,
    list_tracks,
    load_embeddings,
)
from tests.factories import MODEL, SHARES, add_analyzed_track, add_track

if TYPE_CHECKING:
    from catalog.database import SessionFactory


def test_list_tracks_sorts_titles_however_capitalized(session_factory: SessionFactory):
    with session_factory.begin() as session:
        for title in ("beta", "Alpha", "Gamma"):
            add_track(session, title)

    with session_factory() as session:
        titles = [track.title for track in list_tracks(session)]

    assert titles == ["Alpha", "beta", "Gamma"]


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("artist", False, ["b", "a", "unknown"]),
        ("artist", True, ["a", "b", "unknown"]),
        ("tempo", False, ["a", "b", "unknown"]),
        ("valence", True, ["b", "a", "unknown"]),
        ("arousal", False, ["b", "a", "unknown"]),
        ("created", False, ["a", "b", "unknown"]),
        ("created", True, ["unknown", "b", "a"]),
        ("title", True, ["unknown", "b", "a"]),
    ],
)
def test_list_tracks_sorts_with_unknown_values_last(
    session_factory: SessionFactory,
    sort: str,
    descending: bool,  # noqa: FBT001
    expected: list[str],
):
    with session_factory.begin() as session:
        add_analyzed_track(session, "a", artist="Zed", tempo_bpm=90.0, valence=-0.5, arousal=0.9)
        add_analyzed_track(session, "b", artist="abe", tempo_bpm=120.0, valence=0.5, arousal=0.1)
        add_track(session, "unknown")

    with session_factory() as session:
        titles = [track.title for track in list_tracks(session, sort=sort, descending=descending)]

    assert titles == expected


@pytest.mark.parametrize("search", ["ЖЕЛАНОВ", "желанов north", "wind", "АЛЕКСАНДР eyes"])
def test_search_finds_words_in_every_text_however_capitalized(session_factory: SessionFactory, search: str):
    with session_factory.begin() as session:
        add_track(session, "Don't close your eyes", artist="Александр Желанов", album="North Wind")
        add_track(session, "Something else")

    with session_factory() as session:
        found = list_tracks(session, TrackFilter(search=search))

    assert [track.title for track in found] == ["Don't close your eyes"]


def test_search_follows_a_renamed_track(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track = add_track(session, "Old name", artist="Somebody")
        track.title = "New name"

    with session_factory() as session:
        assert count_tracks(session, TrackFilter(search="old")) == 0
        assert count_tracks(session, TrackFilter(search="new somebody")) == 1


def test_pages_hold_every_track_once(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_ids = {add_track(session, "the same title").id for _ in range(7)}

    with session_factory() as session:
        pages = [list_tracks(session, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
        n_tracks = count_tracks(session)

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert {track.track_id for page in pages for track in page} == track_ids
    assert n_tracks == 7


def test_filters_join(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_track(session, "a", status=TrackStatus.FAILED, failure_reason="no sound")
        add_track(session, "b", status=TrackStatus.FAILED)
        add_track(session, "a")

    with session_factory() as session:
        found = list_tracks(session, TrackFilter(search="a", status=TrackStatus.FAILED, source="folder"))
        n_csv = count_tracks(session, TrackFilter(source="csv"))

    assert [track.failure_reason for track in found] == ["no sound"]
    assert n_csv == 0


def test_get_track_knows_all_facts(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_analyzed_track(session, "Vibe Ace", artist="Kevin MacLeod", path="/music/v.mp3", year=2011).id

    with session_factory() as session:
        facts = get_track(session, track_id)

    assert (facts.title, facts.artist, facts.path, facts.year) == ("Vibe Ace", "Kevin MacLeod", "/music/v.mp3", 2011)
    assert (facts.tempo_bpm, facts.key, facts.mode) == (120.0, "C", "major")
    assert (facts.valence, facts.arousal, facts.shares) == (0.2, -0.1, SHARES)
    assert facts.created_at is not None


def test_a_track_that_waits_has_no_measurements(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session).id

    with session_factory() as session:
        facts = get_track(session, track_id)

    assert (facts.artist, facts.tempo_bpm, facts.valence, facts.shares) == ("", None, None, None)


def test_get_track_refuses_an_unknown_id(session_factory: SessionFactory):
    with session_factory() as session, pytest.raises(TrackNotFoundError, match="no track 99 in the catalog"):
        get_track(session, 99)


def test_get_tracks_keeps_the_order_asked_for_and_leaves_out_what_is_gone(session_factory: SessionFactory):
    with session_factory.begin() as session:
        first, second = add_track(session, "first").id, add_track(session, "second").id

    with session_factory() as session:
        tracks = get_tracks(session, np.array([second, 999, first]))

    assert [track.title for track in tracks] == ["second", "first"]


def test_find_track_by_path_may_find_none(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_track(session, path="/music/a.mp3")

    with session_factory() as session:
        assert find_track_by_path(session, "/music/b.mp3") is None
        assert find_track_by_path(session, "/music/a.mp3") is not None


def test_load_embeddings_gives_one_model_in_the_order_of_ids(session_factory: SessionFactory):
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    with session_factory.begin() as session:
        track_ids = [add_analyzed_track(session, vector=vector).id for vector in vectors]
        add_analyzed_track(session, model="other", vector=np.ones(5))

    with session_factory() as session:
        loaded_ids, loaded = load_embeddings(session, MODEL)
        n_embeddings = count_embeddings(session, MODEL)

    assert loaded_ids.tolist() == track_ids
    assert (loaded.dtype, n_embeddings) == (np.float32, 2)
    np.testing.assert_array_equal(loaded, vectors)


def test_load_embeddings_of_an_empty_catalog_is_empty(session_factory: SessionFactory):
    with session_factory() as session:
        track_ids, embeddings = load_embeddings(session, MODEL)
        revision = catalog_revision(session)

    assert (track_ids.shape, embeddings.shape, revision) == ((0,), (0, 0), 0)


def test_only_tracks_with_a_file_wait_for_analysis(session_factory: SessionFactory):
    with session_factory.begin() as session:
        waiting = add_track(session, path="/music/a.mp3", content_hash="abc").id
        add_track(session, url="https://example.org/a.mp3")
        add_analyzed_track(session, path="/music/b.mp3")

    with session_factory() as session:
        pending = list_pending(session, limit=10)
        rest = list_pending(session, limit=10, after_id=waiting)
        n_pending, n_by_status = count_pending(session), count_by_status(session)

    assert [(track.track_id, track.path, track.content_hash) for track in pending] == [(waiting, "/music/a.mp3", "abc")]
    assert (rest, n_pending) == ([], 1)
    assert n_by_status == {"pending": 2, "analyzed": 1, "failed": 0}
