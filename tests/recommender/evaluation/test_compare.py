from __future__ import annotations

import json

import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.compare import compare_reports
from recommender.evaluation.report import build_report, write_report
from recommender.evaluation.results import Figure, ProtocolResult


@pytest.fixture
def write(tmp_path):
    def write_one(name, scores, **more):
        rows = tuple({"query": f"q{i}", "unit": f"q{i}", "ours.mrr": score} for i, score in enumerate(scores))
        mean = sum(scores) / len(scores)
        figures = {"ours": {"mrr": Figure(mean), "gini": Figure(0.5)}} | more
        result = ProtocolResult("made-up", "", "", {"mrr": "", "gini": ""}, figures, per_query=rows)
        write_report(build_report([result]), [result], tmp_path / name)
        return tmp_path / name / "recommender.json"

    return write_one


def test_a_steady_gain_is_told_from_chance(write):
    before, after = write("a", [0.5 + i / 50 for i in range(12)]), write("b", [0.6 + i / 50 for i in range(12)])

    changes = {change.metric: change for change in compare_reports(before, after)}

    assert changes["mrr"].after - changes["mrr"].before == pytest.approx(0.1)
    assert changes["mrr"].p_holm < 0.001
    assert changes["gini"].p_holm is None
    assert changes["gini"].describe() == "made-up ours gini: 0.500 -> 0.500 (+0.000)"


def test_a_report_does_not_differ_from_itself(write):
    path = write("a", [0.1, 0.9, 0.4])

    changes = compare_reports(path, path)

    assert all(change.before == change.after for change in changes)
    assert {change.p_holm for change in changes} == {1.0, None}


def test_systems_that_only_one_report_has_are_left_out(write):
    before, after = write("a", [0.5], other={"mrr": Figure(0.1)}), write("b", [0.5])

    assert {change.system for change in compare_reports(before, after)} == {"ours"}


def test_reports_that_share_nothing_are_refused(write, tmp_path):
    (tmp_path / "other.json").write_text(json.dumps({"protocols": {"another": {}}}))

    with pytest.raises(EvaluationDataError, match="share, got none"):
        compare_reports(write("a", [0.5]), tmp_path / "other.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"protocols": 3}'])
def test_what_is_no_report_is_refused(write, tmp_path, content):
    (tmp_path / "other.json").write_text(content)

    with pytest.raises(EvaluationDataError, match=r"(cannot read the|expected a) report"):
        compare_reports(tmp_path / "other.json", write("a", [0.5]))
