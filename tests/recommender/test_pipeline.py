from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, MAX_RAW_NORM, fold
from catalog.queries import TrackFacts
from recommender.affect import LABELS
from recommender.candidates import CONTRIBUTIONS
from recommender.errors import EmptyIndexError, IndexMismatchError, InvalidPosteriorError
from recommender.evaluation.metrics import mood_mix_kl
from recommender.index import TrackIndex
from recommender.mood_mix import mix_moods
from recommender.pipeline import MAX_K, MusicRecommender
from recommender.query_models import load_query_model
from recommender.ranking import RankingOptions
from recommender.space import Intent

SAD = {"sad": 1.0}
FLAT = dict.fromkeys(LABELS, 0.25)
VALENCE, AROUSAL = AFFECT_AXES.index("valence"), AFFECT_AXES.index("arousal")

weights = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)
posteriors = weights.map(lambda values: {label: v / sum(values) for label, v in zip(LABELS, values, strict=True)})


@pytest.fixture(scope="module")
def recommender(catalog):
    return catalog.build_recommender()


def ids_of(playlist):
    return [row.track_id for row in playlist]


@given(
    posterior=posteriors, intent=st.sampled_from(list(Intent)), k=st.integers(1, 60), seed=st.none() | st.integers(0, 9)
)
@settings(max_examples=40, deadline=None)
def test_contributions_add_up_to_the_score(recommender, posterior, intent, k, seed):
    playlist = recommender.recommend(posterior, intent=intent, k=k, seed=seed)

    assert len(playlist) == k
    assert len(set(ids_of(playlist))) == k
    for row in playlist:
        assert tuple(row.contributions) == CONTRIBUTIONS
        assert row.score == math.fsum(row.contributions.values())
        assert max(row.contributions["moderation"], row.contributions["diversity"]) <= 0.0


def test_the_score_of_a_sure_mood_is_the_inner_product_in_standard_deviations(catalog):
    options = RankingOptions(diversity_weight=0.0, mood_mix_weight=0.0)

    row = catalog.build_recommender(options=options).recommend(SAD, k=1)[0]

    embedding = catalog.embeddings[list(catalog.track_ids).index(row.track_id)]
    query = load_query_model().build_query(SAD)
    assert row.score == pytest.approx(float(embedding @ query) * MAX_RAW_NORM, abs=1e-4)


@pytest.mark.parametrize("label", LABELS)
def test_a_sure_mood_gets_music_of_its_own_mood(recommender, catalog, label):
    affect = catalog.mean_affect_sd(recommender.recommend({label: 1.0}, k=10))

    assert LABELS[int(affect[:4].argmax())] == label
    assert affect[:4].max() > 1.0


@pytest.mark.parametrize("posterior", [SAD, {"angry": 1.0}, {"neutral": 1.0}, {"sad": 0.6, "neutral": 0.4}])
def test_lifting_raises_valence_but_less_than_a_jump_to_happy(recommender, catalog, posterior):
    stay, lift, jump = (
        catalog.mean_affect_sd(playlist)[VALENCE]
        for playlist in (
            recommender.recommend(posterior),
            recommender.recommend(posterior, intent=Intent.LIFT),
            recommender.recommend({"happy": 1.0}),
        )
    )

    assert stay + 0.5 < lift < jump


@pytest.mark.parametrize("posterior", [*({label: 1.0} for label in LABELS), FLAT, {"happy": 0.6, "sad": 0.4}])
def test_calming_lowers_arousal_and_energizing_raises_it_without_anger(recommender, catalog, posterior):
    stay, calm, energize = (
        catalog.mean_affect_sd(recommender.recommend(posterior, intent=intent))
        for intent in (Intent.STAY, Intent.CALM, Intent.ENERGIZE)
    )

    assert calm[AROUSAL] < stay[AROUSAL] + 0.05
    assert calm[AROUSAL] < energize[AROUSAL] - 0.5
    assert max(calm[2], energize[2]) < 0.2


def test_doubt_gives_gentler_music_than_any_sure_mood(recommender, catalog):
    def mean_strength(posterior):
        rows = np.searchsorted(catalog.track_ids, ids_of(recommender.recommend(posterior)))
        return np.linalg.norm(catalog.raw[rows, :6], axis=1).mean()

    assert all(mean_strength(FLAT) < mean_strength({label: 1.0}) for label in LABELS)


def test_doubt_takes_more_off_for_likeness(recommender):
    sure, doubtful = recommender.recommend(SAD, k=20), recommender.recommend(FLAT, k=20)

    assert min(row.contributions["diversity"] for row in doubtful) < min(row.contributions["diversity"] for row in sure)


def test_an_artist_never_plays_twice_in_a_row(recommender):
    artists = [row.facts.artist for row in recommender.recommend(SAD, k=40)]

    assert all(before != after for before, after in itertools.pairwise(artists))


def test_excluded_tracks_stay_away(recommender):
    unwanted = set(ids_of(recommender.recommend(SAD, k=10)))

    assert unwanted.isdisjoint(ids_of(recommender.recommend(SAD, k=30, excluded_track_ids=unwanted)))


