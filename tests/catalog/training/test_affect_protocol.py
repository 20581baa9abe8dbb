from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from catalog.training.affect_protocol import measure_figures, write_predictions, write_report
from catalog.training.emotify import FEELINGS, EmotifyTrack, build_targets, load_emotify

REPORTS = Path(__file__).parents[3] / "docs" / "reports"


@pytest.fixture
def tracks():
    rng = np.random.default_rng(0)
    return [
        EmotifyTrack(
            i, f"artist {i // 3}", "pop", Path(f"{i}.mp3"), 20, dict(zip(FEELINGS, rng.uniform(size=9), strict=True))
        )
        for i in range(60)
    ]


def test_perfect_predictions_score_one(tracks):
    figures = measure_figures(tracks, build_targets(tracks), n_resamples=100)

    assert all((figure.low, figure.value, figure.high) == pytest.approx((1, 1, 1)) for figure in figures.values())


def test_interval_holds_the_value(tracks):
    noisy = build_targets(tracks) + 0.3 * np.random.default_rng(1).standard_normal((60, 6))

    figures = measure_figures(tracks, noisy, n_resamples=100)

    assert all(figure.low < figure.value < figure.high for figure in figures.values())


def test_report_and_predictions_hold_every_system(tracks, tmp_path):
    predicted = {"shipped": build_targets(tracks), "genre": np.zeros((60, 6))}

    write_report(
        tmp_path / "affect.json", tracks, {"shipped": measure_figures(tracks, predicted["shipped"], n_resamples=20)}
    )
    write_predictions(tmp_path / "affect.csv", tracks, predicted)

    report = json.loads((tmp_path / "affect.json").read_text())
    assert report["protocols"]["emotify-affect"]["shipped"]["spearman_calm"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    with (tmp_path / "affect.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 120
    assert float(rows[0]["joyful_activation"]) == pytest.approx(
        tracks[0].share_by_feeling["joyful_activation"], abs=1e-4
    )


def read_committed_predictions(system):
    with (REPORTS / "affect_out_of_fold.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["system"] == system]
    columns = ("joyful_activation", "sadness", "tension", "calmness", "valence", "arousal")
    return {int(row["track_id"]): [float(row[column]) for column in columns] for row in rows}


@pytest.mark.data
@pytest.mark.parametrize(
    "system", ["shipped", "genre", "librosa-summary-ridge", "jamendo-moodtheme-ridge", "musicnn-ridge"]
)
def test_committed_figures_follow_from_committed_predictions(material_dir, system):
    tracks = load_emotify(material_dir)
    predicted_by_id = read_committed_predictions(system)

    figures = measure_figures(tracks, np.array([predicted_by_id[track.track_id] for track in tracks]), n_resamples=2)

    committed = json.loads((REPORTS / "affect.json").read_text())["protocols"]["emotify-affect"][system]
    for name, figure in figures.items():
        assert figure.value == pytest.approx(committed[name]["value"], abs=0.003)


def test_shipped_model_beats_the_floor_by_its_report():
    figures = json.loads((REPORTS / "affect.json").read_text())["protocols"]["emotify-affect"]["shipped"]

    floors = {"spearman_joyful": 0.60, "spearman_sadness": 0.45, "spearman_tension": 0.60, "spearman_calm": 0.60}
    assert {name: figures[name]["value"] >= floor for name, floor in floors.items()} == dict.fromkeys(floors, True)
