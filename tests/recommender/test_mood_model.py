from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.affect import LABELS
from recommender.errors import TasteUnreadableError
from recommender.mood_model import MAX_OFFSET, MIN_CORRECTIONS, MoodModel

SAD_OR_NEUTRAL = {"happy": 0.05, "sad": 0.5, "angry": 0.05, "neutral": 0.4}


def posteriors():
    return st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4).map(
        lambda shares: {label: share / sum(shares) for label, share in zip(LABELS, shares, strict=True)}
    )


def test_few_corrections_change_nothing():
    model = MoodModel.fit([(SAD_OR_NEUTRAL, "neutral")] * (MIN_CORRECTIONS - 1))

    assert model.correct(SAD_OR_NEUTRAL) == pytest.approx(SAD_OR_NEUTRAL)
    assert model.describe() == "7 corrections so far; from 8 on they count"


def test_a_listener_whose_calm_voice_sounds_sad_is_met():
    model = MoodModel.fit([(SAD_OR_NEUTRAL, "neutral")] * MIN_CORRECTIONS)

    corrected = model.correct(SAD_OR_NEUTRAL)

    assert corrected["neutral"] > 0.55
    assert corrected["sad"] < 0.38
    assert model.describe() == "your voice sounds more sad and less calm than you are"


def test_moods_left_as_they_were_hold_the_correction_back():
    corrections = [(SAD_OR_NEUTRAL, "neutral")] * MIN_CORRECTIONS

    alone = MoodModel.fit(corrections)
    beside = MoodModel.fit(corrections, [SAD_OR_NEUTRAL] * 60)

    assert (
        SAD_OR_NEUTRAL["neutral"] < beside.correct(SAD_OR_NEUTRAL)["neutral"] < alone.correct(SAD_OR_NEUTRAL)["neutral"]
    )


@given(st.lists(st.tuples(posteriors(), st.sampled_from(LABELS)), min_size=8, max_size=20), posteriors())
@settings(max_examples=40)
def test_a_correction_is_a_distribution_and_bounded(corrections, posterior):
    model = MoodModel.fit(corrections)

    corrected = model.correct(posterior)

    assert sum(corrected.values()) == pytest.approx(1.0)
    assert max(map(abs, model.offsets)) <= MAX_OFFSET
    assert 0.5 <= model.sharpness <= 2.0


def test_a_thousand_equal_corrections_still_leave_a_sure_mood_standing():
    model = MoodModel.fit([(SAD_OR_NEUTRAL, "neutral")] * 1_000)

    assert max(model.correct({"sad": 0.97, "neutral": 0.03}).items(), key=lambda item: item[1])[0] == "sad"


def test_the_fit_is_where_the_loss_is_least():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4), 40)
    corrections = [(dict(zip(LABELS, row, strict=True)), rng.choice(LABELS, p=row)) for row in shares]
    model = MoodModel.fit(corrections)

    def loss(sharpness, offsets):
        total = ((sharpness - 1) / 0.25) ** 2 / 2 + sum((offset / 0.5) ** 2 for offset in offsets) / 2
        for posterior, label in corrections:
            shares = np.array([posterior[name] for name in LABELS]) + 1e-4
            powered = (shares / shares.sum()) ** sharpness * np.exp(offsets)
            total -= np.log(powered[LABELS.index(label)] / powered.sum())
        return total

    best = loss(model.sharpness, model.offsets)
    for step in np.vstack([np.eye(5), -np.eye(5)]) * 0.02:
        moved = (model.sharpness + step[0], np.array(model.offsets) + step[1:])
        assert loss(*moved) > best


def test_an_unknown_label_is_refused():
    with pytest.raises(ValueError, match="expected one of happy, sad, angry, neutral, got 'bored'"):
        MoodModel.fit([(SAD_OR_NEUTRAL, "bored")] * 8)


def test_a_mood_model_survives_storage():
    model = MoodModel.fit([(SAD_OR_NEUTRAL, "neutral")] * 9)

    assert MoodModel.from_json(model.to_json()) == model


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "of another format"),
        ({"sharpness": 9.0}, "out of bounds"),
        ({"offsets": dict.fromkeys(LABELS, float("nan"))}, "out of bounds"),
        ({"offsets": {}}, "lacks a field"),
        ({"n_corrections": "many"}, "damaged"),
    ],
)
def test_a_stored_mood_model_of_another_kind_is_refused(change, complaint):
    with pytest.raises(TasteUnreadableError, match=complaint):
        MoodModel.from_json(MoodModel().to_json() | change)
