from __future__ import annotations

import numpy as np
import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.baselines import OURS, RANDOM
from recommender.evaluation.ceilings import HALF, measure_ceiling
from recommender.evaluation.datasets import load_emotify

FEELINGS = ("joyful_activation", "sadness", "tension", "calmness")


def write_votes(path, tracks, write_table, n_raters):
    rng = np.random.default_rng(1)
    votes = [
        {"track_id": track_id} | dict(zip(FEELINGS, (rng.random(4) < shares).astype(int).tolist(), strict=True))
        for track_id, shares in zip(tracks.track_ids.tolist(), tracks.ratings, strict=True)
        for _ in range(n_raters)
    ]
    return write_table(path, votes)


def test_more_raters_are_a_higher_ceiling_and_ours_lies_between_them_and_chance(tmp_path, emotify_paths, write_table):
    tracks = load_emotify(*emotify_paths)

    few, many = (
        measure_ceiling(tracks, write_votes(tmp_path / f"{n}.csv", tracks, write_table, n), n_resamples=20).figures
        for n in (4, 80)
    )

    assert few[HALF]["ndcg_at_10"].value < many[HALF]["ndcg_at_10"].value < 1.0
    assert many[RANDOM]["ndcg_at_10"].value < many[OURS]["ndcg_at_10"].value < many[HALF]["ndcg_at_10"].value
    assert 0.0 < many[OURS]["from_random_to_raters"].value < 1.0


def test_a_single_rater_cannot_be_halved(tmp_path, emotify_paths, write_table):
    tracks = load_emotify(*emotify_paths)

    with pytest.raises(EvaluationDataError, match="at least two raters of each track"):
        measure_ceiling(tracks, write_votes(tmp_path / "one.csv", tracks, write_table, 1))
