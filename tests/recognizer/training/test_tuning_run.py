from __future__ import annotations

import dataclasses
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.bundles import load_bundle
from recognizer.corpora.utterance import Utterance
from recognizer.evaluation.predictions import read_predictions
from recognizer.inference import EmotionRecognizer
from recognizer.training.checkpoints import build_model, load_checkpoint
from recognizer.training.errors import TrainingError
from recognizer.training.export import export
from recognizer.training.fine_tuning import find_whole_checkpoint
from recognizer.training.model import EmotionClassifier
from recognizer.training.statistics import load_speech
from recognizer.training.tuned_network import TunedNetwork
from recognizer.training.tuning_data import build_target, split_validation
from recognizer.training.tuning_run import TuningRun
from tests.recognizer.training.made_up import make_tuning_config, write_ravdess, write_whisper

# Waveforms all the way, blocks and weighted sum learned, the lower block later.
CONFIG = make_tuning_config(
    unfreeze_at=(0.0, 0.2, 0.5), unfreeze_blocks=(0, 1, 2), pooling="attentive", n_steps=40, n_evaluations=4
)
SCRIPT = """
import sys
from pathlib import Path
from recognizer.training.statistics import load_speech
from recognizer.training.tuned_network import TunedNetwork
from recognizer.training.tuning_data import build_target, split_validation
from recognizer.training.tuning_run import TuningRun
from tests.recognizer.training.test_tuning_run import CONFIG

TuningRun(CONFIG, {"ravdess": Path(sys.argv[1])}, Path(sys.argv[2]), encoder=sys.argv[3]).measure(
    "ravdess-4", folds=["f1"]
)
"""


@pytest.fixture(scope="module")
def speech_cache(wav2vec2_dir, ravdess_dir, tmp_path_factory):
    """The decoded speech, made once."""
    folder = tmp_path_factory.mktemp("cache")
    TuningRun(CONFIG, {"ravdess": ravdess_dir}, folder, encoder=str(wav2vec2_dir))
    return folder / "cache"


@pytest.fixture
def out_dir(speech_cache, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "cache").symlink_to(speech_cache)
    return tmp_path / "run"


def test_a_tiny_wav2vec2_goes_the_whole_way(out_dir, wav2vec2_dir, ravdess_dir, tmp_path):
    config = dataclasses.replace(CONFIG, n_steps=8, n_evaluations=2)
    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir))
    path = run.measure("ravdess-4")
    checkpoint = load_checkpoint(run.train_final(), encoder=str(wav2vec2_dir))

    export(checkpoint, tmp_path / "bundle", version="1", model_card="# Tiny\n", is_quantized=False)

    assert len(read_predictions(path).rows) == 96
    assert {row.fold for row in read_predictions(path.with_name("ravdess-4-known-5.csv")).rows} == {
        f"f{fold}" for fold in range(1, 7)
    }
    assert checkpoint.config == config
    assert set(checkpoint.facts["validation_uar"]) == {"ravdess"}
    assert load_bundle(tmp_path / "bundle").description.statistics_dim == 32
    assert EmotionRecognizer.load(tmp_path / "bundle")


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(out_dir, wav2vec2_dir, ravdess_dir, tmp_path):
    arguments = [str(ravdess_dir), str(out_dir), str(wav2vec2_dir)]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], env={**os.environ, "PYTHONPATH": ".", "HF_HUB_OFFLINE": "1"}
    )
    while not list(out_dir.glob("folds/*/*/trainer-*/checkpoint-20/trainer_state.json")):
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps = []

    TuningRun(
        CONFIG,
        {"ravdess": ravdess_dir},
        out_dir,
        encoder=str(wav2vec2_dir),
        on_progress=lambda step, n_done, _n_total: steps.append(n_done) if "f1" in step else None,
    ).measure("ravdess-4", folds=["f1"])

    # From the last checkpoint that was whole when the kill came, not from the start.
    assert steps[0] > 10
    (tmp_path / "uncut").mkdir()
    (tmp_path / "uncut" / "cache").symlink_to(out_dir / "cache")
    TuningRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path / "uncut", encoder=str(wav2vec2_dir)).measure(
        "ravdess-4", folds=["f1"]
    )
    file = "folds/ravdess-4/f1-seed0/known-3.csv"
    cut, uncut = (read_predictions(folder / file) for folder in (out_dir, tmp_path / "uncut"))
    np.testing.assert_allclose(cut.logits, uncut.logits, atol=1e-4)


