from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.analysis.embeddings import AFFECT_AXES, MAX_RAW_NORM, N_DIMENSIONS, fold
from recommender.affect import LABELS, AffectPoint
from recommender.errors import InvalidPosteriorError
from recommender.query_models import DEFAULT_QUERY_MODEL, QUERY_MODELS, load_query_model, place_in_space
from recommender.space import Intent, build_query
from recommender.towers import Towers, describe_mood

FLAT = dict.fromkeys(LABELS, 0.25)
weights = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)
posteriors = weights.map(lambda values: {label: v / sum(values) for label, v in zip(LABELS, values, strict=True)})
every_model = pytest.mark.parametrize("name", QUERY_MODELS)


@every_model
@given(posterior=posteriors, intent=st.sampled_from(list(Intent)))
@settings(max_examples=25, deadline=None)
def test_every_query_is_finite_and_of_one_shape(name, posterior, intent):
    query = load_query_model(name).build_query(posterior, intent)

    assert query.shape == (N_DIMENSIONS,)
    assert query.dtype == np.float32
    assert np.isfinite(query).all()
    assert np.abs(query[:-1]).max() > 0


@every_model
def test_every_model_bears_the_name_it_is_known_by(name):
    assert load_query_model(name).name == name


@every_model
@pytest.mark.parametrize(
    ("posterior", "message"),
    [
        ({"happy": 0.5}, "sum to 1"),
        ({"happy": -0.5, "sad": 1.5}, "at least 0 for 'happy', got -0.5"),
        ({"happy": float("nan")}, "got nan"),
        ({"bored": 1.0}, "got the label 'bored'"),
    ],
)
def test_every_model_refuses_what_is_no_posterior(name, posterior, message):
    with pytest.raises(InvalidPosteriorError, match=message):
        load_query_model(name).build_query(posterior)


# A ridge regression reads a mood off all axes at once, and the plane knows no shares.
@pytest.mark.parametrize("name", ["towers", "mood-query", "prototypes"])
@pytest.mark.parametrize("label", LABELS)
def test_a_sure_mood_asks_most_for_its_own_share(name, label):
    query = load_query_model(name).build_query({label: 1.0})

    assert LABELS[int(query[: len(LABELS)].argmax())] == label


@every_model
def test_energizing_asks_for_more_arousal_than_calming(name):
    model = load_query_model(name)
    # Prototypes and the ridge map know arousal by its tracks alone: a stirring one and a gentle one, otherwise alike.
    stirring, gentle = (
        fold(np.array([*([0.0] * 5), arousal, *([0.0] * 26)]) + np.array([0.6, 0, 0, 0, 0, *([0.0] * 27)]) * arousal)
        for arousal in (1.0, -1.0)
    )

    preference = [float((stirring - gentle) @ model.build_query(FLAT, intent)) for intent in ("energize", "calm")]

    assert preference[0] > preference[1]


def test_the_default_is_one_of_them():
    assert load_query_model().name == DEFAULT_QUERY_MODEL


def test_an_unknown_model_is_told():
    with pytest.raises(ValueError, match="unknown query model 'oracle', expected one of towers, mood-query"):
        load_query_model("oracle")


def test_the_plane_query_ranks_by_distance_to_the_target():
    target = place_in_space(AffectPoint(1.0, 0.47))
    reachable = target * 0.8
    query = load_query_model("nearest-valence-arousal").build_query({"happy": 1.0})
    rng = np.random.default_rng(0)
    raw = np.zeros((30, N_DIMENSIONS - 1))
    raw[:, : len(AFFECT_AXES)] = reachable + 0.5 * rng.standard_normal((30, len(AFFECT_AXES)))
    raw *= 0.5

    by_product = np.array([fold(row) @ query for row in raw])
    by_distance = -np.square(raw[:, : len(AFFECT_AXES)] - target).sum(axis=1)

    # |raw|^2 / 2 stands in for what makes the embedding's length 1, true up to its fourth power.
    assert np.corrcoef(by_product, by_distance)[0, 1] > 0.97


def test_untrained_towers_are_the_query_set_by_hand():
    towers = Towers(np.zeros((16, 9)), np.zeros(16), np.zeros((8, 16)), np.eye(8, N_DIMENSIONS - 1))
    mood = {"happy": 0.2, "sad": 0.7, "angry": 0.1, "neutral": 0.0}

    assert towers.build_query(mood, Intent.LIFT) == pytest.approx(build_query(mood, Intent.LIFT), abs=1e-6)


def test_both_towers_meet_where_the_query_says():
    towers = load_query_model("towers")
    raw = np.random.default_rng(0).standard_normal((5, N_DIMENSIONS - 1)) / MAX_RAW_NORM
    mood = {"happy": 0.6, "sad": 0.4}

    by_towers = towers.embed_tracks(raw) @ towers.embed_mood(mood)
    by_query = raw @ towers.build_query(mood)[:-1]

    assert by_query / np.linalg.norm(by_query) == pytest.approx(by_towers / np.linalg.norm(by_towers), abs=1e-5)


def test_towers_without_an_array_are_told():
    with pytest.raises(ValueError, match=r"\['track_map'\] missing"):
        Towers.from_arrays({"mood_hidden": np.zeros((1, 9)), "mood_bias": np.zeros(1), "mood_out": np.zeros((8, 1))})


def test_a_mood_is_described_with_its_doubt_and_intent():
    assert describe_mood(FLAT, Intent.CALM).tolist() == [0.25, 0.25, 0.25, 0.25, 1.0, 0.0, 0.0, 1.0, 0.0]
