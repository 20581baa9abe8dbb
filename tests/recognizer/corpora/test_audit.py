from __future__ import annotations

import json
import wave
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from recognizer.corpora import ravdess
from recognizer.corpora.audit import audit_corpus
from recognizer.corpora.errors import SplitFileError
from recognizer.corpora.listed_splits import load_split
from recognizer.corpora.splits import Fold, SpeakerSplit, load_published_split
from recognizer.corpora.utterance import Utterance
from recognizer.evaluation.degradations import change_gain
from tests.recognizer.corpora.layouts import write_lines, write_wav
from tests.recognizer.corpora.voices import make_voice

if TYPE_CHECKING:
    from pathlib import Path

LABEL_BY_NUMBER = ("happy", "sad", "angry", "neutral")


def decode_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32767


def decode_any(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.fixture
def corpus(tmp_path):
    utterances = []
    for number in range(12):
        speaker = "abc"[number // 4]
        path = write_wav(tmp_path / f"{speaker}{number}.wav", make_voice(number))
        utterances.append(Utterance("made", path.stem, path, speaker, LABEL_BY_NUMBER[number % 4]))
    return utterances


def audit(utterances, split=None):
    return audit_corpus(utterances, decode_wav, split=split, rng=np.random.default_rng(0))


def write_listed(path, train, test):
    path.write_text(json.dumps({"name": "theirs", "folds": [{"name": "1", "train": train, "test": test}]}))
    return path


def test_a_clean_corpus_has_nothing_on_both_sides(corpus):
    report = audit(corpus, SpeakerSplit("s", "made", (Fold("f1", ("a",)), Fold("f2", ("b", "c")))))

    assert report.is_clean
    assert report.duplicates == ()
    assert [shortcut.feature for shortcut in report.shortcuts] == ["duration", "level"]


def test_identical_audio_on_both_sides_is_a_leak(corpus):
    write_wav(corpus[8].path, make_voice(0))

    report = audit(corpus, SpeakerSplit("s", "made", (Fold("f1", ("a",)),)))

    (pair,) = report.duplicates
    assert (pair.first, pair.second, pair.is_identical, pair.labels_agree) == ("a0", "c8", True, True)
    assert pair.describe() == "identical audio under the same label: a0, c8"
    (leak,) = report.leaks
    assert leak.kind == "identical audio"
    assert leak.describe() == "fold f1: identical audio on both sides (1): c8 = a0"


def test_nearly_identical_audio_on_both_sides_is_a_leak(corpus):
    write_wav(corpus[9].path, change_gain(make_voice(0), -6))

    report = audit(corpus, SpeakerSplit("s", "made", (Fold("f1", ("a",)),)))

    assert [(leak.kind, leak.subjects) for leak in report.leaks] == [("nearly identical audio", ("c9 = a0",))]
    (pair,) = report.duplicates
    assert pair.describe() == f"nearly identical audio ({pair.similarity:.3f}) under different labels: a0, c9"


def test_a_duplicate_on_one_side_is_named_but_no_leak(corpus):
    write_wav(corpus[1].path, make_voice(0))

    report = audit(corpus, SpeakerSplit("s", "made", (Fold("f1", ("a",)),)))

    assert report.is_clean
    assert [(pair.first, pair.second) for pair in report.duplicates] == [("a0", "a1")]


def test_a_split_with_the_same_speakers_and_recordings_on_both_sides_is_flagged(corpus, tmp_path):
    split = load_split(write_listed(tmp_path / "s.json", ["a0.wav", "a1.wav", "b4.wav"], ["x/a2.wav", "a1.wav"]))

    report = audit(corpus, split)

    assert [(leak.kind, leak.subjects) for leak in report.leaks[:2]] == [("speaker", ("a",)), ("utterance", ("a1",))]


def test_a_long_list_of_subjects_is_cut():
    from recognizer.corpora.audit import Leak

    leak = Leak("f", "speaker", tuple(str(number) for number in range(13)))

    assert leak.describe().endswith("9 and 3 more")


def test_one_speaker_has_no_shortcuts(corpus):
    assert audit(corpus[:4]).shortcuts == ()


def test_emobox_folds_are_read_and_their_shared_speakers_flagged(corpus, tmp_path):
    folder = tmp_path / "cremad"
    for part, names in (("train", ("a0", "b4", "c8")), ("test", ("a1", "b5"))):
        lines = [json.dumps({"key": f"made-{name}", "wav": f"downloads/made/{name}.wav"}) for name in names]
        write_lines(folder / "fold_1" / f"cremad_{part}_fold_1.jsonl", *lines)

    report = audit(corpus, load_split(folder))

    assert [(leak.fold, leak.kind, leak.subjects) for leak in report.leaks] == [("fold_1", "speaker", ("a", "b"))]


def test_a_split_by_speakers_is_told_from_one_that_lists_recordings(tmp_path):
    folds = [{"name": "f1", "test_speakers": ["a"]}]
    write_lines(tmp_path / "s.json", json.dumps({"format": 1, "name": "s", "corpus": "made", "folds": folds}))

    assert load_split(tmp_path / "s.json") == SpeakerSplit("s", "made", (Fold("f1", ("a",)),))


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"name": "x", "folds": []}', '{"name": "x", "folds": [{"name": "1"}]}', "[]"]
)
def test_a_file_that_is_no_split_is_named(text, tmp_path):
    path = tmp_path / "s.json"
    path.write_text(text)

    with pytest.raises(SplitFileError, match=r"s\.json.*expected"):
        load_split(path)


def test_a_folder_that_is_no_split_is_named(tmp_path):
    with pytest.raises(SplitFileError, match="_train_fold_N"):
        load_split(tmp_path)
    write_lines(tmp_path / "x_train_fold_1.jsonl", "{}")
    with pytest.raises(SplitFileError, match="expected a JSON object with the key 'wav'"):
        load_split(tmp_path)


def test_a_listed_split_of_another_corpus_is_an_error(corpus, tmp_path):
    split = load_split(write_listed(tmp_path / "s.json", ["p.wav"], ["q.wav"]))

    with pytest.raises(ValueError, match="of 12 recordings it has 0 for training and 0 for test"):
        audit(corpus, split)


@pytest.mark.data
@pytest.mark.slow
def test_the_audit_of_ravdess_finds_its_duplicate_and_no_leak(material_dir):
    utterances = ravdess.load(material_dir / "data" / "speech" / "ravdess")

    report = audit_corpus(utterances, decode_any, split=load_published_split("ravdess-4"), rng=np.random.default_rng(0))

    assert [(pair.first, pair.second, pair.is_identical) for pair in report.duplicates] == [
        ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07", True)
    ]
    assert report.is_clean
    assert [shortcut.is_worth_a_warning for shortcut in report.shortcuts] == [False, True]
