from __future__ import annotations

import json

import pytest

from recognizer.training.config import TrainingConfig
from recognizer.training.distillation import DistillationConfig
from recognizer.training.errors import TrainingError
from recognizer.training.run_kinds import read_run
from tests.recognizer.training.made_up import TOML, make_config


def test_a_file_becomes_a_run(tmp_path):
    (tmp_path / "run.toml").write_text(TOML)

    run = TrainingConfig.from_toml(tmp_path / "run.toml")

    assert run == make_config()


def test_a_run_survives_being_saved():
    run = make_config(layer_mix="weighted", kappa=2.5, hidden_sizes=(32, 0), label_smoothing=0.1)

    content = json.loads(json.dumps(run.to_mapping()))

    assert TrainingConfig.from_mapping(content, where="here") == run


def test_runs_that_are_reported_can_be_read():
    from importlib import resources

    folder = resources.files("recognizer.training") / "configs"
    runs = [
        (DistillationConfig.from_toml if "distillation" in file.name else read_run)(file)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]

    assert runs
    assert all(run.name for run in runs)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("windows_s = 3.0", r"run\.toml: unknown key 'windows_s', expected some of name, encoder"),
        ('n_blocks = "2"', r"run\.toml: n_blocks must be int, got '2'"),
        ("n_blocks = true", r"n_blocks must be int, got True"),
        ("n_blocks = [2]", r"n_blocks must be int"),
        ("inverse_penalty = [0.1]", "unknown key 'inverse_penalty'"),
        ("hidden_sizes = [8.5]", r"hidden_sizes must be a list of int, got \(8\.5,\)"),
        ("hidden_sizes = []", r"hidden_sizes must be 0 or more, and one at least, got \(\)"),
        ("n_epochs = 0", "n_epochs must lie within 1 to inf, got 0"),
        ("batch_size = 0", "batch_size must lie within 1 to inf, got 0"),
        ('learning_rate = "fast"', "learning_rate must be float or int, got 'fast'"),
        ("learning_rate = 0", "learning_rate must lie within 1e-09 to 1, got 0"),
        ("weight_decay = -0.1", "weight_decay must lie within 0 to inf, got -0.1"),
        ("dropout = 1.0", "dropout must lie within 0 to 0.95, got 1.0"),
        ("label_smoothing = nan", "label_smoothing must lie within 0 to 0.9, got nan"),
        ("n_seeds = 0", "n_seeds must lie within 1 to inf, got 0"),
        ('layer_mix = "sum"', "layer_mix must be weighted or concatenated, got 'sum'"),
        ("first_layer = 3", "first_layer must lie within 0 to 2, got 3"),
        ("window_s = 0.1", "window_s must lie within 0.5 to inf, got 0.1"),
        ("window_s = nan", "window_s must lie within"),
        ("hop_s = 4.0", "hop_s must lie within 0.01 to 3, got 4.0"),
        ("kappa = 0", "kappa must lie within"),
        ("n_views = -1", "n_views must lie within 0 to inf, got -1"),
        ("max_known_clips = 0", "max_known_clips must lie within 1"),
        ("corpora = []", "expected at least one corpus"),
        ('corpora = "ravdess"', "corpora must be a list of str, got 'ravdess'"),
        ("name =", "as TOML"),
    ],
)
def test_what_no_run_could_follow_is_refused_by_name(tmp_path, line, complaint):
    key = line.split(" ")[0]
    kept = [each for each in TOML.splitlines() if each.split(" ")[0] != key]
    (tmp_path / "run.toml").write_text("\n".join([*kept, line]))

    with pytest.raises(TrainingError, match=complaint):
        TrainingConfig.from_toml(tmp_path / "run.toml")


@pytest.mark.parametrize("key", ["name", "encoder", "corpora"])
def test_a_missing_key_is_named(key):
    content = make_config().to_mapping()
    del content[key]

    with pytest.raises(TrainingError, match=f"here: missing key '{key}'"):
        TrainingConfig.from_mapping(content, where="here")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"none\.toml"):
        TrainingConfig.from_toml(tmp_path / "none.toml")
