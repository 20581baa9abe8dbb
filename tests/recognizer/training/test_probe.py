from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from recognizer.evaluation.predictions import read_predictions
from recognizer.training.checkpoints import load_checkpoint
from recognizer.training.errors import TrainingError
from recognizer.training.head import TrainingClips
from recognizer.training.head_run import HeadRun
from recognizer.training.probe import fit_probe
from recognizer.training.probe_config import ProbeConfig
from recognizer.training.run_kinds import parse_run, read_run

CONFIG = ProbeConfig(
    "probe",
    "nowhere/tiny-encoder",
    ("ravdess",),
    n_blocks=2,
    first_layer=1,
    layer_ranges=("1", "2", "1-2"),
    c_values=(1e-3, 1.0),
)
N_STATISTICS = 6


def make_clips(*, told_by: int, n_speakers: int = 9, n_clips: int = 8) -> TrainingClips:
    """Clips of two states, of which one tells the label and the other is noise."""
    rng = np.random.default_rng(0)
    truth = np.tile(np.arange(4), n_speakers * n_clips // 4)
    states = rng.normal(size=(2, len(truth), N_STATISTICS)).astype(np.float32)
    states[told_by, np.arange(len(truth)), truth] += 3.0
    speakers = np.repeat([f"ravdess/{number}" for number in range(n_speakers)], n_clips)
    return TrainingClips(np.concatenate(states, axis=1)[:, np.newaxis], truth, speakers, np.full(len(truth), "ravdess"))


@pytest.mark.parametrize(("told_by", "layer_range"), [(0, "1"), (1, "2")])
def test_inner_folds_find_the_layer_that_tells_the_label(told_by, layer_range):
    fitted = fit_probe(make_clips(told_by=told_by), CONFIG, seed=0)

    assert fitted.layer_range == layer_range
    assert fitted.inner_uar["ravdess"] > 0.9
    unread = slice((1 - told_by) * N_STATISTICS, (2 - told_by) * N_STATISTICS)
    assert not np.any(fitted.head.network.state_dict()["members.0.weight"].numpy()[:, unread])


def test_a_probe_is_the_logistic_regression_of_its_choice():
    clips = make_clips(told_by=0)
    run = dataclasses.replace(CONFIG, layer_ranges=("1-2",), c_values=(0.01,))

    fitted = fit_probe(clips, run, seed=0)

    statistics = clips.statistics[:, 0]
    standardized = (statistics - statistics.mean(axis=0)) / statistics.std(axis=0)
    expected = LogisticRegression(C=0.01, tol=1e-6).fit(standardized, clips.truth).decision_function(standardized)
    assert fitted.head.compute_logits(statistics) == pytest.approx(expected, abs=0.01)


def test_a_label_that_nobody_speaks_is_named():
    clips = make_clips(told_by=0)

    with pytest.raises(TrainingError, match="no clip of label 'sad' to train on"):
        fit_probe(clips.select(clips.truth != 1), CONFIG, seed=0)


def test_a_run_keeps_predictions_choices_and_a_checkpoint(tmp_path, whisper_dir, ravdess_dir):
    run = HeadRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir), on_progress=lambda *_step: None)

    path = run.measure("ravdess-4")
    run.train_final()

    assert path is not None
    assert len(read_predictions(path).rows) == 96
    facts = json.loads((tmp_path / "folds" / "ravdess-4" / "f1-seed0" / "done.json").read_text())
    assert facts["layer_range"] in CONFIG.layer_ranges
    assert facts["c"] in CONFIG.c_values
    checkpoint = load_checkpoint(tmp_path / "checkpoint", encoder=str(whisper_dir))
    assert checkpoint.config == CONFIG
    assert checkpoint.facts["layer_range"] in CONFIG.layer_ranges


def test_the_method_makes_a_probe_of_a_run(tmp_path):
    (tmp_path / "run.toml").write_text(
        'name = "p"\nmethod = "probe"\nencoder = "e"\ncorpora = ["ravdess"]\nlayer_ranges = ["2", "2-3"]\n'
    )

    run = read_run(tmp_path / "run.toml")

    assert isinstance(run, ProbeConfig)
    assert [run.parse_range(text) for text in run.layer_ranges] == [(2, 2), (2, 3)]
    assert parse_run(run.to_mapping(), where="here") == run


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"layer_ranges": ("0-2",)}, "such as '2-5' within 1 to 2, got '0-2'"),
        ({"layer_ranges": ("2-1",)}, "got '2-1'"),
        ({"layer_ranges": ("all",)}, "got 'all'"),
        ({"layer_ranges": ()}, "expected layer_ranges and c_values above 0"),
        ({"c_values": (0.0, 1.0)}, "expected layer_ranges and c_values above 0"),
        ({"hidden_sizes": (8,)}, "a probe is linear"),
        ({"specialists": ("ravdess",)}, "a probe is one regression, so specialists must be empty"),
        ({"layer_mix": "weighted"}, "layer_mix must be concatenated"),
    ],
)
def test_choices_that_no_probe_has_are_refused(fields, complaint):
    with pytest.raises(TrainingError, match=complaint):
        dataclasses.replace(CONFIG, **fields)
