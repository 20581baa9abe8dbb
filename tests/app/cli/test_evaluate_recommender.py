from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from app.cli.evaluate_recommender import PROTOCOLS
from recommender.affect import LABELS
from recommender.evaluation import suite

FEELINGS = ("joyful_activation", "sadness", "tension", "calmness")


@pytest.fixture(autouse=True)
def elsewhere(home, tmp_path, monkeypatch):
    """Run where no kept predictions lie."""
    monkeypatch.chdir(tmp_path)
    return home


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def emotify(tmp_path):
    """Forty rated tracks by ten artists, predicted half right; the folder and the predictions."""
    rng = np.random.default_rng(0)
    ratings, predictions = [], []
    for track_id in range(1, 41):
        felt = rng.random(4)
        heard = 0.6 * felt + 0.4 * rng.random(4)
        about = {"track_id": track_id, "genre": "pop", "id3_artist": f"Artist {track_id % 10}", "liked": 0.5}
        ratings.append(about | dict(zip(FEELINGS, felt.round(3).tolist(), strict=True)))
        about = {"system": "shipped", "track_id": track_id, "fold": track_id % 5, "valence": 0.1, "arousal": 0.0}
        predictions.append(about | dict(zip(FEELINGS, heard.round(3).tolist(), strict=True)))
    folder = tmp_path / "mine"
    folder.mkdir()
    write_rows(folder / "emotify_tracks.csv", ratings)
    return folder, write_rows(tmp_path / "predictions.csv", predictions)


@pytest.fixture
def evaluate(call, emotify, tmp_path):
    def run(*args, out="out"):
        common = ("--data", emotify[0], "--predictions", emotify[1], "--resamples", 20, "--out", tmp_path / out)
        return call("evaluate", "recommender", *common, *args)

    return run


def test_the_command_offers_every_protocol():
    assert set(PROTOCOLS) == set(suite.PROTOCOLS)


def test_a_report_is_written_and_what_finds_no_data_is_said(evaluate, tmp_path):
    outcome = evaluate()

    assert outcome.exit_code == 0
    report = json.loads((tmp_path / "out/recommender.json").read_text())
    assert set(report["protocols"]) == {"emotify-retrieval", "journeys"}
    assert "left out: protocol situnes needs ratings/situnes, found none under" in outcome.err
    assert "--out" in (tmp_path / "out/recommender.html").read_text()
    assert "report in" in outcome.out


def test_a_protocol_asked_for_by_name_must_find_its_data(evaluate):
    outcome = evaluate("--protocol", "situnes")

    assert outcome.exit_code == 1
    assert "error: protocol situnes needs ratings/situnes" in outcome.err


def test_a_missed_gate_fails_and_is_named(evaluate, tmp_path):
    (tmp_path / "gates.toml").write_text(
        '["emotify-retrieval".recommender]\nndcg_at_10 = {at_least = 0.99}\nmrr = {at_least = 0.1}\n'
    )

    outcome = evaluate("--protocol", "emotify", "--gate", tmp_path / "gates.toml")

    assert outcome.exit_code == 1
    assert "error: 1 gate missed:\n  emotify-retrieval recommender ndcg_at_10: at least 0.99, got 0." in outcome.err
    assert "missed</span>" in (tmp_path / "out/recommender.html").read_text()


def test_two_reports_are_compared(evaluate, tmp_path):
    evaluate("--protocol", "emotify", out="before")

    outcome = evaluate("--protocol", "emotify", "--compare", tmp_path / "before/recommender.json", out="after")

    assert outcome.exit_code == 0
    assert "(+0.000, p 1.0000 (paired, Holm))" in outcome.out
    assert "Against the other report" in (tmp_path / "after/recommender.html").read_text()


def test_voices_heard_by_a_recognizer_become_playlists(evaluate, tmp_path):
    rows = [
        {"utterance_id": f"{actor}-{label}", "corpus": "made-up", "speaker": str(actor), "sex": "", "label": label}
        | {"fold": "f1", "seed": 0}
        | {f"p_{name}": 0.7 if name == label else 0.1 for name in LABELS}
        for actor in range(3)
        for label in LABELS
    ]
    heard = write_rows(tmp_path / "heard.csv", rows)

    outcome = evaluate("--protocol", "speech-to-music", "--heard", heard)

    assert outcome.exit_code == 0
    assert "12 recordings of 3 unseen actors" in outcome.out


def test_own_ratings_judge_the_catalog(evaluate, emotify, music):
    mood = {"happy": 1, "sad": 0, "angry": 0, "neutral": 0}
    ratings = [
        {"listener": listener, "track_id": track, "rating": 1 + (track + len(listener)) % 5} | mood
        for listener in ("ann", "bo")
        for track in range(1, len(music) + 1)
    ]
    write_rows(emotify[0] / "ratings.csv", ratings)

    outcome = evaluate("--protocol", "logs")

    assert outcome.exit_code == 0
    assert f"ratings: 24 ratings by 2 listeners, 2 queries, {len(music)} tracks" in outcome.out


def test_the_layout_of_own_tables_and_gates_stands_in_the_help(call):
    text = call("evaluate", "recommender", "--help").out

    assert all(word in text for word in ("ratings.csv", "logs.csv", "propensity", "at_least", "--compare"))
