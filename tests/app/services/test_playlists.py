from __future__ import annotations

from pathlib import Path

import pytest

from app.services.listeners import ListenerModel
from app.services.playable import REMEMBERED_S, PlayableTracks
from app.services.playlists import FilterChoices, Lack, PlaylistService
from app.services.wishes import PlaylistWishes
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import Track
from catalog.queries import get_tracks, load_embeddings
from recommender.errors import EmptyIndexError, InvalidPosteriorError
from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex
from recommender.mood_model import MoodModel
from recommender.pipeline import MusicRecommender
from recommender.space import Intent
from recommender.taste import ListenerTaste
from tests.app.libraries import add_tracks, open_catalog

HAPPY = {"happy": 1.0}


@pytest.fixture
def sessions(tmp_path):
    return open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")


def make_playlists(sessions, playable=None):
    with sessions() as session:
        track_ids, embeddings = load_embeddings(session, EMBEDDING_MODEL)
    if not len(track_ids):
        embeddings = embeddings.reshape(0, 33)
    with sessions() as session:
        facts = get_tracks(session, track_ids.tolist())
    attributes = TrackAttributes.build(
        *([getattr(one, name) for one in facts] for name in ("genre", "licence", "year"))
    )
    index = TrackIndex.build(track_ids, embeddings, model=EMBEDDING_MODEL, revision=1, attributes=attributes)

    def load_facts(track_ids):
        with sessions() as session:
            return get_tracks(session, track_ids)

    recommender = MusicRecommender(index, load_facts)
    return PlaylistService(lambda: recommender, playable=playable)


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
    ticks_s = iter(range(1000))
    playlists = make_playlists(sessions, PlayableTracks(lambda: float(next(ticks_s))))

    served = playlists.serve(HAPPY, PlaylistWishes(k=3))

    assert (served.items, served.lack) == ((), Lack.FILES)
    assert next(ticks_s) < 10  # each look at the clock is a second


def test_tracks_far_down_play_when_all_that_fit_better_are_gone(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 120)
    playlists = make_playlists(sessions)
    ranked = paths_of(playlists.recommend(HAPPY, k=120))
    for path in ranked[:110]:
        Path(path).unlink()

    playlist = playlists.recommend(HAPPY, k=4)

    assert len(playlist) == 4
    assert set(paths_of(playlist)) <= set(ranked[110:])


def test_a_drive_that_comes_back_is_noticed_after_a_while(sessions, tmp_path):
    (path,) = add_tracks(sessions, tmp_path / "music", 1)
    path.unlink()
    now_s = 0.0
    playlists = make_playlists(sessions, PlayableTracks(lambda: now_s))
    gone = playlists.recommend(HAPPY)
    path.write_bytes(b"music")

    soon = playlists.recommend(HAPPY)
    now_s = REMEMBERED_S + 1.0
    later = playlists.recommend(HAPPY)

    assert (gone, soon, len(later)) == ((), (), 1)


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


def label_tracks(sessions):
    with sessions.begin() as session:
        for i, track in enumerate(session.query(Track).order_by(Track.id)):
            track.genre, track.year, track.licence = ("Folk", "Jazz")[i % 2], 1990 + i, "CC BY"


def test_filters_hold_and_offer_what_the_catalog_has(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 10)
    label_tracks(sessions)
    playlists = make_playlists(sessions)
    jazz_of_the_nineties = PlaylistFilter(genres=frozenset({"jazz"}), last_year=1995)

    served = playlists.serve(HAPPY, PlaylistWishes(where=jazz_of_the_nineties))

    assert sorted(item.track_id for item in served.items) == [2, 4, 6]
    assert playlists.list_choices() == FilterChoices(("folk", "jazz"), ("cc by",), 1990, 1999)


def test_filters_that_leave_nothing_are_named(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)

    served = make_playlists(sessions).serve(HAPPY, PlaylistWishes(where=PlaylistFilter(genres=frozenset({"polka"}))))

    assert (served.items, served.lack) == ((), Lack.FILTERS)


def test_a_catalog_of_which_nothing_is_ever_wanted_again_is_named(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 2)
    listener = ListenerModel(ListenerTaste(), MoodModel(), frozenset({1, 2}), {})

    served = make_playlists(sessions).serve(HAPPY, PlaylistWishes(), listener=listener)

    assert (served.items, served.lack) == ((), Lack.NEVER)


@pytest.mark.parametrize("chance_seed", [None, 5])
def test_minutes_bound_the_length(sessions, tmp_path, chance_seed):
    add_tracks(sessions, tmp_path / "music", 30)

    served = make_playlists(sessions).serve(HAPPY, PlaylistWishes(max_minutes=4.0), chance_seed=chance_seed)

    assert len(served.items) == 8  # of half a minute each


def test_a_seed_gives_another_mix_and_gives_it_again(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 40)
    playlists = make_playlists(sessions)

    plain, seven, again = (playlists.serve(HAPPY, PlaylistWishes(k=8, seed=seed)).items for seed in (None, 7, 7))

    assert seven == again
    assert paths_of(seven) != paths_of(plain)


def test_a_journey_leads_from_the_mood_to_the_target(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 60)

    served = make_playlists(sessions).serve({"sad": 1.0}, PlaylistWishes(target="happy", k=6))

    progress = [item.progress for item in served.items]
    assert len(progress) == 6
    assert progress[0] < 0.3
    assert progress[-1] > 0.7


def test_a_journey_goes_around_files_that_are_gone(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 60)
    playlists = make_playlists(sessions)
    wishes = PlaylistWishes(target="happy", k=6)
    gone = paths_of(playlists.serve({"sad": 1.0}, wishes).items)[2]
    Path(gone).unlink()

    assert len(set(paths_of(playlists.serve({"sad": 1.0}, wishes).items)) - {gone}) == 6


def test_a_flat_mood_is_asked_about(sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)

    served = make_playlists(sessions).serve(dict.fromkeys(("happy", "sad", "angry", "neutral"), 0.25), PlaylistWishes())

    assert "Which comes nearest" in served.question.text
