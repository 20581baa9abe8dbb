"""Small encoders of our own, known by name: a Wav2Vec2 with a narrow front end, and convolutions over log-mel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from recognizer.training.errors import TrainingError
from recognizer.training.frontend import N_MELS, LogMelSpectrogram
from recognizer.training.writing import replacing, writing

if TYPE_CHECKING:
    from pathlib import Path

NARROW_WAV2VEC2: Final = "wav2vec2-narrow"
LOG_MEL: Final = "log-mel"
STUDENTS: Final = (NARROW_WAV2VEC2, LOG_MEL)

_WIDTH = 192
_N_BLOCKS = 4
# Each layer of the usual front end is 512 wide, which alone costs more than all the blocks of a small model.
_CONV_DIMS = (32, 64, 96, 128, 160, 192, 192)
_KERNEL = 7
_WEIGHTS_FILE = "student.safetensors"
_NAME_FILE = "student.json"


class ConvolutionBlock(nn.Module):
    """A residual block: a wide depthwise convolution over time, then two layers over the channels.

    Source: Liu et al. (2022), CVPR, "A ConvNet for the 2020s", in one dimension.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.channels = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (B, T, D) into (B, T, D)."""
        mixed = self.depthwise(hidden.transpose(1, 2)).transpose(1, 2)
        changed: Tensor = hidden + self.channels(self.norm(mixed))
        return changed


class LogMelSpeechEncoder(nn.Module):
    """Convolutions over log-mel features, 50 frames a second."""

    def __init__(self, n_blocks: int = _N_BLOCKS) -> None:
        super().__init__()
        self.hidden_size = _WIDTH
        self.log_mel = LogMelSpectrogram()
        self.convolutions = nn.ModuleList(
            [nn.Conv1d(N_MELS, _WIDTH, 3, padding=1), nn.Conv1d(_WIDTH, _WIDTH, 3, stride=2, padding=1)]
        )
        self.layers = nn.ModuleList(ConvolutionBlock(_WIDTH) for _ in range(n_blocks))

    @property
    def stem(self) -> nn.Module:
        """The convolutions over the log-mel features."""
        return self.convolutions

    @property
    def blocks(self) -> nn.ModuleList:
        """All blocks."""
        return self.layers

    def forward(self, waveform: Tensor) -> list[Tensor]:
        """Give the states (B, T, hidden_size) after the stem and after each block."""
        return self.run_lower(waveform, len(self.layers))

    def run_lower(self, waveform: Tensor, n_blocks: int) -> list[Tensor]:
        """Give the states (B, T, hidden_size) after the stem and after each of the first blocks."""
        hidden = self.log_mel(waveform)
        for convolution in self.convolutions:
            hidden = functional.gelu(convolution(hidden))
        states = [hidden.transpose(1, 2)]
        for block in self.layers[:n_blocks]:
            states.append(block(states[-1]))
        return states

    def run_upper(self, state: Tensor, n_done: int) -> list[Tensor]:
        """Go on from the state (B, T, hidden_size) after `n_done` blocks."""
        states = [state]
        for block in self.layers[n_done:]:
            states.append(block(states[-1]))
        return states

    def save(self, folder: Path) -> None:
        """Write it as a student."""
        save_student(folder, LOG_MEL, self)


def build_narrow_wav2vec2(n_blocks: int = _N_BLOCKS) -> nn.Module:
    """Build Transformers' Wav2Vec2 with our sizes and random weights, 2.2 million with four blocks."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=_WIDTH,
        num_hidden_layers=n_blocks,
        num_attention_heads=4,
        intermediate_size=4 * _WIDTH,
        conv_dim=_CONV_DIMS,
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=8,
        layerdrop=0.0,
        # Clips of half a second are shorter than a mask.
        mask_time_min_masks=0,
    )
    model: nn.Module = Wav2Vec2Model(config)
    return model


def find_student(name_or_folder: str | Path) -> str | None:
    """Tell which student a name means, or a folder holds; None if it is another encoder's."""
    if str(name_or_folder) in STUDENTS:
        return str(name_or_folder)
    from pathlib import Path

    try:
        content = json.loads((Path(name_or_folder) / _NAME_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(content["student"])


def save_student(folder: Path, name: str, encoder: nn.Module) -> None:
    """Write a student's weights; its name comes last, so that a folder with a name is whole.

    Raises:
        TrainingError: it cannot be written; one that was there before stays.
    """
    weights = {key: tensor.detach().cpu().contiguous() for key, tensor in encoder.state_dict().items()}
    with writing("the student", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / _NAME_FILE) as name_part, replacing(folder / _WEIGHTS_FILE) as weights_part:
            save_file(weights, weights_part)
            name_part.write_text(json.dumps({"student": name}) + "\n", encoding="utf-8")
            # Until both files are new, the old name would stand over other weights.
            (folder / _NAME_FILE).unlink(missing_ok=True)


def load_student_weights(folder: Path, encoder: nn.Module) -> None:
    """Put a student's kept weights into its network.

    Raises:
        TrainingError: they are missing, broken, or of another architecture.
    """
    try:
        encoder.load_state_dict(load_file(folder / _WEIGHTS_FILE), strict=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TrainingError(f"expected a student's weights in {str(folder)!r}: {error}") from error
