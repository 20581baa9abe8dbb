"""Encoders and a corpus, made once; the model hub is out of reach."""

from __future__ import annotations

import huggingface_hub
import pytest

from tests.recognizer.training.made_up import write_ravdess, write_wav2vec2, write_whisper


@pytest.fixture(autouse=True, scope="session")
def no_hub():
    """Let a name that only the hub could know fail at once instead of after many tries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        yield


@pytest.fixture(scope="session")
def whisper_dir(tmp_path_factory):
    return write_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="session")
def wav2vec2_dir(tmp_path_factory):
    return write_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture(scope="session")
def ravdess_dir(tmp_path_factory):
    return write_ravdess(tmp_path_factory.mktemp("speech") / "ravdess")
