from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.analysis.embeddings import fold
from recommender.errors import TasteUnreadableError
from recommender.taste import MAX_SCORE_SD, ListenerTaste, Reaction


def make_embeddings(n, seed=0):
    raw = np.random.default_rng(seed).standard_normal((n, 32))
    raw[:, 6:] *= np.sqrt(2 / 26)
    return np.array([fold(row) for row in np.clip(raw, -3, 3)], dtype=np.float32)


TRACKS = make_embeddings(300)
CALM = fold(np.eye(32)[3] * 2.0)


def learn(reactions):
    taste = ListenerTaste()
    for embedding, reaction in reactions:
        taste = taste.with_reaction(embedding, reaction)
    return taste


def test_without_feedback_nothing_changes():
    taste = ListenerTaste()

    assert (taste.score(TRACKS) == 0).all()
    assert (taste.draw(np.random.default_rng(0)).score(TRACKS) == 0).all()
    assert taste.explain(TRACKS[0]) == ""
    assert taste.describe() == ()


@given(st.lists(st.tuples(st.integers(0, 299), st.sampled_from(Reaction)), max_size=40), st.integers(0, 5))
def test_no_feedback_whatever_leaves_the_bounds(reactions, seed):
    taste = learn([(TRACKS[i], reaction) for i, reaction in reactions])

    for scores in (taste.score(TRACKS), taste.draw(np.random.default_rng(seed)).score(TRACKS)):
        assert (np.abs(scores) <= MAX_SCORE_SD).all()


def test_the_posterior_is_that_of_bayesian_linear_regression():
    reactions = [(TRACKS[0], Reaction.LIKE), (TRACKS[1], Reaction.SKIP)]
    rows = np.column_stack([TRACKS[:2, :-1].astype(float) * 8.0, np.ones(2)])
    prior = np.diag([0.18**2] * 32 + [1.0])

    taste = learn(reactions)

    # The same posterior by conditioning a Gaussian process, which never inverts a precision.
    gain = prior @ rows.T @ np.linalg.inv(rows @ prior @ rows.T + np.diag([0.6**2, 1.0]))
    expected = (gain @ [1.0, -0.3])[:32]
    spread = np.sqrt(np.diag((prior - gain @ rows @ prior)[:32, :32]))
    assert taste._weights() == pytest.approx(expected, abs=1e-9)
    axes = np.hstack([np.eye(32), np.zeros((32, 1))]) / 8.0
    assert taste.compute_uncertainty(axes) == pytest.approx(spread, abs=1e-9)


@pytest.mark.parametrize("reaction", [Reaction.SKIP, Reaction.NEVER])
def test_three_skips_neither_empty_nor_overturn_the_catalog(reaction):
    relevance = np.random.default_rng(1).standard_normal(300)
    best = np.argsort(-relevance)

    taste = learn([(TRACKS[i], reaction) for i in best[:3]])
    after = np.argsort(-(relevance + taste.score(TRACKS)))

    assert np.abs(taste.score(TRACKS)).max() < (0.25 if reaction is Reaction.SKIP else 0.8)
    assert len(set(best[:20]) & set(after[:20])) >= (18 if reaction is Reaction.SKIP else 13)


def test_skipping_everything_says_little_about_any_track():
    one, all_alike = learn([(TRACKS[0], Reaction.SKIP)]), learn([(track, Reaction.SKIP) for track in TRACKS])

    assert np.abs(all_alike.score(TRACKS)).mean() < 0.05
    assert one.score(TRACKS[:1])[0] < 0


def test_likes_count_for_more_than_finished_plays():
    liked, finished = (
        learn([(CALM, reaction)]).score(CALM[None])[0] for reaction in (Reaction.LIKE, Reaction.FINISHED)
    )

    assert liked > 2 * finished > 0


def test_a_taste_is_found_again():
    truth = np.zeros(32)
    truth[3] = 0.5
    worth = TRACKS[:, :-1] @ truth * 8.0
    taste = learn([(track, Reaction.LIKE if w > 0 else Reaction.SKIP) for track, w in zip(TRACKS, worth, strict=True)])

    assert np.corrcoef(taste.score(make_embeddings(200, 5)), make_embeddings(200, 5)[:, 3])[0, 1] > 0.9
    assert taste.describe()[0] == "you like calm music"
    assert taste.explain(CALM) == "you like calm music"
    assert taste.explain(fold(-np.eye(32)[3] * 2.0)) == "you often pass over music that is not calm"


def test_what_is_known_well_is_drawn_with_little_spread():
    reactions = [(CALM, Reaction.LIKE), *((track, Reaction.SKIP) for track in TRACKS)]
    few, many = learn(reactions[:1]), learn(reactions)

    spreads = [
        np.std([taste.draw(np.random.default_rng(seed)).score(CALM[None])[0] for seed in range(200)])
        for taste in (few, many)
    ]

    assert spreads[1] < 0.5 * spreads[0]
    assert many.compute_uncertainty(CALM[None])[0] < few.compute_uncertainty(CALM[None])[0]


def test_a_reaction_taken_back_leaves_no_trace():
    taste = learn([(CALM, Reaction.LIKE)])

    back = taste.with_reaction(TRACKS[0], Reaction.SKIP).without_reaction(TRACKS[0], Reaction.SKIP)

    assert back.score(TRACKS) == pytest.approx(taste.score(TRACKS), abs=1e-9)
    assert (back.without_reaction(CALM, Reaction.LIKE).score(TRACKS) == 0).all()


def test_a_reaction_never_learned_cannot_be_taken_back():
    with pytest.raises(ValueError, match="expected a 'skip' to take back"):
        learn([(CALM, Reaction.LIKE)]).without_reaction(CALM, Reaction.SKIP)


def test_timbre_alone_is_explained_as_sound():
    raw = np.zeros(32)
    raw[10] = 2.0

    assert learn([(fold(raw), Reaction.LIKE)] * 3).explain(fold(raw)) == "it sounds like what you liked"
    assert learn([(fold(raw), Reaction.NEVER)] * 3).explain(fold(raw)) == "it sounds like what you passed over"


def test_a_taste_survives_storage():
    taste = learn([(CALM, Reaction.LIKE), (TRACKS[0], Reaction.SKIP)])

    stored = json.dumps(taste.to_json())

    again = ListenerTaste.from_json(json.loads(stored))
    assert again.score(TRACKS) == pytest.approx(taste.score(TRACKS), abs=1e-4)
    assert again.n_reactions == 2
    assert len(stored) < 10_000


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model": "other-1"}, "got \\(1, 'other-1'\\)"),
        ({"format": 9}, "expected format and model"),
        ({"evidence": [1.0]}, "33 finite sums"),
        ({"precision": [1.0, 2.0]}, "missing or damaged"),
        ({"counts": {"yawn": 1}}, "missing or damaged"),
    ],
)
def test_a_stored_taste_of_another_kind_is_refused(change, complaint):
    with pytest.raises(TasteUnreadableError, match=complaint):
        ListenerTaste.from_json(ListenerTaste().to_json() | change)


def test_embeddings_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n, 33\), got \(2, 5\)"):
        ListenerTaste().score(np.ones((2, 5)))
