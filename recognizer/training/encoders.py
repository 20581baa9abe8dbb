"""Speech encoders by name: Whisper on log-mel features, and Wav2Vec2, WavLM, HuBERT or XLS-R on the waveform."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizer.training.errors import TooFewBlocksError, TrainingError
from recognizer.training.frontend import LogMelSpectrogram
from recognizer.training.students import (
    LOG_MEL,
    STUDENTS,
    LogMelSpeechEncoder,
    build_narrow_wav2vec2,
    find_student,
    load_student_weights,
)

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

FRAMES_PER_SECOND = 50
_KINDS = ("whisper", "wav2vec2", "wavlm", "hubert")
# Weights that a checkpoint may lack: of a head, which is thrown away, and of masks that only training draws.
_NOT_NEEDED = ("classifier.", "projector.", "layer_weights", "masked_spec_embed")


class SpeechEncoder(Protocol):
    """What the classifier asks of an encoder."""

    hidden_size: int

    @property
    def stem(self) -> nn.Module:
        """What comes before the transformer."""

    @property
    def blocks(self) -> nn.ModuleList:
        """The transformer's blocks, in order."""

    def __call__(self, waveform: Tensor) -> list[Tensor]:
        """Turn (B, n_samples) at 16 kHz into one (B, T, hidden_size) tensor for the stem and one for each block."""

    def run_lower(self, waveform: Tensor, n_blocks: int) -> list[Tensor]:
        """Give what calling it gives, up to the state after `n_blocks` blocks."""

    def run_upper(self, state: Tensor, n_done: int) -> list[Tensor]:
        """Go on from the state (B, T, hidden_size) after `n_done` blocks: that state and one for each block above."""

    def save(self, folder: Path) -> None:
        """Write it into a folder, from which `build_encoder` makes it again."""


class WhisperSpeechEncoder(nn.Module):
    """The first blocks of a Whisper encoder, over as many frames as the audio has: no padding to 30 s."""

    # Transformers' modules are typed as tensors or modules, which says nothing: Any is honest here.
    def __init__(self, encoder: Any, n_blocks: int | None, max_s: float | None) -> None:  # noqa: ANN401
        super().__init__()
        self.config = encoder.config
        n_positions = None if max_s is None else math.ceil(max_s * FRAMES_PER_SECOND)
        self.log_mel = LogMelSpectrogram(n_mels=encoder.conv1.in_channels)
        self.convolutions = nn.ModuleList([encoder.conv1, encoder.conv2])
        self.positions = nn.Parameter(
            encoder.embed_positions.weight.detach()[:n_positions].clone(), requires_grad=False
        )
        self.layers = nn.ModuleList(list(encoder.layers)[:n_blocks])
        self.hidden_size = int(encoder.conv2.out_channels)

    @property
    def stem(self) -> nn.Module:
        """The two convolutions over the log-mel features."""
        return self.convolutions

    @property
    def blocks(self) -> nn.ModuleList:
        """The blocks that are kept."""
        return self.layers

    def forward(self, waveform: Tensor) -> list[Tensor]:
        """Give the states (B, T, hidden_size) after the stem and after each block, 50 frames a second."""
        return self.run_lower(waveform, len(self.layers))

    def run_lower(self, waveform: Tensor, n_blocks: int) -> list[Tensor]:
        """Give the states (B, T, hidden_size) after the stem and after each of the first blocks."""
        hidden = self.log_mel(waveform)  # (B, n_mels, 2T)
        for convolution in self.convolutions:
            hidden = functional.gelu(convolution(hidden))
        hidden = hidden.transpose(1, 2)  # (B, T, D)
        return _run_blocks(self.layers[:n_blocks], hidden + self.positions[: hidden.shape[1]])

    def run_upper(self, state: Tensor, n_done: int) -> list[Tensor]:
        """Go on from the state (B, T, hidden_size) after `n_done` blocks."""
        return _run_blocks(self.layers[n_done:], state)

    def save(self, folder: Path) -> None:
        """Write the kept blocks as Transformers' own, with a head that says nothing.

        Raises:
            ValueError: positions were dropped.
        """
        from transformers import WhisperForAudioClassification

        config = copy.deepcopy(self.config)
        config.encoder_layers = config.num_hidden_layers = len(self.layers)
        whole = WhisperForAudioClassification(config)
        if whole.encoder.embed_positions.weight.shape != self.positions.shape:
            raise ValueError(
                f"expected all {len(whole.encoder.embed_positions.weight)} positions, got {len(self.positions)}"
            )
        whole.encoder.conv1, whole.encoder.conv2 = self.convolutions
        whole.encoder.embed_positions.weight.data = self.positions.data
        whole.encoder.layers = self.layers
        whole.save_pretrained(folder)


