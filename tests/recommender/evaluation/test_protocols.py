from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.affect import LABELS
from recommender.evaluation.baselines import ABLATIONS, BASELINES, OURS, RANDOM, RANKERS
from recommender.evaluation.datasets import load_emotify
from recommender.evaluation.metrics import ndcg_at_k
from recommender.evaluation.protocols import METRICS, MIXED_QUERIES, PURE_QUERIES, measure_retrieval
from recommender.evaluation.report import (
    HOW_TO_READ,
    build_report,
    evaluate_demo,
    evaluate_emotify,
    format_table,
    write_report,
)


@pytest.fixture
def tracks(emotify_paths):
    return load_emotify(*emotify_paths)


@pytest.fixture
def result(emotify_paths):
    return evaluate_emotify(*emotify_paths, n_resamples=20)


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

    per_query = result.ndcg_by_query["mood-query"]
    assert per_query[4 + 5] == pytest.approx(ndcg_at_k(relevance[order], 10))
    assert result.figures["mood-query"]["ndcg_at_10"].value == pytest.approx(np.mean(per_query))
    assert len(per_query) == len(result.queries) == 16


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
    write_report(build_report([result]), tmp_path / "reports" / "recommender.json")

    report = json.loads((tmp_path / "reports" / "recommender.json").read_text())
    systems = report["protocols"]["emotify-retrieval"]
    assert set(systems) == set(RANKERS)
    for figures in systems.values():
        assert set(figures) == set(HOW_TO_READ)
        assert all(set(figure) == {"value", "low", "high"} for figure in figures.values())
        assert all(figures[metric]["low"] <= figures[metric]["high"] for metric in METRICS)
    assert report["queries"]["emotify-retrieval"][0]["posterior"] == {"happy": 1.0}
    assert report["notes"]["emotify-retrieval"].startswith("60 tracks by 20 artists, 16 moods. ")


def test_the_table_has_a_line_per_system(result):
    lines = format_table(result).splitlines()

    assert lines[0] == "emotify-retrieval: 60 tracks, 20 artists, 16 moods"
    assert [line.split()[0] for line in lines[2:]] == list(RANKERS)


def test_the_demo_protocol_asks_for_the_moods_composed_for_and_says_that_it_is_a_sanity_check(
    tmp_path, write_piece, demo_track
):
    pieces = [demo_track(i, write_piece(tmp_path / f"{i}.wav", LABELS[i % 4]), f"Artist {i}") for i in range(1, 13)]

    report = build_report([evaluate_demo(pieces, n_resamples=5)])

    assert [query["posterior"] for query in report["queries"]["demo"]] == [{label: 1.0} for label in LABELS]
    assert "A sanity check" in report["notes"]["demo"]


@pytest.mark.data
@pytest.mark.slow
def test_on_emotify_out_of_fold_ours_beats_every_baseline(material_dir):
    result = evaluate_emotify(
        material_dir / "data/music/ratings/emotify_tracks.csv",
        Path(__file__).parents[3] / "docs/reports/affect_out_of_fold.csv",
        n_resamples=50,
    )

    assert result.figures[OURS]["ndcg_at_10"].value >= 0.60
    assert all(result.comparisons[name].difference > 0 for name in BASELINES)
    assert all(result.comparisons[name].p_holm < 0.05 for name in BASELINES)
