from __future__ import annotations

import numpy as np
import pytest

from catalog.queries import TrackFacts
from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.datasets import load_demo, load_emotify, read_intended_mood


def test_ratings_and_predictions_meet_by_track(emotify_paths, emotify_rows):
    ratings, predictions = emotify_rows

    tracks = load_emotify(*emotify_paths)

    assert tracks.track_ids.tolist() == list(range(1, 61))
    assert tracks.ratings[6].tolist() == [
        ratings[6][f] for f in ("joyful_activation", "sadness", "tension", "calmness")
    ]
    assert tracks.predicted[6, 4] == predictions[6]["valence"]
    assert tracks.affect_sd.mean(axis=0) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("part", "column", "value", "complaint"),
    [
        (0, "id3_artist", None, "expected the columns .* \\['id3_artist'\\] missing"),
        (1, "tension", None, "expected the columns .* \\['tension'\\] missing"),
        (0, "sadness", "much", "expected numbers in .* could not convert"),
        (0, "sadness", "nan", "expected finite numbers"),
        (0, "sadness", None, "expected numbers in .* 'sadness'"),
        (1, "system", "other", "expected predictions of system 'shipped' for rated tracks, none"),
    ],
)
def test_tables_of_another_kind_are_refused(  # noqa: PLR0913, PLR0917 - a table of four columns
    tmp_path, emotify_rows, write_table, part, column, value, complaint
):
    for row in emotify_rows[part]:
        row.pop(column)
        if value is not None:
            row[column] = value
    paths = [write_table(tmp_path / f"{i}.csv", rows) for i, rows in enumerate(emotify_rows)]

    with pytest.raises(EvaluationDataError, match=complaint):
        load_emotify(*paths)


def test_an_artist_in_two_folds_is_refused(tmp_path, emotify_rows, write_table):
    emotify_rows[1][0]["fold"] = 4
    paths = [write_table(tmp_path / f"{i}.csv", rows) for i, rows in enumerate(emotify_rows)]

    with pytest.raises(EvaluationDataError, match=r"each artist in one fold, \['Artist 1'\] lie in several"):
        load_emotify(*paths)


def test_a_missing_table_is_named(tmp_path, emotify_paths):
    with pytest.raises(EvaluationDataError, match=r"cannot read '.*no\.csv': No such file"):
        load_emotify(emotify_paths[0], tmp_path / "no.csv")


def test_demo_pieces_are_true_to_the_mood_in_their_tags(tmp_path, write_piece, demo_track):
    moods = [*LABELS, "happy", "sad"]
    tracks = [
        demo_track(i, write_piece(tmp_path / f"{i}.wav", mood), f"Artist {i}") for i, mood in enumerate(moods, start=1)
    ]

    loaded = load_demo([*tracks, demo_track(9, write_piece(tmp_path / "9.wav"), "Another")])

    assert loaded.track_ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert [LABELS[int(column)] for column in loaded.ratings.argmax(axis=1)] == moods
    assert loaded.ratings.sum(axis=1).tolist() == [1.0] * 6
    assert loaded.predicted[0].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.1, -0.2])


def test_a_file_that_names_no_mood_names_none(tmp_path, write_piece):
    (tmp_path / "text.mp3").write_bytes(b"no music at all")

    paths = [None, str(tmp_path / "gone.mp3"), str(tmp_path / "text.mp3"), write_piece(tmp_path / "bored.wav", "bored")]

    assert [read_intended_mood(TrackFacts(1, "A title", path=path)) for path in paths] == [None] * 4


def test_a_catalog_without_the_demo_library_is_refused():
    with pytest.raises(EvaluationDataError, match="at least 5 artists, got 0 pieces by 0; render, import and analyze"):
        load_demo([TrackFacts(1, "A title")])


def test_a_constant_prediction_is_nobody_s_mood(emotify_paths):
    tracks = load_emotify(*emotify_paths)
    constant = type(tracks)(**{**vars(tracks), "predicted": np.ones_like(tracks.predicted)})

    assert not constant.affect_sd.any()
