from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import recall_score

import recognizer.training.cross_validation as cross_validation_module
from recognizer.calibration import compute_margin
from recognizer.corpora.splits import group_folds, load_published_split
from recognizer.corpora.utterance import Utterance
from recognizer.labels import LABELS
from recognizer.training.cross_validation import cross_validate, fit_with_inner_folds, gather
from recognizer.training.head import fit_head
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


@pytest.fixture
def trained_on(monkeypatch):
    """Note which speakers every head was fitted on."""
    seen = []
    fit = cross_validation_module.fit_head

    def fit_and_note(clips, *args, **options):
        seen.append(set(clips.speakers.tolist()))
        return fit(clips, *args, **options)

    monkeypatch.setattr(cross_validation_module, "fit_head", fit_and_note)
    return seen


def test_no_head_is_fitted_on_a_speaker_of_its_fold(trained_on):
    clips = make_clip_statistics(make_utterances())

    cross_validate(clips, QUICK, seed=0)

    n_heads_of_fold = len(trained_on) // 6
    for number, fold in enumerate(load_published_split("ravdess-4").folds):
        heads = trained_on[number * n_heads_of_fold : (number + 1) * n_heads_of_fold]
        # Three inner folds, and the head that predicts.
        assert len(heads) == 4
        assert all(not speakers & {f"ravdess/{each}" for each in fold.test_speakers} for speakers in heads)


@given(seed=st.integers(0, 1000), n_speakers=st.integers(3, 9), n_clips=st.integers(8, 12))
@settings(max_examples=10, deadline=None)
def test_inner_folds_hold_whole_speakers_out(seed, n_speakers, n_clips):
    clips = make_clip_statistics(make_utterances(n_speakers, n_clips))
    gathered = gather(clips.utterances, clips.values)
    seen = []
    fit = cross_validation_module.fit_head

    def fit_and_note(training, *args, **options):
        seen.append(set(training.speakers.tolist()))
        return fit(training, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validation_module, "fit_head", fit_and_note)
        fit_with_inner_folds(gathered, QUICK, seed=seed)

    everybody = set(gathered.speakers.tolist())
    held_out = [everybody - speakers for speakers in seen[:3]]
    assert set.union(*held_out) == everybody
    assert sum(map(len, held_out)) == len(everybody)
    assert seen[3] == everybody


def test_every_clip_of_the_measured_corpus_is_predicted_once_and_well():
    clips = make_clip_statistics(make_utterances())

    rows = cross_validate(clips, make_config(), seed=0)

    assert sorted(row.utterance_id for row in rows) == sorted(each.utterance_id for each in clips.utterances)
    assert np.mean([LABELS[int(np.argmax(row.logits))] == row.label for row in rows]) > 0.7
    assert all(row.temperature > 0 for row in rows)
    assert {row.fold for row in rows} == {fold.name for fold in load_published_split("ravdess-4").folds}


def test_other_corpora_are_trained_on_in_every_fold_and_never_measured(trained_on):
    other = make_utterances(4, corpus="nemo")
    clips = make_clip_statistics((*make_utterances(), *other))

    rows = cross_validate(clips, make_config(corpora=("ravdess", "nemo"), n_epochs=1), seed=0)

    assert {row.corpus for row in rows} == {"ravdess"}
    finals = trained_on[3::4]
    assert all({"nemo/01", "nemo/02", "nemo/03", "nemo/04"} <= speakers for speakers in finals)


def test_speakers_of_two_corpora_with_one_name_are_two_people():
    clips = gather((*make_utterances(1), *make_utterances(1, corpus="nemo")), np.zeros((8, 1, 4)))

    assert set(clips.speakers.tolist()) == {"ravdess/01", "nemo/01"}


def test_equal_seeds_give_equal_predictions():
    clips = make_clip_statistics(make_utterances())

    first, second, other = (cross_validate(clips, QUICK, seed=seed) for seed in (1, 1, 2))

    assert first == second
    assert first != other
    assert {row.seed for row in first} == {1}


def test_progress_is_told_fold_by_fold():
    told = []

    cross_validate(make_clip_statistics(make_utterances()), QUICK, seed=0, on_progress=lambda *step: told.append(step))

    assert told == [(n_done, 6) for n_done in range(1, 7)]


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
    assert (margins >= fitted.margin_threshold).mean() >= 0.8
