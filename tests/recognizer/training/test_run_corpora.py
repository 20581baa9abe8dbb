from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.corpora.utterance import Utterance
from recognizer.labels import LABELS
from recognizer.training.errors import TrainingError
from recognizer.training.run_corpora import load_corpora, refuse_untrainable
from tests.recognizer.training.made_up import make_config, make_tuning_config, write_ravdess


def make_clips(corpus, n_speakers, labels=LABELS):
    return [
        Utterance(corpus, f"{speaker}-{label}", Path("x.wav"), str(speaker), label)
        for speaker in range(n_speakers)
        for label in labels
    ]


@pytest.mark.parametrize(
    ("clips", "problem"),
    [
        ([], "expected 3 speakers or more to train on, got 0 in 'ravdess', 0 in 'nemo'"),
        (
            [*make_clips("ravdess", 1), *make_clips("nemo", 1)],
            "expected 3 speakers or more to train on, got 1 in 'ravdess', 1 in 'nemo'",
        ),
        (make_clips("ravdess", 4, LABELS[1:]), "no clip of label 'happy' to train on in 'ravdess'; expected some of"),
        (make_clips("ravdess", 4), "specialist: no clip of label 'happy' to train on in 'nemo'"),
        (
            [*make_clips("ravdess", 4), *make_clips("nemo", 4, LABELS[:3])],
            "specialist: no clip of label 'neutral' to train on in 'nemo'; expected some of each of happy, sad",
        ),
    ],
    ids=["nothing", "speakers", "label", "specialist without clips", "specialist without a label"],
)
def test_what_a_run_cannot_be_trained_with_is_named_with_its_corpus(clips, problem):
    config = make_config(corpora=("ravdess", "nemo"), specialists=("nemo",))

    with pytest.raises(TrainingError, match=f"^run 'tiny'.*{problem}"):
        # Clips of a corpus that is only measured on are no help.
        refuse_untrainable(config, [*clips, *make_clips("cremad", 9)])


def test_a_corpus_may_lack_labels_and_speakers_that_others_have():
    clips = [*make_clips("ravdess", 3), *make_clips("nemo", 1, LABELS[:2])]

    refuse_untrainable(make_config(corpora=("ravdess", "nemo")), clips)


def test_fine_tuning_does_with_two_speakers():
    config = make_tuning_config()

    refuse_untrainable(config, make_clips("ravdess", 2))
    with pytest.raises(TrainingError, match="expected 2 speakers or more to train on, got 1 in 'ravdess'"):
        refuse_untrainable(config, make_clips("ravdess", 1))


@pytest.mark.parametrize(
    ("protocol", "problem"),
    [
        ("group-folds", "protocol 'group-folds': expected 5 speakers or more, got 4 in the corpora ravdess"),
        ("group-folds-learning-10", "protocol 'group-folds-learning-10', fold 'g1': expected 3 speakers or more"),
    ],
)
def test_folds_that_cannot_be_trained_are_named(ravdess_dir, tmp_path, protocol, problem):
    folder = write_ravdess(tmp_path, n_actors=4) if protocol == "group-folds" else ravdess_dir

    with pytest.raises(TrainingError, match=problem):
        load_corpora(make_config(), {"ravdess": folder}, [protocol])