class WaveformSpeechEncoder(nn.Module):
    """A Wav2Vec2-like encoder; its input is normalized to zero mean and unit variance, as it was in pretraining."""

    def __init__(self, encoder: Any, n_blocks: int | None) -> None:  # noqa: ANN401 - as above
        super().__init__()
        encoder.encoder.layers = encoder.encoder.layers[:n_blocks]
        self.encoder = encoder
        self.hidden_size = int(encoder.config.hidden_size)

    @property
    def stem(self) -> nn.Module:
        """The convolutions over the waveform."""
        stem: nn.Module = self.encoder.feature_extractor
        return stem

    @property
    def blocks(self) -> nn.ModuleList:
        """The blocks that are kept."""
        blocks: nn.ModuleList = self.encoder.encoder.layers
        return blocks

    def forward(self, waveform: Tensor) -> list[Tensor]:
        """Give the states (B, T, hidden_size) before the first block and after each, 50 frames a second."""
        centered = waveform - waveform.mean(dim=1, keepdim=True)
        scale = torch.sqrt(centered.pow(2).mean(dim=1, keepdim=True) + 1e-7)
        return list(self.encoder(centered / scale, output_hidden_states=True).hidden_states)

    def run_lower(self, waveform: Tensor, n_blocks: int) -> list[Tensor]:
        """Give the states (B, T, hidden_size) before the first block and after each of the first blocks."""
        # Transformers runs all of its blocks or none.
        states: list[Tensor] = self(waveform)
        return states[: n_blocks + 1]

    def run_upper(self, state: Tensor, n_done: int) -> list[Tensor]:
        """Go on from the state (B, T, hidden_size) after `n_done` blocks.

        No state is normalized once more, not even the last one of an XLS-R: neither is it when the whole encoder runs.
        """
        shared = {"position_bias": self._make_position_bias(state)} if self.encoder.config.model_type == "wavlm" else {}
        return _run_blocks(self.blocks[n_done:], state, **shared)

    def save(self, folder: Path) -> None:
        """Write the kept blocks as Transformers' own."""
        self.encoder.config.num_hidden_layers = len(self.blocks)
        self.encoder.save_pretrained(folder)

    def _make_position_bias(self, state: Tensor) -> Tensor:
        """Make the bias (B * n_heads, T, T) that all blocks of a WavLM share, from the weights of its first one."""
        n_clips, n_frames, _ = state.shape
        bias: Tensor = self.encoder.encoder.layers[0].attention.compute_bias(n_frames, n_frames)
        return bias.repeat(n_clips, 1, 1)


