from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import recognizer.training.run as run_module
from recognizer.corpora.errors import CorpusFileError
from recognizer.evaluation.predictions import read_predictions
from recognizer.training.checkpoints import load_checkpoint
from recognizer.training.errors import TrainingError
from recognizer.training.run import train
from tests.recognizer.training.made_up import make_config

CONFIG = make_config(n_views=1, n_seeds=2)


@pytest.fixture(scope="module")
def out_dir(whisper_dir, ravdess_dir, tmp_path_factory):
    """A folder with a whole run in it."""
    folder = tmp_path_factory.mktemp("run")
    train(CONFIG, {"ravdess": ravdess_dir}, folder, encoder=str(whisper_dir))
    return folder


def test_a_run_ends_with_predictions_of_every_clip_and_a_checkpoint(out_dir, whisper_dir):
    predictions = read_predictions(out_dir / "predictions" / "ravdess-4.csv")
    checkpoint = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))

    # Every clip once for each seed.
    assert len({(row.utterance_id, row.seed) for row in predictions.rows}) == len(predictions.rows) == 2 * 96
    assert {row.seed for row in predictions.rows} == {0, 1}
    assert checkpoint.config == CONFIG
    assert checkpoint.facts["corpora"] == {"ravdess": {"n_clips": 96, "n_speakers": 24}}
    assert checkpoint.facts["refused"] == []
    assert set(checkpoint.facts["inner_uar"]) == {"ravdess"}


def test_made_up_moods_are_told_apart_even_by_a_random_encoder(out_dir):
    predictions = read_predictions(out_dir / "predictions" / "ravdess-4.csv")

    # A fourth would be chance.
    assert np.mean(predictions.predicted == predictions.truth) > 0.5


def test_a_run_repeated_computes_nothing_twice_and_ends_alike(out_dir, whisper_dir, ravdess_dir, monkeypatch):
    first = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))
    steps = []
    monkeypatch.setattr("recognizer.training.statistics._write_part", lambda *_a, **_k: 1 / 0)

    train(
        CONFIG,
        {"ravdess": ravdess_dir},
        out_dir,
        encoder=str(whisper_dir),
        on_progress=lambda *step: steps.append(step),
    )

    second = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))
    assert {step for step, _, _ in steps} == {"statistics", "final head"}
    for name, tensor in first.model.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), second.model.state_dict()[name].numpy())


def test_predictions_of_another_run_in_the_same_folder_are_made_again(out_dir, whisper_dir, ravdess_dir, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    steps = set()
    other = dataclasses.replace(CONFIG, n_seeds=1, n_epochs=2)
    for config in (dataclasses.replace(CONFIG, n_seeds=1), other):
        steps.clear()
        train(
            config,
            {"ravdess": ravdess_dir},
            tmp_path,
            encoder=str(whisper_dir),
            on_progress=lambda step, *_: steps.add(step),
        )

    assert "folds" in steps
    made_by = json.loads((tmp_path / "predictions" / "ravdess-4.json").read_text())
    assert made_by["n_epochs"] == 2
    assert len(read_predictions(tmp_path / "predictions" / "ravdess-4.csv").rows) == 96


def test_a_run_without_its_corpus_names_it(tmp_path):
    with pytest.raises(TrainingError, match=r"run 'tiny' needs corpus 'ravdess', got folders for \['nemo'\]"):
        train(CONFIG, {"nemo": tmp_path}, tmp_path / "out")
    with pytest.raises(CorpusFileError, match=r"nothing-here"):
        train(CONFIG, {"ravdess": tmp_path / "nothing-here"}, tmp_path / "out")


def test_a_protocol_that_measures_on_another_corpus_stops_before_anything_is_computed(tmp_path):
    config = make_config(protocol="cremad-4")

    with pytest.raises(TrainingError, match="protocol 'cremad-4' measures on 'cremad', got corpora ravdess"):
        train(config, {"ravdess": tmp_path}, tmp_path / "out")
    with pytest.raises(ValueError, match="unknown split 'mine'"):
        train(make_config(protocol="mine"), {"ravdess": tmp_path}, tmp_path / "out")


def test_a_missing_encoder_is_named(ravdess_dir, tmp_path):
    with pytest.raises(TrainingError, match="encoder 'nowhere' is neither"):
        train(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder="nowhere")


def test_a_run_can_be_stopped_between_its_steps(out_dir, whisper_dir, ravdess_dir, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")

    def stop(step, n_done, _n_total):
        if (step, n_done) == ("folds", 2):
            raise KeyboardInterrupt("killed")

    with pytest.raises(KeyboardInterrupt, match="killed"):
        train(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir), on_progress=stop)

    assert not (tmp_path / "checkpoint").exists()
    assert train(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir)) == tmp_path / "checkpoint"
    assert run_module.PREDICTIONS_FOLDER in {path.name for path in tmp_path.iterdir()}


def test_a_seed_that_was_measured_before_a_run_was_cut_is_not_measured_again(
    out_dir, whisper_dir, ravdess_dir, tmp_path
):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    n_folds = [0]

    def count_and_stop(step, _n_done, _n_total):
        n_folds[0] += step == "folds"
        # The second seed's second fold: the first seed is whole.
        if step == "folds" and n_folds[0] == 6 + 2:
            raise KeyboardInterrupt("killed")

    with pytest.raises(KeyboardInterrupt, match="killed"):
        train(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir), on_progress=count_and_stop)
    kept = read_predictions(tmp_path / "predictions" / "ravdess-4.csv").rows
    n_folds[0] = 100
    train(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir), on_progress=count_and_stop)

    assert {row.seed for row in kept} == {0}
    assert n_folds[0] == 100 + 6
    whole = read_predictions(tmp_path / "predictions" / "ravdess-4.csv").rows
    assert whole == read_predictions(out_dir / "predictions" / "ravdess-4.csv").rows
