from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import recall_score

import recognizer.training.inner_folds as inner_folds_module
from recognizer.calibration import apply_temperature, build_conformal_sets, compute_distance, compute_margin
from recognizer.corpora.splits import group_folds
from recognizer.corpora.utterance import Utterance
from recognizer.labels import LABELS
from recognizer.training.committee import Mixture
from recognizer.training.head import fit_head
from recognizer.training.inner_folds import fit_with_inner_folds, gather
from recognizer.training.statistics import ClipStatistics
from tests.recognizer.training.made_up import make_config, make_statistics

# Where it does not matter how much a head has learned.
QUICK = make_config(n_epochs=1)


def make_utterances(n_actors=24, n_clips=4, *, corpus="ravdess"):
    return tuple(
        Utterance(
            corpus=corpus,
            utterance_id=f"{corpus}-{actor:02}-{clip}",
            path=Path(f"{actor}-{clip}.wav"),
            speaker_id=f"{actor:02}",
            label=LABELS[clip % 4],
            sex="male" if actor % 2 else "female",
        )
        for actor in range(1, n_actors + 1)
        for clip in range(n_clips)
    )


def make_clip_statistics(utterances, *, seed=0):
    truth = np.array([LABELS.index(each.label) for each in utterances])
    return ClipStatistics(tuple(utterances), make_statistics(truth, seed=seed), ())


@given(seed=st.integers(0, 1000), n_speakers=st.integers(3, 9), n_clips=st.integers(8, 12))
@settings(max_examples=10, deadline=None)
def test_inner_folds_hold_whole_speakers_out(seed, n_speakers, n_clips):
    clips = make_clip_statistics(make_utterances(n_speakers, n_clips))
    gathered = gather(clips.utterances, clips.values)
    seen = []
    fit = inner_folds_module.fit_head

    def fit_and_note(training, *args, **options):
        seen.append(set(training.speakers.tolist()))
        return fit(training, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inner_folds_module, "fit_head", fit_and_note)
        fit_with_inner_folds(gathered, QUICK, seed=seed)

    everybody = set(gathered.speakers.tolist())
    assert len(seen) == 4
    held_out = [everybody - speakers for speakers in seen[1:]]
    assert set.union(*held_out) == everybody
    assert sum(map(len, held_out)) == len(everybody)
    assert seen[0] == everybody


def test_speakers_of_two_corpora_with_one_name_are_two_people():
    clips = gather((*make_utterances(1), *make_utterances(1, corpus="nemo")), np.zeros((8, 1, 4)))

    assert set(clips.speakers.tolist()) == {"ravdess/01", "nemo/01"}


def test_inner_recall_is_told_by_corpus_and_comes_from_speakers_not_trained_on():
    utterances = (*make_utterances(24), *make_utterances(4, 12, corpus="nemo"))
    clips = make_clip_statistics(utterances)
    gathered = gather(clips.utterances, clips.values)

    fitted = fit_with_inner_folds(gathered, make_config(), seed=0)

    fold_of_clip = group_folds(gathered.speakers.tolist(), 3, np.random.default_rng(0))
    predicted = np.empty(len(gathered.truth), dtype=int)
    for fold in range(3):
        head = fit_head(gathered.select(fold_of_clip != fold), make_config(), seed=0)
        rows = fold_of_clip == fold
        predicted[rows] = head.compute_logits(gathered.statistics[rows, 0]).argmax(axis=1)
    for corpus in ("ravdess", "nemo"):
        rows = gathered.corpora == corpus
        expected = recall_score(gathered.truth[rows], predicted[rows], average="macro")
        assert fitted.inner_uar[corpus] == pytest.approx(expected)
    assert set(fitted.inner_uar) == {"ravdess", "nemo"}


def test_abstaining_leaves_at_least_four_clips_of_five_answered():
    clips = make_clip_statistics(make_utterances())
    gathered = gather(clips.utterances, clips.values)

    fitted = fit_with_inner_folds(gathered, make_config(), seed=0)

    # On clips the head was fitted on, margins are larger still.
    margins = compute_margin(fitted.head.compute_logits(gathered.statistics[:, 0]))
    assert (margins >= fitted.confidence.margin_threshold).mean() >= 0.8


def test_clips_like_those_trained_on_are_not_too_far():
    clips = make_clip_statistics(make_utterances())
    gathered = gather(clips.utterances, clips.values)

    fitted = fit_with_inner_folds(gathered, make_config(), seed=0)

    standardized = (gathered.statistics[:, 0] - fitted.head.mean) / fitted.head.std
    assert (compute_distance(standardized) <= fitted.confidence.largest_distance).all()
    assert (compute_distance(5 * standardized) > fitted.confidence.largest_distance).mean() > 0.9


def test_sets_are_fitted_for_nine_clips_of_ten():
    clips = make_clip_statistics(make_utterances())
    gathered = gather(clips.utterances, clips.values)

    fitted = fit_with_inner_folds(gathered, make_config(), seed=0)

    # On clips the head was fitted on, sets hold the truth more often still.
    posteriors = apply_temperature(fitted.head.compute_logits(gathered.statistics[:, 0]), fitted.confidence.temperature)
    sets = build_conformal_sets(posteriors, fitted.confidence.conformal_quantile)
    assert sets[np.arange(len(gathered.truth)), gathered.truth].mean() >= 0.9


def test_temperatures_are_fitted_for_each_kind_of_voice():
    rng = np.random.default_rng(0)
    utterances = (*make_utterances(12), *make_utterances(12, corpus="nemo"))
    clips = make_clip_statistics(utterances)
    # Half of what is said of one corpus is wrong, and each is recorded in its own way.
    is_nemo = np.array([each.corpus == "nemo" for each in utterances])
    values = clips.values.copy()
    values[is_nemo] = values[rng.permutation(np.flatnonzero(is_nemo))]
    values[is_nemo, :, -1] += 20.0
    run = make_config(corpora=("ravdess", "nemo"), specialists=("ravdess", "nemo"), specialist_sizes=(4, 0))

    fitted = fit_with_inner_folds(gather(clips.utterances, values), run, seed=0)

    assert isinstance(fitted.head.network, Mixture)
    of_ravdess, of_nemo, _ = fitted.head.network.temperatures.tolist()
    assert of_nemo > 1.5 * of_ravdess
    # They have done the work of the one that comes after.
    assert fitted.confidence.temperature == pytest.approx(1.0, abs=0.05)


def test_a_specialist_whose_only_voice_is_held_out_is_missing_in_that_fold_alone():
    utterances = (*make_utterances(6), *make_utterances(1, 8, corpus="nemo"))
    clips = make_clip_statistics(utterances)
    run = make_config(n_epochs=1, corpora=("ravdess", "nemo"), specialists=("nemo",), specialist_sizes=(4, 0))

    fitted = fit_with_inner_folds(gather(clips.utterances, clips.values), run, seed=0)

    assert fitted.head.specialists == ("nemo",)
    assert fitted.confidence.temperature > 0
