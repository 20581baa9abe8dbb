from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recognizer.training.conditions import Conditions, alter
from recognizer.training.errors import TrainingError
from tests.signals import make_speech

SPEECH = make_speech(1.5, seed=1)
NAMES = [field.name for field in dataclasses.fields(Conditions)]


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_changes_a_waveform_and_keeps_it_one(name):
    voices = [make_speech(1.0, seed=seed) for seed in range(2, 6)]

    altered = alter(SPEECH, Conditions(**{name: 1.0}), voices, np.random.default_rng(0))

    assert altered.dtype == np.float32
    assert np.abs(altered).max() <= 1.0
    assert 0.7 * len(SPEECH) <= len(altered) <= 1.2 * len(SPEECH)
    assert len(altered) != len(SPEECH) or not np.allclose(altered, SPEECH, atol=1e-3)


def test_without_conditions_nothing_changes():
    np.testing.assert_array_equal(alter(SPEECH, Conditions(), [], np.random.default_rng(0)), SPEECH)


def test_without_other_voices_there_is_no_babble():
    np.testing.assert_array_equal(alter(SPEECH, Conditions(babble=1.0), [], np.random.default_rng(0)), SPEECH)


def test_equal_chance_gives_equal_waveforms():
    everything = Conditions(**dict.fromkeys(NAMES, 0.5))

    first, second = (alter(SPEECH, everything, [SPEECH], np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "often"])
def test_what_is_no_probability_is_named(value):
    with pytest.raises(TrainingError, match="condition 'noise' must be a probability"):
        Conditions(noise=value)


def test_an_unknown_condition_is_named():
    with pytest.raises(TrainingError, match=r"here: unknown condition 'wind', expected some of speed, room"):
        Conditions.from_mapping({"wind": 1.0}, where="here")