def test_excluding_everything_leaves_an_empty_playlist(recommender, catalog):
    assert recommender.recommend(SAD, excluded_track_ids=set(catalog.track_ids.tolist())) == []


def test_tracks_gone_from_the_catalog_are_passed_over(catalog):
    gone = set(ids_of(catalog.build_recommender().recommend(SAD, k=10)))
    remaining = replace(catalog, facts_by_id={i: f for i, f in catalog.facts_by_id.items() if i not in gone})

    playlist = remaining.build_recommender().recommend(SAD, k=10)

    assert len(playlist) == 10
    assert gone.isdisjoint(ids_of(playlist))


def test_the_same_question_gets_the_same_answer_and_a_seed_another_one(recommender):
    assert recommender.recommend(FLAT) == recommender.recommend(FLAT)
    assert recommender.recommend(FLAT, seed=1) == recommender.recommend(FLAT, seed=1)
    assert ids_of(recommender.recommend(FLAT, seed=1)) != ids_of(recommender.recommend(FLAT, seed=2))


@pytest.mark.parametrize("k", [0, -3, MAX_K + 1, 100_000])
def test_a_length_out_of_bounds_is_refused(recommender, k):
    with pytest.raises(ValueError, match=f"k must lie within 1 to 500, got {k}"):
        recommender.recommend(SAD, k=k)


def test_asking_for_more_than_there_is_gives_everything_once(build_catalog):
    small = build_catalog(30)

    playlist = small.build_recommender().recommend(SAD, k=500)

    assert sorted(ids_of(playlist)) == small.track_ids.tolist()


def test_a_posterior_that_is_none_is_refused(recommender):
    with pytest.raises(InvalidPosteriorError, match=r"sum to 1 within 0\.001, got a sum of 0\.5"):
        recommender.recommend({"happy": 0.5})


def test_an_empty_index_is_told(build_catalog):
    with pytest.raises(EmptyIndexError, match="at least one track in the index, got none"):
        build_catalog(0).build_recommender().recommend(SAD)


def test_an_index_of_another_model_is_refused(catalog):
    index = TrackIndex.build(catalog.track_ids, catalog.embeddings, model="other-1", revision=1)

    with pytest.raises(IndexMismatchError, match=f"expected .* '{EMBEDDING_MODEL}', got one built with 'other-1'"):
        MusicRecommender(index, catalog.load_facts)


def test_one_track_makes_a_playlist_of_one(build_catalog):
    playlist = build_catalog(1).build_recommender().recommend(FLAT)

    assert ids_of(playlist) == [3]
    assert playlist[0].reason


def test_one_artist_makes_a_full_playlist(build_catalog):
    options = RankingOptions(diversity_weight=0.0, mood_mix_weight=0.0)

    playlist = build_catalog(50, n_artists=1).build_recommender(options=options).recommend(SAD, k=20)

    assert len(playlist) == 20
    assert [row.score for row in playlist] == sorted((row.score for row in playlist), reverse=True)


def test_equal_embeddings_make_a_playlist_in_the_order_of_ids_with_artists_apart():
    embeddings = np.repeat(fold(np.ones(32))[None], 4, axis=0)
    index = TrackIndex.build([4, 2, 3, 1], embeddings, model=EMBEDDING_MODEL, revision=1)
    facts = {i: TrackFacts(i, f"Title {i}", artist) for i, artist in ((1, "a"), (2, "A "), (3, "b"), (4, None))}
    recommender = MusicRecommender(index, lambda ids: [facts[i] for i in ids])

    assert ids_of(recommender.recommend(SAD)) == [1, 3, 2, 4]


def test_the_same_piece_in_another_file_comes_last(build_catalog):
    small = build_catalog(30, n_artists=30)
    first, second = ids_of(small.build_recommender().recommend(SAD, k=2))
    original = small.facts_by_id[first]
    small.facts_by_id[second] = replace(
        small.facts_by_id[second], title=original.title.upper() + " ", artist=original.artist
    )

    playlist = small.build_recommender().recommend(SAD, k=30)

    assert (playlist[0].track_id, playlist[-1].track_id) == (first, second)


def test_reasons_are_worth_reading(recommender):
    reasons = [row.reason for row in recommender.recommend({"sad": 0.6, "neutral": 0.4}, k=20)]

    assert len(set(reasons)) >= 18
    assert all(reason[0].islower() and not reason.endswith(".") for reason in reasons)


class FixedTaste:
    """Likes the tracks it is told of, and nothing else."""

    def __init__(self, catalog, liked_ids):
        self._liked = catalog.embeddings[np.isin(catalog.track_ids, list(liked_ids))]

    def score(self, embeddings):
        return 2.0 * (np.abs(embeddings[:, None] - self._liked[None]).max(axis=2) < 1e-6).any(axis=1)

    def explain(self, embedding):
        return "one you liked" if self.score(embedding[None])[0] else ""


