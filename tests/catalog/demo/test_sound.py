"""Voices, drums and the mix: no clicks, nothing out of tune, loud enough and never clipped."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.demo import effects, mixing
from catalog.demo.drums import DRUM_LEVEL, sound_drum
from catalog.demo.instruments import INSTRUMENTS
from catalog.demo.percussion import GROOVES
from catalog.demo.styles import STYLES
from catalog.demo.wavetables import SAMPLE_RATE, find_table, midi_to_hz

SUSTAINED = ("flute", "clarinet", "organ", "soft organ", "square lead", "sub bass", "felt piano", "nylon guitar")


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
@pytest.mark.parametrize("pitch", [33, 60, 93])
def test_a_note_begins_and_ends_in_silence_without_offset(name, pitch):
    wave = INSTRUMENTS[name].voice.render(pitch, 0.4, 0.8, np.random.default_rng(0))

    assert wave.dtype == np.float32
    assert np.isfinite(wave).all()
    assert 0.01 < np.sqrt(np.mean(wave**2)) < 0.6
    assert max(abs(wave[0]), abs(wave[-1])) < 0.01
    assert abs(wave.mean()) < 0.01


@pytest.mark.parametrize("name", SUSTAINED)
@pytest.mark.parametrize("pitch", [45, 64, 76])
def test_a_note_sounds_at_its_pitch(name, pitch):
    wave = INSTRUMENTS[name].voice.render(pitch, 1.5, 0.8, np.random.default_rng(0))

    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size), 8 * SAMPLE_RATE))
    near = slice(int(8 * midi_to_hz(pitch - 0.5)), int(8 * midi_to_hz(pitch + 0.5)) + 2)
    peak_hz = (near.start + int(np.argmax(spectrum[near]))) / 8
    assert abs(1200 * np.log2(peak_hz / midi_to_hz(pitch))) < 15


@pytest.mark.parametrize("wave", ["saw", "square", "pulse", "reed"])
def test_tables_hold_no_harmonic_beyond_half_the_sample_rate(wave):
    pitch = 96
    table = find_table(wave, pitch, 1e6)

    spectrum = np.abs(np.fft.rfft(table))

    highest = int(SAMPLE_RATE / 2 / midi_to_hz(pitch))
    assert spectrum[1] > 1
    assert spectrum[highest + 1 :].max() < 1e-3 * spectrum[1]


def test_styles_name_only_instruments_and_drums_there_are():
    playings = [p for s in STYLES for p in (*s.melody, *s.bass, *s.chords, *s.pad, *s.arpeggio, *s.counter)]
    grooves = [GROOVES[name] for style in STYLES for name in style.drums]

    assert {playing.instrument for playing in playings} <= set(INSTRUMENTS)
    assert {drum for groove in grooves for drum in (*groove.core, *groove.extra, *groove.fill)} <= set(DRUM_LEVEL)


@pytest.mark.parametrize("drum", sorted(DRUM_LEVEL))
def test_a_stroke_ends_in_silence_and_no_two_are_the_same(drum):
    rng = np.random.default_rng(0)

    first, second = sound_drum(drum, rng), sound_drum(drum, rng)

    assert abs(first[-1]) < 1e-3
    assert 0.05 < np.abs(first).max() < 3.0
    assert not np.array_equal(first, second)


def test_the_limiter_keeps_every_sample_below_the_ceiling():
    rng = np.random.default_rng(2)
    mix = rng.standard_normal((2, 3 * SAMPLE_RATE)).astype(np.float32)
    mix[:, 40_000] = 9.0

    limited = mixing.limit(mix)

    assert np.abs(limited).max() <= mixing.CEILING * 1.0001


@pytest.mark.parametrize("level", [0.001, 0.05, 2.0])
def test_mastering_reaches_the_loudness_from_wherever_the_mix_stands(level):
    rng = np.random.default_rng(3)
    bursts = np.repeat(rng.uniform(0.1, 1.0, 20), SAMPLE_RATE // 4)
    mix = (level * bursts * rng.standard_normal((2, bursts.size))).astype(np.float32)

    mastered = mixing.master(mix)

    assert mixing.measure_lufs(mastered) == pytest.approx(mixing.TARGET_LUFS, abs=0.2)
    assert np.abs(mastered).max() <= mixing.CEILING * 1.0001


def test_widening_cancels_out_in_mono():
    wave = np.random.default_rng(5).standard_normal(SAMPLE_RATE).astype(np.float32)

    stereo = effects.spread(wave, 1.0, (1.0, 1.0))

    np.testing.assert_allclose(stereo.mean(axis=0), wave, atol=1e-5)
    assert not np.allclose(stereo[0], stereo[1])


def test_a_room_rings_as_long_as_it_says():
    impulse = np.zeros((2, 4 * SAMPLE_RATE), dtype=np.float32)
    impulse[:, 0] = 1.0

    answer = effects.reverberate(impulse, 1.5)

    early = np.sqrt(np.mean(answer[:, 2_000:6_000] ** 2))
    late = np.sqrt(np.mean(answer[:, int(1.35 * SAMPLE_RATE) : int(1.45 * SAMPLE_RATE)] ** 2))
    assert -75 < 20 * np.log10(late / early) < -40


def test_distortion_of_a_low_tone_folds_nothing_back():
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)

    spectrum = np.abs(np.fft.rfft(effects.distort(tone, 8.0) * np.hanning(SAMPLE_RATE)))

    between = np.concatenate([spectrum[hz + 300 : hz + 700] for hz in range(1000, 15_000, 1000)])
    assert between.max() < 0.003 * spectrum.max()
