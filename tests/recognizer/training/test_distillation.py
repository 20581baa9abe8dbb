from __future__ import annotations

import numpy as np
import pytest
import torch

from recognizer.training.distillation import DistillationConfig
from recognizer.training.encoders import build_encoder
from recognizer.training.errors import TrainingError
from recognizer.training.student_run import train_student
from recognizer.training.students import STUDENTS, save_student
from recognizer.training.tuned_encoders import read_learned
from tests.recognizer.training.made_up import full_disk

TOML = """
name = "tiny"
student = "log-mel"
encoder = "nowhere"
corpora = ["ravdess"]
teacher_layers = [1, 2]
n_steps = 30
batch_size = 8
learning_rate = 0.003
[conditions]
noise = 0.5
"""


@pytest.fixture
def config_path(tmp_path):
    (tmp_path / "run.toml").write_text(TOML)
    return tmp_path / "run.toml"


def test_a_student_comes_closer_to_its_teacher_and_becomes_an_encoder(config_path, ravdess_dir, whisper_dir, tmp_path):
    folder = train_student(
        config_path,
        {"ravdess": ravdess_dir},
        tmp_path / "out",
        encoder=str(whisper_dir),
        fold="f1",
        on_progress=lambda *_: None,
    )

    losses = np.genfromtxt(tmp_path / "out" / "log.csv", delimiter=",", skip_header=1)[:, 1]
    assert np.nanmean(losses[-4:-1]) < np.nanmean(losses[:3])
    student = build_encoder(str(folder))
    fresh = build_encoder("log-mel")
    assert len(student(torch.zeros(1, 16000))) == 5
    assert not torch.equal(student.stem[0].weight, fresh.stem[0].weight)
    assert read_learned(folder) == frozenset()


def test_a_student_of_everybody_says_whom_it_learned_from(config_path, ravdess_dir, whisper_dir, tmp_path):
    config_path.write_text(TOML.replace("n_steps = 30", "n_steps = 1"))

    folder = train_student(
        config_path, {"ravdess": ravdess_dir}, tmp_path / "out", encoder=str(whisper_dir), on_progress=lambda *_: None
    )

    assert read_learned(folder) == {"ravdess"}


@pytest.mark.parametrize(
    ("n_steps", "complaint"),
    [(30, "the loss is (nan|inf) at step [2-9]; lower learning_rate"), (1, "the last step broke the weights; lower")],
)
def test_a_distillation_whose_loss_is_no_number_is_no_success(
    n_steps, complaint, config_path, ravdess_dir, whisper_dir
):
    config_path.write_text(TOML.replace("n_steps = 30", f"n_steps = {n_steps}\nwarmup = 0.0").replace("0.003", "1e38"))

    with pytest.raises(TrainingError, match=f"distillation 'tiny': {complaint}"):
        train_student(
            config_path,
            {"ravdess": ravdess_dir},
            config_path.parent / "out",
            encoder=str(whisper_dir),
            on_progress=lambda *_: None,
        )

    assert not list((config_path.parent / "out").glob("student.*"))


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_is_the_same_after_saving_and_cut_in_two(name, tmp_path):
    torch.manual_seed(0)
    student = build_encoder(name).eval()
    save_student(tmp_path, name, student)
    waveform = 0.1 * torch.randn(2, 16000)

    with torch.inference_mode():
        states = student(waveform)
        again = build_encoder(str(tmp_path)).eval()(waveform)
        upper = student.run_upper(student.run_lower(waveform, 2)[-1], 2)

    assert sum(parameter.numel() for parameter in student.parameters()) < 3e6
    torch.testing.assert_close(again[-1], states[-1])
    torch.testing.assert_close(upper[-1], states[-1])


def test_a_full_disk_is_named_and_leaves_the_student_that_was_there(tmp_path):
    kept = build_encoder("log-mel")
    save_student(tmp_path, "log-mel", kept)

    with full_disk(100), pytest.raises(TrainingError, match=r"^cannot write the student to '.*File too large"):
        save_student(tmp_path, "wav2vec2-narrow", build_encoder("wav2vec2-narrow"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["student.json", "student.safetensors"]
    torch.testing.assert_close(build_encoder(str(tmp_path)).stem[0].weight, kept.stem[0].weight)


def test_what_is_wrong_with_a_distillation_is_named(config_path, ravdess_dir, tmp_path):
    with pytest.raises(TrainingError, match="protocol 'ravdess-4' has no fold 'f9'"):
        train_student(config_path, {"ravdess": ravdess_dir}, tmp_path, fold="f9", on_progress=lambda *_: None)
    with pytest.raises(TrainingError, match="needs corpus 'ravdess'"):
        train_student(config_path, {}, tmp_path, on_progress=lambda *_: None)
    config_path.write_text(TOML.replace("log-mel", "parrot"))
    with pytest.raises(TrainingError, match="student must be one of"):
        DistillationConfig.from_toml(config_path)
    config_path.write_text("colour = 1\n" + TOML)
    with pytest.raises(TrainingError, match="unknown key 'colour'"):
        DistillationConfig.from_toml(config_path)


def test_layers_that_the_teacher_lacks_are_named(config_path, ravdess_dir, whisper_dir, tmp_path):
    config_path.write_text(TOML.replace("[1, 2]", "[1, 4]"))

    with pytest.raises(TrainingError, match=r"'tiny': expected teacher_layers within 0 to 3, .* got \(1, 4\)"):
        train_student(
            config_path, {"ravdess": ravdess_dir}, tmp_path, encoder=str(whisper_dir), on_progress=lambda *_: None
        )


def test_weights_of_another_architecture_are_named(tmp_path):
    save_student(tmp_path, "wav2vec2-narrow", build_encoder("log-mel"))

    with pytest.raises(TrainingError, match="expected a student's weights in"):
        build_encoder(str(tmp_path))
