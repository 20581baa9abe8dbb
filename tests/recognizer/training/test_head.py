from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.training.errors import TrainingError
from recognizer.training.head import UNKNOWN_VOICE_SHARE, TrainingClips, _draw_centers, fit_head
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
    statistics = np.eye(6)

    taken = _draw_centers(statistics, speakers, make_config(), np.random.default_rng(seed))

    assert not np.diagonal(taken).any()
    for row, speaker in enumerate(speakers):
        assert not taken[row, speakers != speaker].any()


def test_the_center_is_shrunk_as_serving_shrinks_it():
    config = make_config(max_known_clips=50, kappa=3.0)

    taken = _draw_centers(np.eye(12), np.array(["x"] * 12), config, np.random.default_rng(0))

    for row in taken:
        n_known = np.count_nonzero(row)
        expected = 0.0 if n_known == 0 else n_known / (n_known + 3.0)
        assert row.sum() == pytest.approx(expected)


def test_some_clips_know_nothing_of_the_voice():
    statistics = np.random.default_rng(0).standard_normal((400, 2))

    taken = _draw_centers(statistics, np.array(["x"] * 400), make_config(), np.random.default_rng(0))

    unknown = (taken == 0).all(axis=1).mean()
    assert unknown == pytest.approx(UNKNOWN_VOICE_SHARE, abs=0.07)


def test_a_voice_heard_once_is_not_centered():
    taken = _draw_centers(np.ones((1, 3)), np.array(["x"]), make_config(), np.random.default_rng(0))

    assert not taken.any()


def test_a_head_learns_what_the_statistics_tell():
    truth = np.tile(np.arange(4), 30)
    clips = make_clips(truth, [f"s{row // 12}" for row in range(120)])

    head = fit_head(clips, make_config(hidden_sizes=(32, 0), n_epochs=20, learning_rate=0.01), seed=0)

    fresh = make_statistics(truth, seed=1)[:, 0]
    # Each label raises one of the first four statistics; nobody could do better than take the largest.
    best = (fresh[:, :4].argmax(axis=1) == truth).mean()
    assert (head.compute_logits(fresh).argmax(axis=1) == truth).mean() > best - 0.05
    assert head.mean.dtype == head.std.dtype == head.compute_logits(fresh).dtype == np.float32


def test_labels_that_no_straight_line_parts_are_learned_too():
    truth = np.tile(np.arange(4), 60)
    rng = np.random.default_rng(0)
    # Labels by whether two statistics are of one sign, in two planes: on average all of them lie at zero.
    first, third = rng.choice([-1.0, 1.0], (2, 240))
    signs = np.stack([first, first * np.where(truth % 2, 1, -1), third, third * np.where(truth // 2, 1, -1)], axis=1)
    statistics = (signs + 0.1 * rng.standard_normal((240, 4)))[:, None].astype(np.float32)
    clips = TrainingClips(statistics, truth, np.arange(240), np.array(["a"] * 240))

    head = fit_head(clips, make_config(hidden_sizes=(64, 0), n_epochs=30, dropout=0.0), seed=0)

    assert (head.compute_logits(statistics[:, 0]).argmax(axis=1) == truth).mean() > 0.9


def test_equal_seeds_give_equal_heads_and_other_seeds_others():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))

    first, second, other = (
        fit_head(clips, make_config(), seed=seed).compute_logits(clips.statistics[:, 0]) for seed in (3, 3, 4)
    )

    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_fitting_leaves_everybody_else_s_chance_alone():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))
    before = torch.random.get_rng_state()

    fit_head(clips, make_config(), seed=0)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_fitted_head_answers_alike_every_time():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))
    head = fit_head(clips, make_config(dropout=0.5), seed=0)

    first, second = (head.compute_logits(clips.statistics[:, 0]) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_the_members_are_as_wide_as_the_run_says_and_answer_by_their_mean():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))

    head = fit_head(clips, make_config(hidden_sizes=(5, 0)), seed=0)

    shapes = [tuple(each.weight.shape) for each in head.network.modules() if isinstance(each, torch.nn.Linear)]
    assert shapes == [(5, 12), (4, 5), (4, 12)]
    statistics = torch.from_numpy(clips.statistics[:, 0])
    answers = [member(statistics).detach().numpy() for member in head.network.members]
    np.testing.assert_allclose(head.network(statistics).detach().numpy(), np.mean(answers, axis=0), atol=1e-5)


def test_fewer_clips_than_a_batch_can_be_trained_on():
    clips = make_clips(np.arange(4), ["x", "x", "y", "y"])

    head = fit_head(clips, make_config(batch_size=64), seed=0)

    assert np.isfinite(head.compute_logits(clips.statistics[:, 0])).all()


def test_the_center_is_taken_off_after_standardizing():
    clips = make_clips(np.tile(np.arange(4), 8), np.repeat(["x", "y", "z", "w"], 8))
    head = fit_head(clips, make_config(), seed=0)
    center = np.random.default_rng(1).standard_normal(12)

    centered = head.compute_logits(clips.statistics[:, 0], center)

    shifted = head.compute_logits(clips.statistics[:, 0] - center * head.std)
    np.testing.assert_allclose(centered, shifted, atol=1e-4)


def test_a_label_nobody_speaks_is_named():
    with pytest.raises(TrainingError, match="no clip of label 'neutral'"):
        fit_head(make_clips([0, 1, 2], ["x", "y", "z"]), make_config(), seed=0)
