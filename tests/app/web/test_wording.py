from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.wording import (
    describe_certainty,
    describe_change,
    describe_credit,
    describe_mood,
    format_time,
    rank_labels,
    round_percentages,
    to_sentence,
)
from recognizer.labels import LABELS

FIRM_WORDS = ("you are", "definitely", "certain", "clearly", "absolutely", "neutral")


def make_posterior(happy=0.0, sad=0.0, angry=0.0, neutral=0.0):
    return {"happy": happy, "sad": sad, "angry": angry, "neutral": neutral}


posteriors = st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4).map(
    lambda weights: dict(zip(LABELS, (weight / sum(weights) for weight in weights), strict=True))
)


n_known_notes = st.integers(0, 50)


@pytest.mark.parametrize(
    ("posterior", "words"),
    [
        (make_posterior(0.05, 0.25, 0.05, 0.65), "mostly calm, some sadness"),
        (make_posterior(0.92, 0.03, 0.03, 0.02), "happy"),
        (make_posterior(0.1, 0.7, 0.1, 0.1), "mostly sad"),
        (make_posterior(0.02, 0.18, 0.6, 0.2), "mostly angry, some calm and sadness"),
        (make_posterior(0.45, 0.25, 0.1, 0.2), "rather happy, some sadness and calm"),
        (make_posterior(0.05, 0.45, 0.05, 0.45), "between sad and calm"),
        (make_posterior(0.25, 0.25, 0.25, 0.25), "a bit of everything: happy, sad, angry and calm"),
    ],
)
def test_a_mood_is_described_with_what_mixes_into_it(posterior, words):
    assert describe_mood(posterior) == words


@settings(deadline=None)
@given(posteriors, n_known_notes)
def test_no_description_overclaims_or_says_neutral(posterior, n_known):
    text = describe_mood(posterior) + describe_certainty(max(posterior.values()), n_known=n_known)

    assert not any(word in text for word in FIRM_WORDS)


@settings(deadline=None)
@given(posteriors)
def test_percentages_add_up_to_a_hundred_and_stay_within_one_of_the_exact_value(posterior):
    percentages = round_percentages(posterior)

    assert sum(percentages.values()) == 100
    assert all(abs(percentages[label] - 100 * posterior[label]) < 1.0 + 1e-9 for label in LABELS)


@settings(deadline=None)
@given(posteriors)
def test_labels_are_ranked_by_falling_probability(posterior):
    ranked = [posterior[label] for label in rank_labels(posterior)]

    assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize(
    ("confidence", "n_known", "sentence"),
    [
        (0.97, 0, "We are fairly sure."),
        (0.94, 0, "We are not very sure, since we do not know your voice."),
        (0.94, 4, "We are not very sure, since we do not know your voice."),
        (0.94, 5, "We are fairly sure."),
        (0.79, 20, "We are not very sure."),
        (0.59, 0, "This is little more than a guess."),
        (0.59, 20, "This is little more than a guess."),
    ],
)
def test_more_is_claimed_of_a_voice_that_is_known(confidence, n_known, sentence):
    assert describe_certainty(confidence, n_known=n_known) == sentence


def test_a_mood_that_moves_is_told_in_the_order_heard():
    assert describe_change(["neutral", "neutral", "sad", "happy"]) == "It went from calm to sad to happy."


def test_a_steady_mood_is_said_once():
    assert describe_change(["sad"] * 3) == "It sounded most of all sad from start to end."


def test_a_single_window_claims_no_course_of_time():
    assert describe_change(["sad"]) == "Too short a recording to follow the mood over time."


@pytest.mark.parametrize(
    ("text", "sentence"), [("expected audio, got text", "Expected audio, got text."), ("Done.", "Done."), (" ", "")]
)
def test_error_messages_become_sentences(text, sentence):
    assert to_sentence(text) == sentence


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (187.2, "3:07"), (None, ""), (float("nan"), "")]
)
def test_durations_are_written_as_minutes_and_seconds(seconds, text):
    assert format_time(seconds) == text


@pytest.mark.parametrize(
    ("attribution", "licence", "words"),
    [
        ("Kevin MacLeod", "https://creativecommons.org/licenses/by/4.0/", "Kevin MacLeod · CC BY 4.0"),
        ("Ines Vale", "http://creativecommons.org/licenses/by-nc-sa/3.0/us/", "Ines Vale · CC BY-NC-SA 3.0"),
        ("Ines Vale", None, "Ines Vale"),
        (None, "All rights reserved", "All rights reserved"),
        ("No rights reserved", "https://creativecommons.org/publicdomain/zero/1.0/", ""),
        ("Anonymous", "https://creativecommons.org/publicdomain/mark/1.0/", ""),
        (None, None, ""),
    ],
)
def test_a_track_is_credited_as_its_licence_asks(attribution, licence, words):
    assert describe_credit(attribution, licence) == words
