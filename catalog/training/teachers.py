"""The public music taggers the affect model is measured against and may learn from; they are loaded, never shipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
import torchaudio
from torch import nn

from catalog.errors import MusicModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

MODEL_FOLDERS: Final = {
    "jamendo-moodtheme": Path("models/jamendo-moodtheme/best_model.pth"),
    "musicnn": Path("models/music-tagging/jamendo-musicnn.pth"),
}
SAMPLE_RATES: Final = {"jamendo-moodtheme": 12_000, "musicnn": 16_000}

_MOODTHEME_FRAMES: Final = 1366
_MUSICNN_WINDOW: Final = 3 * 16_000


class MoodTheme(nn.Module):
    """Five convolution blocks over 29 s of mel spectrogram; 64 dims, then 56 mood and theme tags.

    Source: the baseline of Bogdanov et al. (2019), The MTG-Jamendo dataset; Choi, Fazekas and Sandler (2016).
    """

    def __init__(self) -> None:
        super().__init__()
        self.bn_init = nn.BatchNorm2d(1)
        channels = (1, 64, 128, 128, 128, 64)
        self.pools = ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4))
        for i in range(1, 6):
            self.add_module(f"conv_{i}", nn.Conv2d(channels[i - 1], channels[i], 3, padding=1))
            self.add_module(f"bn_{i}", nn.BatchNorm2d(channels[i]))
        self.dense = nn.Linear(64, 56)

    def forward(self, mel_db: torch.Tensor) -> torch.Tensor:
        """Map (B, 96, 1366) to (B, 120): the penultimate layer, then the tags' logits."""
        hidden = self.bn_init(mel_db[:, None])
        for i, pool in enumerate(self.pools, start=1):
            hidden = self.get_submodule(f"bn_{i}")(self.get_submodule(f"conv_{i}")(hidden))
            hidden = nn.functional.max_pool2d(nn.functional.elu(hidden), pool)
        hidden = hidden.flatten(1)  # (B, 64)
        return torch.cat([hidden, self.dense(hidden)], dim=1)


class _Convolution(nn.Module):
    """A convolution and its batch norm, named as in the published weights."""

    def __init__(self, conv: nn.Module, n_channels: int) -> None:
        super().__init__()
        self.conv = conv
        is_flat = isinstance(conv, nn.Conv1d)
        self.bn = nn.BatchNorm1d(n_channels) if is_flat else nn.BatchNorm2d(n_channels)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        activated: torch.Tensor = torch.relu(self.bn(self.conv(hidden)))
        return activated


