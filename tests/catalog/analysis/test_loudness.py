from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from catalog.analysis.loudness import measure_loudness


def make_tone(sample_rate, amplitude=1.0, duration_s=10.0, frequency_hz=997.0):
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * sample_rate)) / sample_rate)


@pytest.mark.parametrize("sample_rate", [22_050, 48_000])
def test_full_scale_tone_at_997_hz_is_minus_3_lufs(sample_rate):
    loudness_lufs, _ = measure_loudness(make_tone(sample_rate)[None, :], sample_rate)

    assert loudness_lufs == pytest.approx(-3.01, abs=0.05)


def test_two_equal_channels_are_3_lu_louder_than_one():
    tone = make_tone(22_050, 0.1)

    mono, _ = measure_loudness(tone[None, :], 22_050)
    stereo, _ = measure_loudness(np.stack([tone, tone]), 22_050)

    assert stereo - mono == pytest.approx(3.01, abs=0.01)


def test_silence_is_gated_away():
    tone = make_tone(22_050, 0.1)

    alone, _ = measure_loudness(tone[None, :], 22_050)
    with_pause, _ = measure_loudness(np.concatenate([tone, np.zeros_like(tone)])[None, :], 22_050)

    assert with_pause == pytest.approx(alone, abs=0.2)


def test_inaudible_signal_measures_the_gate():
    assert measure_loudness(1e-7 * make_tone(22_050)[None, :], 22_050) == (-70.0, 0.0)


def test_loudness_and_range_agree_with_pyloudnorm():
    rng = np.random.default_rng(3)
    swell = np.repeat([0.02, 0.2, 0.05, 0.4], 5 * 22_050)
    channels = rng.standard_normal((2, swell.size)) * swell * 0.2
    meter = pyloudnorm.Meter(22_050, filter_class="DeMan")

    loudness_lufs, range_lu = measure_loudness(channels, 22_050)

    assert loudness_lufs == pytest.approx(meter.integrated_loudness(channels.T), abs=0.1)
    assert range_lu == pytest.approx(meter.loudness_range(channels.T), abs=0.5)
