from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.corpora.utterance import Utterance
from recognizer.labels import LABELS
from recognizer.training.errors import TrainingError
from recognizer.training.protocols import plan_folds


def make_clips(corpus: str, n_speakers: int) -> list[Utterance]:
    return [
        Utterance(corpus, f"{speaker:02}-{label}", Path("x.wav"), f"{speaker:02}", label)
        for speaker in range(1, n_speakers + 1)
        for label in LABELS
    ]


CLIPS = [*make_clips("ravdess", 24), *make_clips("nemo", 9), *make_clips("emospeech", 6)]
CORPORA = ("ravdess", "nemo", "emospeech")
HEARD = np.ones(len(CLIPS), dtype=bool)


def name_speakers(rows: np.ndarray) -> set[tuple[str, str]]:
    return {(CLIPS[row].corpus, CLIPS[row].speaker_id) for row in rows}


@pytest.mark.parametrize(
    ("protocol", "n_folds"), [("ravdess-4", 6), ("group-folds", 5), ("leave-one-corpus-out-nemo", 1)]
)
def test_no_voice_is_on_both_sides_and_no_clip_is_tested_twice(protocol, n_folds):
    folds = plan_folds(protocol, CLIPS, HEARD, CORPORA)

    assert len(folds) == n_folds
    for fold in folds:
        assert not name_speakers(fold.train) & name_speakers(fold.test)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(set(tested.tolist())) == len(tested)


def test_a_left_out_corpus_is_tested_whole_and_never_trained_on():
    (fold,) = plan_folds("leave-one-corpus-out-nemo", CLIPS, HEARD, CORPORA)

    assert {CLIPS[row].corpus for row in fold.test} == {"nemo"}
    assert {CLIPS[row].corpus for row in fold.train} == {"ravdess", "emospeech"}
    assert len(fold.test) == 36


def test_a_run_on_one_corpus_is_tested_on_others():
    (fold,) = plan_folds("leave-one-corpus-out-nemo", CLIPS, HEARD, ("ravdess",))

    assert {CLIPS[row].corpus for row in fold.train} == {"ravdess"}


def test_refused_clips_are_in_neither_part():
    heard = HEARD.copy()
    heard[0] = False

    folds = plan_folds("ravdess-4", CLIPS, heard, CORPORA)

    assert not any(0 in fold.train or 0 in fold.test for fold in folds)


def test_what_cannot_be_measured_is_named():
    with pytest.raises(TrainingError, match="unknown protocol 'mine'"):
        plan_folds("mine", CLIPS, HEARD, CORPORA)
    with pytest.raises(TrainingError, match="fold 'nemo': 0 clips to train on and 36 to test on"):
        plan_folds("leave-one-corpus-out-nemo", CLIPS, HEARD, ("nemo",))


@pytest.mark.parametrize("protocol", ["ravdess-4", "leave-one-corpus-out-nemo"])
def test_a_learning_curve_has_the_folds_of_its_protocol_and_ever_more_voices_to_learn_from(protocol):
    whole = plan_folds(protocol, CLIPS, HEARD, CORPORA)
    half = plan_folds(f"{protocol}-learning-50", CLIPS, HEARD, CORPORA)
    quarter = plan_folds(f"{protocol}-learning-25", CLIPS, HEARD, CORPORA)

    for all_of_it, more, less in zip(whole, half, quarter, strict=True):
        assert all_of_it.fold == more.fold == less.fold
        np.testing.assert_array_equal(all_of_it.test, more.test)
        assert name_speakers(less.train) < name_speakers(more.train) < name_speakers(all_of_it.train)
        assert {corpus for corpus, _ in name_speakers(less.train)} == {
            corpus for corpus, _ in name_speakers(more.train)
        }


@pytest.mark.parametrize("percent", ["0", "101", "many"])
def test_a_share_that_is_none_is_refused(percent):
    with pytest.raises(TrainingError, match=f"expected 1 to 100 percent behind '-learning-', got '{percent}'"):
        plan_folds(f"ravdess-4-learning-{percent}", CLIPS, HEARD, CORPORA)
