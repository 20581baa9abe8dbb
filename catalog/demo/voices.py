"""Four ways to sound a note: swept wavetables, decaying strings, frequency modulation, struck modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from catalog.demo.wavetables import (
    SAMPLE_RATE,
    Waveform,
    find_table,
    midi_to_hz,
    phase_index,
    read_table,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NYQUIST_SHARE_HZ: Final = 0.45 * SAMPLE_RATE
# Harmonics of a string that die together: first and last of each band, and its speed of decay.
_STRING_BANDS: Final[tuple[tuple[tuple[int, int], float], ...]] = (
    ((1, 1), 1.0),
    ((2, 3), 1.35),
    ((4, 7), 2.2),
    ((8, 15), 4.0),
    ((16, 160), 8.0),
)


class Voice(Protocol):
    """Turns a note into sound."""

    def render(self, pitch: int, gate_s: float, velocity: float, rng: np.random.Generator) -> Waveform:
        """Sound one note.

        Args:
            pitch: MIDI pitch.
            gate_s: how long the key is held.
            velocity: within (0, 1]; harder is brighter. Loudness is left to the mixer.
            rng: phases and noise.

        Returns:
            Mono samples from silence to silence, about 0.25 root mean square at the strongest.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptVoice:
    """A sustained wave whose brightness moves from `bright_hz` to `dark_hz`: pads, winds, organs, leads, basses."""

    wave: str
    dark_hz: float
    bright_hz: float
    attack_s: float = 0.01
    decay_s: float = 0.3
    sustain: float = 0.8
    release_s: float = 0.1
    sweep_s: float = 0.3
    detune_cents: tuple[float, ...] = (0.0,)
    vibrato_cents: float = 0.0
    breath: float = 0.0

    def render(self, pitch: int, gate_s: float, velocity: float, rng: np.random.Generator) -> Waveform:
        """Sound one note, see `Voice`."""
        n_samples = int((gate_s + self.release_s) * SAMPLE_RATE)
        time_s = _time_s(n_samples)
        bright = find_table(self.wave, pitch, self.bright_hz * (0.5 + 0.5 * velocity))
        dark = find_table(self.wave, pitch, self.dark_hz)
        opening = np.exp(-time_s / self.sweep_s)
        wave = np.zeros(n_samples, dtype=np.float32)
        for cents in self.detune_cents:
            index = phase_index(self._frequency(pitch + cents / 100, time_s), n_samples, rng.random())
            low = dark[index]
            wave += low + opening * (bright[index] - low)
        wave /= np.float32(np.sqrt(len(self.detune_cents)))
        if self.breath:
            wave += self.breath * _soft_noise(n_samples, midi_to_hz(pitch), rng)
        return wave * self._envelope(time_s, gate_s)

    def _frequency(self, pitch: float, time_s: Waveform) -> float | NDArray[np.float64]:
        if not self.vibrato_cents:
            return midi_to_hz(pitch)
        depth = np.minimum(1.0, time_s / 0.6) * self.vibrato_cents / 1200
        return np.asarray(midi_to_hz(pitch) * 2.0 ** (depth * np.sin(2 * np.pi * 5.3 * time_s)), dtype=np.float64)

    def _envelope(self, time_s: Waveform, gate_s: float) -> Waveform:
        body = self.sustain + (1 - self.sustain) * np.exp(-np.maximum(0, time_s - self.attack_s) / self.decay_s)
        rise = np.sin(0.5 * np.pi * np.minimum(1.0, time_s / self.attack_s)) ** 2
        fall = np.cos(0.5 * np.pi * np.clip((time_s - gate_s) / self.release_s, 0.0, 1.0)) ** 2
        return np.asarray(body * rise * fall, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class StringVoice:
    """A plucked or struck string; its higher harmonics die first: guitars, harps, pianos, picked basses."""

    wave: str
    cutoff_hz: float
    decay_s: float
    damping_s: float = 0.06
    detune_cents: tuple[float, ...] = (0.0,)
    knock: float = 0.0
    inharmonic_cents: float = 0.0

    def render(self, pitch: int, gate_s: float, velocity: float, rng: np.random.Generator) -> Waveform:
        """Sound one note, see `Voice`."""
        decay_s = self.decay_s * 2.0 ** ((60 - pitch) / 18)
        n_samples = int(min(gate_s + self.damping_s * 4, 4.0 * decay_s) * SAMPLE_RATE)
        time_s = _time_s(n_samples)
        wave = np.zeros(n_samples, dtype=np.float32)
        cutoff_hz = self.cutoff_hz * (0.35 + 0.65 * velocity)
        for cents in self.detune_cents:
            phase = rng.random()
            index = phase_index(midi_to_hz(pitch + cents / 100), n_samples, phase)
            for number, (band, speed) in enumerate(_STRING_BANDS):
                if number and self.inharmonic_cents:
                    stretched = pitch + (cents + number * self.inharmonic_cents) / 100
                    index = phase_index(midi_to_hz(stretched), n_samples, phase)
                table = find_table(self.wave, pitch, cutoff_hz, band)
                wave += np.exp(-time_s * np.float32(speed / decay_s)) * table[index]
        wave /= np.float32(np.sqrt(len(self.detune_cents)))
        if self.knock:
            wave += self.knock * np.exp(-time_s / 0.012) * _soft_noise(n_samples, 900.0, rng)
        held = np.exp(-np.maximum(0, time_s - gate_s) / np.float32(self.damping_s))
        return _faded(wave * held, attack_s=0.0015)


@dataclass(frozen=True, slots=True, kw_only=True)
class FmVoice:
    """Two operators, one bending the other, and a bright tine: electric pianos, glassy keys (Chowning 1973)."""

    ratio: float
    index: float
    index_decay_s: float
    decay_s: float
    tine: float = 0.0
    tine_ratio: float = 14.0
    release_s: float = 0.12
    tremolo: float = 0.0

    def render(self, pitch: int, gate_s: float, velocity: float, rng: np.random.Generator) -> Waveform:
        """Sound one note, see `Voice`."""
        decay_s = self.decay_s * 2.0 ** ((60 - pitch) / 24)
        n_samples = int(min(gate_s + self.release_s * 4, 4 * decay_s) * SAMPLE_RATE)
        time_s = _time_s(n_samples)
        turn = np.float32(2 * np.pi * midi_to_hz(pitch)) * time_s
        # Sidebands reach about (index + 1) * ratio times the pitch: high notes get less, or they would fold back.
        room = _NYQUIST_SHARE_HZ / (midi_to_hz(pitch) * max(self.ratio, 1.0)) - 2
        depth = min(self.index * (0.4 + 0.6 * velocity), max(0.0, room))
        swing = depth * np.exp(-time_s / np.float32(self.index_decay_s))
        wave = np.sin(turn + swing * np.sin(np.float32(self.ratio) * turn))
        if self.tine and midi_to_hz(pitch) * self.tine_ratio < _NYQUIST_SHARE_HZ:
            wave += self.tine * velocity * np.exp(-time_s / 0.06) * np.sin(np.float32(self.tine_ratio) * turn)
        wave *= np.exp(-time_s / np.float32(decay_s))
        if self.tremolo:
            wave *= 1 - self.tremolo * (0.5 + 0.5 * np.sin(2 * np.pi * (4.6 * time_s + np.float32(rng.random()))))
        held = np.exp(-np.maximum(0, time_s - gate_s) / np.float32(self.release_s))
        return _faded(0.35 * wave * held, attack_s=0.002)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalVoice:
    """A struck bar, tine or bell: a few modes at their own ratios, each dying at its own pace."""

    ratios: tuple[float, ...]
    strengths: tuple[float, ...]
    decays_s: tuple[float, ...]
    knock: float = 0.0
    tremolo: float = 0.0

    def render(self, pitch: int, gate_s: float, velocity: float, rng: np.random.Generator) -> Waveform:
        """Sound one note, see `Voice`; a bar rings as long as it rings, so the gate only bounds it."""
        stretch = 2.0 ** ((72 - pitch) / 24)
        n_samples = int(min(4.5 * max(self.decays_s) * stretch, gate_s + 2.5) * SAMPLE_RATE)
        time_s = _time_s(n_samples)
        wave = np.zeros(n_samples, dtype=np.float32)
        sine = find_table("sine", pitch, 1e6)
        for number, (ratio, strength, decay_s) in enumerate(
            zip(self.ratios, self.strengths, self.decays_s, strict=True)
        ):
            mode_hz = midi_to_hz(pitch) * ratio
            if mode_hz < _NYQUIST_SHARE_HZ:
                level = strength * (velocity**number if number else 1.0)
                wave += (
                    level * np.exp(-time_s / np.float32(decay_s * stretch)) * read_table(sine, mode_hz, n_samples, 0.0)
                )
        if self.knock:
            wave += self.knock * np.exp(-time_s / 0.006) * _soft_noise(n_samples, 1800.0, rng)
        if self.tremolo:
            wave *= 1 - self.tremolo * (0.5 + 0.5 * np.sin(2 * np.pi * 4.2 * time_s))
        return _faded(wave, attack_s=0.001)


def _time_s(n_samples: int) -> Waveform:
    return np.arange(n_samples, dtype=np.float32) / np.float32(SAMPLE_RATE)


def _soft_noise(n_samples: int, center_hz: float, rng: np.random.Generator) -> Waveform:
    """Noise held back above a frequency, by averaging over about one of its periods."""
    width = max(1, int(SAMPLE_RATE / (4 * center_hz)))
    noise = rng.standard_normal(n_samples + width, dtype=np.float32)
    total = np.cumsum(noise, dtype=np.float64)
    return np.asarray((total[width:] - total[:-width]) / np.sqrt(width) * 0.3, dtype=np.float32)


def _faded(wave: Waveform, attack_s: float, release_s: float = 0.02) -> Waveform:
    """Force both ends to silence, so that no note begins or ends with a click."""
    n_rise, n_fall = int(attack_s * SAMPLE_RATE), min(int(release_s * SAMPLE_RATE), wave.size // 2)
    wave[:n_rise] *= np.linspace(0.0, 1.0, n_rise, dtype=np.float32)
    wave[wave.size - n_fall :] *= np.linspace(1.0, 0.0, n_fall, dtype=np.float32)
    return np.asarray(wave, dtype=np.float32)
