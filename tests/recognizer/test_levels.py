from __future__ import annotations

import numpy as np
import pytest

from recognizer.levels import compute_clipped_share, compute_frame_levels_db, compute_level_range_db
from tests.signals import make_hum, make_noise, make_speech, make_tone


def test_level_of_a_sine_at_full_scale_is_three_db_below_it():
    levels_db = compute_frame_levels_db(make_tone(1.0, frequency_hz=1000, level=1.0))

    np.testing.assert_allclose(levels_db, -3.01, atol=0.01)


def test_level_of_digital_silence_is_a_number():
    np.testing.assert_allclose(compute_frame_levels_db(np.zeros(1024, dtype=np.float32)), -120.0)


def test_a_frame_that_is_not_whole_has_no_level():
    assert len(compute_frame_levels_db(np.zeros(1023, dtype=np.float32))) == 1


@pytest.mark.parametrize("waveform", [make_tone(), make_hum(), make_noise()], ids=["tone", "hum", "white noise"])
def test_steady_sounds_range_over_less_than_speech(waveform):
    range_db = compute_level_range_db(compute_frame_levels_db(waveform))

    assert range_db < 2.5
    assert compute_level_range_db(compute_frame_levels_db(make_speech())) > 14


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_clipped_share_counts_the_samples_that_were_cut(share):
    waveform = make_speech()
    limit = np.quantile(np.abs(waveform), 1 - share)

    clipped = np.clip(waveform, -limit, limit)

    assert compute_clipped_share(clipped) == pytest.approx(share, rel=0.2)
    assert compute_clipped_share(0.1 * clipped) == pytest.approx(share, rel=0.2)


def test_clipped_share_of_speech_is_small():
    assert compute_clipped_share(make_speech()) < 0.014
