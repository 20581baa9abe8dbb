from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.affect import LABELS
from recommender.evaluation.baselines import ABLATIONS, BASELINES, MEASURED_QUERY_MODEL, OURS, RANDOM, RANKERS
from recommender.evaluation.datasets import load_emotify
from recommender.evaluation.metrics import ndcg_at_k
from recommender.evaluation.report import build_report, format_table, write_page, write_report
from recommender.evaluation.retrieval import METRICS, MIXED_QUERIES, PURE_QUERIES, READINGS, measure_retrieval
from recommender.evaluation.suite import Material, run_demo, run_emotify
from recommender.query_models import DEFAULT_QUERY_MODEL


@pytest.fixture
def tracks(emotify_paths):
    return load_emotify(*emotify_paths)


@pytest.fixture
def result(emotify_paths):
    material = Material(emotify_paths[0].parent, emotify_paths[1], n_resamples=20)
    return run_emotify(material)[0]


def test_what_is_measured_is_what_serves():
    assert MEASURED_QUERY_MODEL == DEFAULT_QUERY_MODEL


@pytest.mark.parametrize("system", RANKERS)
def test_every_ranker_orders_the_whole_catalog_for_every_mood(tracks, system):
    for query in (*PURE_QUERIES, MIXED_QUERIES[0], dict.fromkeys(LABELS, 0.25)):
        order = RANKERS[system](tracks, query, np.random.default_rng(0))

        assert sorted(order.tolist()) == list(range(60))


@pytest.mark.parametrize("system", [system for system in RANKERS if system not in {OURS, "mood-query", RANDOM}])
def test_no_ranker_looks_at_the_ratings_of_the_artist_it_ranks(tracks, system):
    is_artist = np.array(tracks.artists) == "Artist 3"
    ratings = tracks.ratings.copy()
    ratings[is_artist] = 1.0 - ratings[is_artist]

    orders = [
        RANKERS[system](some, {"sad": 1.0}, np.random.default_rng(0))
        for some in (tracks, replace(tracks, ratings=ratings))
    ]

    within = tracks.folds == tracks.folds[is_artist][0]
    assert orders[0][within[orders[0]]].tolist() == orders[1][within[orders[1]]].tolist()


def test_a_genre_met_in_one_fold_alone_counts_as_average(tracks):
    alone = replace(tracks, genres=tuple(f"genre of {artist}" for artist in tracks.artists))

    order = RANKERS["genre-look-up"](alone, {"sad": 1.0}, np.random.default_rng(0))

    assert sorted(order.tolist()) == list(range(60))


def test_prototypes_survive_a_mood_that_nobody_felt(tracks):
    silent = replace(tracks, ratings=tracks.ratings * [1.0, 0.0, 1.0, 1.0])

    order = RANKERS["prototypes"](silent, {"sad": 1.0}, np.random.default_rng(0))

    assert sorted(order.tolist()) == list(range(60))


