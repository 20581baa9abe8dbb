"""What happens to sound after it is played: filters, distortion, echo, stereo width, reverb."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import butter, resample_poly, sosfilt

from catalog.demo.wavetables import SAMPLE_RATE, Waveform

Stereo = NDArray[np.float32]

_WIDTH_DELAY_S: Final = 0.011
_PREDELAY_S: Final = 0.018
# The room is the same for everybody who renders, whatever the library's seed.
_ROOM_SEED: Final = 20
# Share of each band (upper edge in Hz) in the reverb, and how long it rings against the middle.
_ROOM_BANDS: Final = ((250.0, 0.5, 0.9), (1200.0, 1.0, 1.0), (4000.0, 0.7, 0.75), (9000.0, 0.3, 0.4))


def highpass(wave: NDArray[np.float32], cutoff_hz: float) -> NDArray[np.float32]:
    """Remove what lies below a frequency, 12 dB an octave; works along the last axis."""
    return _filtered(wave, "highpass", cutoff_hz)


def lowpass(wave: NDArray[np.float32], cutoff_hz: float) -> NDArray[np.float32]:
    """Remove what lies above a frequency, 12 dB an octave; works along the last axis."""
    return _filtered(wave, "lowpass", cutoff_hz)


def _filtered(wave: NDArray[np.float32], kind: str, cutoff_hz: float) -> NDArray[np.float32]:
    sections = butter(2, cutoff_hz, kind, fs=SAMPLE_RATE, output="sos").astype(np.float32)
    return np.asarray(sosfilt(sections, wave), dtype=np.float32)


def tilt_treble(mix: Stereo, air_db: float) -> Stereo:
    """Raise or lower everything above 2.5 kHz."""
    if not air_db:
        return mix
    return np.asarray(mix + np.float32(10 ** (air_db / 20) - 1) * highpass(mix, 2500.0), dtype=np.float32)


def distort(wave: Waveform, drive: float) -> Waveform:
    """Clip softly at twice the sample rate, so that the new harmonics do not fold back.

    Args:
        wave: mono samples.
        drive: gain ahead of the clipping, for a wave scaled to a loud root mean square of 0.2.
    """
    scale = np.float32(0.2 * drive / (np.sqrt(np.mean(wave**2)) + 1e-9))
    louder = resample_poly(wave, 2, 1).astype(np.float32) * scale
    # A little asymmetry gives even harmonics, which sound like an amplifier and not like a broken cable.
    clipped = np.tanh(louder + np.float32(0.15)) - np.float32(np.tanh(0.15))
    return np.asarray(resample_poly(clipped, 1, 2)[: wave.size], dtype=np.float32)


def add_echo(wave: Waveform, delay_s: float, gain: float) -> Waveform:
    """Add three repeats, each softer than the one before."""
    echoed = wave.copy()
    n_delay = int(delay_s * SAMPLE_RATE)
    for repeat in (1, 2, 3):
        shift = repeat * n_delay
        if shift < wave.size:
            echoed[shift:] += np.float32(0.45 * gain**repeat) * wave[:-shift]
    return echoed


def spread(wave: Waveform, width: float, pan: tuple[float, float]) -> Stereo:
    """Place a mono track in the stereo field; `width` adds complementary combs whose sum is the track again."""
    side = np.zeros_like(wave)
    if width:
        n_delay = int(_WIDTH_DELAY_S * SAMPLE_RATE)
        side[n_delay:] = np.float32(0.7 * width) * wave[:-n_delay]
    return np.stack([np.float32(pan[0]) * (wave + side), np.float32(pan[1]) * (wave - side)])


def reverberate(send: Stereo, room_s: float) -> Stereo:
    """Let a room answer.

    Args:
        send: shape (2, n_samples), what the room hears.
        room_s: time in which its middle frequencies fall by 60 dB.

    Returns:
        The answer alone, same shape.
    """
    room = build_room(room_s)
    n_samples = send.shape[1]
    n_fft = fft.next_fast_len(n_samples + room.shape[1], real=True)
    spectrum = fft.rfft(send, n_fft, axis=1) * fft.rfft(room, n_fft, axis=1)
    return np.asarray(fft.irfft(spectrum, n_fft, axis=1)[:, :n_samples], dtype=np.float32)


@lru_cache(maxsize=16)
def build_room(room_s: float) -> Stereo:
    """Make up the impulse response of a room: a few early reflections, then noise whose treble dies first.

    Returns:
        Shape (2, n_samples), each channel of energy 1.
    """
    rng = np.random.default_rng(_ROOM_SEED)
    n_samples = int((room_s + _PREDELAY_S) * SAMPLE_RATE)
    n_predelay = int(_PREDELAY_S * SAMPLE_RATE)
    time_s = np.arange(n_samples - n_predelay, dtype=np.float32) / SAMPLE_RATE
    room = np.zeros((2, n_samples), dtype=np.float32)
    noise = rng.standard_normal((2, time_s.size)).astype(np.float32)
    low_edge_hz = 120.0
    for edge_hz, share, length in _ROOM_BANDS:
        sections = butter(1, (low_edge_hz, edge_hz), "bandpass", fs=SAMPLE_RATE, output="sos")
        decay = np.exp(-6.9 * time_s / (room_s * length))
        room[:, n_predelay:] += share * sosfilt(sections, noise) * decay * np.minimum(1.0, time_s / 0.012)
        low_edge_hz = edge_hz
    late_peak = np.max(np.abs(room))
    for _ in range(7):
        reflection = int(rng.uniform(0.004, 0.05) * SAMPLE_RATE)
        room[:, reflection] += late_peak * rng.uniform(-1.2, 1.2, 2)
    room = highpass(room, 160.0)
    return np.asarray(room / np.sqrt(np.sum(room**2, axis=1, keepdims=True)), dtype=np.float32)
