from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.baselines import OURS
from recommender.evaluation.datasets import load_emotify
from recommender.evaluation.journeys import INTERPOLATION, METRICS, SHUFFLED, measure_journeys


@pytest.fixture
def result(emotify_paths):
    return measure_journeys("journeys", load_emotify(*emotify_paths), n_resamples=50)


def test_ours_travels_in_smaller_steps_than_its_own_tracks_in_random_order(result):
    ours, shuffled = result.figures[OURS], result.figures[SHUFFLED]

    assert ours["mean_step"].value < shuffled["mean_step"].value
    assert ours["monotone_progress"].value > shuffled["monotone_progress"].value
    assert ours["way_covered"].value == pytest.approx(shuffled["way_covered"].value)
    assert result.comparisons[f"{SHUFFLED}, mean_step"].p_holm < 0.05


def test_every_ordered_pair_of_moods_is_travelled(result):
    assert len(result.per_query) == 12
    assert result.per_query[0]["query"] == "happy to sad"
    assert set(result.figures) == {OURS, INTERPOLATION, SHUFFLED}
    assert set(result.figures[OURS]) == set(METRICS) == set(result.readings)


def test_figures_are_means_over_the_journeys(result):
    mean = np.mean([row[f"{OURS}.largest_step"] for row in result.per_query])

    assert result.figures[OURS]["largest_step"].value == pytest.approx(mean)
