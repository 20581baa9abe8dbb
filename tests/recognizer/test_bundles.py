from __future__ import annotations

import json

import numpy as np
import pytest

from recognizer.bundles import SHIPPED_DIR, compute_sha256, load_bundle, resolve_bundle, write_bundle
from recognizer.errors import BundleError
from tests.bundles import STATISTICS_MEAN, describe_tiny_model, write_tiny_bundle, write_tiny_model


@pytest.fixture
def folder(tmp_path):
    return write_tiny_bundle(tmp_path / "tiny").folder


def edit_description(folder, **changes):
    file = folder / "bundle.json"
    fields = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in fields.items() if value is not None}))


def test_what_was_written_is_read_again(folder, tmp_path):
    bundle = load_bundle(folder)

    assert bundle.description == describe_tiny_model(tmp_path / "exported.onnx")
    assert bundle.description.model == "tiny 1.0"
    assert bundle.model_file.read_bytes() == (tmp_path / "exported.onnx").read_bytes()
    np.testing.assert_array_equal(bundle.statistics_mean, STATISTICS_MEAN)
    assert (folder / "MODEL_CARD.md").read_text() == "# Tiny\n"


def test_bundle_description_follows_the_published_format(folder):
    fields = json.loads((folder / "bundle.json").read_text())

    assert fields["format"] == 1
    assert fields["labels"] == ["happy", "sad", "angry", "neutral"]
    assert fields["sample_rate"] == 16_000
    assert fields["files"]["model.onnx"] == compute_sha256(folder / "model.onnx")


def test_a_bundle_replaces_the_one_before_and_leaves_nothing_beside(folder, tmp_path):
    bundle = write_tiny_bundle(folder, bias=np.zeros(4, dtype=np.float32), temperature=2.0)

    assert bundle.description.calibration.temperature == 2.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exported.onnx", "tiny"]


def test_an_invalid_bundle_replaces_nothing(folder, tmp_path):
    before = (folder / "bundle.json").read_text()
    other = write_tiny_model(tmp_path / "other.onnx", bias=np.ones(4, dtype=np.float32))
    description = describe_tiny_model(tmp_path / "exported.onnx")

    with pytest.raises(BundleError, match=r"the calibration was fitted for weights .* fit it again"):
        write_bundle(folder, description, model_file=other, statistics_mean=STATISTICS_MEAN, model_card="")

    assert (folder / "bundle.json").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exported.onnx", "other.onnx", "tiny"]


