from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.corpora.utterance import Utterance, share_votes
from recognizer.labels import LABELS


def make(**changes):
    facts = {"corpus": "made", "utterance_id": "a", "path": Path("a.wav"), "speaker_id": "s", "label": "happy"}
    return Utterance(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"utterance_id": ""}, "lacks an identifier"),
        ({"speaker_id": ""}, "lacks an identifier: speaker ''"),
        ({"label": "calm"}, "has the label 'calm', expected one of"),
        ({"sex": "f"}, "has the sex 'f'"),
        ({"soft_label": {"happy": 1.0}}, "expected shares that sum to 1"),
        ({"soft_label": dict.fromkeys(LABELS, 0.5)}, "expected shares that sum to 1"),
        ({"soft_label": {"happy": 1.5, "sad": -0.5, "angry": 0, "neutral": 0}}, "expected shares that sum to 1"),
    ],
)
def test_an_utterance_no_metric_could_use_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


@given(st.dictionaries(st.sampled_from(LABELS), st.integers(0, 20)))
def test_vote_shares_are_a_soft_label(counts):
    shares = share_votes(counts)

    if sum(counts.values()) == 0:
        assert shares is None
    else:
        assert make(soft_label=shares).soft_label[max(counts, key=counts.get)] == max(shares.values())
