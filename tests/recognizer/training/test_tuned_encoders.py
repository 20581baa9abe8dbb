from __future__ import annotations

import json
from functools import partial

import pytest
import torch

from recognizer.training.any_run import run_any
from recognizer.training.checkpoints import load_checkpoint
from recognizer.training.encoders import build_encoder
from recognizer.training.errors import TrainingError
from recognizer.training.students import STUDENTS
from recognizer.training.tuned_encoders import LEARNED_FILE, read_learned, refuse_heard_voices, save_encoder
from recognizer.training.tuning_run import TuningRun
from tests.recognizer.training.made_up import TOML, full_disk, make_tuning_config, write_wav2vec2, write_whisper
from tests.signals import make_speech

STABLE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
SPEECH = torch.from_numpy(make_speech(1.0))[None]
CONFIG = make_tuning_config(n_steps=4, n_evaluations=1, trains_stem=True)


def hear(encoder):
    encoder.eval()
    with torch.inference_mode():
        return encoder(SPEECH)


@pytest.mark.parametrize(
    "write",
    [
        write_whisper,
        write_wav2vec2,
        partial(write_wav2vec2, kind="hubert"),
        partial(write_wav2vec2, kind="wavlm"),
        partial(write_wav2vec2, **STABLE),
    ],
    ids=["whisper", "wav2vec2", "hubert", "wavlm", "xls-r"],
)
def test_kept_blocks_come_back_as_they_were(write, tmp_path):
    encoder = build_encoder(str(write(tmp_path / "base")), n_blocks=2)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))

    save_encoder(tmp_path / "tuned", encoder, ["nemo"])

    torch.testing.assert_close(hear(build_encoder(str(tmp_path / "tuned"), n_blocks=2)), hear(encoder))


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_comes_back_as_it_was(name, tmp_path):
    torch.manual_seed(0)
    encoder = build_encoder(name, from_scratch=True)

    save_encoder(tmp_path / "tuned", encoder, ["nemo"])

    torch.testing.assert_close(hear(build_encoder(str(tmp_path / "tuned"))), hear(encoder))


def test_a_fine_tuned_encoder_serves_a_head_run_but_not_on_voices_it_heard(whisper_dir, ravdess_dir, tmp_path):
    run = TuningRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path / "tuning", encoder=str(whisper_dir))
    tuned = load_checkpoint(run.train_final(), encoder=str(whisper_dir)).model.encoder
    folder = tmp_path / "tuning/encoder"
    (tmp_path / "head.toml").write_text(TOML)
    train_head = partial(
        run_any,
        tmp_path / "head.toml",
        {"ravdess": ravdess_dir},
        tmp_path / "head",
        encoder=str(folder),
        on_progress=lambda *_: None,
    )

    outcome = train_head(is_measured=False)

    head = load_checkpoint(outcome.checkpoint, encoder=str(folder)).model.encoder
    torch.testing.assert_close(hear(head), hear(tuned))
    untuned = build_encoder(str(whisper_dir), n_blocks=2)
    assert not torch.equal(hear(head)[-1], hear(untuned)[-1])
    with pytest.raises(TrainingError, match=r"protocol 'ravdess-4' tests on 'ravdess', whose voices the encoder in '"):
        train_head()


def test_an_encoder_tuned_twice_has_heard_both(whisper_dir, ravdess_dir, tmp_path):
    save_encoder(tmp_path / "first", build_encoder(str(whisper_dir)), ["nemo"])

    run = TuningRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path / "run", encoder=str(tmp_path / "first"))
    run.train_final()

    assert read_learned(tmp_path / "run/encoder") == {"nemo", "ravdess"}


def test_what_an_encoder_may_be_measured_on(whisper_dir, tmp_path):
    save_encoder(tmp_path, build_encoder(str(whisper_dir)), ["nemo", "emospeech"])

    refuse_heard_voices(tmp_path, ["ravdess-4", "leave-one-corpus-out-ravdess"], ["ravdess", "nemo"])
    refuse_heard_voices(whisper_dir, ["leave-one-corpus-out-nemo"], ["nemo"])
    with pytest.raises(TrainingError, match="'leave-one-corpus-out-nemo' tests on 'nemo'"):
        refuse_heard_voices(tmp_path, ["ravdess-4", "leave-one-corpus-out-nemo"], ["ravdess", "nemo"])


def test_a_broken_account_is_named(tmp_path):
    (tmp_path / LEARNED_FILE).write_text(json.dumps([]))

    with pytest.raises(TrainingError, match=r"expected names of corpora in '.*learned\.json'"):
        read_learned(tmp_path)


def test_a_full_disk_is_named_and_keeps_the_encoder_that_was_there(whisper_dir, tmp_path):
    encoder = build_encoder(str(whisper_dir))
    save_encoder(tmp_path / "tuned", encoder, ["nemo"])

    with full_disk(), pytest.raises(TrainingError, match=r"cannot write the encoder to '.*tuned'"):
        save_encoder(tmp_path / "tuned", encoder, ["ravdess"])

    assert read_learned(tmp_path / "tuned") == {"nemo"}
    torch.testing.assert_close(hear(build_encoder(str(tmp_path / "tuned"))), hear(encoder))
