"""Tunes land where the harmony wants them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.demo.composing import compose, lay_harmony
from catalog.demo.form import plan_form
from catalog.demo.melody import harmonize, invent_motif, is_strong
from catalog.demo.moods import plan_pieces
from catalog.demo.styles.style import Mood


def compose_with_bars(seed, number):
    spec = plan_pieces(seed)[number]
    bar_s = spec.groove.step_s * spec.groove.steps_per_bar
    sections = plan_form(bar_s, spec.style.contrast, np.random.default_rng((*spec.seed, 1)))
    return spec, compose(spec), lay_harmony(spec, sections)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), number=st.integers(0, 63))
def test_melody_notes_lie_in_the_scale_and_strong_ones_in_the_chord(seed, number):
    spec, score, bars = compose_with_bars(seed, number)

    melody = next(part for part in score.parts if part.role == "melody")
    for note in melody.notes:
        bar = bars[int(note.start // spec.groove.steps_per_bar)]
        chord = bar.chords[bar.at(int(note.start - bar.start))]
        assert note.pitch % 12 in chord.scale
        if is_strong(note.start - bar.start, note.length):
            assert note.pitch % 12 in chord.pitch_classes


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), number=st.integers(0, 63))
def test_every_note_is_playable(seed, number):
    _, score, _ = compose_with_bars(seed, number)

    for part in score.parts:
        for note in part.notes:
            assert 24 <= note.pitch <= 108, part
            assert 0 < note.velocity <= 1
            assert note.length > 0
            assert 0 <= note.start < score.n_steps
    assert all(0 < hit.velocity <= 1 and 0 <= hit.start < score.n_steps for hit in score.hits)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**31), number=st.integers(0, 63))
def test_a_tune_never_leaps_more_than_an_octave_within_a_section(seed, number):
    spec, score, _ = compose_with_bars(seed, number)

    notes = next(part for part in score.parts if part.role == "melody").notes
    near = [(a, b) for a, b in itertools.pairwise(notes) if b.start - a.start < spec.groove.steps_per_bar]
    assert max(abs(a.pitch - b.pitch) for a, b in near) <= 12


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**31), number=st.integers(0, 63))
def test_a_tune_stays_where_it_lives(seed, number):
    spec, score, _ = compose_with_bars(seed, number)

    notes = next(part for part in score.parts if part.role == "melody").notes
    distances = [abs(note.pitch - spec.style.melody_center) for note in notes]
    assert max(distances) <= 20
    assert np.mean(distances) < 8


def test_the_theme_returns():
    _, score, _ = compose_with_bars(20260, 0)

    melody = next(part for part in score.parts if part.role == "melody").notes
    bars = {}
    for note in melody:
        bars.setdefault(int(note.start // 16), []).append((note.start % 16, note.length))
    rhythms = [tuple(bar) for bar in bars.values()]
    assert len(set(rhythms)) <= len(rhythms) * 0.75


def test_a_motif_keeps_its_rhythm_when_inverted():
    motif = invent_motif("x-x-..x-", np.random.default_rng(3))

    inverted = motif.inverted()

    assert inverted.strokes == motif.strokes
    assert [a + b for a, b in zip(motif.contour, inverted.contour, strict=True)] == [0, 0, 0]


def test_the_second_voice_sings_chord_notes_below_the_tune():
    _, score, bars = compose_with_bars(20260, 2)
    melody = next(part for part in score.parts if part.role == "melody").notes

    below = harmonize(melody[0], bars[int(melody[0].start // 16)].chords[0])

    assert 3 <= melody[0].pitch - below.pitch < 16


def test_equal_seeds_give_equal_scores_and_others_different_ones():
    assert compose(plan_pieces(5)[7]) == compose(plan_pieces(5)[7])
    assert compose(plan_pieces(5)[7]) != compose(plan_pieces(6)[7])


@pytest.mark.parametrize("mood", Mood.__args__)
def test_every_mood_has_sixteen_pieces_that_differ(mood):
    pieces = [spec for spec in plan_pieces(20260) if spec.style.mood == mood]

    assert len(pieces) == 16
    assert len({spec.sleeve.title for spec in pieces}) == 16
    assert len({(spec.theme, spec.key, spec.groove.tempo_bpm, spec.melody) for spec in pieces}) == 16
    assert len({spec.sleeve.artist for spec in pieces}) >= 5
