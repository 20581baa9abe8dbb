from __future__ import annotations

import numpy as np
import pytest

from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.alternatives import load_alternatives
from recommender.evaluation.datasets import load_emotify
from recommender.evaluation.retrieval import PURE_QUERIES, measure_retrieval


@pytest.fixture
def tracks(emotify_paths):
    return load_emotify(*emotify_paths)


@pytest.fixture
def rows(tracks):
    """Scores that are the truth itself, in another order than the catalog."""
    rows = [
        {"system": "oracle", "track_id": track_id, "fold": fold}
        | {f"1 {label}": rating for label, rating in zip(LABELS, ratings, strict=True)}
        for track_id, fold, ratings in zip(
            tracks.track_ids.tolist(), tracks.folds.tolist(), tracks.ratings.tolist(), strict=True
        )
    ]
    return rows[::-1]


def test_kept_scores_rank_beside_our_systems(tmp_path, write_table, tracks, rows):
    kept = load_alternatives(write_table(tmp_path / "scores.csv", rows), tracks)

    result = measure_retrieval("made-up", tracks, PURE_QUERIES, alternatives=kept, n_resamples=5)

    assert result.figures["oracle"]["ndcg_at_10"].value == pytest.approx(1.0)
    assert result.comparisons["oracle"].difference < 0


def test_a_track_without_a_score_is_named(tmp_path, write_table, tracks, rows):
    with pytest.raises(EvaluationDataError, match=r"scores of oracle for every track .* \[60\] missing"):
        load_alternatives(write_table(tmp_path / "scores.csv", rows[1:]), tracks)


def test_a_query_without_scores_is_named(tmp_path, write_table, tracks, rows):
    rank = load_alternatives(write_table(tmp_path / "scores.csv", rows), tracks)["oracle"]

    with pytest.raises(EvaluationDataError, match=r"expected a column '0\.6 sad' in"):
        rank(tracks, {"sad": 0.6}, np.random.default_rng(0))


def test_an_empty_table_is_refused(tmp_path, tracks):
    (tmp_path / "scores.csv").write_text("system,track_id,fold\n")

    with pytest.raises(EvaluationDataError, match="expected scores in"):
        load_alternatives(tmp_path / "scores.csv", tracks)
