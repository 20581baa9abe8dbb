"""Patterns as text, swing, and the clock of a piece."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.demo.form import plan_form
from catalog.demo.moods import plan_pieces
from catalog.demo.percussion import GROOVES, play_drums
from catalog.demo.rhythm import Groove, humanized, parse_pattern
from catalog.demo.styles import STYLES


def test_a_dash_sustains_and_a_dot_rests():
    assert [tuple(stroke) for stroke in parse_pattern("x-.oo--.")] == [(0, 2, "x"), (3, 1, "o"), (4, 3, "o")]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_pattern_of_a_style_fills_its_bar(style):
    playings = [*style.melody, *style.bass, *style.chords, *style.arpeggio]

    lengths = {len(bar) for playing in playings for bar in playing.bars}

    assert lengths == {style.steps_per_bar}


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_groove_of_a_style_fits_its_bar(style):
    for name in style.drums:
        patterns = [*GROOVES[name].core.values(), *GROOVES[name].extra.values()]
        assert {len(pattern) for pattern in patterns} <= {style.steps_per_bar}


@given(swing=st.floats(0.5, 0.7), unit=st.sampled_from([1, 2]), steps=st.lists(st.floats(0, 64), min_size=2))
def test_swing_keeps_the_order_of_notes(swing, unit, steps):
    groove = Groove(120.0, 16, swing=swing, swing_unit=unit)

    swung = [groove.swung(step) for step in sorted(steps)]

    assert all(b - a >= -1e-9 for a, b in itertools.pairwise(swung))


def test_a_piece_that_slows_down_ends_later():
    steady = Groove(100.0, 16).build_clock(64)
    slowing = Groove(100.0, 16, slowing=0.3).build_clock(64)

    assert steady[-1] == pytest.approx(64 * 0.15)
    assert slowing[32] == pytest.approx(steady[32])
    assert slowing[-1] > steady[-1] + 0.5


def test_an_uneven_hand_stays_near_the_beat_and_after_the_beginning():
    rng = np.random.default_rng(1)

    onsets = [humanized(0.01, 0.02, rng) for _ in range(500)]

    assert min(onsets) == 0.0
    assert max(onsets) <= 0.0601


@given(bar_s=st.floats(1.0, 4.5), seed=st.integers(0, 1000))
def test_forms_leave_room_for_the_tail_within_a_minute(bar_s, seed):
    sections = plan_form(bar_s, 0.7, np.random.default_rng(seed))

    n_bars = sections[-1].last_bar + 1
    assert n_bars == sum(section.n_bars for section in sections)
    assert 30 <= n_bars * bar_s <= 50


def test_full_sections_have_more_strokes_than_quiet_ones():
    spec = plan_pieces(20260)[0]
    sections = plan_form(2.0, 0.7, np.random.default_rng(4))
    hits = play_drums(GROOVES["pop"], sections, spec.groove.steps_per_bar, np.random.default_rng(4))

    def strokes_per_bar(letters):
        chosen = [section for section in sections if section.letter in letters]
        starts = {bar for section in chosen for bar in range(section.first_bar, section.last_bar + 1)}
        return sum(int(hit.start // 16) in starts for hit in hits) / max(1, len(starts))

    assert strokes_per_bar("IKO") < strokes_per_bar("A") < strokes_per_bar("BV")
