from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.affect import LABELS
from recommender.errors import EvaluationDataError, InvalidPosteriorError
from recommender.evaluation.baselines import OURS, RANDOM
from recommender.evaluation.datasets import load_emotify
from recommender.evaluation.speech import ARGMAX, COMPARED, TRUTH, HeardMood, measure_speech_to_music


@pytest.fixture
def tracks(emotify_paths):
    return load_emotify(*emotify_paths)


def hear(truth_weight, n_actors=4, n_trainings=1):
    """Three recordings of every actor and label, the truth heard with the weight given and the rest at random."""
    rng = np.random.default_rng(5)
    moods = []
    for actor in range(n_actors):
        for label in LABELS:
            for take in range(3):
                for _ in range(n_trainings):
                    noise = rng.dirichlet(np.ones(4)) * (1.0 - truth_weight)
                    posterior = dict(zip(LABELS, noise.tolist(), strict=True))
                    posterior[label] += truth_weight
                    moods.append(HeardMood(f"{actor}-{label}-{take}", str(actor), label, posterior))
    return moods


def test_who_hears_the_truth_surely_ranks_as_for_the_truth(tracks):
    result = measure_speech_to_music(tracks, hear(1.0), n_resamples=20)

    assert result.figures[OURS] == result.figures[ARGMAX] == result.figures[TRUTH]
    assert result.comparisons[TRUTH].difference == 0.0
    assert result.figures[OURS]["ndcg_at_5"].value > result.figures[RANDOM]["ndcg_at_5"].value


def test_hearing_worse_finds_worse(tracks):
    well, badly = (measure_speech_to_music(tracks, hear(weight), n_resamples=20) for weight in (0.9, 0.0))

    assert well.figures[OURS]["ndcg_at_5"].value > badly.figures[OURS]["ndcg_at_5"].value
    assert well.figures[TRUTH] == badly.figures[TRUTH]


def test_trainings_of_a_recognizer_are_averaged_by_recording(tracks):
    result = measure_speech_to_music(tracks, hear(0.5, n_trainings=2), n_resamples=20)

    assert result.scope == "48 recordings of 4 unseen actors, 60 tracks out of fold"
    assert len(result.per_query) == 48
    assert result.figures[OURS][COMPARED].value == pytest.approx(
        np.mean([row[f"{OURS}.{COMPARED}"] for row in result.per_query])
    )


def test_what_the_distribution_gains_is_said_with_its_p(tracks):
    result = measure_speech_to_music(tracks, hear(0.4), n_resamples=20)

    gain = result.comparisons[f"{ARGMAX}, {COMPARED}"]
    ours, argmax = (result.figures[system][COMPARED].value for system in (OURS, ARGMAX))
    assert gain.difference == pytest.approx(ours - argmax)
    assert f"{COMPARED} by {gain.difference:+.3f} (p {gain.p_holm:.3f})" in result.findings[0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"label": "sad"}, r"at least two labels, got \['sad'\] alone"),
        ({"speaker_id": "1"}, r"at least two speakers, got \['1'\] alone"),
    ],
)
def test_one_class_and_one_speaker_are_refused(tracks, change, complaint):
    with pytest.raises(EvaluationDataError, match=complaint):
        measure_speech_to_music(tracks, [replace(mood, **change) for mood in hear(1.0)])


def test_a_label_of_another_corpus_is_refused(tracks):
    with pytest.raises(EvaluationDataError, match=r"expected the labels happy, .*, got \['bored'\]"):
        measure_speech_to_music(tracks, [*hear(1.0), HeardMood("x", "1", "bored", {"sad": 1.0})])


def test_what_is_no_posterior_is_refused(tracks):
    with pytest.raises(InvalidPosteriorError, match="sum to 1"):
        measure_speech_to_music(tracks, [*hear(1.0), HeardMood("x", "1", "sad", {"sad": 0.7})])