def test_kept_lower_outputs_train_the_same_network_that_serves(whisper_dir, ravdess_dir, out_dir):
    config = make_tuning_config(
        frozen_blocks=1, first_layer=1, layer_mix="concatenated", n_views=1, n_steps=20, precision="bfloat16"
    )
    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(whisper_dir))

    checkpoint = load_checkpoint(run.train_final(), encoder=str(whisper_dir))

    row = np.array([5])
    data = split_validation(run._utterances, np.arange(96), config, seed=0, where="here")
    kept = TunedNetwork(checkpoint.model, data.training, config).pool_all(run._store, row)[0].numpy()
    waveform = load_speech(run._utterances[5], window_s=config.window_s)
    with torch.inference_mode():
        served = checkpoint.model.pool(torch.from_numpy(waveform)[None])[0].numpy()
    # Between them lie 16-bit samples and 16-bit floats.
    np.testing.assert_allclose(kept, served, atol=1e-2)


def test_a_head_fitted_first_is_where_training_starts(out_dir, wav2vec2_dir, ravdess_dir):
    config = dataclasses.replace(
        CONFIG, fits_head_first=True, n_steps=1, n_evaluations=1, learning_rate=1e-9, encoder_learning_rate=0.0
    )
    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir))
    data = split_validation(run._utterances, np.arange(96), config, seed=config.seed, where="here")
    fitted = build_model(dataclasses.replace(config, encoder=str(wav2vec2_dir)))
    network = TunedNetwork(fitted, data.training, config)
    network.remember(run._store, data.training)
    network.fit_head(data.training, config, seed=config.seed)

    trained = load_checkpoint(run.train_final(), encoder=str(wav2vec2_dir)).model

    for name, weight in fitted.head.state_dict().items():
        torch.testing.assert_close(trained.head.state_dict()[name], weight, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("log", "files"), [("csv", "log.csv"), ("tensorboard", "runs/*/events.out.tfevents.*")])
def test_the_log_of_a_fold_stays_when_its_checkpoints_go(log, files, out_dir, wav2vec2_dir, ravdess_dir):
    config = dataclasses.replace(CONFIG, log=log, n_steps=4, n_evaluations=1)

    TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir)).measure("ravdess-4", folds=["f1"])

    folder = out_dir / "folds" / "ravdess-4" / "f1-seed0"
    assert len(list(folder.glob(files))) == 1
    assert not list(folder.glob("trainer-*"))


def test_a_fold_that_is_done_is_not_trained_again(out_dir, wav2vec2_dir, ravdess_dir, monkeypatch):
    config = dataclasses.replace(CONFIG, n_steps=4, n_evaluations=1)
    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir))
    assert run.measure("ravdess-4", folds=["f1"]) is None
    monkeypatch.setattr("recognizer.training.tuning_run.fine_tune", lambda *_a, **_k: 1 / 0)

    assert run.measure("ravdess-4", folds=["f1"]) is None
    with pytest.raises(TrainingError, match="protocol 'ravdess-4' has no fold 'f9', expected some of f1, f2"):
        run.measure("ravdess-4", folds=["f9"])


def test_a_fold_of_an_older_version_counts_and_one_of_another_run_does_not(
    out_dir, wav2vec2_dir, ravdess_dir, monkeypatch
):
    config = dataclasses.replace(CONFIG, n_steps=4, n_evaluations=1)
    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir))
    run.measure("ravdess-4", folds=["f1"])
    path = out_dir / "folds" / "ravdess-4" / "f1-seed0" / "done.json"
    facts = json.loads(path.read_text())
    monkeypatch.setattr("recognizer.training.tuning_run.fine_tune", lambda *_a, **_k: 1 / 0)

    # As written before there was such a setting.
    del facts["config"]["fits_head_first"]
    path.write_text(json.dumps(facts))
    assert run.measure("ravdess-4", folds=["f1"]) is None
    facts["config"]["dropout"] = 0.9
    path.write_text(json.dumps(facts))
    with pytest.raises(ZeroDivisionError):
        run.measure("ravdess-4", folds=["f1"])


