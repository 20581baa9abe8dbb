from __future__ import annotations

import pytest

from recommender.affect import LABELS
from recommender.errors import InvalidPosteriorError
from recommender.questions import ask_about_mood

FLAT = dict.fromkeys(LABELS, 0.25)


def test_a_sure_mood_raises_no_question():
    assert ask_about_mood({"happy": 0.8, "sad": 0.1, "angry": 0.05, "neutral": 0.05}) is None


def test_a_flat_mood_asks_between_all_of_them():
    question = ask_about_mood(FLAT)

    assert question is not None
    assert question.choices == LABELS
    assert question.text == "I could not tell how you feel. Which comes nearest: happy, sad, tense or calm?"


def test_two_moods_as_likely_ask_between_those_two():
    question = ask_about_mood({"sad": 0.46, "neutral": 0.44, "happy": 0.05, "angry": 0.05})

    assert question is not None
    assert (question.text, question.choices) == ("Is it more sad or more calm?", ("sad", "neutral"))


def test_abstaining_always_asks():
    question = ask_about_mood({"angry": 1.0}, has_abstained=True)

    assert question is not None
    assert question.choices[0] == "angry"


def test_what_is_no_posterior_raises_no_question_but_an_error():
    with pytest.raises(InvalidPosteriorError, match="sum to 1"):
        ask_about_mood({"happy": 2.0})