class MusiCnn(nn.Module):
    """Tall and wide filters over 3 s; 200 dims, then 50 tags.

    Source: Pons and Serra (2019), musicnn; trained by Won et al. (2020), Evaluation of CNN-based music tagging.
    """

    def __init__(self) -> None:
        super().__init__()
        self.spec = torchaudio.transforms.MelSpectrogram(16_000, n_fft=512, f_min=0.0, f_max=8000.0, n_mels=96)
        self.to_db = torchaudio.transforms.AmplitudeToDB()
        self.spec_bn = nn.BatchNorm2d(1)
        tall = [_Convolution(nn.Conv2d(1, 204, (height, 7), padding=(0, 3)), 204) for height in (67, 38)]
        wide = [_Convolution(nn.Conv1d(1, 51, width, padding=width // 2), 51) for width in (129, 65, 33)]
        self.layers = nn.ModuleList([*tall, *wide])
        self.layer1 = _Convolution(nn.Conv1d(561, 64, 7, padding=3), 64)
        self.layer2 = _Convolution(nn.Conv1d(64, 64, 7, padding=3), 64)
        self.layer3 = _Convolution(nn.Conv1d(64, 64, 7, padding=3), 64)
        self.dense1 = nn.Linear(1506, 200)
        self.bn = nn.BatchNorm1d(200)
        self.dense2 = nn.Linear(200, 50)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Map (B, 48000) to (B, 250): the penultimate layer, then the tags' logits."""
        mel = self.spec_bn(self.to_db(self.spec(waveform))[:, None])  # (B, 1, 96, T)
        tall = [self.layers[i](mel).amax(dim=2) for i in (0, 1)]  # (B, 204, T)
        wide = [self.layers[i](mel.mean(dim=2)) for i in (2, 3, 4)]  # (B, 51, T)
        front = torch.cat([*tall, *wide], dim=1)
        first = self.layer1(front)
        second = self.layer2(first) + first
        third = self.layer3(second) + second
        hidden = torch.cat([front, first, second, third], dim=1)  # (B, 753, T)
        pooled = torch.cat([hidden.amax(dim=2), hidden.mean(dim=2)], dim=1)
        embedding = torch.relu(self.bn(self.dense1(pooled)))
        return torch.cat([embedding, self.dense2(embedding)], dim=1)


def load_teacher(name: str, material_dir: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Load a teacher as a function from a mono waveform at its sample rate to its outputs, shape (d,).

    Args:
        name: "jamendo-moodtheme" (120 dims) or "musicnn" (250 dims, mean over windows of 3 s).
        material_dir: folder that holds `models/`.
    """
    if name not in MODEL_FOLDERS:
        raise ValueError(f"unknown teacher {name!r}, expected one of {sorted(MODEL_FOLDERS)}")
    model: nn.Module = MoodTheme() if name == "jamendo-moodtheme" else MusiCnn()
    model.load_state_dict(torch.load(material_dir / MODEL_FOLDERS[name], map_location="cpu", weights_only=True))
    model.eval()
    embed = _embed_moodtheme if name == "jamendo-moodtheme" else _embed_musicnn
    return lambda waveform: embed(model, torch.from_numpy(waveform))


@dataclass(frozen=True)
class Tagger:
    """A tagger as a plug-in of the analysis."""

    sample_rate: int
    embed: Callable[[np.ndarray], np.ndarray]

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a mono waveform into its penultimate layer and its tags' logits, shape (d,)."""
        return self.embed(waveform)


def open_moodtheme(variant: str, material_dir: Path | None) -> Tagger:
    """Open the MTG-Jamendo mood and theme network."""
    return _open_tagger("jamendo-moodtheme", variant, material_dir)


def open_musicnn(variant: str, material_dir: Path | None) -> Tagger:
    """Open MusiCNN trained on MTG-Jamendo."""
    return _open_tagger("musicnn", variant, material_dir)


def _open_tagger(name: str, variant: str, material_dir: Path | None) -> Tagger:
    if variant:
        raise MusicModelError(f"{name}:{variant}", f"expected {name!r} alone, it has no variants")
    if material_dir is None:
        raise MusicModelError(
            name, f"its weights lie in {str(MODEL_FOLDERS[name])!r} of EMOTITUNE_MATERIAL_DIR: set it"
        )
    return Tagger(SAMPLE_RATES[name], load_teacher(name, material_dir))


@torch.inference_mode()
def _embed_moodtheme(model: nn.Module, waveform: torch.Tensor) -> np.ndarray:
    to_mel = torchaudio.transforms.MelSpectrogram(
        SAMPLE_RATES["jamendo-moodtheme"], n_fft=512, hop_length=256, n_mels=96, norm="slaney", mel_scale="slaney"
    )
    mel_db = 10.0 * torch.log10(to_mel(waveform).clamp(min=1e-10))  # (96, T)
    n_missing = max(0, _MOODTHEME_FRAMES - mel_db.shape[1])
    mel_db = nn.functional.pad(mel_db, (0, n_missing), value=-100.0)[:, :_MOODTHEME_FRAMES]
    outputs: np.ndarray = model(mel_db[None])[0].numpy()
    return outputs


@torch.inference_mode()
def _embed_musicnn(model: nn.Module, waveform: torch.Tensor) -> np.ndarray:
    padded = nn.functional.pad(waveform, (0, max(0, _MUSICNN_WINDOW - waveform.shape[0])))
    windows = padded.unfold(0, _MUSICNN_WINDOW, _MUSICNN_WINDOW)  # (B, 48000)
    outputs = model(windows)
    mean: np.ndarray = outputs.mean(dim=0).numpy()
    return mean
