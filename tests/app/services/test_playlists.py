from __future__ import annotations

import pytest

from app.services.playlists import MAX_ROUNDS, PlaylistService
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import Track
from catalog.queries import get_tracks, load_embeddings
from recommender.errors import EmptyIndexError, InvalidPosteriorError
from recommender.index import TrackIndex
from recommender.pipeline import MusicRecommender
from recommender.space import Intent
from tests.app.libraries import add_tracks, open_catalog

HAPPY = {"happy": 1.0}


@pytest.fixture
def sessions(tmp_path):
    return open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")


def make_playlists(sessions):
    with sessions() as session:
        track_ids, embeddings = load_embeddings(session, EMBEDDING_MODEL)
    if not len(track_ids):
        embeddings = embeddings.reshape(0, 33)
    index = TrackIndex.build(track_ids, embeddings, model=EMBEDDING_MODEL, revision=1)

    def load_facts(track_ids):
        with sessions() as session:
            return get_tracks(session, track_ids)

    recommender = MusicRecommender(index, load_facts)
    return PlaylistService(lambda: recommender)


def paths_of(playlist):
    return [item.path_or_url for item in playlist]


def test_a_file_deleted_from_disk_is_skipped_and_the_next_takes_its_place(sessions, tmp_path):
    paths = add_tracks(sessions, tmp_path / "music", 12)
    playlists = make_playlists(sessions)
    before = paths_of(playlists.recommend(HAPPY, k=5))
    gone = [path for path in paths if str(path) in before[:2]]
    for path in gone:
        path.unlink()

    after = paths_of(playlists.recommend(HAPPY, k=5))

    assert len(set(after)) == 5
    assert not set(after) & {str(path) for path in gone}
    assert set(before[2:]) <= set(after)


def test_an_unmounted_folder_gives_a_short_list_rather_than_a_long_wait(sessions, tmp_path):
    for path in add_tracks(sessions, tmp_path / "drive", 40):
        path.unlink()
    playlists = make_playlists(sessions)
    n_rounds = 0
    recommender = playlists._get_recommender()

    def count_rounds(*args, **options):
        nonlocal n_rounds
        n_rounds += 1
        return type(recommender).recommend(recommender, *args, **options)

    recommender.recommend = count_rounds

    assert playlists.recommend(HAPPY, k=3) == ()
    assert n_rounds == MAX_ROUNDS


def test_what_is_left_is_played_when_all_else_is_gone(sessions, tmp_path):
    paths = add_tracks(sessions, tmp_path / "music", 8)
    for path in paths[1:]:
        path.unlink()

    playlist = make_playlists(sessions).recommend(HAPPY, k=4)

    assert paths_of(playlist) == [str(paths[0])]


def test_a_folder_in_the_place_of_a_file_cannot_be_played(sessions, tmp_path):
    (path,) = add_tracks(sessions, tmp_path / "music", 1)
    path.unlink()
    path.mkdir()

    assert make_playlists(sessions).recommend(HAPPY) == ()


def test_a_track_with_an_address_needs_no_file(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 1)
    with sessions.begin() as session:
        track = session.query(Track).one()
        track.path, track.url = None, "https://example.org/piece.mp3"

    (item,) = make_playlists(sessions).recommend(HAPPY)

    assert item.path_or_url == "https://example.org/piece.mp3"


def test_an_item_says_what_a_page_shows_and_why_the_track_is_there(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)

    item = make_playlists(sessions).recommend(HAPPY, k=1)[0]

    assert (item.title[:5], item.artist[:6], item.duration_s, item.tempo_bpm) == ("Piece", "Artist", 30.0, 120.0)
    assert (item.valence, item.arousal) == (0.2, -0.1)
    assert item.reason
    assert item.score == pytest.approx(sum(item.contributions.values()))


def test_intents_lead_to_different_music(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 40)
    playlists = make_playlists(sessions)

    stay, lift = (playlists.recommend({"sad": 1.0}, intent=intent, k=5) for intent in (Intent.STAY, Intent.LIFT))

    assert not set(paths_of(stay)) & set(paths_of(lift))


def test_an_empty_catalog_and_a_bad_mood_are_refused_by_name(sessions, tmp_path):
    empty = make_playlists(sessions)
    add_tracks(sessions, tmp_path / "music", 1)

    with pytest.raises(EmptyIndexError, match="import and analyze some music first"):
        empty.recommend(HAPPY)
    with pytest.raises(InvalidPosteriorError, match=r"sum of 0\.5"):
        make_playlists(sessions).recommend({"happy": 0.5})
