"""Loudness and its range, as broadcasters measure them."""

from __future__ import annotations

from typing import Final

import numpy as np
import scipy.signal

_ABSOLUTE_GATE_LUFS: Final = -70.0
_RELATIVE_GATE_LU: Final = -10.0
_RANGE_GATE_LU: Final = -20.0
_STEP_S: Final = 0.1
_MOMENTARY_STEPS: Final = 4  # 400 ms
_SHORT_TERM_STEPS: Final = 30  # 3 s


def measure_loudness(channels: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Measure integrated loudness and loudness range.

    Args:
        channels: shape (n_channels, n_samples), one or two channels, at least 3 s.
        sample_rate: of the channels.

    Returns:
        Loudness in LUFS, at least -70; loudness range in LU, 0 for an even signal.

    Source: ITU-R BS.1770-4 (gated loudness), EBU Tech 3342 (10th to 95th percentile of gated short-term loudness).
        A mono file is measured as one channel, as the standard says, though it is heard from two speakers.
    """
    steps = _step_energies(_k_weight(channels, sample_rate), int(_STEP_S * sample_rate))
    momentary = _moving_mean(steps, _MOMENTARY_STEPS)
    audible = momentary[_to_lufs(momentary) > _ABSOLUTE_GATE_LUFS]
    if audible.size == 0:
        return _ABSOLUTE_GATE_LUFS, 0.0
    gate = _to_lufs(audible.mean()) + _RELATIVE_GATE_LU
    loudness_lufs = float(_to_lufs(audible[_to_lufs(audible) > gate].mean()))
    return loudness_lufs, _loudness_range(_moving_mean(steps, _SHORT_TERM_STEPS))


def _loudness_range(short_term: np.ndarray) -> float:
    audible = short_term[_to_lufs(short_term) > _ABSOLUTE_GATE_LUFS]
    if audible.size == 0:
        return 0.0
    levels = _to_lufs(audible)
    levels = levels[levels >= _to_lufs(audible.mean()) + _RANGE_GATE_LU]
    low, high = np.percentile(levels, [10, 95])
    return float(high - low)


def _k_weight(channels: np.ndarray, sample_rate: int) -> np.ndarray:
    """The head's high shelf, then the ear's high pass; biquads of De Man (2014) for any sample rate."""
    shelf_k, shelf_q = np.tan(np.pi * 1681.974450955532 / sample_rate), 0.7071752369554196
    gain = 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    shelf = np.array(
        [
            gain + middle * shelf_k / shelf_q + shelf_k**2,
            2.0 * (shelf_k**2 - gain),
            gain - middle * shelf_k / shelf_q + shelf_k**2,
            *_denominator(shelf_k, shelf_q),
        ]
    )
    pass_k, pass_q = np.tan(np.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    high_pass = np.array([1.0, -2.0, 1.0, *_denominator(pass_k, pass_q)])
    # The standard leaves the high pass's numerator at 1, -2, 1 whatever the rate.
    high_pass[3:] /= high_pass[3]
    weighted: np.ndarray = scipy.signal.sosfilt(np.stack([shelf / shelf[3], high_pass]), channels.astype(np.float64))
    return weighted


def _denominator(k: float, q: float) -> tuple[float, float, float]:
    return 1.0 + k / q + k**2, 2.0 * (k**2 - 1.0), 1.0 - k / q + k**2


def _step_energies(weighted: np.ndarray, step: int) -> np.ndarray:
    """Mean square per 100 ms, summed over channels, shape (n_steps,)."""
    n_steps = weighted.shape[1] // step
    blocks = weighted[:, : n_steps * step].reshape(weighted.shape[0], n_steps, step)
    energies: np.ndarray = np.square(blocks).mean(axis=2).sum(axis=0)
    return energies


def _moving_mean(values: np.ndarray, length: int) -> np.ndarray:
    length = min(length, values.size)
    mean: np.ndarray = np.lib.stride_tricks.sliding_window_view(values, length).mean(axis=1)
    return mean


def _to_lufs(energy: np.ndarray) -> np.ndarray:
    lufs: np.ndarray = -0.691 + 10.0 * np.log10(np.maximum(energy, 1e-12))
    return lufs
