from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from recognizer.bundles import HEAD_FILE, compute_sha256
from recognizer.calibration import Confidence
from recognizer.installed import find_head
from recognizer.training.checkpoints import Checkpoint
from recognizer.training.detached_heads import (
    FINGERPRINT_TOLERANCE,
    WEIGHTS_FILE,
    compute_fingerprint,
    join_head,
    load_head,
    save_head,
)
from recognizer.training.errors import TrainingError, WrongEncoderError
from tests.recognizer.training.made_up import full_disk, make_checkpoint, make_tuning_config, write_head, write_whisper
from tests.signals import make_speech

SPEECH = torch.from_numpy(make_speech(1.0))[None]


@pytest.fixture
def folder(whisper_dir, tmp_path):
    return write_head(tmp_path / "tiny", whisper_dir)


def change_fields(folder, **changes):
    fields = json.loads((folder / HEAD_FILE).read_text())
    (folder / HEAD_FILE).write_text(json.dumps({**fields, **changes}))


def round_to_float16(encoder_dir, out, *, noise=0.0):
    """Write the encoder as one of the files that are half as large, perhaps trained a little further."""
    out.mkdir()
    (out / "config.json").write_bytes((encoder_dir / "config.json").read_bytes())
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: (tensor * (1 + noise * torch.randn(tensor.shape, generator=generator))).half()
        for name, tensor in load_file(encoder_dir / "model.safetensors").items()
    }
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    return out


def test_a_head_joined_with_its_encoder_answers_as_the_checkpoint_did(folder, whisper_dir):
    checkpoint = make_checkpoint(whisper_dir)

    joined = join_head(load_head(folder), str(whisper_dir))

    with torch.inference_mode():
        torch.testing.assert_close(joined.model(SPEECH), checkpoint.model(SPEECH))
    assert joined.confidence == checkpoint.confidence
    assert joined.config.encoder == "nowhere/tiny-encoder"
    assert not joined.model.training


def test_nothing_of_the_encoder_is_kept(folder):
    names = set(load_file(folder / WEIGHTS_FILE))

    assert names == {
        "fingerprint",
        "head.gate.bias",
        "head.gate.weight",
        "head.general.members.0.0.bias",
        "head.general.members.0.0.weight",
        "head.general.members.0.3.bias",
        "head.general.members.0.3.weight",
        "head.general.members.1.bias",
        "head.general.members.1.weight",
        "head.specialists.0.members.0.0.bias",
        "head.specialists.0.members.0.0.weight",
        "head.specialists.0.members.0.3.bias",
        "head.specialists.0.members.0.3.weight",
        "head.specialists.0.members.1.bias",
        "head.specialists.0.members.1.weight",
        "head.temperatures",
        "mood_offsets",
        "statistics_mean",
        "statistics_std",
    }


def test_a_head_is_replaced_whole_and_leaves_nothing_beside(folder, whisper_dir):
    write_head(folder, whisper_dir)

    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]
    assert load_head(folder).model_card == "# A head\n"


def test_a_full_disk_is_named_and_leaves_the_head_that_was_there(folder, whisper_dir):
    before = sorted(path.name for path in folder.parent.iterdir())
    checkpoint = make_checkpoint(whisper_dir)

    with full_disk(), pytest.raises(TrainingError, match=r"^cannot write the head to '.*File too large"):
        save_head(folder, checkpoint, version="4")

    assert sorted(path.name for path in folder.parent.iterdir()) == before
    assert load_head(folder).version == "3"


def test_an_encoder_rounded_to_float16_is_still_the_same(folder, whisper_dir, tmp_path):
    rounded = round_to_float16(whisper_dir, tmp_path / "rounded")

    joined = join_head(load_head(folder), str(rounded))

    difference = compute_fingerprint(joined.model) - load_head(folder).fingerprint
    assert 0 < difference.pow(2).mean().sqrt() < FINGERPRINT_TOLERANCE


