"""Balance the parts, glue them together, and bring the mix to a loudness without clipping."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyloudnorm
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from catalog.demo import effects
from catalog.demo.instruments import INSTRUMENTS
from catalog.demo.performance import pan_gains
from catalog.demo.wavetables import SAMPLE_RATE, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from catalog.demo.effects import Stereo
    from catalog.demo.score import Role
    from catalog.demo.styles.style import Style

TARGET_LUFS: Final = -16.0
# Below full scale by what the codec may add to a peak.
CEILING: Final = 10 ** (-2.0 / 20)
_LOOKAHEAD_SAMPLES: Final = 160
_BLOCK_SAMPLES: Final = 1600
_FULL_KIT_RMS: Final = 0.16
_CLOSE_ENOUGH_LU: Final = 0.03
_LEVEL_DB: Final[dict[Role, float]] = {
    "melody": -19.0,
    "counter": -25.0,
    "bass": -19.5,
    "chords": -23.5,
    "arpeggio": -24.0,
    "pad": -26.0,
}
_PAN: Final[dict[Role, float]] = {
    "melody": 0.06,
    "counter": -0.3,
    "bass": 0.0,
    "chords": -0.28,
    "arpeggio": 0.34,
    "pad": 0.0,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A part ready for the mix: what is heard directly and what goes to the room."""

    direct: Stereo
    send: Stereo


def dress_part(wave: Waveform, role: Role, instrument_name: str, style: Style, beat_s: float) -> Channel:
    """Send a played part through its instrument's effects to its level and place.

    Args:
        wave: mono, as played.
        role: decides level and place.
        instrument_name: key of `INSTRUMENTS`.
        style: decides the room.
        beat_s: for echoes in time.
    """
    instrument = INSTRUMENTS[instrument_name]
    if instrument.drive:
        wave = effects.distort(wave, instrument.drive)
    wave = effects.highpass(wave, instrument.highpass_hz if role == "bass" else max(90.0, instrument.highpass_hz))
    if instrument.lowpass_hz:
        wave = effects.lowpass(wave, instrument.lowpass_hz)
    if instrument.echo:
        wave = effects.add_echo(wave, 0.75 * beat_s, instrument.echo)
    gain = 10 ** ((_LEVEL_DB[role] + instrument.level_db) / 20) / active_rms(wave)
    width = 0.0 if role == "bass" else instrument.width
    direct = effects.spread(np.float32(gain) * wave, width, pan_gains(_PAN[role]))
    return Channel(direct, np.float32(style.wet * instrument.reverb) * direct)


def dress_kit(kit: Stereo, style: Style) -> Channel:
    """Bring the drums to a level that grows with the style's arousal; they need less room than tones."""
    level_db = -21.5 + 3.5 * style.arousal
    # A lone shaker stays a lone shaker: only a full kit is brought all the way to the level.
    direct = np.float32(10 ** (level_db / 20) / max(_FULL_KIT_RMS, active_rms(kit.mean(axis=0)))) * kit
    return Channel(direct, np.float32(0.35 * style.wet) * direct)


def active_rms(wave: NDArray[np.float32]) -> float:
    """Return the root mean square over the blocks in which something sounds; tiny but positive for silence."""
    n_blocks = wave.size // _BLOCK_SAMPLES
    power = np.mean(wave[: n_blocks * _BLOCK_SAMPLES].reshape(n_blocks, _BLOCK_SAMPLES) ** 2, axis=1)
    sounding = power[power > 0.03 * power.max()]
    return float(np.sqrt(sounding.mean())) if sounding.size else 1e-9


def mix_down(channels: Iterable[Channel], style: Style) -> Stereo:
    """Sum the channels and the room's answer, tilt, roughen, compress, and bring all to the library's loudness."""
    arriving = iter(channels)
    first = next(arriving)
    direct, send = first.direct.copy(), first.send.copy()
    for channel in arriving:
        direct += channel.direct
        send += channel.send
    # The room has energy 1 a channel; its answer to steady sound is about as loud as the send.
    mix = direct + np.float32(1.6) * effects.reverberate(send, style.room_s)
    mix = effects.tilt_treble(mix, style.air_db)
    if style.roughness:
        mix = roughen(mix, style.roughness)
    return master(fade_out(compress(mix)))


def roughen(mix: Stereo, roughness: float) -> Stereo:
    """Overdrive the whole mix."""
    gain = np.float32((1 + 1.2 * roughness) * 0.15 / active_rms(mix.mean(axis=0)))
    return np.asarray(np.tanh(gain * mix), dtype=np.float32)


def compress(mix: Stereo, ratio: float = 1.7) -> Stereo:
    """Take back what rises more than a little above the mean level, slowly enough not to be heard."""
    n_blocks = -(-mix.shape[1] // _LOOKAHEAD_SAMPLES)
    padded = np.pad(mix, ((0, 0), (0, n_blocks * _LOOKAHEAD_SAMPLES - mix.shape[1])))
    power = np.mean(padded.reshape(2, n_blocks, -1) ** 2, axis=(0, 2))
    level_db = 10 * np.log10(uniform_filter1d(power, 17) + 1e-12)
    threshold_db = 20 * np.log10(active_rms(mix.mean(axis=0))) + 1.0
    gain_db = -np.maximum(0.0, level_db - threshold_db) * (1 - 1 / ratio)
    centers = (np.arange(n_blocks) + 0.5) * _LOOKAHEAD_SAMPLES
    gain = 10 ** (np.interp(np.arange(mix.shape[1]), centers, gain_db) / 20)
    return np.asarray(mix * gain, dtype=np.float32)


def fade_out(mix: Stereo, seconds: float = 1.4) -> Stereo:
    """Let the end sink to nothing."""
    n_fade = int(seconds * SAMPLE_RATE)
    faded = mix.copy()
    faded[:, -n_fade:] *= np.cos(np.linspace(0, np.pi / 2, n_fade, dtype=np.float32)) ** 2
    return faded


def master(mix: Stereo) -> Stereo:
    """Bring a mix to `TARGET_LUFS` with no sample above `CEILING`."""
    mix = np.asarray(mix - mix.mean(axis=1, keepdims=True), dtype=np.float32)
    gain_db = TARGET_LUFS - measure_lufs(mix)
    mastered = np.float32(10 ** (gain_db / 20)) * mix
    if np.max(np.abs(mastered)) <= CEILING:
        return mastered
    # Limiting costs loudness: turn up by what is missing and limit again.
    for _ in range(3):
        mastered = limit(np.float32(10 ** (gain_db / 20)) * mix)
        missing_lu = TARGET_LUFS - measure_lufs(mastered)
        if abs(missing_lu) < _CLOSE_ENOUGH_LU:
            break
        gain_db += missing_lu
    return mastered


def limit(mix: Stereo) -> Stereo:
    """Turn the gain down ahead of every peak and up again after it."""
    peaks = np.max(np.abs(mix), axis=0)
    if peaks.max() <= CEILING:
        return mix
    # The window of the maximum covers that of the mean on both sides, so the smoothed gain still suffices.
    nearby = maximum_filter1d(peaks, 2 * _LOOKAHEAD_SAMPLES + 1)
    gain = uniform_filter1d(np.minimum(1.0, CEILING / np.maximum(nearby, CEILING)), 2 * _LOOKAHEAD_SAMPLES - 1)
    return np.asarray(mix * gain, dtype=np.float32)


def measure_lufs(mix: Stereo) -> float:
    """Return the integrated loudness by ITU-R BS.1770-4.

    Args:
        mix: shape (2, n_samples).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(mix.T))
