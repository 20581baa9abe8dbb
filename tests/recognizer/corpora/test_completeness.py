from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest

from recognizer.corpora import CORPORA, load_corpus, ravdess
from recognizer.corpora.completeness import find_shortfall
from recognizer.corpora.utterance import Utterance
from tests.recognizer.corpora import layouts


def make_ravdess(names):
    return [Utterance("ravdess", name, Path("x.wav"), name[-2:], "happy") for name in names]


def make_speakers(corpus, n_utterances, n_speakers):
    return [
        Utterance(corpus, f"{number}", Path("x.wav"), f"s{number % n_speakers}", "happy")
        for number in range(n_utterances)
    ]


def test_the_names_of_ravdess_are_those_of_all_actors_with_neutral_at_one_intensity():
    speaker_by_name = ravdess.name_clips()

    per_emotion = Counter(name.split("-")[2] for name in speaker_by_name)
    assert per_emotion == {"01": 4 * 24, "02": 8 * 24, "03": 8 * 24, "04": 8 * 24, "05": 8 * 24}
    assert len(speaker_by_name) == CORPORA["ravdess"].n_utterances
    assert len(set(speaker_by_name.values())) == CORPORA["ravdess"].n_speakers
    assert speaker_by_name["03-01-05-02-02-01-24"] == "24"


def test_a_complete_corpus_falls_short_of_nothing():
    assert find_shortfall(CORPORA["ravdess"], make_ravdess(ravdess.name_clips())) is None
    assert find_shortfall(CORPORA["nemo"], make_speakers("nemo", 3076, 9)) is None


def test_missing_clips_and_actors_of_ravdess_are_named():
    names = [
        name
        for name, actor in ravdess.name_clips().items()
        if int(actor) < 10 and not (actor == "01" and name.startswith("03-01-05"))
    ]

    shortfall = find_shortfall(CORPORA["ravdess"], make_ravdess(names))

    assert shortfall.missing_speakers == tuple(f"{actor}" for actor in range(10, 25))
    assert len(shortfall.missing) == 8
    assert shortfall.describe() == (
        "corpus 'ravdess' is not complete: 316 recordings of 9 speakers, expected 864 of 24; nothing of the speakers "
        "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24; missing 03-01-05-01-01-01-01, "
        "03-01-05-01-01-02-01, 03-01-05-01-02-01-01, 03-01-05-01-02-02-01, 03-01-05-02-01-01-01, "
        "03-01-05-02-01-02-01, 03-01-05-02-02-01-01, 03-01-05-02-02-02-01"
    )


def test_a_long_list_of_missing_clips_is_cut():
    names = [name for name in ravdess.name_clips() if not name.startswith("03-01-03")]

    described = find_shortfall(CORPORA["ravdess"], make_ravdess(names)).describe()

    assert described.endswith("03-01-03-01-01-01-10 and 182 more")


@pytest.mark.parametrize(("n_utterances", "n_speakers"), [(4898, 91), (4899, 90)])
def test_a_corpus_whose_names_follow_no_scheme_is_counted(n_utterances, n_speakers):
    shortfall = find_shortfall(CORPORA["cremad"], make_speakers("cremad", n_utterances, n_speakers))

    assert shortfall.describe() == (
        f"corpus 'cremad' is not complete: {n_utterances} recordings of {n_speakers} speakers, expected 4899 of 91"
    )


@pytest.mark.parametrize("name", ["meld", "emospeech", "manifest"])
def test_a_corpus_of_no_published_size_cannot_fall_short(name):
    assert find_shortfall(CORPORA[name], make_speakers(name, 1, 1)) is None


def test_loading_a_part_by_name_goes_on_with_a_warning(tmp_path, caplog):
    layouts.build_ravdess(tmp_path)

    with caplog.at_level(logging.WARNING):
        utterances = load_corpus("ravdess", tmp_path)

    assert len(utterances) == 10
    (message,) = caplog.messages
    assert message.startswith("corpus 'ravdess' is not complete: 10 recordings of 2 speakers, expected 864 of 24")


@pytest.mark.data
@pytest.mark.parametrize("name", ["ravdess", "nemo", "emospeech"])
def test_the_real_corpora_fall_short_of_nothing(name, material_dir, caplog):
    utterances = load_corpus(name, material_dir / "data" / "speech" / name)

    assert caplog.messages == []
    if names := CORPORA[name].speaker_by_name:
        assert {utterance.utterance_id: utterance.speaker_id for utterance in utterances} == names