def test_an_encoder_trained_a_little_further_is_another(folder, whisper_dir, tmp_path):
    further = round_to_float16(whisper_dir, tmp_path / "further", noise=0.1)

    with pytest.raises(
        WrongEncoderError, match=r"made-up sounds lie .* standard deviations off.* its weights are othe"
    ):
        join_head(load_head(folder), str(further))


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"seed": 1}, "its weights are others"),
        ({"width": 32}, "expected states 16 wide, got 32"),
        ({"n_blocks": 1}, "expected 2 blocks or more, got 1"),
    ],
    ids=["weights", "width", "depth"],
)
def test_another_encoder_is_refused(folder, tmp_path, shape, reason):
    other = str(write_whisper(tmp_path / "other", **shape))

    with pytest.raises(WrongEncoderError, match=reason) as caught:
        join_head(load_head(folder), other)

    assert (caught.value.encoder, caught.value.expected) == (other, "nowhere/tiny-encoder")


def test_an_encoder_of_another_kind_is_refused(folder, wav2vec2_dir):
    with pytest.raises(WrongEncoderError, match="its weights are others"):
        join_head(load_head(folder), str(wav2vec2_dir))


def test_an_encoder_without_its_weights_is_named(folder, whisper_dir, tmp_path):
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "config.json").write_bytes((whisper_dir / "config.json").read_bytes())

    with pytest.raises(TrainingError, match=r"cannot read encoder '.*hollow'"):
        join_head(load_head(folder), str(tmp_path / "hollow"))


def test_an_encoder_that_was_cut_off_is_named(folder, whisper_dir, tmp_path):
    cut = round_to_float16(whisper_dir, tmp_path / "cut") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])

    with pytest.raises(TrainingError, match=r"cannot read encoder '.*cut'"):
        join_head(load_head(folder), str(cut.parent))


def test_the_head_of_a_fine_tuned_encoder_cannot_go_alone(whisper_dir, tmp_path):
    plain = make_checkpoint(whisper_dir)
    tuned = Checkpoint(plain.model, make_tuning_config(), Confidence(temperature=1.0, margin_threshold=0.0), {})

    with pytest.raises(TrainingError, match="trained its encoder 'nowhere/tiny-encoder': only a whole bundle"):
        save_head(tmp_path / "head", tuned, version="1")

    assert not (tmp_path / "head").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"labels": ["sad", "happy", "angry", "neutral"]}, r"labels \['sad', 'happy'"),
        ({"format": 2}, "format 2 where 1 was expected"),
        ({"config": {"name": "tiny"}}, "missing key 'encoder'"),
    ],
)
def test_a_head_of_another_format_is_refused(folder, changes, problem):
    change_fields(folder, **changes)

    with pytest.raises(TrainingError, match=problem):
        load_head(folder)


@pytest.mark.parametrize("name", [HEAD_FILE, WEIGHTS_FILE, "MODEL_CARD.md"])
@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_missing_or_broken_file_is_refused(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)

    with pytest.raises(TrainingError, match=r"expected a head in '.*tiny', got"):
        load_head(folder)


def test_weights_that_do_not_fit_the_run_are_refused(folder, whisper_dir):
    weights = load_file(folder / WEIGHTS_FILE)
    del weights["head.general.members.0.3.bias"]
    save_file(weights, folder / WEIGHTS_FILE)
    change_fields(folder, files={WEIGHTS_FILE: compute_sha256(folder / WEIGHTS_FILE)})

    with pytest.raises(
        TrainingError, match=r"(?s)head 'tiny': its weights don't fit its run: .*head\.general\.members\.0\.3\.bias"
    ):
        join_head(load_head(folder), str(whisper_dir))


def test_the_head_that_ships_belongs_to_whisper_base():
    head = load_head(find_head("whisper-base"))

    assert head.config.name == "whisper-base"
    assert (head.config.encoder, head.width) == ("openai/whisper-base", 512)
    assert len(head.revision) == 40
    assert "CC BY-NC-SA" in head.model_card


def test_the_head_that_ships_refuses_a_random_encoder(whisper_dir):
    with pytest.raises(WrongEncoderError, match=r"expected 5 blocks or more, got 3"):
        join_head(load_head(find_head("whisper-base")), str(whisper_dir))
