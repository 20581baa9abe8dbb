from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.corpora import ravdess
from recognizer.corpora.errors import SplitFileError
from recognizer.corpora.splits import (
    PUBLISHED_SPLITS,
    Fold,
    SpeakerSplit,
    check_speakers_are_disjoint,
    group_folds,
    load_published_split,
    load_speaker_split,
    split_by_speaker,
)
from recognizer.corpora.utterance import Utterance

speaker_lists = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=60)


def make_utterances(speakers):
    return [
        Utterance("made", f"{speaker}{number}", Path("x.wav"), speaker, "happy")
        for speaker in speakers
        for number in range(2)
    ]


def test_the_six_folds_of_ravdess_test_each_actor_once():
    split = load_published_split("ravdess-4")

    tested = [speaker for fold in split.folds for speaker in fold.test_speakers]
    assert sorted(tested) == [f"{actor:02}" for actor in range(1, 25)]
    assert split.folds[0] == Fold("f1", ("01", "11", "20", "21"))
    assert split.folds[5] == Fold("f6", ("06", "13", "17", "22"))


def test_the_five_sessions_of_cremad_test_each_actor_once():
    split = load_published_split("cremad-4")

    tested = [speaker for fold in split.folds for speaker in fold.test_speakers]
    assert sorted(tested) == [str(actor) for actor in range(1001, 1092)]
    assert (split.folds[0].test_speakers[0], split.folds[0].test_speakers[-1]) == ("1037", "1054")


@pytest.mark.parametrize("name", PUBLISHED_SPLITS)
def test_partitions_cover_the_corpus_and_share_no_speaker(name):
    split = load_published_split(name)
    utterances = make_utterances([speaker for fold in split.folds for speaker in fold.test_speakers])

    partitions = list(split.iter_partitions(utterances))

    assert sorted(u.utterance_id for p in partitions for u in p.test) == sorted(u.utterance_id for u in utterances)
    for partition in partitions:
        assert len(partition.train) + len(partition.test) == len(utterances)
        check_speakers_are_disjoint(
            {"train": [u.speaker_id for u in partition.train], "test": [u.speaker_id for u in partition.test]}
        )


def test_a_fold_without_anybody_to_test_on_is_an_error():
    split = load_published_split("ravdess-4")

    with pytest.raises(ValueError, match=r"fold 'f1': 2 utterances to train on and 0 of the speakers 01, 11, 20, 21"):
        list(split.iter_partitions(make_utterances(["02"])))


def test_a_speaker_on_two_sides_is_named():
    with pytest.raises(ValueError, match=r"speakers b, c are in 'train' and in 'test'"):
        check_speakers_are_disjoint({"train": ["a", "b", "c", "b"], "validation": ["d"], "test": ["c", "b"]})


def test_a_split_refuses_folds_that_share_a_speaker_or_have_none():
    with pytest.raises(ValueError, match="speakers a are in 'f1' and in 'f2'"):
        SpeakerSplit("s", "made", (Fold("f1", ("a",)), Fold("f2", ("a",))))
    with pytest.raises(ValueError, match="expected folds that each have test speakers"):
        SpeakerSplit("s", "made", ())


def test_an_unknown_published_split_is_named():
    with pytest.raises(ValueError, match="unknown split 'emobox'"):
        load_published_split("emobox")


@given(speaker_lists, st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_group_folds_keep_each_speaker_in_one_fold_and_leave_none_empty(speakers, n_folds, seed):
    rng = np.random.default_rng(seed)
    if n_folds > len(set(speakers)):
        with pytest.raises(ValueError, match="folds and"):
            group_folds(speakers, n_folds, rng)
        return

    folds = group_folds(speakers, n_folds, rng)

    assert set(folds.tolist()) == set(range(n_folds))
    for speaker, group in itertools.groupby(sorted(zip(speakers, folds.tolist(), strict=True)), key=lambda x: x[0]):
        assert len({fold for _, fold in group}) == 1, speaker


def test_group_folds_are_about_equal_and_follow_the_seed():
    speakers = [f"s{number}" for number in range(12) for _ in range(10)]

    first = group_folds(speakers, 4, np.random.default_rng(1))

    assert np.bincount(first).tolist() == [30, 30, 30, 30]
    assert np.array_equal(first, group_folds(speakers, 4, np.random.default_rng(1)))
    assert not np.array_equal(first, group_folds(speakers, 4, np.random.default_rng(2)))


@given(speaker_lists, st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_split_by_speaker_keeps_voices_apart(speakers, fraction, seed):
    rng = np.random.default_rng(seed)
    if len(set(speakers)) == 1:
        with pytest.raises(ValueError, match="at least two speakers"):
            split_by_speaker(speakers, test_fraction=fraction, rng=rng)
        return

    is_test = split_by_speaker(speakers, test_fraction=fraction, rng=rng)

    names = np.array(speakers)
    assert is_test.any()
    assert not is_test.all()
    assert not set(names[is_test]) & set(names[~is_test])


@pytest.mark.parametrize("fraction", [0.0, 1.0, float("nan")])
def test_a_share_outside_0_to_1_is_refused(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_by_speaker(["a", "b"], test_fraction=fraction, rng=np.random.default_rng(0))


def test_a_split_by_speakers_is_read_from_a_file(tmp_path):
    folds = [{"name": "f1", "test_speakers": ["a", "b"]}, {"name": "f2", "test_speakers": ["c"]}]
    path = tmp_path / "split.json"
    path.write_text(json.dumps({"format": 1, "name": "mine", "corpus": "made", "folds": folds}))

    assert load_speaker_split(path) == SpeakerSplit("mine", "made", (Fold("f1", ("a", "b")), Fold("f2", ("c",))))


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        json.dumps({"format": 2, "name": "x", "corpus": "y", "folds": [{"name": "f", "test_speakers": ["a"]}]}),
        json.dumps({"format": 1, "name": "x", "folds": []}),
        json.dumps({"format": 1, "name": "x", "corpus": "y", "folds": []}),
    ],
)
def test_a_broken_split_file_is_named(content, tmp_path):
    path = tmp_path / "split.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(SplitFileError, match=r"split.json.*expected format 1 with name, corpus and folds"):
        load_speaker_split(path)


@pytest.mark.data
def test_the_ravdess_folds_divide_the_real_corpus(material_dir):
    utterances = ravdess.load(material_dir / "data" / "speech" / "ravdess")

    sizes = [len(partition.test) for partition in load_published_split("ravdess-4").iter_partitions(utterances)]

    assert sizes == [144] * 6
