from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.evaluation import degradations
from recognizer.evaluation.robustness import CONDITIONS
from tests.recognizer.corpora.voices import make_voice

VOICE = make_voice(0, duration_s=1.0)


def measure_power(waveform):
    return float(np.mean(waveform.astype(np.float64) ** 2))


def measure_tone(waveform, frequency_hz):
    time_s = np.arange(len(waveform)) / degradations.SAMPLE_RATE
    return abs(np.mean(waveform * np.exp(-2j * np.pi * frequency_hz * time_s)))


def make_tone(frequency_hz, n_samples=16_000):
    return (0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_condition_gives_a_changed_waveform_and_follows_its_seed(condition):
    others = [make_voice(seed, duration_s=0.7) for seed in (1, 2)]

    first, second = (condition.degrade(VOICE, np.random.default_rng(3), others) for _ in range(2))

    assert first.dtype == np.float32
    assert np.max(np.abs(first)) <= 1
    assert not np.array_equal(first, VOICE)
    assert np.array_equal(first, second)
    assert abs(len(first) - len(VOICE)) <= 1000


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_noise_lies_as_far_below_as_asked(snr_db):
    noise = degradations.make_white_noise(3000, np.random.default_rng(0))

    noisy = degradations.add_noise(VOICE * 0.1, noise, snr_db)

    added = noisy - VOICE * 0.1
    assert 10 * np.log10(measure_power(VOICE * 0.1) / measure_power(added)) == pytest.approx(snr_db, abs=0.2)


def test_silent_noise_changes_nothing():
    assert np.array_equal(degradations.add_noise(VOICE, np.zeros(10, dtype=np.float32), 0), VOICE)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40_000), st.integers(0, 2**32 - 1))
def test_made_up_noises_are_finite_and_as_long_as_asked(n_samples, seed):
    for make in (degradations.make_white_noise, degradations.make_street_noise, degradations.make_music):
        noise = make(n_samples, np.random.default_rng(seed))

        assert noise.shape == (n_samples,)
        assert np.isfinite(noise).all()


def test_street_noise_is_darker_than_white_noise():
    street = degradations.make_street_noise(32_000, np.random.default_rng(0))

    power = np.abs(np.fft.rfft(street)) ** 2
    assert power[: len(power) // 8].sum() > 0.95 * power.sum()


def test_babble_passes_over_silent_voices():
    babble = degradations.make_babble([VOICE, np.zeros(100, dtype=np.float32)], 8000, np.random.default_rng(0))

    assert babble.shape == (8000,)
    assert measure_power(babble) > 0


def test_gain_and_tone_are_in_decibels():
    assert np.max(np.abs(degradations.change_gain(VOICE, -6))) == pytest.approx(0.3 * 10 ** (-6 / 20), rel=1e-4)
    tone = degradations.add_tone(VOICE, 6000, -40) - VOICE
    assert np.max(np.abs(tone)) == pytest.approx(0.003, rel=0.02)


def test_clipping_flattens_the_share_asked_for():
    clipped = degradations.clip_share(VOICE, 0.01)

    assert np.mean(np.abs(clipped) >= np.max(np.abs(clipped)) * (1 - 1e-6)) == pytest.approx(0.01, abs=0.002)


@pytest.mark.parametrize(
    ("degrade", "kept_hz", "lost_hz"),
    [
        (lambda waveform: degradations.filter_high_pass(waveform, 150), 1000, 40),
        (lambda waveform: degradations.filter_low_pass(waveform, 6500), 1000, 7800),
        (degradations.pass_through_telephone, 1000, 6000),
    ],
)
def test_filters_keep_and_lose_what_they_should(degrade, kept_hz, lost_hz):
    assert measure_tone(degrade(make_tone(kept_hz)), kept_hz) > 0.7 * measure_tone(make_tone(kept_hz), kept_hz)
    assert measure_tone(degrade(make_tone(lost_hz)), lost_hz) < 0.1 * measure_tone(make_tone(lost_hz), lost_hz)


@pytest.mark.parametrize("at_start", [True, False])
def test_cropping_and_padding_undo_each_other(at_start):
    padded = degradations.pad(VOICE, 500, at_start=at_start)

    assert np.array_equal(degradations.crop(padded, 500, at_start=at_start), VOICE)


def test_cropping_never_takes_everything():
    assert len(degradations.crop(VOICE[:10], 1000, at_start=True)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_room_answers_the_direct_sound_first_and_fades(seed):
    response = degradations.make_room_response(np.random.default_rng(seed), reverberation_s=0.4)

    energy = np.cumsum(response[::-1] ** 2)[::-1]
    assert response.shape == (6400,)
    assert response[0] >= 1.0 - 1e-6
    assert energy[3200] < 0.1 * energy[0]


def test_a_room_of_one_click_changes_nothing_but_rounding():
    click = np.zeros(100, dtype=np.float32)
    click[0] = 1.0

    assert degradations.place_in_room(VOICE, click) == pytest.approx(VOICE, abs=1e-5)
    assert not degradations.place_in_room(np.zeros(100, dtype=np.float32), click).any()


@pytest.mark.parametrize("n_samples", [1, 160, 16_000, 20_001])
def test_codecs_keep_the_length(n_samples):
    waveform = make_voice(1, duration_s=2.0)[:n_samples]

    assert len(degradations.pass_through_opus(waveform, 24_000)) == n_samples
    assert len(degradations.pass_through_telephone(waveform)) == n_samples


def test_opus_stays_close_and_in_step():
    coded = degradations.pass_through_opus(VOICE, 32_000)

    assert np.corrcoef(coded, VOICE)[0, 1] > 0.95
