"""Several processes train one network; by gloo on the CPU, as `torchrun` starts them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
import torch

from recognizer.training.checkpoints import build_model, load_checkpoint
from recognizer.training.processes import count_processes, gather, is_first_process, take_first, wait_for_all
from tests.recognizer.training.made_up import make_tuning_config

CONFIG = make_tuning_config(
    unfreeze_at=(0.0, 2.0, 4.0),
    unfreeze_blocks=(0, 1, 2),
    unfreeze_unit="steps",
    encoder_learning_rate=0.01,
    n_steps=6,
    n_evaluations=2,
)
SCRIPT = """
import os
import sys
from pathlib import Path

import torch
import tests.recognizer.training.test_processes as test
from recognizer.training import tuning_run

folder = Path(sys.argv[2])
# What is trained: its last weights, since those that are loaded as the best are every process's own.
networks = []
built = tuning_run.build_model
tuning_run.build_model = lambda config: networks.append(built(config)) or networks[-1]

def keep_weights(step, n_done, _n_total):
    if "f1" in step and n_done == test.CONFIG.n_steps:
        torch.save(networks[-1].state_dict(), folder / f"weights-{os.environ['RANK']}.pt")

run = tuning_run.TuningRun(
    test.CONFIG, {"ravdess": Path(sys.argv[1])}, folder, encoder=sys.argv[3], on_progress=keep_weights
)
run.measure("ravdess-4", folds=["f1", "f2"])
run.train_final()
"""


@pytest.mark.slow
def test_processes_train_one_network_while_blocks_are_unfrozen(wav2vec2_dir, ravdess_dir, tmp_path):
    (tmp_path / "run.py").write_text(SCRIPT)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(tmp_path / "run.py")]

    finished = subprocess.run(
        [sys.executable, *launch, str(ravdess_dir), str(tmp_path), str(wav2vec2_dir)],
        env={**os.environ, "PYTHONPATH": ".", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    first, second = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in (0, 1))
    start = build_model(dataclasses.replace(CONFIG, encoder=str(wav2vec2_dir))).state_dict()
    for name in first:
        assert torch.equal(first[name], second[name]), name
    for block in (0, 1):
        name = f"encoder.encoder.encoder.layers.{block}.attention.q_proj.weight"
        assert not torch.equal(first[name], start[name])
    steps = (tmp_path / "folds" / "ravdess-4" / "f2-seed0" / "log.csv").read_text().splitlines()[1:]
    assert len(steps) == len(set(steps))
    assert (tmp_path / "folds" / "ravdess-4" / "f2-seed0" / "done.json").exists()
    assert load_checkpoint(tmp_path / "checkpoint", encoder=str(wav2vec2_dir))


def test_one_process_needs_no_others():
    heard = torch.ones(2, requires_grad=True)

    wait_for_all()

    assert (count_processes(), is_first_process(), take_first("all")) == (1, True, "all")
    assert not gather(heard).requires_grad
