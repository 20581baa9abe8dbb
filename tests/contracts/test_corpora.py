"""What every corpus loader in the registry promises."""

from __future__ import annotations

import importlib

import pytest

from recognizer.corpora import CORPORA, load_corpus
from recognizer.corpora.errors import CorpusFileError, UnknownCorpusError
from recognizer.errors import CorpusError
from recognizer.labels import LABELS
from tests.recognizer.corpora.layouts import LAYOUTS

every_corpus = pytest.mark.parametrize("name", list(CORPORA))


def test_no_loader_escapes_this_contract():
    assert set(LAYOUTS) == set(CORPORA)


def test_an_unknown_corpus_is_named_with_those_there_are(tmp_path):
    with pytest.raises(UnknownCorpusError, match=r"unknown corpus 'emodb', expected one of ravdess, cremad"):
        load_corpus("emodb", tmp_path)


@every_corpus
def test_utterances_are_sorted_unique_and_on_disk(name, tmp_path):
    folder = LAYOUTS[name](tmp_path / name)

    utterances = load_corpus(name, folder)

    identifiers = [utterance.utterance_id for utterance in utterances]
    assert identifiers == sorted(set(identifiers))
    assert all(utterance.path.is_file() for utterance in utterances)
    assert {utterance.corpus for utterance in utterances} == {name}


@every_corpus
def test_labels_are_ours_and_soft_labels_cover_them(name, tmp_path):
    utterances = load_corpus(name, LAYOUTS[name](tmp_path / name))

    assert {utterance.label for utterance in utterances} <= set(LABELS)
    assert all(tuple(utterance.soft_label) == LABELS for utterance in utterances if utterance.soft_label)


@every_corpus
def test_identifiers_do_not_depend_on_where_the_corpus_lies(name, tmp_path):
    here = load_corpus(name, LAYOUTS[name](tmp_path / "here"))
    there = load_corpus(name, LAYOUTS[name](tmp_path / "far" / "away"))

    assert [(u.utterance_id, u.speaker_id, u.label) for u in here] == [
        (u.utterance_id, u.speaker_id, u.label) for u in there
    ]


@every_corpus
def test_a_missing_folder_is_named(name, tmp_path):
    with pytest.raises(CorpusFileError, match="nowhere") as caught:
        load_corpus(name, tmp_path / "nowhere")

    assert caught.value.corpus == name


@every_corpus
def test_an_empty_recording_is_named(name, tmp_path):
    folder = LAYOUTS[name](tmp_path / name)
    path = load_corpus(name, folder)[0].path
    path.write_bytes(b"")

    with pytest.raises(CorpusFileError, match="the file is empty") as caught:
        load_corpus(name, folder)

    assert caught.value.path == path


@every_corpus
def test_a_git_lfs_pointer_is_not_taken_for_audio(name, tmp_path):
    folder = LAYOUTS[name](tmp_path / name)
    load_corpus(name, folder)[0].path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")

    with pytest.raises(CorpusFileError, match="git lfs pull"):
        load_corpus(name, folder)


@every_corpus
def test_an_empty_folder_is_an_error(name, tmp_path):
    with pytest.raises(CorpusError, match=name):
        load_corpus(name, tmp_path)


@pytest.mark.parametrize("name", ["meld", "iemocap", "nemo", "manifest"])
def test_a_recording_that_the_table_names_must_be_there(name, tmp_path):
    folder = LAYOUTS[name](tmp_path / name)
    path = load_corpus(name, folder)[0].path
    path.unlink()

    with pytest.raises(CorpusFileError, match="there is no such file") as caught:
        load_corpus(name, folder)

    assert caught.value.path.stem == path.stem


@every_corpus
def test_each_loader_says_where_its_corpus_comes_from(name):
    words = importlib.import_module(f"recognizer.corpora.{name}").__doc__
    info = CORPORA[name]

    expected = ["- Layout:", "- Labels:"] + (["- Citation:", "- License:", info.homepage] if info.homepage else [])
    assert [word for word in expected if word not in words] == []
