from __future__ import annotations

import gzip
import json

import pytest

from recognizer.corpora import CORPORA
from tests.recognizer.corpora.layouts import write_lines, write_wav
from tests.recognizer.corpora.voices import make_voice
from tests.recognizer.training.made_up import write_ravdess

pytestmark = pytest.mark.usefixtures("home")

CREMAD_CLIPS = ("1001_DFA_ANG_XX", "1001_IEO_HAP_LO", "1002_IEO_SAD_HI", "1002_TIE_NEU_XX", "1003_DFA_ANG_XX")


def write_cremad(root):
    for number, name in enumerate(CREMAD_CLIPS):
        write_wav(root / "AudioWAV" / f"{name}.wav", make_voice(number))
    write_lines(root / "VideoDemographics.csv", "ActorID,Sex", "1001,Male", "1002,Female", "1003,Female")
    return root


def write_emobox(folder, *, train, test):
    """Write a fold as EmoBox publishes it, in both of its formats."""
    for part, names in (("train", train), ("test", test)):
        rows = [{"key": f"cremad-{name}", "wav": f"downloads/cremad/AudioWAV/{name}.wav"} for name in names]
        stem = folder / "fold_1" / f"cremad_{part}_fold_1"
        write_lines(stem.with_suffix(".jsonl"), *map(json.dumps, rows))
        write_lines(stem.with_suffix(".json"), json.dumps({row["key"]: {"wav": row["wav"]} for row in rows}))
    return folder


def write_manifest(folder):
    rows = [f"{number}.wav,{'Ada' if number % 2 else 'Ben'},happy" for number in range(4)]
    for number in range(4):
        write_wav(folder / f"{number}.wav", make_voice(number % 3))
    return write_lines(folder / "mine.csv", "file,speaker,label", *rows)


def test_corpora_are_listed_with_language_licence_and_address(call):
    outcome = call("corpora", "list")

    assert outcome.exit_code == 0
    assert "ravdess" in outcome.out
    assert "CC BY-NC-SA 4.0" in outcome.out
    assert "Polish" in outcome.out
    assert "None" not in outcome.out


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_is_shown_with_its_layout_and_labels(call, name):
    outcome = call("corpora", "show", name)

    assert outcome.exit_code == 0
    assert "- Layout: " in outcome.out
    assert "- Labels: " in outcome.out


def test_a_corpus_without_a_loader_is_not_shown(call):
    outcome = call("corpora", "show", "unheard-of")

    assert outcome.exit_code == 1
    assert outcome.err.startswith("error: unknown corpus 'unheard-of', expected one of ravdess")


def test_a_corpus_is_audited(call, tmp_path):
    write_ravdess(tmp_path / "ravdess")

    outcome = call("corpora", "audit", "ravdess", "--data", tmp_path)

    assert outcome.exit_code in {0, 1}
    assert outcome.out.startswith("96 recordings\ncorpus 'ravdess' is not complete: 96 recordings of 24 speakers, ")
    assert "duration alone is " in outcome.out
    assert "Shortcut(" not in outcome.out
    assert outcome.err == ""


def test_votes_that_were_cut_short_are_named_rather_than_taken_for_an_interruption(call, tmp_path):
    folder = write_cremad(tmp_path / "cremad")
    table = folder / "tabulatedVotes.csv.gz"
    table.write_bytes(gzip.compress(b",fileName,A,D,F,H,N,S\n")[:-10])

    outcome = call("corpora", "audit", "cremad", "--data", folder)

    assert outcome.exit_code == 1
    assert outcome.err.startswith(f"error: corpus 'cremad': cannot use '{table}': expected a table in UTF-8")


@pytest.mark.parametrize("given", ["", "fold_1", "fold_1/cremad_test_fold_1.jsonl", "fold_1/cremad_train_fold_1.json"])
def test_a_published_split_that_lists_recordings_is_flagged_for_its_shared_speakers(call, tmp_path, given):
    write_cremad(tmp_path / "cremad")
    split = write_emobox(tmp_path / "emobox" / "cremad", train=CREMAD_CLIPS[::2], test=CREMAD_CLIPS[1::2])

    outcome = call("corpora", "audit", "cremad", "--data", tmp_path, "--split", split / given)

    assert outcome.exit_code == 1
    assert "fold fold_1: speaker on both sides (2): 1001, 1002\n" in outcome.out


