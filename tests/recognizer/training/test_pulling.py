from __future__ import annotations

import errno
import fcntl
import os
import shutil

import huggingface_hub
import onnx
import pytest
from transformers import WhisperForAudioClassification, WhisperForConditionalGeneration

import recognizer.training.clip_quality as clip_quality_module
import recognizer.training.pulling as pulling_module
from recognizer.audio import decode_clip
from recognizer.bundles import load_bundle
from recognizer.inference import EmotionRecognizer
from recognizer.installed import find_head
from recognizer.training.errors import TrainingError, WrongEncoderError
from recognizer.training.pulling import pull_model
from tests.recognizer.training.made_up import write_head, write_ravdess, write_whisper

MIB = 1 << 20
COMMIT = "0123456789" * 4


@pytest.fixture(scope="module")
def head_dir(whisper_dir, tmp_path_factory):
    return write_head(tmp_path_factory.mktemp("heads") / "tiny", whisper_dir)


@pytest.fixture
def pull(head_dir, whisper_dir, tmp_path):
    """Pull the tiny model into a folder of this test."""

    def run(**choices):
        given = {"encoder": whisper_dir, "on_progress": tell_nobody, **choices}
        return pull_model(head_dir, tmp_path / "models", **given)

    return run


def tell_nobody(_step, _n_done, _n_total):
    pass


