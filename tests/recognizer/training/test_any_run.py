from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from recognizer.evaluation.predictions import read_predictions
from recognizer.training.any_run import RunOutcome, run_any
from recognizer.training.checkpoints import build_model
from recognizer.training.errors import TrainingError
from recognizer.training.student_run import train_student
from tests.recognizer.training.made_up import TOML, make_tuning_config, write_ravdess


def tell_nobody(_step, _n_done, _n_total):
    pass


def test_heads_are_measured_by_parts_and_joined_when_all_are_there(ravdess_dir, whisper_dir, tmp_path):
    (tmp_path / "run.toml").write_text(TOML)
    corpora = {"ravdess": ravdess_dir}
    given = {"encoder": str(whisper_dir), "is_final": False, "on_progress": tell_nobody}

    first = run_any(tmp_path / "run.toml", corpora, tmp_path / "out", folds=("f1", "f2"), **given)
    rest = run_any(tmp_path / "run.toml", corpora, tmp_path / "out", folds=("f3", "f4", "f5", "f6"), **given)

    path = tmp_path / "out" / "predictions" / "ravdess-4.csv"
    assert first == RunOutcome(predictions=(), checkpoint=None, refused=())
    assert rest == RunOutcome(predictions=(path,), checkpoint=None, refused=())
    assert len(read_predictions(path).rows) == 96
    # On one corpus there is nothing to leave out.
    with pytest.raises(TrainingError, match=r"protocol 'leave-one-corpus-out-ravdess'.*0 clips to train on"):
        run_any(tmp_path / "run.toml", corpora, tmp_path / "out", protocols=("leave-one-corpus-out-ravdess",), **given)


def test_a_head_alone_can_be_fitted_without_measuring(ravdess_dir, whisper_dir, tmp_path):
    (tmp_path / "run.toml").write_text(TOML)

    outcome = run_any(
        tmp_path / "run.toml",
        {"ravdess": ravdess_dir},
        tmp_path / "out",
        encoder=str(whisper_dir),
        is_measured=False,
        on_progress=tell_nobody,
    )

    assert outcome.predictions == ()
    assert outcome.checkpoint == tmp_path / "out" / "checkpoint"
    assert not (tmp_path / "out" / "predictions").exists()


def test_several_processes_are_refused_where_each_would_do_the_whole_run(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    (tmp_path / "run.toml").write_text(TOML)
    student = resources.files("recognizer.training.configs") / "wav2vec2-student-distillation.toml"

    with pytest.raises(TrainingError, match="a head on a frozen encoder takes one process, came 2"):
        run_any(tmp_path / "run.toml", {}, tmp_path, on_progress=tell_nobody)
    with pytest.raises(TrainingError, match="distilling a student takes one process, came 2"):
        train_student(Path(str(student)), {}, tmp_path, on_progress=tell_nobody)


def test_robustness_out_of_fold_is_refused_where_the_encoder_is_tuned(tmp_path):
    config = resources.files("recognizer.training.configs") / "whisper-base-3.toml"

    with pytest.raises(TrainingError, match="measured of heads on a frozen encoder, this run fine-tunes"):
        run_any(Path(str(config)), {}, tmp_path, is_robustness_measured=True, on_progress=tell_nobody)


@pytest.mark.slow
def test_the_shape_of_wav2vec2_base_goes_through_its_run(tmp_path):
    import dataclasses

    from transformers import Wav2Vec2Config, Wav2Vec2Model

    from recognizer.training.run_kinds import read_run
    from recognizer.training.tuning_config import FineTuningConfig
    from recognizer.training.tuning_run import TuningRun

    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(tmp_path / "base")
    # A few voices of half a second: ninety-five million weights are slow.
    ravdess_dir = write_ravdess(tmp_path / "ravdess", duration_s=0.5, n_actors=4)
    for name in ("wav2vec2-base-post", "wav2vec2-base"):
        with resources.as_file(resources.files("recognizer.training") / "configs" / f"{name}.toml") as path:
            config = read_run(path)
        assert isinstance(config, FineTuningConfig)
        short = dataclasses.replace(
            config,
            corpora=("ravdess",),
            n_steps=2,
            n_evaluations=1,
            batch_size=2,
            window_s=0.5,
            hop_s=0.25,
            precision="float32",
        )
        run = TuningRun(short, {"ravdess": ravdess_dir}, tmp_path / name, encoder=str(tmp_path / "base"))

        assert run.train_final().is_dir()


def test_a_student_of_other_depth_is_refused():
    with pytest.raises(TrainingError, match="has 4 blocks, got n_blocks = 2"):
        build_model(make_tuning_config(encoder="log-mel"))
