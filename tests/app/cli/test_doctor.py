from __future__ import annotations

import json

import pytest


@pytest.mark.usefixtures("music")
def test_all_is_well_where_there_is_music_and_a_recognizer(call):
    call("index", "build")

    outcome = call("doctor", "--json")

    report = json.loads(outcome.out)
    assert outcome.exit_code == 0
    assert list(report) == ["python", "packages", "checks"]
    assert {"numpy", "onnxruntime", "torch"} <= set(report["packages"])
    assert [(check["name"], check["ok"]) for check in report["checks"]] == [
        ("database", True),
        ("catalog", True),
        ("index", True),
        ("recognizer", True),
    ]


@pytest.mark.usefixtures("home")
def test_what_is_wrong_comes_with_how_to_mend_it(call, monkeypatch):
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", "no-such-model")

    outcome = call("doctor")

    assert outcome.exit_code == 1
    wrong = [line for line in outcome.out.splitlines() if line.startswith("WRONG")]
    assert ["database" in wrong[0], "recognizer" in wrong[1]] == [True, True]
    assert "run `emotitune database upgrade`" in wrong[0]


@pytest.mark.usefixtures("sessions")
def test_packages_are_listed_with_their_versions_and_what_is_missing_with_how_to_get_it(call, monkeypatch):
    monkeypatch.setattr("app.cli.doctor.TRAIN", ("a-package-nobody-has",))

    outcome = call("doctor")

    assert "  a-package-nobody-has - (needed to train alone: pip install 'emotitune[train]')" in outcome.out
    assert "  numpy 2" in outcome.out
