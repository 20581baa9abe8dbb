from __future__ import annotations

import numpy as np
import pytest

from catalog.queries import TrackFacts
from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.baselines import OURS
from recommender.evaluation.jamendo import evaluate_jamendo

MOODS = ("happy|summer", "sad", "dark|epic", "calm|relaxing", "")
GENRES = ("pop", "folk", "metal", "ambient", "jazz")


@pytest.fixture
def rows():
    """Made-up tags: the genre gives the mood away."""
    return [
        {
            "path": f"{i % 100:02}/{i}.mp3",
            "artist_id": f"artist_{i // 3}",
            "mood_theme": MOODS[i % 5],
            "genre": GENRES[i % 5],
            "instrument": "guitar",
            "split0": "test" if i // 3 % 4 == 0 else "train",
        }
        for i in range(240)
    ]


@pytest.fixture
def own_tracks(rows):
    """A catalog of the test part, analyzed by somebody who hears moods well, wherever the files lie."""
    rng = np.random.default_rng(0)
    tracks = []
    for i, row in enumerate(rows):
        column = i % 5
        shares = {label: 0.1 + 0.7 * (column == j) + 0.1 * rng.random() for j, label in enumerate(LABELS)}
        path = f"/music/jamendo/{row['path'].removesuffix('.mp3')}.low.mp3"
        tracks.append(TrackFacts(i + 1, f"Piece {i}", path=path, shares=shares, valence=0.0, arousal=0.0))
    return tracks


def test_tags_are_looked_up_in_the_training_part_and_the_report_says_that_ours_was_not_run(tmp_path, write_table, rows):
    result = evaluate_jamendo(write_table(tmp_path / "tags.csv", rows), n_resamples=20)

    assert OURS not in result.figures
    assert "our recommender was not run" in result.note
    assert result.figures["tag-look-up"]["ndcg_at_10"].value == pytest.approx(1.0)
    assert result.figures["random"]["ndcg_at_10"].value < 0.5
    assert result.scope.startswith("60 test tracks")


def test_a_catalog_that_holds_the_audio_is_ranked_by_ours_too(tmp_path, write_table, rows, own_tracks):
    result = evaluate_jamendo(write_table(tmp_path / "tags.csv", rows), own_tracks[:200], n_resamples=20)

    assert "not run" not in result.note
    assert result.scope.startswith("51 test tracks")
    assert result.figures[OURS]["precision_at_5"].value > 0.9


def test_a_test_part_without_moods_is_refused(tmp_path, write_table, rows):
    for row in rows:
        row["mood_theme"] = "happy"

    with pytest.raises(EvaluationDataError, match="expected tracks of every mood in the test part"):
        evaluate_jamendo(write_table(tmp_path / "tags.csv", rows))


def test_a_table_without_splits_is_refused(tmp_path, write_table, rows):
    for row in rows:
        row["split0"] = ""

    with pytest.raises(EvaluationDataError, match="expected rows with a split"):
        evaluate_jamendo(write_table(tmp_path / "tags.csv", rows))