@pytest.mark.parametrize("name", ["model.onnx", "statistics.npz"])
def test_an_altered_file_is_refused(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")

    with pytest.raises(BundleError, match=rf"cannot use the model in .*tiny: {name} was altered: expected sha256 "):
        load_bundle(folder)


def test_a_missing_file_is_refused(folder):
    (folder / "model.onnx").unlink()

    with pytest.raises(BundleError, match=r"model\.onnx is missing"):
        load_bundle(folder)


def test_a_corrected_model_card_is_no_matter(folder):
    (folder / "MODEL_CARD.md").write_text("# Tiny, corrected\n")

    assert load_bundle(folder).description.name == "tiny"


def test_a_calibration_of_other_weights_is_refused(folder):
    calibration = {"temperature": 1.0, "margin_threshold": 0.1, "model_sha256": "0" * 64, "fitted_on": "others"}
    edit_description(folder, calibration=calibration)

    with pytest.raises(
        BundleError, match=r"fitted for weights 000000000000, but model\.onnx is [0-9a-f]{12}: fit it again"
    ):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["sad", "happy", "angry", "neutral"]}, r"expected labels \['happy', .* got \['sad', "),
        ({"sample_rate": 8000}, "expected sample_rate 16000, got 8000"),
        ({"format": 2}, "expected format 1, got 2"),
        ({"files": {"model.onnx": "0"}}, r"expected hashes of model\.onnx and statistics\.npz, got"),
        ({"files": None}, r"expected hashes of model\.onnx and statistics\.npz, got None"),
        ({"calibration": None}, r"bundle\.json is not as expected: 'calibration'"),
        ({"calibration": {"temperature": 1.0}}, r"bundle\.json is not as expected: .*missing"),
        ({"name": ""}, "expected a name and a version, got '' and '1.0'"),
        ({"hop_s": 4.0}, r"expected window_s of 0\.5 or more and hop_s within it, got 3\.0, 4\.0"),
        ({"window_s": 0.1}, r"expected window_s of 0\.5 or more and hop_s within it, got 0\.1, 1\.5"),
        ({"statistics_dim": 0}, "expected statistics_dim of 1 or more, got 0"),
        ({"statistics_dim": 3}, r"expected a finite statistics mean of shape \(3,\), got shape \(2,\)"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(folder, changes, message):
    edit_description(folder, **changes)

    with pytest.raises(BundleError, match=message):
        load_bundle(folder)


@pytest.mark.parametrize("text", ["{", "[]", "\ufeff"])
def test_a_damaged_description_is_refused(folder, text):
    (folder / "bundle.json").write_text(text)

    with pytest.raises(BundleError, match=r"bundle\.json (cannot be read|is not as expected)"):
        load_bundle(folder)


def test_damaged_statistics_are_refused(folder):
    (folder / "statistics.npz").write_bytes(b"PK nothing")
    files = {name: compute_sha256(folder / name) for name in ("model.onnx", "statistics.npz")}
    edit_description(folder, files=files)

    with pytest.raises(BundleError, match=r"statistics\.npz cannot be read"):
        load_bundle(folder)


def test_files_outside_the_folder_are_not_looked_at(folder):
    files = json.loads((folder / "bundle.json").read_text())["files"]
    edit_description(folder, files=files | {"../exported.onnx": compute_sha256(folder.parent / "exported.onnx")})

    with pytest.raises(BundleError, match=r"\.\./exported\.onnx is missing"):
        load_bundle(folder)


def test_a_bundle_is_found_by_its_path(folder):
    assert resolve_bundle(str(folder)) == folder


def test_a_pulled_bundle_is_found_by_its_name(folder):
    assert resolve_bundle("tiny", folder.parent) == folder


def test_what_ships_goes_before_what_was_pulled(tmp_path):
    write_tiny_bundle(tmp_path / "default")

    assert resolve_bundle("default", tmp_path) == SHIPPED_DIR / "default"


def test_a_bundle_that_is_nowhere_is_named_with_those_that_are_somewhere(folder):
    expected = (
        r"expected a folder with bundle\.json or one of \['default'.*\], which ship, or of \['tiny'\], which were"
    )

    with pytest.raises(BundleError, match=expected + r" pulled; got '.*nowhere'"):
        resolve_bundle(str(folder.parent / "nowhere"), folder.parent)


def test_a_model_that_waits_to_be_pulled_says_how(tmp_path):
    with pytest.raises(BundleError, match=r"not on this machine yet: `emotitune models pull whisper-base` fetches"):
        resolve_bundle("whisper-base", tmp_path)


def test_a_bundle_that_is_still_being_made_has_no_name(folder):
    folder.rename(folder.with_name(".tiny"))

    with pytest.raises(BundleError, match=r"or of \[\], which were pulled"):
        resolve_bundle("tiny", folder.parent)


def test_mood_offsets_are_kept(tmp_path):
    offsets = np.arange(8, dtype=np.float32).reshape(4, 2)
    model_file = write_tiny_model(tmp_path / "exported.onnx", bias=np.zeros(4, dtype=np.float32))

    bundle = write_bundle(
        tmp_path / "tiny",
        describe_tiny_model(model_file),
        model_file=model_file,
        statistics_mean=STATISTICS_MEAN,
        mood_offsets=offsets,
        model_card="",
    )

    np.testing.assert_array_equal(bundle.mood_offsets, offsets)


def test_mood_offsets_of_another_length_are_refused(tmp_path):
    model_file = write_tiny_model(tmp_path / "exported.onnx", bias=np.zeros(4, dtype=np.float32))

    with pytest.raises(BundleError, match=r"expected finite mood offsets of shape \(4, 2\), got shape \(4, 3\)"):
        write_bundle(
            tmp_path / "tiny",
            describe_tiny_model(model_file),
            model_file=model_file,
            statistics_mean=STATISTICS_MEAN,
            mood_offsets=np.zeros((4, 3)),
            model_card="",
        )
