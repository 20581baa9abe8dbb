from __future__ import annotations

import numpy as np
import pytest

from recognizer.corpora.shortcuts import measure_shortcut

SPEAKERS = [f"s{number % 10}" for number in range(400)]
TRUTH = np.random.default_rng(0).integers(4, size=400)


def test_a_number_that_gives_the_label_away_is_a_shortcut():
    values = np.where(TRUTH == 2, 5.0, 1.0) + np.random.default_rng(1).normal(size=400) * 0.1

    shortcut = measure_shortcut("level", values, TRUTH, SPEAKERS, np.random.default_rng(2))

    assert shortcut.uar > 0.4
    assert shortcut.p_value == pytest.approx(1 / 201)
    assert shortcut.is_worth_a_warning
    assert shortcut.describe().startswith("level alone is a shortcut to the label: UAR ")


def test_a_crooked_relation_is_found_too():
    distance = np.where(TRUTH == 0, 0.0, 3.0) + np.random.default_rng(1).uniform(0, 1, size=400)
    values = distance * np.random.default_rng(3).choice([-1, 1], size=400)

    assert measure_shortcut("level", values, TRUTH, SPEAKERS, np.random.default_rng(2)).is_worth_a_warning


def test_chance_alone_is_no_shortcut():
    values = np.random.default_rng(1).normal(size=400)

    shortcut = measure_shortcut("duration", values, TRUTH, SPEAKERS, np.random.default_rng(2))

    assert shortcut.chance == pytest.approx(0.25, abs=0.02)
    assert shortcut.uar == pytest.approx(0.25, abs=0.08)
    assert not shortcut.is_worth_a_warning


def test_a_habit_of_one_speaker_is_no_shortcut_to_others():
    values = np.where(np.array(SPEAKERS) == "s0", TRUTH.astype(float), 0.0)

    assert not measure_shortcut("level", values, TRUTH, SPEAKERS, np.random.default_rng(2)).is_worth_a_warning


def test_the_seed_decides():
    values = np.random.default_rng(1).normal(size=400)

    first, second = (measure_shortcut("level", values, TRUTH, SPEAKERS, np.random.default_rng(5)) for _ in range(2))

    assert first == second


def test_one_speaker_cannot_be_cross_validated():
    with pytest.raises(ValueError, match="folds and 1 speakers"):
        measure_shortcut("level", np.arange(4.0), np.arange(4), ["a"] * 4, np.random.default_rng(0))
