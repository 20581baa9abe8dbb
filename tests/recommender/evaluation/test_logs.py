from __future__ import annotations

import numpy as np
import pytest

from catalog.queries import TrackFacts
from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.baselines import OURS
from recommender.evaluation.logs import evaluate_ratings


@pytest.fixture
def catalog():
    rng = np.random.default_rng(4)
    tracks = []
    for i in range(1, 41):
        shares = dict(zip(LABELS, rng.random(4).tolist(), strict=True))
        place = {"valence": shares["happy"] - shares["sad"], "arousal": shares["angry"] - shares["neutral"]}
        tracks.append(TrackFacts(i, f"Piece {i}", f"Artist {i % 12}", shares=shares, **place))
    return [*tracks, TrackFacts(99, "Not analyzed")]


@pytest.fixture
def rows(catalog):
    """Five listeners who rate by how much a track has of the mood they are in."""
    rng = np.random.default_rng(6)
    rows = []
    for listener in "abcde":
        for label in LABELS:
            for track in rng.permutation(np.array(catalog[:40], dtype=object))[:30]:
                rating = int(np.clip(round(1 + 4 * track.shares[label]), 1, 5))
                mood = {name: float(name == label) for name in LABELS}
                rows.append({"listener": listener, "track_id": track.track_id, "rating": rating} | mood)
    return rows


def evaluate(tmp_path, write_table, rows, catalog):
    return evaluate_ratings(write_table(tmp_path / "ratings.csv", rows), catalog, n_resamples=20)


def test_ratings_that_follow_the_mood_are_found_by_ours(tmp_path, write_table, rows, catalog):
    result = evaluate(tmp_path, write_table, rows, catalog)

    ours, popular = (result.figures[system]["ndcg_at_10"].value for system in (OURS, "popularity"))
    assert ours > popular > result.figures["random"]["ndcg_at_10"].value
    assert result.scope == "600 ratings by 5 listeners, 20 queries, 40 tracks"
    assert {row["unit"] for row in result.per_query} == set("abcde")
    assert 0.0 < result.figures[OURS]["catalog_coverage"].value <= 1.0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rating": 7}, "ratings from 1 to 5 .* got 7 in line 2"),
        ({"rating": 0}, "ratings from 1 to 5 .* got 0 in line 2"),
        ({"rating": ""}, "expected numbers in"),
        ({"track_id": 12345}, r"analyzed tracks of the catalog .* got the ids \[12345\]"),
        ({"track_id": 99}, r"got the ids \[99\]"),
        ({"happy": 0.5}, "line 2: expected probabilities that sum to 1"),
    ],
)
def test_ratings_of_another_kind_are_refused(  # noqa: PLR0913, PLR0917 - a table of two columns
    tmp_path, write_table, rows, catalog, change, complaint
):
    rows[0] |= change

    with pytest.raises(EvaluationDataError, match=complaint):
        evaluate(tmp_path, write_table, rows, catalog)


def test_one_listener_is_refused(tmp_path, write_table, rows, catalog):
    alone = [row for row in rows if row["listener"] == "a"]

    with pytest.raises(
        EvaluationDataError, match=r"at least two listeners .* got 1: neither popularity nor an interval"
    ):
        evaluate(tmp_path, write_table, alone, catalog)


def test_one_class_is_refused(tmp_path, write_table, rows, catalog):
    equal = [row | {"rating": 4} for row in rows]

    with pytest.raises(EvaluationDataError, match=r"ratings that differ .* all are 4"):
        evaluate(tmp_path, write_table, equal, catalog)


def test_a_catalog_without_analyzed_tracks_is_refused(tmp_path, write_table, rows, catalog):
    with pytest.raises(EvaluationDataError, match="analyzed tracks in the catalog, got none"):
        evaluate(tmp_path, write_table, rows, catalog[-1:])
