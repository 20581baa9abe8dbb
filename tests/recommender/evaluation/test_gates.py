from __future__ import annotations

import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.errors import GatesMissedError
from recommender.evaluation.gates import Gate, Verdict, check_gates, load_gates

FIGURE = {"value": 0.7, "low": 0.65, "high": 0.75}
REPORT = {"protocols": {"emotify-retrieval": {"recommender": {"ndcg_at_10": FIGURE}}}}
NAME = '["emotify-retrieval".recommender.ndcg_at_10]\n'


def check(tmp_path, text):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    return check_gates(REPORT, load_gates(path))


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("at_least = 0.7", True),
        ("at_least = 0.71", False),
        ("at_most = 0.7", True),
        ("at_most = 0.6", False),
        ('at_least = 0.66\nbound = "low"', False),
        ('at_most = 0.76\nbound = "high"', True),
        ("at_least = 0.6\nat_most = 0.8", True),
    ],
)
def test_a_gate_holds_a_figure_to_its_bounds(tmp_path, text, is_kept):
    assert [verdict.is_kept for verdict in check(tmp_path, NAME + text)] == [is_kept]


def test_a_figure_that_the_report_lacks_misses_its_gate(tmp_path):
    (verdict,) = check(tmp_path, "[situnes.personal.rating]\nat_least = 3")

    assert not verdict.is_kept
    assert verdict.describe() == "situnes personal rating: at least 3, the report has no such figure"


def test_missed_gates_are_named_with_what_was_expected_and_what_came():
    error = GatesMissedError([Verdict(Gate("p", "s", "m", at_least=0.6, bound="low"), 0.5)])

    assert str(error) == "1 gate missed:\n  p s m (low end of the interval): at least 0.6, got 0.5000"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no toml", "cannot read the gates"),
        ("", "at least one gate"),
        ("ndcg_at_10 = 0.6", r"expected \[protocol.system.metric\] tables"),
        (NAME, "expected at_least or at_most in .* got neither"),
        (NAME + "at_least = 'much'", "could not convert"),
        (NAME + "at_leest = 0.6", r"expected the keys .* got \['at_leest'\]"),
        (NAME + 'at_least = 0.6\nbound = "lower"', "expected a bound of value, low, high .* got 'lower'"),
    ],
)
def test_gates_of_another_kind_are_refused(tmp_path, text, complaint):
    with pytest.raises(EvaluationDataError, match=complaint):
        check(tmp_path, text)


def test_a_missing_file_of_gates_is_named(tmp_path):
    with pytest.raises(EvaluationDataError, match=r"cannot read the gates '.*no\.toml'"):
        load_gates(tmp_path / "no.toml")
