from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from app.services.curation import CurationService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.listening import pure_posterior
from app.services.neighbors import NeighborService
from app.services.served_index import ServedIndex
from app.services.what_if import N_TRACKS, WhatIfService
from catalog.errors import InvalidEditError
from recognizer.labels import LABELS
from tests.app.libraries import add_tracks, open_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from recommender.pipeline import MusicRecommender


@pytest.fixture
def services(tmp_path: Path) -> SimpleNamespace:
    sessions = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    add_tracks(sessions, tmp_path / "music", 60)
    library = LibraryService(sessions, tmp_path)
    library.rebuild_index()
    get_recommender = ServedIndex(library, JobService(sessions)).get_recommender
    return SimpleNamespace(
        library=library,
        curation=CurationService(sessions),
        sessions=sessions,
        get_recommender=get_recommender,
        what_if=WhatIfService(get_recommender, library.get_tracks, library.get_revision),
        neighbors=NeighborService(get_recommender, library.get_tracks),
    )


def list_ids(recommender: MusicRecommender, label: str) -> list[int]:
    return [item.track_id for item in recommender.recommend(pure_posterior(label), k=N_TRACKS)]


def test_a_correction_changes_playlists_as_it_was_foretold(services: SimpleNamespace):
    before = {label: list_ids(services.get_recommender(), label) for label in LABELS}
    track_id = before["sad"][0]

    told = services.what_if.correct(track_id, 0.95, 0.95)

    services.curation.correct(track_id, 0.95, 0.95, who="ann")
    services.library.rebuild_index()
    # The one that served is looked at again after a while.
    recommender = ServedIndex(services.library, JobService(services.sessions)).get_recommender()
    assert [change.label for change in told.playlists] == list(LABELS)
    for change in told.playlists:
        after = list_ids(recommender, change.label)
        assert {track.track_id for track in change.entered} == set(after) - set(before[change.label])
        assert {track.track_id for track in change.left} == set(before[change.label]) - set(after)
        for track in change.moved:
            assert before[change.label].index(track.track_id) + 1 == track.rank_before
            assert after.index(track.track_id) + 1 == track.rank_after
    assert track_id in {track.track_id for track in told.playlists[LABELS.index("sad")].left}
    assert any(track.is_changed for track in told.playlists[LABELS.index("happy")].entered)


def test_asking_writes_nothing(services: SimpleNamespace):
    revision, mtime_ns = services.library.get_revision(), services.library.index_path.stat().st_mtime_ns

    services.what_if.correct(1, -1.0, 1.0)
    services.what_if.delete([1, 2])
    services.what_if.edit([1, 2], {"artist": "Nobody"})

    assert services.library.get_revision() == revision
    assert services.library.index_path.stat().st_mtime_ns == mtime_ns
    assert services.curation.tell(1).correction is None


def test_tracks_of_one_artist_make_room_for_others(services: SimpleNamespace):
    first = list_ids(services.get_recommender(), "happy")[:4]

    told = services.what_if.edit(first, {"artist": "One Band"})

    assert not told.playlists[LABELS.index("happy")].is_same
    assert told.n_indexed == 4


def test_a_deleted_track_leaves(services: SimpleNamespace):
    first = list_ids(services.get_recommender(), "angry")[0]

    told = services.what_if.delete([first])

    change = told.playlists[LABELS.index("angry")]
    assert [(track.track_id, track.rank_before) for track in change.left] == [(first, 1)]
    assert len(change.entered) == 1


def test_fields_that_no_playlist_looks_at_change_none(services: SimpleNamespace):
    told = services.what_if.edit([1], {"licence": "CC0-1.0"})

    assert (told.playlists, told.n_indexed) == ((), 1)


def test_a_track_outside_the_index_changes_nothing(services: SimpleNamespace):
    assert services.what_if.correct(999, 0.0, 0.0).n_indexed == 0
    assert services.what_if.delete([999]).playlists == ()


def test_a_place_outside_the_plane_is_refused(services: SimpleNamespace):
    with pytest.raises(InvalidEditError, match=r"valence: expected a number within \[-1, 1\], got 2"):
        services.what_if.correct(1, 2.0, 0.0)


def test_neighbors_come_nearest_first_and_without_the_track_itself(services: SimpleNamespace):
    found = services.neighbors.find(1, k=5)

    similarities = [neighbor.similarity for neighbor in found]
    assert len(found) == 5
    assert similarities == sorted(similarities, reverse=True)
    assert all(neighbor.track.track_id != 1 for neighbor in found)


def test_a_track_outside_the_index_has_no_neighbors(services: SimpleNamespace):
    assert services.neighbors.find(999) == ()
