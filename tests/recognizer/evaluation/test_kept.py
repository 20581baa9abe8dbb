from __future__ import annotations

from dataclasses import replace

import pytest

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.kept import Week, read_kept
from recognizer.evaluation.predictions import write_predictions
from tests.recognizer.evaluation.made_up import make_predictions

ROWS = make_predictions(n_each=4)
STRANGERS = tuple(replace(row, corpus="nemo", fold="nemo") for row in ROWS)


def write(folder, *names, rows=ROWS):
    for name in names:
        write_predictions(folder / name, rows)


def test_protocols_are_named_after_files_corpora_and_the_splits_they_keep(tmp_path):
    write(tmp_path, "ravdess.csv", "ravdess-4-probe.csv")
    others = tuple(replace(row, corpus=name, fold="all") for name in ("nemo", "emospeech") for row in ROWS)
    write(tmp_path, "strangers.csv", rows=others)

    assert list(read_kept(tmp_path)) == ["ravdess-4-probe", "ravdess-4", "strangers-emospeech", "strangers-nemo"]


def test_a_folder_tells_protocols_from_what_lies_beside_them(tmp_path):
    write(
        tmp_path,
        "ravdess-4.csv",
        "ravdess-4-known-1.csv",
        "ravdess-4-known-20.csv.gz",
        "ravdess-4-week-of-sad.csv",
        "ravdess-4-week-of-sad-as-heard.csv.gz",
        "ravdess-4-learning-25.csv",
        "ravdess-4-fine-tuned.csv.gz",
        "ravdess-4-fine-tuned-known-5.csv",
    )
    write(tmp_path, "leave-one-corpus-out-nemo.csv", "leave-one-corpus-out-nemo-ravdess-alone.csv", rows=STRANGERS)

    kept = read_kept(tmp_path)

    assert {name: each.system_of for name, each in kept.items()} == {
        "ravdess-4": None,
        "ravdess-4-fine-tuned": "ravdess-4",
        "leave-one-corpus-out-nemo": None,
        "leave-one-corpus-out-nemo-ravdess-alone": "leave-one-corpus-out-nemo",
    }
    whole = kept["ravdess-4"]
    assert set(whole.known) == {1, 20}
    assert set(whole.weeks) == {Week("sad", is_mood_taken_out=True), Week("sad", is_mood_taken_out=False)}
    assert set(whole.learning) == {25}
    assert set(kept["ravdess-4-fine-tuned"].known) == {5}
    assert whole.known[20].read(whole.predictions).rows == ROWS


def test_each_corpus_of_a_file_has_its_part_of_what_lies_beside_it(tmp_path):
    both = (*ROWS, *(replace(row, corpus="nemo") for row in ROWS))
    write(tmp_path, "group-folds.csv", "group-folds-known-3.csv", rows=both)

    kept = read_kept(tmp_path)

    assert list(kept) == ["group-folds-nemo", "ravdess-4-group-folds-ravdess"]
    nemo = kept["group-folds-nemo"]
    assert {row.corpus for row in nemo.known[3].read(nemo.predictions).rows} == {"nemo"}


def test_a_file_alone_is_a_protocol_whatever_its_name(tmp_path):
    write(tmp_path, "mine-known-3.csv")

    assert list(read_kept(tmp_path / "mine-known-3.csv")) == ["ravdess-4-mine-known-3"]


def test_a_published_name_without_its_folds_is_refused(tmp_path):
    write(tmp_path, "ravdess-4.csv", rows=tuple(replace(row, fold="all") for row in ROWS))

    with pytest.raises(PredictionsError, match="promises the split 'ravdess-4'"):
        read_kept(tmp_path / "ravdess-4.csv")


def test_two_files_of_one_protocol_are_refused(tmp_path):
    write(tmp_path, "ravdess.csv", "ravdess-4.csv")

    with pytest.raises(PredictionsError, match="'ravdess-4' is measured by two files"):
        read_kept(tmp_path)


def test_a_file_beside_its_compressed_twin_is_refused(tmp_path):
    write(tmp_path, "mine.csv", "mine.csv.gz")

    with pytest.raises(PredictionsError, match=r"there is 'mine\.csv' too"):
        read_kept(tmp_path)


def test_an_empty_folder_has_no_protocols(tmp_path):
    with pytest.raises(PredictionsError, match="there are none"):
        read_kept(tmp_path)


def test_what_lies_beside_nothing_is_refused(tmp_path):
    write(tmp_path, "ravdess-4.csv")
    write(tmp_path, "leave-one-corpus-out-nemo-known-1.csv", rows=STRANGERS)

    with pytest.raises(PredictionsError, match=r"expected 'leave-one-corpus-out-nemo\.csv' beside it"):
        read_kept(tmp_path)


def test_a_system_measured_on_other_folds_is_refused(tmp_path):
    write(tmp_path, "leave-one-corpus-out-nemo.csv", rows=STRANGERS)
    write(
        tmp_path,
        "leave-one-corpus-out-nemo-other.csv",
        rows=tuple(replace(row, fold="all") for row in STRANGERS),
    )

    with pytest.raises(PredictionsError, match="speaker '01' of 'nemo' is tested in fold 'all', expected 'nemo'"):
        read_kept(tmp_path)


def test_known_voices_of_fewer_speakers_are_refused(tmp_path):
    write(tmp_path, "ravdess-4.csv")
    write(tmp_path, "ravdess-4-known-1.csv", rows=tuple(row for row in ROWS if row.speaker_id != "01"))

    whole = read_kept(tmp_path)["ravdess-4"]

    with pytest.raises(PredictionsError, match="expected the protocol's 24 speakers, came 23"):
        whole.known[1].read(whole.predictions)
