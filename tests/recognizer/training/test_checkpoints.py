from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import torch

from recognizer.calibration import Confidence
from recognizer.training.checkpoints import (
    SETTINGS_FILE,
    WEIGHTS_FILE,
    Checkpoint,
    build_model,
    load_checkpoint,
    save_checkpoint,
)
from recognizer.training.errors import TrainingError
from tests.recognizer.training.made_up import full_disk, make_config
from tests.signals import make_speech

SPEECH = torch.from_numpy(make_speech(1.0))[None]


def make_checkpoint(encoder_dir, *, is_trained=True):
    config = make_config(encoder=str(encoder_dir), window_s=2.0, hidden_sizes=(6, 0))
    model = build_model(config)
    if is_trained:
        rng = np.random.default_rng(0)
        with torch.no_grad():
            model.statistics_mean.copy_(torch.from_numpy(rng.standard_normal(model.statistics_dim)))
    return Checkpoint(
        model,
        config,
        confidence=Confidence(temperature=1.5, margin_threshold=0.25, conformal_quantile=0.9, largest_distance=2.0),
        facts={"corpora": {}},
    )


@pytest.fixture
def folder(whisper_dir, tmp_path):
    save_checkpoint(tmp_path / "checkpoint", make_checkpoint(whisper_dir))
    return tmp_path / "checkpoint"


def change_settings(folder, **changes):
    settings = json.loads((folder / SETTINGS_FILE).read_text())
    (folder / SETTINGS_FILE).write_text(json.dumps({**settings, **changes}))


@pytest.mark.parametrize("kind", ["whisper_dir", "wav2vec2_dir"])
def test_what_is_saved_answers_alike_when_loaded(kind, request, tmp_path):
    saved = make_checkpoint(request.getfixturevalue(kind))
    save_checkpoint(tmp_path / "checkpoint", saved)

    loaded = load_checkpoint(tmp_path / "checkpoint")

    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(SPEECH), saved.model(SPEECH))
    assert not loaded.model.training
    assert (loaded.config, loaded.confidence) == (saved.config, saved.confidence)
    linear = [each for each in loaded.model.head.modules() if isinstance(each, torch.nn.Linear)]
    assert [each.out_features for each in linear] == [6, 4, 4]
    assert loaded.facts == {"corpora": {}}


def test_positions_that_serving_never_reaches_are_dropped_on_loading(folder):
    assert load_checkpoint(folder).model.encoder.positions.shape[0] == 100


def test_a_checkpoint_whose_positions_were_dropped_already_loads_too(folder, tmp_path):
    short = load_checkpoint(folder)
    save_checkpoint(tmp_path / "short", short)

    with torch.inference_mode():
        torch.testing.assert_close(load_checkpoint(tmp_path / "short").model(SPEECH), short.model(SPEECH))


def test_the_encoder_may_lie_elsewhere_by_now(folder, whisper_dir):
    config = make_config(encoder="nowhere/it-was", window_s=2.0, hidden_sizes=(6, 0))
    change_settings(folder, config=config.to_mapping())

    with pytest.raises(TrainingError, match="'nowhere/it-was'"):
        load_checkpoint(folder)
    assert load_checkpoint(folder, encoder=str(whisper_dir)).config == config


def test_another_order_of_labels_is_refused(folder):
    change_settings(folder, labels=["sad", "happy", "angry", "neutral"])

    with pytest.raises(TrainingError, match=r"expected labels \['happy', 'sad', .*got \['sad', 'happy'"):
        load_checkpoint(folder)


def test_a_head_that_was_never_trained_is_refused(whisper_dir, tmp_path):
    save_checkpoint(tmp_path, make_checkpoint(whisper_dir, is_trained=False))

    with pytest.raises(TrainingError, match="its head was never trained"):
        load_checkpoint(tmp_path)


def test_weights_of_another_encoder_are_refused(folder, wav2vec2_dir):
    with pytest.raises(TrainingError, match=r"its weights don't fit encoder '.*wav2vec2"):
        load_checkpoint(folder, encoder=str(wav2vec2_dir))


def test_weights_of_a_head_of_another_width_are_refused(folder, whisper_dir):
    config = make_config(encoder=str(whisper_dir), window_s=2.0, hidden_sizes=(7, 0))
    change_settings(folder, config=config.to_mapping())

    with pytest.raises(TrainingError, match=r"(?s)its weights don't fit .*members\.0\.0\.weight"):
        load_checkpoint(folder)


def test_an_unknown_key_of_the_run_is_named(folder):
    change_settings(folder, config={**make_config().to_mapping(), "window_ms": 3000})

    with pytest.raises(TrainingError, match="unknown key 'window_ms'"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", [WEIGHTS_FILE, SETTINGS_FILE])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"\xff"])
def test_a_missing_or_broken_file_is_refused(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)

    with pytest.raises(TrainingError, match="expected a checkpoint in"):
        load_checkpoint(folder)


def test_a_save_that_is_cut_off_leaves_no_checkpoint_that_seems_whole(whisper_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("recognizer.training.checkpoints.json.dumps", lambda *_a, **_k: 1 / 0)

    with pytest.raises(ZeroDivisionError, match="division"):
        save_checkpoint(tmp_path, make_checkpoint(whisper_dir))

    with pytest.raises(TrainingError, match="No such file"):
        load_checkpoint(tmp_path)


# Without room for anything, and with room for the settings alone.
@pytest.mark.parametrize("n_bytes", [10, 4000])
def test_a_full_disk_is_named_and_leaves_the_checkpoint_that_was_there(folder, whisper_dir, n_bytes):
    names = sorted(path.name for path in folder.iterdir())
    kept = load_checkpoint(folder)
    other = dataclasses.replace(make_checkpoint(whisper_dir), facts={"other": True})

    problem = rf"^cannot write the checkpoint to '{re.escape(str(folder))}': .*File too large"
    with full_disk(n_bytes), pytest.raises(TrainingError, match=problem):
        save_checkpoint(folder, other)

    assert sorted(path.name for path in folder.iterdir()) == names
    assert load_checkpoint(folder).facts == kept.facts


def test_a_full_disk_leaves_no_checkpoint_that_seems_whole(whisper_dir, tmp_path):
    checkpoint = make_checkpoint(whisper_dir)

    with full_disk(), pytest.raises(TrainingError, match="cannot write the checkpoint"):
        save_checkpoint(tmp_path / "checkpoint", checkpoint)

    assert list((tmp_path / "checkpoint").iterdir()) == []
