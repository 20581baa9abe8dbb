from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.calibration import apply_temperature
from recognizer.corpora.utterance import Utterance
from recognizer.labels import LABELS
from recognizer.training.head import TrainingClips, compute_mood_offsets, fit_head
from recognizer.training.known_voices import (
    HeardClips,
    draw_centers,
    predict_after_weeks,
    predict_with_known_clips,
)
from recognizer.voice_baseline import EXPLAINED_SHARE, MAX_WEIGHT, VoiceBaseline
from tests.recognizer.training.made_up import make_config, make_statistics

N_SPEAKERS = 4
TRUTH = np.tile(np.arange(4), 24)
SPEAKERS = np.repeat(np.arange(N_SPEAKERS), 24)


def make_heard() -> HeardClips:
    """Make clips of four voices, each off the training set in its own way, heard by a head fitted on others."""
    rng = np.random.default_rng(5)
    speakers = np.array([f"a/{number}" for number in range(len(TRUTH))])
    clips = TrainingClips(make_statistics(TRUTH), TRUTH, speakers, np.full(len(TRUTH), "a"))
    head = fit_head(clips, make_config(), seed=0)
    voices = 0.7 * rng.standard_normal((N_SPEAKERS, 12))
    pooled = make_statistics(TRUTH, n_views=1, seed=9)[:, 0] + voices[SPEAKERS].astype(np.float32)
    return HeardClips(
        utterances=[
            Utterance("mine", f"{number}", Path(f"{number}.wav"), f"{SPEAKERS[number]}", LABELS[label])
            for number, label in enumerate(TRUTH)
        ],
        statistics=(pooled - head.mean) / head.std,
        classify=lambda centers: head.compute_logits(pooled, centers),
        mood_offsets=head.mood_offsets,
        temperature=1.2,
        fold="f1",
        seed=0,
    )


@pytest.fixture(scope="module")
def heard():
    return make_heard()


def test_mood_offsets_are_each_label_s_mean_less_the_mean_over_labels():
    truth = np.array([0, 0, 1, 2, 3])
    values = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 4.0], [0.0, 0.0], [0.0, 0.0]])

    offsets = compute_mood_offsets(values, truth, np.array([3.0, 1.0, 1.0, 1.0, 1.0]))

    # Happy's mean is 1.5, drawn to the heavier clip; the mean over labels is (0.375, 1).
    np.testing.assert_allclose(offsets[0], [1.125, -1.0])
    np.testing.assert_allclose(offsets.sum(axis=0), 0.0, atol=1e-6)


def test_an_unknown_voice_is_not_centered(heard):
    centers = draw_centers(heard, 0, np.ones(len(TRUTH), dtype=bool), is_mood_taken_out=True)

    assert not centers.any()
    plain = predict_with_known_clips(heard)["known-0"]
    np.testing.assert_allclose([row.logits for row in plain], heard.classify(centers), atol=1e-5)


def test_a_known_voice_is_centered_as_serving_does(heard):
    """With every other clip known, the center is what a `VoiceBaseline` fed with them gives."""
    everything = np.ones(len(TRUTH), dtype=bool)
    centers = draw_centers(heard, 23, everything, is_mood_taken_out=True)

    posteriors = apply_temperature(heard.classify(np.zeros_like(heard.statistics)), heard.temperature)
    others = np.flatnonzero(SPEAKERS == 0)[1:]
    voice = VoiceBaseline.empty("m", 12)
    for row in others:
        voice = voice.with_clip(heard.statistics[row], posterior=posteriors[row], mood_offsets=heard.mood_offsets)
    np.testing.assert_allclose(centers[0], voice.compute_center(np.zeros(12, np.float32))[0], rtol=1e-4, atol=1e-5)
    explained = EXPLAINED_SHARE * (posteriors[others] @ heard.mood_offsets).mean(axis=0)
    by_hand = MAX_WEIGHT * (heard.statistics[others].mean(axis=0) - explained)
    np.testing.assert_allclose(centers[0], by_hand, rtol=1e-4, atol=1e-5)


def test_knowing_a_voice_helps(heard):
    rows_by_name = predict_with_known_clips(heard)

    right = {
        name: np.mean(np.argmax([row.logits for row in rows], axis=1) == TRUTH) for name, rows in rows_by_name.items()
    }
    assert list(right) == ["known-0", "known-1", "known-3", "known-5", "known-10", "known-20"]
    assert right["known-20"] > right["known-0"]


def test_taking_the_mood_out_bears_a_week_of_one_mood_better(heard):
    rows_by_name = dict(predict_after_weeks(heard))

    def measure(suffix):
        rows = [row for label in LABELS for row in rows_by_name[f"week-of-{label}{suffix}"]]
        return np.mean([LABELS[int(np.argmax(row.logits))] == row.label for row in rows])

    assert len(rows_by_name) == 8
    assert measure("") > measure("-as-heard")


def test_a_mood_that_nobody_has_gives_no_week(heard):
    kept = TRUTH != 1
    part = HeardClips(
        utterances=[each for each, keep in zip(heard.utterances, kept, strict=True) if keep],
        statistics=heard.statistics[kept],
        classify=lambda centers: np.zeros((len(centers), 4)),
        mood_offsets=heard.mood_offsets,
        temperature=1.0,
        fold="f1",
        seed=0,
    )

    assert {name for name, _ in predict_after_weeks(part)} == {
        f"week-of-{label}{suffix}" for label in ("happy", "angry", "neutral") for suffix in ("", "-as-heard")
    }
