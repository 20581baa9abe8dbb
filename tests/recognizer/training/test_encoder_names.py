from __future__ import annotations

import shutil

import huggingface_hub
import pytest

from recognizer.training.encoder_names import name_encoder
from recognizer.training.encoders import build_encoder
from recognizer.training.students import save_student
from tests.recognizer.training.made_up import write_whisper


def test_an_encoder_keeps_its_name_wherever_it_lies(whisper_dir, tmp_path):
    shutil.copytree(whisper_dir, tmp_path / "elsewhere")

    name = name_encoder("tiny", str(whisper_dir))

    assert name.startswith("tiny@")
    assert name_encoder("tiny", str(tmp_path / "elsewhere")) == name


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_other_files_have_another_name(whisper_dir, tmp_path, file):
    shutil.copytree(whisper_dir, tmp_path / "other")
    content = (tmp_path / "other" / file).read_bytes()
    (tmp_path / "other" / file).write_bytes(content + b" ")

    assert name_encoder("tiny", str(tmp_path / "other")) != name_encoder("tiny", str(whisper_dir))


def test_two_students_of_one_kind_have_two_names(tmp_path):
    for folder in ("first", "second"):
        save_student(tmp_path / folder, "log-mel", build_encoder("log-mel"))

    assert name_encoder("log-mel", str(tmp_path / "first")) != name_encoder("log-mel", str(tmp_path / "second"))


def test_weights_that_are_not_read_have_no_part_in_the_name(whisper_dir, tmp_path):
    shutil.copytree(whisper_dir, tmp_path / "both")
    (tmp_path / "both" / "pytorch_model.bin").write_bytes(b"older")

    assert name_encoder("tiny", str(tmp_path / "both")) == name_encoder("tiny", str(whisper_dir))


def test_what_the_hub_handed_out_is_named_as_a_folder_of_it_would_be(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--nowhere--tiny"
    folder = write_whisper(cached / "snapshots" / "c0ffee")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("c0ffee")

    assert name_encoder("nowhere/tiny", "nowhere/tiny") == name_encoder("nowhere/tiny", str(folder)) != "nowhere/tiny"


def test_an_encoder_without_files_has_its_name_alone():
    assert name_encoder("log-mel", "log-mel") == "log-mel"
