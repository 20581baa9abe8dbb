"""CLAP from the model hub: the audio half of a network trained to match sounds with their descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from transformers import ClapFeatureExtractor, ClapModel

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_CHECKPOINT: Final = "laion/clap-htsat-unfused"
# What the published checkpoints hear at once.
_WINDOW_S: Final = 10.0


class ClapEncoder:
    """Mean audio embedding over windows of ten seconds.

    Args:
        checkpoint: a name on the hub, or a folder.

    Source: Wu et al. (2023), Large-scale contrastive language-audio pretraining with feature fusion, ICASSP.
    """

    def __init__(self, checkpoint: str) -> None:
        self._extractor = ClapFeatureExtractor.from_pretrained(checkpoint)
        # In this format alone, so that no pickle is opened.
        self._model = ClapModel.from_pretrained(checkpoint, use_safetensors=True).eval()

    @property
    def sample_rate(self) -> int:
        """What it hears at."""
        return int(self._extractor.sampling_rate)

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a mono waveform into a vector, shape (d,), of unit length."""
        n_window = int(_WINDOW_S * self.sample_rate)
        # A last window that is mostly padding would weigh as much as a full one.
        n_windows = max(1, round(len(waveform) / n_window))
        windows = [waveform[i * n_window : (i + 1) * n_window] for i in range(n_windows)]
        inputs = self._extractor(windows, sampling_rate=self.sample_rate, return_tensors="pt")
        with torch.inference_mode():
            output = self._model.get_audio_features(**inputs)
        features = getattr(output, "pooler_output", output)
        mean: np.ndarray = features.mean(dim=0).numpy()
        return mean / max(float(np.linalg.norm(mean)), 1e-12)


def open_clap(variant: str, material_dir: Path | None) -> ClapEncoder:
    """Open a checkpoint by its name on the hub or its folder; LAION's unfused one unless named."""
    del material_dir
    return ClapEncoder(variant or DEFAULT_CHECKPOINT)
