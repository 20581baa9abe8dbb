from __future__ import annotations

import pytest

from recognizer.bundles import HEADS_DIR, SHIPPED_DIR
from recognizer.errors import BundleError
from recognizer.installed import find_head, list_models, remove_model
from tests.bundles import write_tiny_bundle


def test_what_ships_comes_first_then_what_was_pulled_then_what_can_be(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")

    known = list_models(tmp_path)

    assert [(model.name, model.state) for model in known][-2:] == [
        ("tiny", "pulled"),
        ("whisper-base", "can be pulled"),
    ]
    assert (known[0].name, known[0].state, known[0].folder) == ("default", "ships", SHIPPED_DIR / "default")
    assert known[0].size_bytes == sum(file.stat().st_size for file in known[0].folder.iterdir())


def test_what_was_pulled_cannot_be_pulled_too(tmp_path):
    write_tiny_bundle(tmp_path / "whisper-base")

    assert [model.state for model in list_models(tmp_path) if model.name == "whisper-base"] == ["pulled"]


def test_a_pulled_model_that_was_altered_is_listed_as_broken(tmp_path):
    bundle = write_tiny_bundle(tmp_path / "tiny")
    bundle.model_file.write_bytes(b"other")

    tiny = next(model for model in list_models(tmp_path) if model.name == "tiny")

    assert tiny.state == "broken"
    assert "model.onnx was altered" in tiny.problem


def test_a_folder_that_was_never_made_holds_nothing(tmp_path):
    assert "pulled" not in {model.state for model in list_models(tmp_path / "never")}


def test_a_head_is_found_by_its_name():
    assert find_head("whisper-base") == HEADS_DIR / "whisper-base"
    with pytest.raises(
        BundleError, match=r"expected one of \['whisper-base'\], which can be pulled, got 'whisper-huge'"
    ):
        find_head("whisper-huge")


def test_a_removed_model_is_gone_and_so_are_its_traces(tmp_path):
    write_tiny_bundle(tmp_path / "models" / "tiny")
    (tmp_path / "models" / "exported.onnx").unlink()

    assert remove_model("tiny", tmp_path / "models") == tmp_path / "models" / "tiny"

    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [("default", "it ships and stays"), ("other", r"pulled were \['tiny'\]"), ("../models/tiny", "pulled were")],
)
def test_only_what_was_pulled_is_removed(tmp_path, name, why):
    write_tiny_bundle(tmp_path / "models" / "tiny")

    with pytest.raises(BundleError, match=f"cannot remove model '{name}': {why}"):
        remove_model(name, tmp_path / "models")

    assert (tmp_path / "models" / "tiny" / "bundle.json").exists()
