from __future__ import annotations

import numpy as np
import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.logged import LIVE, evaluate_logs


@pytest.fixture
def rows():
    """Two tracks: live, each is played half the time; the candidate plays the one people like nine times in ten."""
    rng = np.random.default_rng(0)
    rows = []
    for place in range(2000):
        is_good = rng.random() < 0.5
        rows.append(
            {
                "listener": place % 20,
                "playlist_id": place // 10,
                "track_id": int(is_good),
                "propensity": 0.5,
                "reward": int(rng.random() < (0.8 if is_good else 0.2)),
                "candidate": 0.9 if is_good else 0.1,
            }
        )
    return rows


def evaluate(tmp_path, write_table, rows):
    return evaluate_logs(write_table(tmp_path / "logs.csv", rows), n_resamples=50)


def test_the_candidate_is_judged_without_having_played(tmp_path, write_table, rows):
    figures = evaluate(tmp_path, write_table, rows).figures

    assert figures[LIVE]["reward"].value == pytest.approx(0.5, abs=0.05)
    for name in ("candidate by IPS", "candidate by SNIPS"):
        assert figures[name]["reward"].low < 0.9 * 0.8 + 0.1 * 0.2 < figures[name]["reward"].high
        assert figures[name]["reward"].low > figures[LIVE]["reward"].high
        assert 0 < figures[name]["effective_places"].value < 2000


def test_a_model_of_rewards_narrows_the_estimate(tmp_path, write_table, rows):
    for row in rows:
        row |= {"expected_reward": 0.8 if row["track_id"] else 0.2, "candidate_reward": 0.74}

    figures = evaluate(tmp_path, write_table, rows).figures

    robust, plain = figures["candidate, doubly robust"]["reward"], figures["candidate by IPS"]["reward"]
    assert robust.low < 0.74 < robust.high
    assert robust.high - robust.low < plain.high - plain.low


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("propensity", 0, "expected a propensity above 0 up to 1 .* got 0 in line 2"),
        ("propensity", 1.2, "expected a propensity above 0 up to 1 .* got 1.2"),
        ("reward", -1, "expected a reward from 0 to 1 .* got -1 in line 2"),
        ("candidate", 2, "expected a candidate from 0 to 1 .* got 2"),
        ("reward", "liked", "expected numbers in"),
    ],
)
def test_logs_of_another_kind_are_refused(  # noqa: PLR0913, PLR0917 - a table of three columns
    tmp_path, write_table, rows, column, value, complaint
):
    rows[0][column] = value

    with pytest.raises(EvaluationDataError, match=complaint):
        evaluate(tmp_path, write_table, rows)


def test_empty_logs_are_refused(tmp_path):
    (tmp_path / "logs.csv").write_text("listener,playlist_id,track_id,propensity,reward,candidate\n")

    with pytest.raises(EvaluationDataError, match="expected rows in"):
        evaluate_logs(tmp_path / "logs.csv")