def test_a_published_split_that_keeps_speakers_apart_is_clean(call, tmp_path):
    write_cremad(tmp_path / "cremad")
    split = write_emobox(tmp_path / "emobox", train=CREMAD_CLIPS[:2], test=CREMAD_CLIPS[2:])

    outcome = call("corpora", "audit", "cremad", "--data", tmp_path, "--split", split)

    assert outcome.exit_code == 0
    assert "both sides" not in outcome.out


def test_a_split_file_by_speakers_or_by_recordings_is_taken(call, tmp_path):
    write_cremad(tmp_path / "cremad")
    fold = {"name": "f1", "test_speakers": ["1001"]}
    by_speakers = write_lines(
        tmp_path / "speakers.json", json.dumps({"format": 1, "name": "mine", "corpus": "cremad", "folds": [fold]})
    )
    fold = {"name": "f1", "train": [f"{CREMAD_CLIPS[0]}.wav"], "test": [f"{CREMAD_CLIPS[1]}.wav"]}
    by_recordings = write_lines(tmp_path / "clips.json", json.dumps({"name": "theirs", "folds": [fold]}))

    exit_codes = [
        call("corpora", "audit", "cremad", "--data", tmp_path, "--split", split).exit_code
        for split in (by_speakers, by_recordings)
    ]

    assert exit_codes == [0, 1]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"file,speaker\n", "expected JSON with name and folds, or a fold of EmoBox"),
        (b"RIFF\xff\xfe", "expected text in UTF-8"),
        (None, "expected <corpus>_train_fold_N.jsonl beside <corpus>_test_fold_N.jsonl"),
    ],
)
def test_what_holds_no_split_is_named_in_one_line(call, tmp_path, content, problem):
    write_cremad(tmp_path / "cremad")
    split = tmp_path / "split"
    split.mkdir() if content is None else split.write_bytes(content)

    outcome = call("corpora", "audit", "cremad", "--data", tmp_path, "--split", split)

    assert outcome.exit_code == 1
    assert outcome.err.startswith(f"error: cannot read the split '{split}': {problem}")
    assert outcome.err.count("\n") == 1


def test_a_table_of_own_recordings_is_audited_by_its_path(call, tmp_path):
    table = write_manifest(tmp_path)

    outcome = call("corpora", "audit", "manifest", "--data", table)

    assert outcome.exit_code == 0
    assert outcome.out == "4 recordings\nidentical audio under the same label: 0.wav, 3.wav\n"


def test_a_part_of_a_corpus_is_audited_by_the_path_of_its_folder_without_the_published_folds(call, tmp_path):
    folder = write_cremad(tmp_path / "cremad")

    outcome = call("corpora", "audit", "cremad", "--data", folder)

    assert outcome.exit_code == 0
    assert outcome.out.startswith("5 recordings\ncorpus 'cremad' is not complete: 5 recordings of 3 speakers, ")
    assert outcome.err == "left out the folds of cremad-4: some have no speaker here\n"


def test_a_corpus_that_is_not_where_it_was_looked_for_is_named(call, tmp_path):
    write_cremad(tmp_path / "corpora" / "cremad")
    table = write_manifest(tmp_path / "own")

    for data, found in ((tmp_path / "corpora", "cremad"), (table, "manifest")):
        outcome = call("corpora", "audit", "ravdess", "--data", data)

        assert outcome.exit_code == 1
        assert outcome.err == f"error: expected the corpus 'ravdess' in '{data}', found {found}\n"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("iemocap", "cannot fetch corpus 'iemocap': no single file with a checksum is published"),
        ("unheard-of", "unknown corpus 'unheard-of', expected one of ravdess"),
    ],
)
def test_a_corpus_that_cannot_be_fetched_says_why(call, tmp_path, name, problem):
    outcome = call("corpora", "fetch", name, "--data", tmp_path)

    assert outcome.exit_code == 1
    assert problem in outcome.err
