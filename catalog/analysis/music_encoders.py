"""Music models that a user plugs in by name, as what turns an excerpt into a vector.

They need torch, which what ships does not: they are imported when one of them is asked for.
"""

from __future__ import annotations

import importlib
from math import gcd
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import scipy.signal

from catalog.analysis.decoding import SAMPLE_RATE
from catalog.errors import MusicModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.analysis.decoding import Excerpt

# Name -> module and function that opens it; what follows a colon in a model's name, such as a checkpoint on the hub,
# is handed to that function.
MUSIC_ENCODERS: Final[dict[str, str]] = {
    "jamendo-moodtheme": "catalog.training.teachers:open_moodtheme",
    "musicnn": "catalog.training.teachers:open_musicnn",
    "clap": "catalog.training.clap:open_clap",
}


class MusicEncoder(Protocol):
    """A model that hears music."""

    @property
    def sample_rate(self) -> int:
        """What it hears at."""

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Turn a mono waveform at its sample rate, float32, shape (n_samples,), into a vector, shape (d,)."""


def open_encoder(name: str, material_dir: Path | None) -> MusicEncoder:
    """Open a model by its name.

    Args:
        name: of `MUSIC_ENCODERS`, for CLAP perhaps with a checkpoint, as in `clap:laion/clap-htsat-unfused`.
        material_dir: folder that holds `models/`, where a model's weights come from there.

    Raises:
        MusicModelError: there is no such model, or its library or its weights are missing.
    """
    kind, _, variant = name.partition(":")
    if kind not in MUSIC_ENCODERS:
        raise MusicModelError(name, f"expected one of {', '.join(MUSIC_ENCODERS)}")
    module_name, function = MUSIC_ENCODERS[kind].split(":")
    try:
        open_it: Callable[[str, Path | None], MusicEncoder] = getattr(importlib.import_module(module_name), function)
        return open_it(variant, material_dir)
    except ImportError as error:
        raise MusicModelError(name, f"it needs more libraries ({error}): pip install '.[train]'") from error
    except OSError as error:
        raise MusicModelError(name, f"its weights cannot be read: {error}") from error


def encode_excerpt(encoder: MusicEncoder, excerpt: Excerpt) -> np.ndarray:
    """Let a model hear the mono mix of an excerpt, float64, shape (d,).

    The excerpt was decoded at 22.05 kHz, so nothing above 11 kHz is heard, whatever the model's sample rate.
    """
    divisor = gcd(encoder.sample_rate, SAMPLE_RATE)
    waveform = scipy.signal.resample_poly(excerpt.waveform, encoder.sample_rate // divisor, SAMPLE_RATE // divisor)
    vector: np.ndarray = np.asarray(encoder(waveform.astype(np.float32)), dtype=np.float64)
    return vector