def build_encoder(
    name_or_folder: str, *, n_blocks: int | None = None, max_s: float | None = None, from_scratch: bool = False
) -> SpeechEncoder:
    """Load an encoder from the model hub or from a folder.

    Args:
        name_or_folder: a hub name such as "facebook/wav2vec2-base", a folder with config.json and weights, or one of
            our own students by name or folder.
        n_blocks: how many transformer blocks to keep, from the first on; None keeps all.
        max_s: longest window that will be heard, in seconds: positions beyond are dropped; None keeps all.
        from_scratch: whether to take the architecture alone, with random weights.

    Raises:
        TrainingError: there is no such model, its kind is not supported, or weights are missing.
        TooFewBlocksError: it has fewer blocks than are to be kept.
    """
    from transformers import AutoConfig  # Transformers takes seconds to import

    student = find_student(name_or_folder)
    if student is not None:
        return _build_student(student, name_or_folder, n_blocks, from_scratch=from_scratch)
    try:
        config = AutoConfig.from_pretrained(name_or_folder)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"encoder {name_or_folder!r} is neither a folder with config.json nor a model that the hub hands out"
        ) from error
    if config.model_type not in _KINDS:
        raise TrainingError(f"encoder kind {config.model_type!r} is none of {', '.join(_KINDS)}")
    if n_blocks is not None and n_blocks > config.num_hidden_layers:
        raise TooFewBlocksError(name_or_folder, config.num_hidden_layers, n_blocks)
    if config.model_type == "whisper":
        return WhisperSpeechEncoder(_load_whisper(name_or_folder, config, from_scratch=from_scratch), n_blocks, max_s)
    return WaveformSpeechEncoder(_load_auto(name_or_folder, config, from_scratch=from_scratch), n_blocks)


def _build_student(name: str, name_or_folder: str, n_blocks: int | None, *, from_scratch: bool) -> SpeechEncoder:
    """Build one of our own encoders; only a folder has weights for it."""
    encoder: LogMelSpeechEncoder | WaveformSpeechEncoder = (
        LogMelSpeechEncoder() if name == LOG_MEL else WaveformSpeechEncoder(build_narrow_wav2vec2(), None)
    )
    if name_or_folder not in STUDENTS and not from_scratch:
        load_student_weights(Path(name_or_folder), encoder)
    if n_blocks not in (None, len(encoder.blocks)):
        raise TrainingError(f"student {name!r} has {len(encoder.blocks)} blocks, got n_blocks = {n_blocks}")
    return encoder


def _load_whisper(name_or_folder: str, config: PreTrainedConfig, *, from_scratch: bool) -> Any:  # noqa: ANN401 - as above
    from transformers import WhisperForAudioClassification

    if from_scratch:
        return WhisperForAudioClassification(config).encoder
    # The classification class is the one whose weights hold an encoder alone; its own head is thrown away.
    return _load_weights(WhisperForAudioClassification, name_or_folder).encoder


def _load_auto(name_or_folder: str, config: PreTrainedConfig, *, from_scratch: bool) -> Any:  # noqa: ANN401 - as above
    from transformers import AutoModel

    config.layerdrop = 0.0  # dropped layers would change the weighted sum over layers
    config.mask_time_min_masks = 0  # clips of half a second are shorter than a mask
    if from_scratch:
        return AutoModel.from_config(config)
    return _load_weights(AutoModel, name_or_folder, config=config)


def _load_weights(model_class: Any, name_or_folder: str, **options: Any) -> Any:  # noqa: ANN401 - as above
    """Load all of an encoder's weights: Transformers draws what a checkpoint lacks at random, and only warns."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # its report would name the head that is thrown away
    try:
        model, found = model_class.from_pretrained(
            name_or_folder, dtype=torch.float32, output_loading_info=True, **options
        )
    finally:
        logging.set_verbosity(verbosity)
    missing = sorted(key for key in found["missing_keys"] if not key.startswith(_NOT_NEEDED))
    if missing:
        raise TrainingError(
            f"encoder {name_or_folder!r} lacks {len(missing)} of its weights, among them {missing[0]!r}: "
            "expected a whole checkpoint of the kind that its config.json names"
        )
    return model


def _run_blocks(blocks: nn.ModuleList, state: Tensor, **shared: Tensor) -> list[Tensor]:
    states = [state]
    for block in blocks:
        states.append(_first(block(states[-1], attention_mask=None, **shared)))
    return states


def _first(output: Any) -> Tensor:  # noqa: ANN401 - Transformers blocks give a tensor or a tuple, by version
    state: Tensor = output[0] if isinstance(output, tuple) else output
    return state
