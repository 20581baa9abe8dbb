from __future__ import annotations

import pytest

from recognizer.corpora import CORPORA
from tests.recognizer.training.made_up import write_ravdess

pytestmark = pytest.mark.usefixtures("home")


def test_corpora_are_listed_with_licence_and_address(call):
    outcome = call("corpora", "list")

    assert outcome.exit_code == 0
    assert "ravdess" in outcome.out
    assert "CC BY-NC-SA 4.0" in outcome.out
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
    assert outcome.out.startswith("96 recordings\n")
    assert "duration alone is " in outcome.out
    assert "Shortcut(" not in outcome.out
    assert outcome.err == ""


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
