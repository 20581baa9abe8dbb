from __future__ import annotations

import math

import numpy as np
import pytest

from recognizer.intervals import bootstrap_over_groups

SPEAKERS = np.repeat(["ann", "bob", "cy", "dee"], 25)


def mean_of(values):
    return lambda rows: float(values[rows].mean())


def test_interval_holds_the_figure_on_all_clips():
    values = np.random.default_rng(0).random(100)

    interval = bootstrap_over_groups(mean_of(values), SPEAKERS, rng=np.random.default_rng(1))

    assert interval.value == pytest.approx(values.mean())
    assert interval.low < interval.value < interval.high


def test_interval_of_a_figure_that_is_the_same_for_every_speaker_has_no_width():
    values = np.tile(np.arange(25.0), 4)

    interval = bootstrap_over_groups(mean_of(values), SPEAKERS, rng=np.random.default_rng(0))

    assert interval.low == interval.high == interval.value


def test_interval_over_speakers_who_differ_is_wider_than_over_clips():
    values = (SPEAKERS == "ann").astype(float)

    over_speakers = bootstrap_over_groups(mean_of(values), SPEAKERS, rng=np.random.default_rng(0))
    over_clips = bootstrap_over_groups(mean_of(values), np.arange(100), rng=np.random.default_rng(0))

    assert over_speakers.high - over_speakers.low > 2 * (over_clips.high - over_clips.low)


def test_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).random(100)

    first, second = (
        bootstrap_over_groups(mean_of(values), SPEAKERS, rng=np.random.default_rng(7), n_resamples=50) for _ in range(2)
    )

    assert first == second


def test_bounds_over_a_single_speaker_are_undefined():
    interval = bootstrap_over_groups(lambda _: 0.5, np.array(["ann", "ann"]), rng=np.random.default_rng(0))

    assert interval.value == 0.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_bounds_of_a_figure_that_is_never_defined_are_undefined():
    interval = bootstrap_over_groups(lambda _: float("nan"), SPEAKERS, rng=np.random.default_rng(0), n_resamples=5)

    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
