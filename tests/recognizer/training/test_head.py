from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.training.head import UNKNOWN_VOICE_SHARE, TrainingClips, _center, fit_head
from tests.recognizer.training.made_up import make_config, make_statistics


def make_clips(truth, speakers, corpora=None):
    truth = np.asarray(truth)
    corpora = np.array(["a"] * len(truth)) if corpora is None else np.asarray(corpora)
    return TrainingClips(make_statistics(truth), truth, np.asarray(speakers), corpora)


@given(rows=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), min_size=1, max_size=60))
@settings(deadline=None)
def test_corpora_weigh_the_same_and_labels_within_them(rows):
    corpora, truth = (np.array(column) for column in zip(*rows, strict=True))
    weights = make_clips(truth, ["x"] * len(rows), corpora).weigh()

    by_corpus = [weights[corpora == corpus].sum() for corpus in np.unique(corpora)]
    np.testing.assert_allclose(by_corpus, by_corpus[0])
    for corpus in np.unique(corpora):
        labels = np.unique(truth[corpora == corpus])
        by_label = [weights[(corpora == corpus) & (truth == label)].sum() for label in labels]
        np.testing.assert_allclose(by_label, by_label[0])
    assert weights.mean() == pytest.approx(1.0)


def test_weights_of_a_case_worked_by_hand():
    weights = make_clips([0, 0, 1, 0], ["x"] * 4, ["a", "a", "a", "b"]).weigh()

    # Corpus a: a half of the whole, a quarter for each label; corpus b: a half for one clip.
    np.testing.assert_allclose(weights, np.array([1 / 8, 1 / 8, 1 / 4, 1 / 2]) * 4)


@given(seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_centering_never_uses_the_clip_itself_nor_another_voice(seed):
    speakers = np.array(["x", "x", "x", "y", "y", "z"])
    # Each clip has a direction of its own, so what is taken off shows where it came from.
    reduced = np.repeat(np.eye(6)[:, None], 2, axis=1)

    centered = _center(reduced, speakers, make_config(), np.random.default_rng(seed))

    taken = reduced - centered  # (n_clips, n_views, n_clips)
    assert not np.diagonal(taken, axis1=0, axis2=2).any()
    for row, speaker in enumerate(speakers):
        assert not taken[row][:, speakers != speaker].any()


def test_the_center_is_shrunk_as_serving_shrinks_it():
    config = make_config(max_known_clips=50, kappa=3.0)
    speakers = np.array(["x"] * 12)
    reduced = np.repeat(np.eye(12)[:, None], 1, axis=1)

    taken = reduced - _center(reduced, speakers, config, np.random.default_rng(0))

    for row in taken[:, 0]:
        n_known = np.count_nonzero(row)
        expected = 0.0 if n_known == 0 else n_known / (n_known + 3.0)
        assert row.sum() == pytest.approx(expected)


def test_some_copies_know_nothing_of_the_voice():
    speakers = np.array(["x"] * 400)
    reduced = np.random.default_rng(0).standard_normal((400, 1, 2))

    centered = _center(reduced, speakers, make_config(), np.random.default_rng(0))

    unknown = (centered == reduced).all(axis=(1, 2)).mean()
    assert unknown == pytest.approx(UNKNOWN_VOICE_SHARE, abs=0.07)


def test_a_voice_heard_once_is_not_centered():
    reduced = np.ones((1, 2, 3))

    np.testing.assert_array_equal(_center(reduced, np.array(["x"]), make_config(), np.random.default_rng(0)), reduced)


def test_a_head_learns_what_the_statistics_tell():
    truth = np.tile(np.arange(4), 30)
    clips = make_clips(truth, [f"s{row // 12}" for row in range(120)])

    head = fit_head(clips, make_config(), inverse_penalty=1.0, rng=np.random.default_rng(0))

    fresh = make_statistics(truth, seed=1)[:, 0]
    assert (head.compute_logits(fresh).argmax(axis=1) == truth).mean() > 0.8
    assert head.weight.dtype == head.bias.dtype == head.mean.dtype == head.std.dtype == np.float32


def test_equal_seeds_give_equal_heads():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))

    heads = [fit_head(clips, make_config(), inverse_penalty=0.1, rng=np.random.default_rng(3)) for _ in range(2)]

    np.testing.assert_array_equal(heads[0].weight, heads[1].weight)


def test_the_center_is_taken_off_after_standardizing():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))
    head = fit_head(clips, make_config(), inverse_penalty=0.1, rng=np.random.default_rng(0))
    center = np.random.default_rng(1).standard_normal(12)

    centered = head.compute_logits(clips.statistics[:, 0], center)

    shifted = head.compute_logits(clips.statistics[:, 0] - center * head.std)
    np.testing.assert_allclose(centered, shifted, atol=1e-4)


def test_a_label_nobody_speaks_is_named():
    with pytest.raises(ValueError, match="no clip of label 'neutral'"):
        fit_head(
            make_clips([0, 1, 2], ["x", "y", "z"]), make_config(), inverse_penalty=1.0, rng=np.random.default_rng(0)
        )