@pytest.mark.parametrize("frozen_blocks", [None, 1])
def test_another_encoder_in_the_same_folder_starts_anew(
    speech_cache, whisper_dir, ravdess_dir, tmp_path, frozen_blocks
):
    config = make_tuning_config(frozen_blocks=frozen_blocks, n_steps=4, n_evaluations=2)
    for name in ("shared", "alone"):
        (tmp_path / name / "cache").mkdir(parents=True)
        for speech in speech_cache.glob("speech-*"):
            (tmp_path / name / "cache" / speech.name).symlink_to(speech)

    def open_run(name, encoder, on_progress=lambda *_step: None):
        given = {"encoder": str(encoder), "on_progress": on_progress}
        return TuningRun(config, {"ravdess": ravdess_dir}, tmp_path / name, **given)

    def cut_off(step, n_done, _n_total):
        if "f2" in step and n_done == 3:
            raise KeyboardInterrupt("killed")

    # One fold is whole, another has a checkpoint of the Trainer's.
    with pytest.raises(KeyboardInterrupt, match="killed"):
        open_run("shared", whisper_dir, cut_off).measure("ravdess-4", folds=["f1", "f2"])
    other = write_whisper(tmp_path / "other", seed=1)
    for name in ("shared", "alone"):
        open_run(name, other).measure("ravdess-4", folds=["f1", "f2"])

    for fold in ("f1", "f2"):
        shared, alone = (
            read_predictions(tmp_path / name / "folds" / "ravdess-4" / f"{fold}-seed0" / "known-0.csv").logits
            for name in ("shared", "alone")
        )
        np.testing.assert_array_equal(shared, alone)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_what_was_saved(out_dir, wav2vec2_dir, ravdess_dir):
    run = TuningRun(
        dataclasses.replace(CONFIG, n_steps=9, n_evaluations=3),
        {"ravdess": ravdess_dir},
        out_dir,
        encoder=str(wav2vec2_dir),
        on_progress=lambda step, n_done, _n_total: break_head() if ("f2" in step and n_done == 4) else None,
    )

    def break_head():
        for each in gc.get_objects():
            if type(each) is EmotionClassifier:
                torch.nn.init.constant_(each.head.members[0][0].weight, float("nan"))

    run.measure("ravdess-4", folds=["f1"])
    with pytest.raises(TrainingError, match=r"ravdess-4 f2 seed 0: the loss is nan at step 5; lower the learning"):
        run.measure("ravdess-4", folds=["f1", "f2"])

    folder = out_dir / "folds" / "ravdess-4"
    assert (folder / "f1-seed0" / "done.json").exists()
    assert [path.parent.name for path in folder.glob("f2-seed0/*/*/trainer_state.json")] == ["checkpoint-3"]


def test_a_truncated_file_is_named_and_what_was_decoded_before_stays(tmp_path, wav2vec2_dir):
    folder = write_ravdess(tmp_path / "ravdess")
    path = max(folder.rglob("*.wav"))
    path.write_bytes(path.read_bytes()[:3000])

    with pytest.raises(TrainingError, match=rf"cannot read .*{path.name}"):
        TuningRun(CONFIG, {"ravdess": folder}, tmp_path / "out", encoder=str(wav2vec2_dir))


def test_a_full_disk_at_a_checkpoint_is_named_and_keeps_the_ones_before(out_dir, wav2vec2_dir, ravdess_dir):
    config = dataclasses.replace(CONFIG, n_steps=6, n_evaluations=3)

    def fill_disk(step, n_done, _n_total):
        # From now on no file may grow beyond a few bytes, as on a disk without room.
        if "f1" in step and n_done == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))

    run = TuningRun(config, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir), on_progress=fill_disk)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(TrainingError, match=r"ravdess-4 f1 seed 0: cannot write a checkpoint to .* are whole"):
            run.measure("ravdess-4", folds=["f1"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)

    (trainer_dir,) = out_dir.glob("folds/ravdess-4/f1-seed0/trainer-*")
    assert find_whole_checkpoint(trainer_dir).name == "checkpoint-2"


@pytest.mark.parametrize("kind", ["single speaker", "no sad clip"])
def test_clips_that_nothing_can_be_learned_from_are_named(kind, out_dir, wav2vec2_dir, ravdess_dir):
    run = TuningRun(CONFIG, {"ravdess": ravdess_dir}, out_dir, encoder=str(wav2vec2_dir))
    speaker, label = ("01", None) if kind == "single speaker" else (None, "sad")
    keep = [each.speaker_id == speaker or bool(label and each.label != label) for each in run._utterances]
    complaint = "expected two speakers or more" if kind == "single speaker" else "no clip of label 'sad' to train on"

    with pytest.raises(TrainingError, match=f"here: {complaint}"):
        split_validation(run._utterances, np.flatnonzero(keep), CONFIG, seed=0, where="here")


def test_targets_follow_votes_where_there_are_any_and_are_smoothed_where_there_are_none():
    plain = Utterance("cremad", "a", Path("a.wav"), "1", "happy")
    voted = dataclasses.replace(plain, soft_label={"happy": 0.5, "sad": 0.0, "angry": 0.5, "neutral": 0.0})
    config = dataclasses.replace(CONFIG, vote_share=0.2, label_smoothing=0.1)

    np.testing.assert_allclose(build_target(voted, config), [0.9, 0.0, 0.1, 0.0], atol=1e-6)
    np.testing.assert_allclose(build_target(plain, config), [0.925, 0.025, 0.025, 0.025], atol=1e-6)
