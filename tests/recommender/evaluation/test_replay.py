from __future__ import annotations

import numpy as np
import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.replay import POLICIES, RANDOM, evaluate_situnes
from recommender.evaluation.situnes import DAILY_FILES, LAB_FILE, METADATA_FILE, load_situnes

SOUND = (
    "loudness",
    "danceability",
    "energy",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "tempo",
    "F0final_sma_amean",
    "pcm_RMSenergy_sma_stddev",
    "pcm_fftMag_psySharpness_sma_amean",
)
N_ITEMS, N_PEOPLE, N_HEARINGS = 40, 8, 30


@pytest.fixture
def rows():
    """Made-up people who like what is danceable, whatever they feel, and whom bright music lifts."""
    rng = np.random.default_rng(2)
    items = [
        {"item_id": i, "popularity": 50} | dict(zip(SOUND, rng.random(len(SOUND)).round(3).tolist(), strict=True))
        for i in range(1, N_ITEMS + 1)
    ]
    lab, daily = [], []
    for time in range(N_HEARINGS):
        for user in range(N_PEOPLE):
            item = items[int(rng.integers(N_ITEMS))]
            before = rng.uniform(-0.5, 0.5, 2)
            after = np.clip([before[0] + 0.6 * (item["valence"] - 0.5), before[1]], -1, 1)
            heard = {"user_id": user, "item_id": item["item_id"], "timestamp": 1000 + time}
            heard["rating"] = int(np.clip(np.round(1 + 4 * item["danceability"]), 1, 5))
            if time < 8:
                lab.append(heard | {"emo_valence": after[0], "emo_arousal": after[1]})
            else:
                felt = {"emo_pre_valence": before[0], "emo_pre_arousal": before[1]}
                felt |= {"emo_post_valence": after[0], "emo_post_arousal": after[1], "rec_type": "Random"}
                daily.append(heard | felt)
    return {METADATA_FILE: items, LAB_FILE: lab, DAILY_FILES[0]: daily[::2], DAILY_FILES[1]: daily[1::2]}


@pytest.fixture
def write(tmp_path, write_table):
    def write_all(rows):
        for name, table in rows.items():
            write_table(tmp_path / name, table)
        return tmp_path

    return write_all


def test_taste_that_is_learned_from_the_past_finds_what_people_like(rows, write):
    result = evaluate_situnes(write(rows), n_resamples=50)

    figures = result.figures
    assert figures["personal"]["rating"].low > figures[RANDOM]["rating"].high
    assert figures["personal"]["rating_correlation"].value > 0.8
    assert abs(figures["match"]["rating_correlation"].value) < 0.3
    assert result.comparisons["personal over random, rating"].p_holm < 0.05
    assert any(finding.startswith("What pleases is personal") for finding in result.findings)
    assert any(finding.startswith("Matching the mood pleases no more than chance") for finding in result.findings)


def test_lifting_finds_the_music_that_lifts(rows, write):
    figures = evaluate_situnes(write(rows), n_resamples=50).figures

    assert figures["lift"]["rise_beyond_usual"].value > figures[RANDOM]["rise_beyond_usual"].value + 0.05


def test_the_later_half_of_daily_life_is_replayed_and_the_study_s_own_policies_are_shown(rows, write):
    result = evaluate_situnes(write(rows), n_resamples=20)

    assert result.scope == f"{N_PEOPLE * 11} later hearings of {N_PEOPLE} people, {N_ITEMS} items"
    assert set(result.figures) == {*POLICIES, "stage-3 Random"}
    assert len(result.per_query) == N_PEOPLE * 11


def test_nothing_is_learned_from_what_comes_later(rows, write):
    later = max(row["timestamp"] for row in rows[DAILY_FILES[0]] + rows[DAILY_FILES[1]])

    before = evaluate_situnes(write(rows), n_resamples=20)
    for row in rows[DAILY_FILES[0]] + rows[DAILY_FILES[1]]:
        if row["timestamp"] == later:
            row["rating"] = 6 - row["rating"]
    after = evaluate_situnes(write(rows), n_resamples=20)

    assert [row["personal.place"] for row in before.per_query] == [row["personal.place"] for row in after.per_query]


@pytest.mark.parametrize(
    ("name", "column", "value", "complaint"),
    [
        (DAILY_FILES[0], "rating", 6, "ratings within 1 to 5 .* got 6"),
        (DAILY_FILES[1], "emo_post_valence", 1.5, "felt valence and arousal within -1 to 1 .* got 1.5"),
        (LAB_FILE, "item_id", 999, r"expected items of .* got \[999\]"),
        (LAB_FILE, "rating", "good", "expected numbers"),
    ],
)
def test_hearings_of_another_kind_are_refused(  # noqa: PLR0913, PLR0917 - a table of four columns
    rows, write, name, column, value, complaint
):
    rows[name][0][column] = value

    with pytest.raises(EvaluationDataError, match=complaint):
        load_situnes(write(rows))


def test_one_listener_is_refused(rows, write):
    for name in (LAB_FILE, *DAILY_FILES):
        for row in rows[name]:
            row["user_id"] = 1

    with pytest.raises(EvaluationDataError, match="at least two people"):
        load_situnes(write(rows))


@pytest.mark.data
def test_on_situnes_ratings_go_with_the_rise_in_valence_and_not_with_the_match(material_dir):
    result = evaluate_situnes(material_dir / "data/music/ratings/situnes", n_resamples=50)

    assert "track and mood at -0.01, with the rise in valence at +0.39" in result.findings[0]
    assert result.figures["stage-3 Random"]["rating"].value == pytest.approx(2.97, abs=0.005)
    assert result.figures["stage-3 Situ-MT"]["rating"].value == pytest.approx(3.53, abs=0.005)
