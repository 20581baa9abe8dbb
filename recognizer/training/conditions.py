"""The conditions a training clip may be heard under: rooms, noise, babble, codecs, band limits, speed, shift, gain."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

from recognizer.audio import SAMPLE_RATE
from recognizer.evaluation.degradations import (
    add_noise,
    change_gain,
    make_babble,
    make_room_response,
    make_street_noise,
    pass_through_opus,
    pass_through_telephone,
    place_in_room,
)
from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Waveform = np.ndarray

SNR_RANGE_DB: Final = (10.0, 30.0)
REVERBERATION_RANGE_S: Final = (0.15, 0.6)
SPEED_PERCENT: Final = (90, 95, 105, 110)
GAIN_RANGE_DB: Final = (-12.0, 6.0)
OPUS_BIT_RATES: Final = (12_000, 16_000, 24_000, 32_000)
# Other voices are made of the same speaker's clips, at other speeds, so that nobody's voice reaches a fold that
# shall not know it.
BABBLE_SPEED_PERCENT: Final = (78, 86, 115, 125)
N_BABBLE_VOICES: Final = 4
_LOW_EDGE_HZ: Final = (50.0, 400.0)
_HIGH_EDGE_HZ: Final = (2_800.0, 7_500.0)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How often each condition is met; all are probabilities, drawn one by one.

    Attributes:
        speed: a tenth faster or slower, pitch and all.
        room: the response of a shoebox room of chance size.
        noise: between white and street noise, at 10 to 30 dB.
        babble: four other voices, at 10 to 30 dB.
        codec: Opus as messengers use it, or a mobile telephone's AMR.
        band: nothing below or above edges of chance.
        shift: a start later than the recording's, by up to a fifth of it.
        gain: louder, or softer, to the point of clipping.
    """

    speed: float = 0.0
    room: float = 0.0
    noise: float = 0.0
    babble: float = 0.0
    codec: float = 0.0
    band: float = 0.0
    shift: float = 0.0
    gain: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no probability.

        Raises:
            TrainingError: naming the condition.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise TrainingError(f"condition {field.name!r} must be a probability within 0 to 1, got {value!r}")

    @classmethod
    def from_mapping(cls, content: dict[str, Any], *, where: str) -> Conditions:
        """Make conditions from plain values.

        Raises:
            TrainingError: a key is unknown, or a value no probability.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(content) - set(names))
        if unknown:
            raise TrainingError(f"{where}: unknown condition {unknown[0]!r}, expected some of {', '.join(names)}")
        return cls(**content)


def alter(waveform: Waveform, conditions: Conditions, voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    """Return a waveform as it would be heard under conditions of chance.

    Args:
        waveform: float32, shape (n_samples,), 16 kHz, within [-1, 1].
        conditions: how often each is met.
        voices: other recordings, to make babble of; without any there is no babble.
        rng: where the chance comes from.

    Returns:
        float32, within [-1, 1]; up to a tenth longer, or shorter by speed and shift.
    """
    altered = waveform
    for name, change in _CHANGES.items():
        if rng.random() < getattr(conditions, name):
            altered = change(altered, voices, rng)
    heard: Waveform = np.clip(altered, -1.0, 1.0).astype(np.float32)
    return heard


def add_babble(waveform: Waveform, voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    """Put a few of these recordings behind a voice, each faster or slower, at 10 to 30 dB below it together.

    Args:
        waveform: float32, shape (n_samples,), 16 kHz.
        voices: other recordings; without any nothing is added.
        rng: where the chance comes from.
    """
    if not voices:
        return waveform
    chosen = rng.choice(len(voices), min(N_BABBLE_VOICES, len(voices)), replace=False)
    others = [_play_at(voices[row], int(rng.choice(BABBLE_SPEED_PERCENT))) for row in chosen]
    return add_noise(waveform, make_babble(others, len(waveform), rng), float(rng.uniform(*SNR_RANGE_DB)))


def _change_speed(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    return _play_at(waveform, int(rng.choice(SPEED_PERCENT)))


def _place_in_room(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    # Few walls: what comes after a third of a second of a small room hardly changes the statistics, and it costs most.
    response = make_room_response(rng, reverberation_s=float(rng.uniform(*REVERBERATION_RANGE_S)), max_order=8)
    return place_in_room(waveform, response)


def _add_noise(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    n = len(waveform)
    noise = make_street_noise(n, rng) if rng.random() < 1 / 3 else _make_colored_noise(n, rng)
    return add_noise(waveform, noise, float(rng.uniform(*SNR_RANGE_DB)))


def _make_colored_noise(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Make noise with a spectrum between white and 1/f^2."""
    frequency = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    spectrum = rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(len(frequency))
    noise: Waveform = np.fft.irfft(spectrum / np.maximum(frequency, 20.0) ** rng.uniform(0.0, 1.0), n_samples)
    return noise.astype(np.float32)


def _code(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    if rng.random() < 1 / 3:
        return pass_through_telephone(waveform)
    return pass_through_opus(waveform, int(rng.choice(OPUS_BIT_RATES)))


def _limit_band(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    edges_hz = (rng.uniform(*_LOW_EDGE_HZ), rng.uniform(*_HIGH_EDGE_HZ))
    limited: Waveform = sosfilt(butter(2, edges_hz, "bandpass", fs=SAMPLE_RATE, output="sos"), waveform)
    return limited.astype(np.float32)


def _shift(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    return waveform[int(rng.uniform(0, 0.2) * len(waveform)) :]


def _change_gain(waveform: Waveform, _voices: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    return change_gain(waveform, float(rng.uniform(*GAIN_RANGE_DB)))


def _play_at(waveform: Waveform, percent: int) -> Waveform:
    played: Waveform = resample_poly(waveform, 100, percent)
    return played.astype(np.float32)


# In the order in which a recording meets them.
_CHANGES: Final[dict[str, Callable[[Waveform, Sequence[Waveform], np.random.Generator], Waveform]]] = {
    "speed": _change_speed,
    "room": _place_in_room,
    "noise": _add_noise,
    "babble": add_babble,
    "band": _limit_band,
    "gain": _change_gain,
    "codec": _code,
    "shift": _shift,
}