def test_popularity_without_anybody_s_likes_is_chance(tracks):
    unasked = replace(tracks, liked=None)

    orders = [RANKERS["popularity"](unasked, {"sad": 1.0}, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]

    assert orders[0] == orders[1] != orders[2]


def test_figures_are_means_over_the_queries(tracks, result):
    order = RANKERS["mood-query"](tracks, MIXED_QUERIES[5], np.random.default_rng(0))
    relevance = tracks.ratings @ [MIXED_QUERIES[5].get(label, 0.0) for label in LABELS]

    per_query = [row["mood-query.ndcg_at_10"] for row in result.per_query]
    figures = result.figures["mood-query"]
    assert per_query[4 + 5] == pytest.approx(ndcg_at_k(relevance[order], 10))
    assert figures["ndcg_at_10"].value == pytest.approx(np.mean(per_query))
    assert figures["ndcg_at_10_pure"].value == pytest.approx(np.mean(per_query[:4]))
    assert figures["ndcg_at_10_mixed"].value == pytest.approx(np.mean(per_query[4:]))
    assert figures["ndcg_at_10_sad"].value == pytest.approx(per_query[1])
    assert len(per_query) == 16


def test_half_right_predictions_beat_chance_and_the_report_says_how_surely(result):
    ours, chance = result.figures[OURS], result.figures[RANDOM]

    assert ours["ndcg_at_10"].low > chance["ndcg_at_10"].high
    assert chance["from_random_to_ideal"].value == 0.0
    assert 0.0 < ours["from_random_to_ideal"].value < 1.0
    assert result.comparisons[RANDOM].p <= result.comparisons[RANDOM].p_holm < 0.05
    assert set(result.comparisons) == {*BASELINES, *ABLATIONS}


def test_perfect_predictions_are_all_but_ideal(tracks):
    seen = replace(tracks, predicted=np.hstack([tracks.ratings, np.zeros((60, 2))]))

    figures = measure_retrieval("perfect", seen, PURE_QUERIES, n_resamples=5).figures["mood-query"]

    # Not quite 1: the query also holds other moods against a track, which the protocol's relevance does not.
    assert figures["ndcg_at_10"].value > 0.95
    assert figures["precision_at_5"].value == 1.0
    assert figures["mrr"].value == 1.0


def test_the_same_seed_gives_the_same_report(tracks):
    one, again = (measure_retrieval("twice", tracks, PURE_QUERIES[:2], n_resamples=5, seed=4) for _ in range(2))

    assert one == again


def test_the_report_is_json_by_protocol_system_and_metric(result, tmp_path):
    write_report(build_report([result]), [result], tmp_path / "reports")

    report = json.loads((tmp_path / "reports" / "recommender.json").read_text())
    systems = report["protocols"]["emotify-retrieval"]
    assert set(systems) == set(RANKERS)
    for figures in systems.values():
        assert set(figures) == set(READINGS) == set(report["how_to_read"]["emotify-retrieval"])
        assert all(set(figure) == {"value", "low", "high"} for figure in figures.values())
        assert all(figures[metric]["low"] <= figures[metric]["high"] for metric in METRICS)
    assert report["scope"]["emotify-retrieval"] == "60 tracks by 20 artists, 16 moods"


def test_scores_of_every_query_lie_beside_the_report(result, tmp_path):
    write_report(build_report([result]), [result], tmp_path)

    with (tmp_path / "recommender" / "emotify-retrieval.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["query"] for row in rows[:5]] == ["happy=1", "sad=1", "angry=1", "neutral=1", "happy=0.6 sad=0.4"]
    assert float(rows[0]["random.mrr"]) == pytest.approx(result.per_query[0]["random.mrr"], abs=1e-4)


def test_the_page_stands_alone_and_says_under_each_plot_how_to_read_it(result, tmp_path):
    write_page([result], tmp_path, command="emotitune evaluate recommender --out <here>")

    page = (tmp_path / "recommender.html").read_text()
    assert page.count("<svg") == page.count("<figure>") == len(result.plotted)
    assert all(f'</svg><p class="read">{READINGS[metric]}' in page for metric in result.plotted)
    assert not re.search(r"(?:src|href)=|@import|url\(", page)
    assert "--out &lt;here&gt;" in page


def test_the_table_has_a_line_per_system(result):
    lines = format_table(result).splitlines()

    assert lines[0] == "emotify-retrieval: 60 tracks by 20 artists, 16 moods"
    assert [line.split()[0] for line in lines[2:]] == list(RANKERS)


def test_the_demo_protocol_asks_for_the_moods_composed_for_and_says_that_it_is_a_sanity_check(
    tmp_path, write_piece, demo_track
):
    pieces = [demo_track(i, write_piece(tmp_path / f"{i}.wav", LABELS[i % 4]), f"Artist {i}") for i in range(1, 13)]

    result, journeys = run_demo(Material(load_catalog=lambda: pieces, n_resamples=5))

    assert [row["query"] for row in result.per_query] == [f"{label}=1" for label in LABELS]
    assert "A sanity check" in result.note
    assert journeys.name == "demo-journeys"


@pytest.mark.data
@pytest.mark.slow
def test_on_emotify_out_of_fold_ours_beats_every_baseline(material_dir):
    predictions_path = Path(__file__).parents[3] / "docs/reports/affect_out_of_fold.csv"

    result, ceiling = run_emotify(Material(material_dir, predictions_path, n_resamples=50))

    assert result.figures[OURS]["ndcg_at_10"].value >= 0.60
    assert all(result.comparisons[name].difference > 0 for name in BASELINES)
    assert all(result.comparisons[name].p_holm < 0.05 for name in BASELINES)
    assert ceiling.figures[OURS]["from_random_to_raters"].value > 0.8