def test_taste_moves_tracks_up_and_says_so(recommender, catalog):
    liked = ids_of(recommender.recommend(SAD, k=60))[40:45]

    playlist = recommender.recommend(SAD, k=20, taste=FixedTaste(catalog, liked))

    chosen = {row.track_id: row for row in playlist}
    assert len(set(liked) & set(chosen)) >= 4
    assert all(
        chosen[i].contributions["taste"] == 2.0 and "one you liked" in chosen[i].reason
        for i in set(liked) & set(chosen)
    )
    assert all(row.score == math.fsum(row.contributions.values()) for row in playlist)


@pytest.mark.parametrize(("familiarity", "expected"), [(1.0, "most"), (-1.0, "none")])
def test_the_knob_goes_from_familiar_to_new(recommender, catalog, familiarity, expected):
    known = set(catalog.track_ids[::2].tolist())

    playlist = recommender.recommend(SAD, familiarity=familiarity, play_counts=dict.fromkeys(known, 9))

    n_known = len(known & set(ids_of(playlist)))
    assert n_known >= 15 if expected == "most" else n_known <= 5


def test_familiarity_without_any_play_changes_nothing(recommender):
    assert ids_of(recommender.recommend(SAD, familiarity=1.0)) == ids_of(recommender.recommend(SAD))


@pytest.mark.parametrize("familiarity", [-1.1, 2.0, float("nan")])
def test_familiarity_out_of_bounds_is_refused(recommender, familiarity):
    with pytest.raises(ValueError, match="familiarity must lie within -1 to 1"):
        recommender.recommend(SAD, familiarity=familiarity)


def test_a_negative_play_count_is_refused(recommender):
    with pytest.raises(ValueError, match="play counts must be at least 0, got -1 for track 3"):
        recommender.recommend(SAD, play_counts={3: -1})


def test_a_playlist_can_be_as_long_as_some_minutes(catalog):
    timed = replace(catalog, facts_by_id={i: replace(f, duration_s=240.0) for i, f in catalog.facts_by_id.items()})

    assert len(timed.build_recommender().recommend(SAD, max_minutes=30.0)) == 7
    assert len(timed.build_recommender().recommend(SAD, k=3, max_minutes=30.0)) == 3
    assert len(timed.build_recommender().recommend(SAD, max_minutes=1.0)) == 1


@pytest.mark.parametrize("minutes", [0.0, -5.0, float("nan"), float("inf")])
def test_a_number_of_minutes_that_is_none_is_refused(recommender, minutes):
    with pytest.raises(ValueError, match="max_minutes must be finite and above 0"):
        recommender.recommend(SAD, max_minutes=minutes)


def test_only_allowed_tracks_come_and_filters_that_leave_nothing_leave_an_empty_playlist(recommender, catalog):
    allowed = catalog.track_ids[:7]

    assert sorted(ids_of(recommender.recommend(SAD, allowed_track_ids=allowed))) == allowed.tolist()
    assert recommender.recommend(SAD, allowed_track_ids=np.empty(0, np.int64)) == []


def test_doubt_raises_a_question_beside_the_playlist_and_a_sure_mood_none(recommender):
    doubtful, sure = recommender.recommend_playlist(FLAT), recommender.recommend_playlist(SAD)

    assert doubtful.question is not None
    assert (doubtful.doubt, len(doubtful.tracks)) == (1.0, 20)
    assert (sure.question, sure.doubt) == (None, 0.0)
    assert recommender.recommend_playlist(SAD, has_abstained=True).question is not None


def test_keeping_the_mix_brings_a_playlist_nearer_to_the_posterior(catalog):
    posterior = {"happy": 0.5, "sad": 0.5}

    def divergence(weight):
        options = RankingOptions(mood_mix_weight=weight)
        rows = catalog.build_recommender(options=options).recommend(posterior)
        raw = catalog.raw[np.searchsorted(catalog.track_ids, ids_of(rows))]
        mix = mix_moods(raw).mean(axis=0)
        return mood_mix_kl({label: posterior.get(label, 0.0) for label in LABELS}, dict(zip(LABELS, mix, strict=True)))

    assert divergence(1.0) < divergence(0.1) <= divergence(0.0)


def test_no_mix_is_kept_of_a_mood_to_leave_behind(recommender):
    rows = recommender.recommend(SAD, intent=Intent.LIFT)

    assert {row.contributions["mood_mix"] for row in rows} == {0.0}


def test_a_query_model_can_be_chosen(catalog):
    by_prototypes = catalog.build_recommender(query_model=load_query_model("prototypes"))

    affect = catalog.mean_affect_sd(by_prototypes.recommend({"angry": 1.0}, k=10))

    assert LABELS[int(affect[:4].argmax())] == "angry"
    assert ids_of(by_prototypes.recommend(SAD)) != ids_of(catalog.build_recommender().recommend(SAD))


def test_the_recommender_plans_journeys_over_its_own_index(recommender):
    journey = recommender.recommend_journey(SAD, {"happy": 1.0}, k=8, excluded_track_ids={3})

    assert len(journey) == 8
    assert journey[0].progress < journey[-1].progress
    assert 3 not in ids_of(journey)
