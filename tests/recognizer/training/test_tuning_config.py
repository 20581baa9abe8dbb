from __future__ import annotations

import pytest

from recognizer.training.config import TrainingConfig
from recognizer.training.errors import TrainingError
from recognizer.training.run_kinds import parse_run, read_run
from recognizer.training.tuning_config import FineTuningConfig
from tests.recognizer.training.made_up import TOML, make_tuning_config

TUNING = 'name = "t"\nmethod = "fine-tuning"\nencoder = "e"\ncorpora = ["ravdess"]\n'


def test_the_method_tells_the_kind_of_run(tmp_path):
    (tmp_path / "frozen.toml").write_text(TOML)
    (tmp_path / "tuned.toml").write_text(TUNING + "n_blocks = 3\nfrozen_blocks = 2\n[conditions]\nnoise = 0.5\n")

    frozen, tuned = read_run(tmp_path / "frozen.toml"), read_run(tmp_path / "tuned.toml")

    assert type(frozen) is TrainingConfig
    assert isinstance(tuned, FineTuningConfig)
    assert tuned.frozen_blocks == 2
    assert tuned.conditions.noise == 0.5


def test_a_run_survives_being_saved():
    run = make_tuning_config(frozen_blocks=1, unfreeze_at=(0.0, 0.5), unfreeze_blocks=(0, 1))

    assert parse_run(run.to_mapping(), where="here") == run


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("colour = 1", "unknown key 'colour'"),
        ("frozen_blocks = 4", "frozen_blocks must lie within 0 to 3"),
        ('precision = "half"', "precision must be float32 or bfloat16, got 'half'"),
        ('method = "guessing"', "method must be fine-tuning or probe, got 'guessing'"),
        ("unfreeze_at = [0.5, 0.1]\nunfreeze_blocks = [0, 1]", "ascend from 0"),
        ("unfreeze_at = [0.0, 100.0]\nunfreeze_blocks = [0, 1]", "must be fractions of the run"),
        ("trains_stem = true\nfrozen_blocks = 1", "so it cannot be trained"),
        ('specialists = ["ravdess"]', "fine-tuning trains one committee, so specialists must be empty"),
        ("babble = 0.5", "fine-tuning takes babble from its conditions, so babble itself must be 0"),
        ("specialist_sizes = []", "specialist_sizes must be 0 or more, and one at least"),
        ("trains_stem = 1", "trains_stem must be bool"),
        ("[conditions]\nwind = 0.5", "unknown condition 'wind'"),
    ],
)
def test_what_no_run_could_follow_is_named(tmp_path, line, complaint):
    path = tmp_path / "run.toml"
    path.write_text((TUNING.replace('method = "fine-tuning"\n', "") if line.startswith("method") else TUNING) + line)

    with pytest.raises(TrainingError, match=complaint):
        read_run(path)
