from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers import values


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("215.4", "s", 215.4),
        ("215400", "ms", 215.4),
        ("3.5", "min", 210.0),
        ("3:35", "mm:ss", 215.0),
        ("1:02:03.5", "mm:ss", 3723.5),
        (None, "ms", None),
    ],
)
def test_durations_come_as_seconds_whatever_their_unit(text, unit, expected):
    assert values.read_duration_s(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("215400", "s", "expected seconds, more than 0 and at most 86400, got '215400'"),
        ("86400001", "ms", "expected milliseconds, more than 0 and at most 86400000, got '86400001'"),
        ("215", "mm:ss", "expected minutes and seconds such as 3:35, got '215'"),
        ("3:75", "mm:ss", "expected minutes and seconds"),
        ("0", "s", "more than 0"),
        ("inf", "s", "at most 86400"),
        ("1_0", "s", "more than 0"),
        ("long", "ms", "expected milliseconds such as 215400, got 'long'"),
    ],
)
def test_a_duration_of_another_unit_is_refused(text, unit, expected):
    with pytest.raises(ValueError, match=expected):
        values.read_duration_s(text, unit)


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [("0", "0..1", -1.0), ("0.5", "0..1", 0.0), ("9", "1..9", 1.0), ("-0.25", "-1..1", -0.25)],
)
def test_a_scale_is_brought_to_minus_one_to_one(text, scale, expected):
    assert values.read_scaled("valence", text, scale) == expected


@pytest.mark.parametrize(("text", "scale"), [("1.2", "0..1"), ("0", "1..9"), ("nan", "-1..1"), ("high", "0..1")])
def test_a_value_outside_its_scale_says_what_was_expected_and_what_came(text, scale):
    with pytest.raises(ValueError, match=f"arousal: expected a number within {scale}, got '{text}'"):
        values.read_scaled("arousal", text, scale)


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (values.read_tempo_bpm, "128", 128.0),
        (values.read_tempo_bpm, "0", None),
        (values.read_year, "2011-03-02", 2011),
        (values.read_track_number, "3/12", 3),
        (values.read_track_number, "0", None),
        (values.read_replaygain_db, "-7.89 dB", -7.89),
        (values.read_musicbrainz_id, "4F2C0C5B-9C1F-4A5A-8B0F-1B1B1B1B1B1B", "4f2c0c5b-9c1f-4a5a-8b0f-1b1b1b1b1b1b"),
    ],
)
def test_values_are_read_as_programs_write_them(read, text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (values.read_tempo_bpm, "12800", "tempo_bpm: expected beats a minute within 20 to 400, got '12800'"),
        (values.read_track_number, "A1", "track_number: expected a whole number up to 9999, got 'A1'"),
        (values.read_replaygain_db, "loud", "replaygain_db: expected decibels"),
        (values.read_musicbrainz_id, "x", "musicbrainz_id: expected a UUID, got 'x'"),
        (values.read_url, "https://example.org/\ud800", "url: expected http"),
    ],
)
def test_values_out_of_range_are_refused(read, text, expected):
    with pytest.raises(ValueError, match=expected):
        read(text)


def test_tags_are_split_cleaned_and_lowered():
    assert values.read_tags("mood", "Calm; warm|<b>Dark</b>,, ") == [
        ("mood", "calm"),
        ("mood", "warm"),
        ("mood", "<b>dark</b>"),
    ]


@given(st.text())
def test_whatever_text_comes_is_read_or_refused_by_name(text):
    for read in (
        values.read_tempo_bpm,
        values.read_year,
        values.read_track_number,
        values.read_replaygain_db,
        values.read_musicbrainz_id,
        values.read_url,
        values.read_duration_s,
    ):
        with contextlib.suppress(ValueError):
            read(text)
