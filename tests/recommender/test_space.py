from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.analysis.embeddings import AFFECT_AXES, MAX_RAW_NORM, N_DIMENSIONS, fold
from recommender.affect import LABELS
from recommender.errors import InvalidPosteriorError
from recommender.space import Intent, build_query, compute_doubt, contributions_to_relevance, validate_posterior

weights = st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).filter(lambda values: sum(values) > 1e-3)
posteriors = weights.map(lambda values: {label: v / sum(values) for label, v in zip(LABELS, values, strict=True)})
intents = st.sampled_from(list(Intent))


@given(posteriors, st.floats(-9e-4, 9e-4))
def test_a_posterior_that_nearly_sums_to_one_is_made_to(posterior, error):
    off = {label: p * (1.0 + error) for label, p in posterior.items()}

    assert sum(validate_posterior(off).values()) == pytest.approx(1.0, abs=1e-12)


def test_labels_left_out_have_no_probability():
    assert validate_posterior({"sad": 1.0}) == {"happy": 0.0, "sad": 1.0, "angry": 0.0, "neutral": 0.0}


@pytest.mark.parametrize(
    ("posterior", "complaint"),
    [
        ({"happy": 0.5, "bored": 0.5}, "happy, sad, angry, neutral, got the label 'bored'"),
        ({"happy": 1.2, "sad": -0.2}, "at least 0 for 'sad', got -0.2"),
        ({"happy": float("nan"), "sad": 1.0}, "for 'happy', got nan"),
        ({"happy": float("inf")}, "for 'happy', got inf"),
        ({"happy": "much"}, "for 'happy', got 'much'"),
        ({"happy": True}, "for 'happy', got True"),
        ({"happy": 0.6, "sad": 0.402}, "sum to 1 within 0.001, got a sum of 1.002"),
        ({}, "got a sum of 0"),
    ],
)
def test_what_is_no_posterior_is_refused_in_words(posterior, complaint):
    with pytest.raises(InvalidPosteriorError, match=complaint):
        validate_posterior(posterior)


def test_doubt_runs_from_one_sure_label_to_a_flat_posterior():
    assert compute_doubt({"happy": 1.0, "sad": 0.0}) == 0.0
    assert compute_doubt({"happy": 0.5, "sad": 0.5}) == pytest.approx(0.5)
    assert compute_doubt(dict.fromkeys(LABELS, 0.25)) == 1.0


@given(posteriors, intents)
def test_a_query_points_one_unit_into_the_affect_axes_and_nowhere_into_timbre(posterior, intent):
    query = build_query(posterior, intent)

    assert query.shape == (N_DIMENSIONS,)
    assert query.dtype == np.float32
    assert np.linalg.norm(query[: len(AFFECT_AXES)]) == pytest.approx(1.0, abs=1e-5)
    assert not query[len(AFFECT_AXES) : -1].any()
    assert query[-1] >= 0.0


def test_staying_with_a_sure_mood_asks_for_its_own_axis_first_and_holds_nothing_back():
    for label in LABELS:
        query = build_query({label: 1.0})

        assert AFFECT_AXES[int(np.abs(query[:6]).argmax())] == label
        assert query[-1] == 0.0


@given(posteriors)
def test_the_whole_distribution_counts_when_staying(posterior):
    query = build_query(posterior)

    # Every weight is the same straight line of its probability, so differences keep their proportions.
    mood = np.array([posterior[label] for label in LABELS])
    slope = np.ptp(query[:4]) / max(np.ptp(mood), 1e-9)
    assert query[:4] - query[:4].mean() == pytest.approx(slope * (mood - mood.mean()), abs=1e-5)


def test_doubt_holds_the_query_back():
    held_back = [
        build_query(posterior)[-1]
        for posterior in ({"sad": 1.0}, {"sad": 0.7, "neutral": 0.3}, dict.fromkeys(LABELS, 0.25))
    ]

    assert held_back == sorted(held_back)
    assert held_back[-1] == pytest.approx(MAX_RAW_NORM / 2.0)


@given(posteriors)
def test_lifting_never_asks_for_less_valence_than_staying(posterior):
    valence = AFFECT_AXES.index("valence")

    assert build_query(posterior, Intent.LIFT)[valence] >= build_query(posterior)[valence] - 1e-6


@given(posteriors)
def test_calming_asks_for_low_arousal_and_energizing_for_high_both_away_from_anger(posterior):
    calm, energize = build_query(posterior, Intent.CALM), build_query(posterior, Intent.ENERGIZE)

    assert calm[AFFECT_AXES.index("arousal")] < 0 < energize[AFFECT_AXES.index("arousal")]
    assert max(calm[AFFECT_AXES.index("angry")], energize[AFFECT_AXES.index("angry")]) < 0


def test_lifting_a_happy_listener_changes_little():
    assert build_query({"happy": 1.0}, Intent.LIFT)[-1] == 0.0
    assert build_query({"happy": 1.0}, Intent.LIFT)[:6].argmax() == AFFECT_AXES.index("happy")


def test_an_unknown_intent_is_refused():
    with pytest.raises(ValueError, match="sleep"):
        build_query({"happy": 1.0}, "sleep")


@given(posteriors, intents, st.integers(0, 2**32 - 1))
def test_relevance_keeps_the_order_of_the_inner_product_where_timbre_is_equal(posterior, intent, seed):
    raw = np.zeros((30, N_DIMENSIONS - 1))
    raw[:, :6] = np.random.default_rng(seed).uniform(-0.5, 0.5, (30, 6))
    query = build_query(posterior, intent).astype(np.float64)

    by_parts = contributions_to_relevance(query, raw).sum(axis=1)
    by_product = np.array([fold(row) for row in raw]).astype(np.float64) @ query * MAX_RAW_NORM
    # Close to the middle of the space the completing coordinate is a parabola to three places.
    assert by_parts == pytest.approx(by_product - query[-1] * MAX_RAW_NORM, abs=5e-3)
