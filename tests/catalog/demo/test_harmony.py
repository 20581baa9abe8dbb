"""Chords by degree and voicings that move little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.demo.harmony import MODES, Key, parse_chord, parse_progression, voice_chord, voice_leading_distance
from catalog.demo.styles import STYLES

keys = st.builds(Key, tonic=st.integers(0, 11), mode=st.sampled_from(sorted(MODES)))
progressions = st.sampled_from(sorted({text for style in STYLES for text in (*style.themes, *style.contrasts)}))


def test_degrees_count_in_the_key_they_are_read_in():
    key = Key(tonic=9, mode="harmonic minor")

    dominant = parse_chord("5:dom7", key)

    assert dominant.pitch_classes == (4, 8, 11, 2)
    assert dominant.bass == 4


def test_a_slash_names_the_bass_and_a_flat_lowers_the_root():
    key = Key(tonic=0, mode="major")

    inverted, flattened = parse_chord("1/3", key), parse_chord("b2:maj", key)

    assert (inverted.root, inverted.bass) == (0, 4)
    assert flattened.pitch_classes == (1, 5, 8)


def test_a_foreign_chord_note_pushes_its_neighbor_out_of_the_melody_scale():
    dominant = parse_chord("5:dom7", Key(tonic=0, mode="minor"))

    assert 11 in dominant.scale
    assert 10 not in dominant.scale


@pytest.mark.parametrize("symbol", ["", "8", "1:nonsense", "x", "5:"])
def test_an_unreadable_chord_is_refused_with_what_came(symbol):
    with pytest.raises(ValueError, match=f"expected a chord such as .* got '{symbol}'"):
        parse_chord(symbol, Key(0, "major"))


@given(key=keys, text=progressions, center=st.integers(48, 66))
def test_voices_move_little_from_chord_to_chord(key, text, center):
    voicing = None
    for chords in parse_progression(text, key):
        for chord in chords:
            previous, voicing = voicing, voice_chord(chord, voicing, center)

            assert {pitch % 12 for pitch in voicing} <= set(chord.pitch_classes)
            assert sorted(set(voicing)) == list(voicing)
            assert abs(sum(voicing) / len(voicing) - center) < 12
            if previous is not None and len(previous) == len(voicing):
                # Four voices, at most a fourth each; the median over the library is a whole tone.
                assert voice_leading_distance(previous, voicing) <= 20
