from __future__ import annotations

import numpy as np
import pytest

from recommender.affect import AFFECT_BY_LABEL, LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.trompa import evaluate_trompa

WORDS = {"happy": "joy", "sad": "sadness", "angry": "anger", "neutral": "peace"}


@pytest.fixture
def rows():
    """Forty tracks, each of one mood that eight of ten people name; valence and arousal follow from what they name."""
    rng = np.random.default_rng(0)
    annotations, tracks = [], []
    for track in range(40):
        for person in range(12):
            label = LABELS[track % 4] if rng.random() < 0.8 else LABELS[int(rng.integers(4))]
            place = AFFECT_BY_LABEL[label]
            annotations.append(
                {
                    "externalID": f"T{track}",
                    "userId": person,
                    "valenceValue": 1 if place.valence > 0 else -1,
                    "arousalValue": 1 if place.arousal > 0 else -1,
                    "moodValue": WORDS[label],
                    "favSong": int(rng.random() < 0.4),
                }
            )
        tracks.append({"cdr_track_num": f"T{track}", "valence": rng.random(), "energy": rng.random()})
    return annotations, tracks


def evaluate(tmp_path, write_table, rows):
    paths = [write_table(tmp_path / f"{i}.csv", table) for i, table in enumerate(rows)]
    return evaluate_trompa(*paths, n_resamples=20)


def test_what_one_half_felt_finds_what_the_other_half_names(tmp_path, write_table, rows):
    figures = evaluate(tmp_path, write_table, rows).figures

    ndcg = {system: figures[system]["ndcg_at_10"].value for system in figures}
    assert ndcg["half-of-raters"] > ndcg["nearest-valence-arousal"] > ndcg["random"] + 0.1
    assert abs(ndcg["popularity"] - ndcg["random"]) < 0.1
    assert all(of_system["ndcg_at_10"].low < of_system["ndcg_at_10"].high for of_system in figures.values())


def test_a_track_without_spotify_s_numbers_comes_last_there(tmp_path, write_table, rows):
    for track in rows[1]:
        track["energy"] = ""

    figures = evaluate(tmp_path, write_table, rows).figures

    assert figures["nearest-spotify"]["ndcg_at_10"].value == pytest.approx(
        figures["random"]["ndcg_at_10"].value, abs=0.1
    )


def test_few_people_cannot_be_halved(tmp_path, write_table, rows):
    for row in rows[0]:
        row["userId"] = row["userId"] % 3

    with pytest.raises(EvaluationDataError, match=r"at least four people .* got 3"):
        evaluate(tmp_path, write_table, rows)


@pytest.mark.data
def test_on_trompa_the_plane_finds_moods_better_than_chance(material_dir):
    music = material_dir / "data/music"

    result = evaluate_trompa(
        music / "ratings/trompa_mer_annotations.csv.gz", music / "catalogs/trompa_mer_tracks.csv.gz", n_resamples=20
    )

    assert result.scope == "693 tracks, 4779 annotations by 196 people"
    figures = result.figures
    assert figures["nearest-valence-arousal"]["ndcg_at_10"].value > figures["random"]["ndcg_at_10"].value + 0.05