def list_files(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_pull_makes_a_bundle_that_hears(pull, tmp_path, ravdess_dir):
    steps = []

    report = pull(on_progress=lambda *step: steps.append(step))

    recognizer = EmotionRecognizer.load(report.folder)
    clip = next(ravdess_dir.rglob("*.wav"))
    assert sum(recognizer.recognize(decode_clip(clip, clip.name)).posterior.values()) == pytest.approx(1.0)
    assert report.model == recognizer.model == "tiny 3"
    assert report.made.largest_difference < 1e-3
    assert report.made.quality is None
    assert {step for step, _, _ in steps} == {"encoder", "export"}
    assert list_files(tmp_path / "models") == ["tiny"]


def test_the_card_says_how_this_copy_was_made(pull, whisper_dir):
    report = pull(is_quantized=False)

    card = (report.folder / "MODEL_CARD.md").read_text()
    assert card.startswith("# A head\n\n## This copy\n")
    assert f"encoder from the folder '{whisper_dir.name}': float32" in card


def test_int8_is_what_a_pull_makes_unless_told_otherwise(pull):
    operators = [
        {node.op_type for node in onnx.load(pull(**choice).folder / "model.onnx").graph.node}
        for choice in ({}, {"is_quantized": False})
    ]

    assert ["MatMulInteger" in each for each in operators] == [True, False]


def test_recordings_at_hand_are_heard_by_both(pull, tmp_path):
    write_ravdess(tmp_path / "speech" / "ravdess")
    steps = []

    report = pull(data_dir=tmp_path / "speech", n_clips=16, on_progress=lambda *step: steps.append(step))

    assert report.made.quality.n_clips == 16
    assert report.made.quality.agreement >= 0.75
    assert ("check", 16, 16) in steps
    assert "On 16 recordings at hand" in (report.folder / "MODEL_CARD.md").read_text()


def test_an_export_that_hears_worse_is_refused_and_the_old_one_stays(pull, tmp_path, monkeypatch):
    write_ravdess(tmp_path / "speech" / "ravdess")
    before = (pull().folder / "bundle.json").read_bytes()
    monkeypatch.setattr(clip_quality_module, "MAX_UAR_LOSS", -2.0)

    with pytest.raises(TrainingError, match=r"exported 'tiny' has UAR .* on 8 recordings, its network .*try --float32"):
        pull(data_dir=tmp_path / "speech", n_clips=8)

    assert (tmp_path / "models" / "tiny" / "bundle.json").read_bytes() == before
    assert list_files(tmp_path / "models") == ["tiny"]


def test_data_without_a_corpus_stops_before_anything_is_made(pull, tmp_path):
    with pytest.raises(TrainingError, match=r"expected a corpus of ravdess, .* got none"):
        pull(data_dir=tmp_path)

    assert not (tmp_path / "models").exists()


def test_pulling_again_replaces_the_old_one(pull, tmp_path):
    first = pull(is_quantized=False)
    second = pull()

    assert first.folder == second.folder
    assert load_bundle(second.folder).model_file.stat().st_size == second.made.size_bytes
    assert list_files(tmp_path / "models") == ["tiny"]


@pytest.mark.parametrize("step", ["encoder", "export"])
def test_a_pull_that_is_interrupted_leaves_nothing_and_can_be_repeated(pull, tmp_path, step):
    def stop(now, n_done, _n_total):
        if (now, n_done) == (step, 1):
            raise KeyboardInterrupt("ctrl-c")

    with pytest.raises(KeyboardInterrupt, match="ctrl-c"):
        pull(on_progress=stop)

    assert list_files(tmp_path / "models") == []
    assert pull().folder.is_dir()


def test_what_a_killed_pull_left_is_cleared_away(pull, tmp_path):
    (tmp_path / "models" / ".tiny" / "tiny").mkdir(parents=True)
    (tmp_path / "models" / ".tiny" / "tiny" / "model.onnx").write_bytes(b"half")

    pull()

    assert list_files(tmp_path / "models") == ["tiny"]


def test_two_pulls_into_one_folder_do_not_meet(pull, tmp_path):
    (tmp_path / "models" / ".tiny").mkdir(parents=True)
    handle = os.open(tmp_path / "models", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)

    with pytest.raises(TrainingError, match=r"another pull into '.*models' is under way"):
        pull()

    os.close(handle)
    # The other one's work is not touched.
    assert list_files(tmp_path / "models") == [".tiny"]


def test_another_encoder_is_refused_and_nothing_is_left(pull, tmp_path):
    other = write_whisper(tmp_path / "other", seed=1)

    with pytest.raises(WrongEncoderError, match="its weights are others"):
        pull(encoder=other)

    assert list_files(tmp_path / "models") == []


def test_an_encoder_out_of_the_hub_s_reach_is_named(pull, tmp_path):
    with pytest.raises(TrainingError, match=r"(?s)cannot fetch encoder 'nowhere/tiny-encoder' from the hub.*--encoder"):
        pull(encoder=None)

    assert list_files(tmp_path / "models") == []


def test_a_whole_model_in_the_hub_s_cache_needs_no_network(pull, whisper_dir, tmp_path, monkeypatch):
    cache = tmp_path / "hub" / "models--nowhere--tiny-encoder"
    snapshot = cache / "snapshots" / COMMIT
    write_whole_whisper(whisper_dir, snapshot)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    report = pull(encoder=None)

    assert "the encoder from nowhere/tiny-encoder at its newest: int8" in (report.folder / "MODEL_CARD.md").read_text()


def write_whole_whisper(encoder_dir, folder):
    """Write encoder and decoder, as the hub has them; ours is the encoder alone."""
    encoder = WhisperForAudioClassification.from_pretrained(encoder_dir).encoder
    whole = WhisperForConditionalGeneration(encoder.config)
    whole.model.encoder.load_state_dict(encoder.state_dict())
    whole.save_pretrained(folder)


def test_a_disk_without_room_is_named_before_anything_is_made(pull, tmp_path, monkeypatch):
    monkeypatch.setattr(pulling_module, "NEEDED_BYTES", shutil.disk_usage(tmp_path).total * 10)

    with pytest.raises(TrainingError, match=r"cannot pull 'tiny': expected \d+ MB free in '.*models', got \d+ MB"):
        pull()

    assert list_files(tmp_path / "models") == []


def test_a_disk_that_fills_up_leaves_the_old_model(pull, tmp_path, monkeypatch):
    before = (pull().folder / "bundle.json").read_bytes()

    def fill_up(_source, _target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("recognizer.bundles.shutil.copyfile", fill_up)
    with pytest.raises(TrainingError, match=r"cannot write model 'tiny' in '.*models': .*No space left on device"):
        pull(is_quantized=False)

    assert (tmp_path / "models" / "tiny" / "bundle.json").read_bytes() == before
    assert list_files(tmp_path / "models") == ["tiny"]


@pytest.mark.data
@pytest.mark.slow
def test_whisper_base_is_pulled_from_its_folder_and_hears_anger(material_dir, tmp_path):
    encoder = material_dir / "models" / "whisper-base-encoder"

    report = pull_model(find_head("whisper-base"), tmp_path, encoder=encoder, on_progress=tell_nobody)

    clip = next((material_dir / "data" / "speech" / "ravdess").rglob("03-01-05-02-01-01-05.*"))
    heard = EmotionRecognizer.load(report.folder).recognize(decode_clip(clip, clip.name))
    assert heard.label == "angry"
    assert report.made.int8_agreement >= 0.95
    assert report.made.size_bytes < 25 * MIB
