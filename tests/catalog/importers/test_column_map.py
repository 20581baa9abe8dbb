from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ImportSourceError
from catalog.importers.column_map import (
    ColumnMap,
    ColumnRule,
    find_open_units,
    guess_column_map,
    parse_column_map,
)


def test_a_map_names_fields_columns_and_units():
    read = parse_column_map('title=Song Name,duration_s=Length:mm:ss,valence=V:0..1,"album=Record, or so"')

    assert read.rules == (
        ColumnRule("title", "Song Name"),
        ColumnRule("duration_s", "Length", "mm:ss"),
        ColumnRule("valence", "V", "0..1"),
        ColumnRule("album", "Record, or so"),
    )
    assert parse_column_map(str(read)) == read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Song Name", "expected field=column such as title=Song Name, got 'Song Name'"),
        ("title=", "expected field=column"),
        ("songname=x", "expected a field among title, artist"),
        ("valence=V", "expected a scale such as valence=V:0..1, got none"),
        ("valence=V:9..1", "expected a scale such as 0..1, -1..1 or 1..9, got '9..1'"),
        ("title=a,title=b", "names the field 'title' twice"),
        ('"title=a', "cannot be read"),
    ],
)
def test_a_map_that_cannot_be_is_refused(text, expected):
    with pytest.raises(ImportSourceError, match=expected):
        parse_column_map(text)


def test_columns_are_guessed_by_the_names_that_programs_give_them():
    guessed = guess_column_map(["Track Name", "Artist Name(s)", "artist", "duration_ms", "BPM", "Mood", "link"])

    assert str(guessed) == "title=Track Name,artist=artist,url=link,duration_s=duration_ms:ms,tempo_bpm=BPM,moods=Mood"


def test_a_duration_without_a_unit_is_taken_only_if_the_rows_show_it():
    assert str(guess_column_map(["Length"], [["3:35"], [""]])) == "duration_s=Length:mm:ss"
    assert guess_column_map(["Length"], [["215"]]).rules == ()


def test_what_says_nothing_without_a_unit_is_named():
    header = ["title", "Length", "valence"]

    assert find_open_units(header, guess_column_map(header)) == ["duration_s=Length:ms", "valence=valence:0..1"]


@given(st.text())
def test_any_text_is_a_map_or_refused(text):
    with contextlib.suppress(ImportSourceError):
        assert isinstance(parse_column_map(text), ColumnMap)
