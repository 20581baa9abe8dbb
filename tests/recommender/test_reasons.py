from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalog.queries import TrackFacts
from recommender.reasons import HeardTrack, explain_playlist


def heard(*, tempo_bpm=None, key=None, mode=None, **affect_sd):
    axes = dict.fromkeys(("happy", "sad", "angry", "neutral", "valence", "arousal"), 0.0)
    return HeardTrack(axes | affect_sd, TrackFacts(1, "A title", tempo_bpm=tempo_bpm, key=key, mode=mode))


def explain(track):
    return explain_playlist([track])[0]


def test_a_reason_names_mood_pace_and_key():
    track = heard(neutral=0.9, sad=0.3, tempo_bpm=62.4, key="A", mode="minor")

    assert explain(track) == "calm and a little sad, slow at about 62 beats a minute, in A minor"


def test_a_reason_claims_no_mood_that_hardly_differs_from_the_average():
    assert explain(heard(happy=0.1, sad=0.19)) == "no strong mood of its own"


def test_strong_moods_are_told_from_plain_ones():
    assert explain(heard(angry=2.0, happy=0.6)) == "very tense and happy"


def test_what_was_not_measured_is_not_mentioned():
    assert explain(heard(happy=1.0, key="C")) == "happy"


def test_a_pace_that_the_energy_contradicts_is_left_unsaid():
    assert explain(heard(neutral=1.0, arousal=-1.0, tempo_bpm=150.0)) == "calm"
    assert explain(heard(angry=1.0, arousal=1.0, tempo_bpm=70.0)) == "tense"
    assert explain(heard(happy=1.0, arousal=1.0, tempo_bpm=150.0)) == "happy, fast at about 150 beats a minute"


def test_tracks_are_set_apart_from_the_others_in_the_playlist():
    tracks = [heard(happy=1.0, valence=v, arousal=a) for v, a in ((2.0, 0.0), (0.0, 0.1), (0.1, -2.0), (-0.1, 0.0))]

    reasons = explain_playlist(tracks)

    assert reasons == ["happy, the brightest of these", "happy", "happy, the gentlest of these", "happy"]


def test_near_ties_get_no_superlative():
    tracks = [heard(valence=v) for v in (1.0, 1.01, -1.0, -1.02)]

    assert explain_playlist(tracks) == [
        f"no strong mood of its own, {word} than most of these" for word in ("brighter", "brighter", "darker", "darker")
    ]


def test_too_few_tracks_are_not_compared():
    assert explain_playlist([heard(valence=2.0), heard(valence=-2.0)]) == ["no strong mood of its own"] * 2


tracks = st.builds(
    heard,
    happy=st.floats(-3, 3),
    sad=st.floats(-3, 3),
    valence=st.floats(-3, 3),
    arousal=st.floats(-3, 3),
    tempo_bpm=st.none() | st.floats(30, 250),
)


@given(st.lists(tracks, max_size=12))
def test_every_superlative_is_true_and_given_once(playlist):
    reasons = explain_playlist(playlist)

    for word, axis, sign in (
        ("brightest", "valence", 1),
        ("darkest", "valence", -1),
        ("most stirring", "arousal", 1),
        ("gentlest", "arousal", -1),
    ):
        named = [i for i, reason in enumerate(reasons) if f"the {word} of these" in reason]
        values = [sign * track.affect_sd[axis] for track in playlist]
        assert len(named) <= 1
        assert all(values[i] == max(values) for i in named)


def test_what_else_spoke_for_a_track_is_told():
    told = {"taste": 0.4, "familiarity": 0.5, "mood_mix": 0.3}
    track = replace(heard(happy=1.0), contributions=told, taste="like what you often play")

    assert explain(track) == (
        "happy, like what you often play, as familiar as you asked for, rounding off the mix of moods"
    )


def test_what_hardly_counted_is_left_out():
    told = {"taste": 0.1, "familiarity": -0.5, "mood_mix": 0.0}

    assert explain(replace(heard(happy=1.0), contributions=told, taste="like what you often play")) == "happy"
