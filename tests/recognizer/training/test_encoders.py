from __future__ import annotations

import json
import shutil
from functools import partial

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import WhisperConfig, WhisperForAudioClassification, WhisperForConditionalGeneration

from recognizer.training.encoders import build_encoder
from recognizer.training.errors import TrainingError
from recognizer.training.frontend import LogMelSpectrogram
from tests.recognizer.training.made_up import HIDDEN, write_wav2vec2, write_whisper
from tests.signals import make_speech

# As the large ones are made.
STABLE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
SPEECH = torch.from_numpy(make_speech(1.0))[None]


@pytest.mark.parametrize("kind", ["whisper_dir", "wav2vec2_dir"])
def test_an_encoder_gives_its_stem_and_every_block_that_is_kept(kind, request):
    encoder = build_encoder(str(request.getfixturevalue(kind)), n_blocks=2)

    with torch.inference_mode():
        states = encoder(SPEECH)

    assert len(encoder.blocks) == 2
    assert [state.shape[0::2] for state in states] == [(1, HIDDEN)] * 3
    assert all(48 <= state.shape[1] <= 50 for state in states)


def test_whisper_blocks_are_computed_as_transformers_computes_them(whisper_dir):
    whole = WhisperForAudioClassification.from_pretrained(whisper_dir).eval().encoder
    encoder = build_encoder(str(whisper_dir)).eval()
    waveform = torch.nn.functional.pad(SPEECH, (0, 480_000 - SPEECH.shape[1]))

    with torch.inference_mode():
        expected = whole(LogMelSpectrogram()(waveform), output_hidden_states=True).hidden_states
        states = encoder(waveform)

    # Transformers puts its last normalization, which we leave out, on the last state.
    for state, wanted in zip(states[:-1], expected[:-1], strict=True):
        torch.testing.assert_close(state, wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "write",
    [
        write_whisper,
        write_wav2vec2,
        partial(write_wav2vec2, kind="hubert"),
        partial(write_wav2vec2, kind="wavlm"),
        partial(write_wav2vec2, **STABLE),
        partial(write_wav2vec2, kind="hubert", **STABLE),
        partial(write_wav2vec2, kind="wavlm", **STABLE),
    ],
    ids=["whisper", "wav2vec2", "hubert", "wavlm", "xls-r", "hubert-large", "wavlm-large"],
)
def test_an_encoder_cut_between_its_blocks_gives_what_the_whole_one_gives(write, tmp_path):
    write(tmp_path)
    encoder = build_encoder(str(tmp_path)).eval()
    waveforms = torch.cat([SPEECH, SPEECH.flip(1)])
    with torch.no_grad():
        # Large enough that nothing which is left out goes unnoticed.
        for parameter in encoder.parameters():
            parameter.normal_(std=0.5)

        whole = encoder(waveforms)
        for n_lower in range(4):
            lower = encoder.run_lower(waveforms, n_lower)
            states = [*lower, *encoder.run_upper(lower[-1], n_lower)[1:]]

            torch.testing.assert_close(states, whole)


@pytest.mark.parametrize("kind", ["whisper_dir", "wav2vec2_dir"])
def test_more_blocks_than_there_are_are_refused(kind, request):
    folder = str(request.getfixturevalue(kind))

    with pytest.raises(TrainingError, match=f"'{folder}' has 3 blocks: expected n_blocks of at most that, got 9"):
        build_encoder(folder, n_blocks=9)


def test_loudness_and_offset_mean_nothing_to_an_encoder_of_waveforms(wav2vec2_dir):
    encoder = build_encoder(str(wav2vec2_dir))
    encoder.eval()

    with torch.inference_mode():
        states, louder = encoder(SPEECH), encoder(0.1 + 2 * SPEECH)

    torch.testing.assert_close(states[-1], louder[-1], atol=1e-4, rtol=1e-3)


def test_positions_beyond_the_longest_window_are_dropped_and_nothing_else_changes(whisper_dir):
    whole, short = (build_encoder(str(whisper_dir), max_s=max_s).eval() for max_s in (None, 1.0))

    with torch.inference_mode():
        torch.testing.assert_close(whole(SPEECH), short(SPEECH))
    assert (whole.positions.shape[0], short.positions.shape[0]) == (1500, 50)


def test_a_missing_encoder_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"'.*nothing' is neither a folder with"):
        build_encoder(str(tmp_path / "nothing"))


@pytest.mark.parametrize("kind", ["whisper_dir", "wav2vec2_dir"])
def test_an_encoder_that_lacks_weights_is_not_drawn_at_random(kind, request, tmp_path):
    folder = shutil.copytree(request.getfixturevalue(kind), tmp_path / "cut")
    weights = load_file(folder / "model.safetensors")
    cut = next(name for name in weights if "layers.1." in name)
    del weights[cut]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(TrainingError, match=f"lacks 1 of its weights, among them '{cut}'"):
        build_encoder(str(folder))


def test_the_encoder_of_a_whole_whisper_is_taken_without_its_decoder(whisper_dir, tmp_path, capfd):
    whole = WhisperForConditionalGeneration(WhisperConfig.from_pretrained(whisper_dir))
    whole.save_pretrained(tmp_path)
    capfd.readouterr()

    encoder = build_encoder(str(tmp_path))

    torch.testing.assert_close(encoder.blocks[0].fc1.weight, whole.model.encoder.layers[0].fc1.weight)
    assert "classifier" not in capfd.readouterr().err


def test_an_encoder_of_another_kind_is_named(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))

    with pytest.raises(TrainingError, match="kind 'bert' is none of whisper"):
        build_encoder(str(tmp_path))
