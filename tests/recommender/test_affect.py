from __future__ import annotations

import pytest

from recommender.affect import AFFECT_BY_LABEL, AffectPoint, expected_affect


def test_a_sure_mood_lies_at_its_label():
    assert expected_affect({"angry": 1.0}) == AFFECT_BY_LABEL["angry"]


def test_a_mixture_lies_between_its_labels():
    point = expected_affect({"happy": 0.5, "sad": 0.5})

    assert point.valence == pytest.approx((1.0 - 0.55) / 2)
    assert point.arousal == pytest.approx((0.47 - 0.334) / 2)


@pytest.mark.parametrize(("valence", "arousal", "named"), [(1.1, 0.0, "valence"), (0.0, float("nan"), "arousal")])
def test_a_point_outside_the_plane_is_refused(valence, arousal, named):
    with pytest.raises(ValueError, match=rf"{named} must lie within \[-1, 1\]"):
        AffectPoint(valence, arousal)
