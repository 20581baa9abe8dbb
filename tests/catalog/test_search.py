from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from catalog.filters import TrackFilter
from catalog.models import Artist, Track, TrackTag
from catalog.queries import count_tracks, list_tracks
from catalog.sorting import search_text_of, split_words
from tests.factories import add_track

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory


def _find(session: Session, search: str) -> list[str]:
    return [track.title for track in list_tracks(session, TrackFilter(search=search))]


@pytest.mark.parametrize(
    "search", ["beyonce", "BEYONCÉ halo", "hal bey", "dont", "don't", "don\u2019t halo", "live-at", "piano", "夜", "の"]
)
def test_search_finds_beginnings_of_words_whatever_their_accents(session_factory: SessionFactory, search: str):
    with session_factory.begin() as session:
        track = add_track(session, "Halo (don't)", artist="Beyoncé", album="Live at 夜の歌")
        track.tags.append(TrackTag(kind="instrument", name="piano"))
        add_track(session, "Something else")

    with session_factory() as session:
        found = _find(session, search)

    assert found == ["Halo (don't)"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [("100%", ["100 loves", "100% love"]), ("_", ["snake_case"]), ("!!!", ["!!!"]), ("\\", []), ("x" * 5000, [])],
)
def test_search_takes_signs_as_they_are(session_factory: SessionFactory, search: str, expected: list[str]):
    with session_factory.begin() as session:
        for title in ("100% love", "100 loves", "snake_case", "!!!"):
            add_track(session, title)

    with session_factory() as session:
        found = _find(session, search)

    assert found == expected


@given(st.text())
@example('" OR 1 NEAR(a b) -title:*')
@example("'; DROP TABLE track; --")
@example("a & b | !c <-> d:*")
@example("\\' \\\\ \x00")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_no_input_breaks_the_query(session_factory: SessionFactory, search: str):
    with session_factory() as session:
        assert count_tracks(session, TrackFilter(search=search)) == 0


def test_every_way_of_writing_keeps_the_index(session_factory: SessionFactory):
    with session_factory.begin() as session:
        row = {"title": "a", "title_key": "a", "source": "csv", "edited_fields": []}
        session.execute(insert(Track), [{**row, "search_text": word} for word in ("first", "second", "third")])
        session.execute(update(Track).where(Track.search_text == "second").values(search_text="changed"))
        session.execute(delete(Track).where(Track.search_text == "third"))

    with session_factory() as session:
        counts = [count_tracks(session, TrackFilter(search=word)) for word in ("first", "second", "changed", "third")]

    assert counts == [1, 0, 1, 0]


def test_tags_that_come_and_go_are_found_and_lost(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session).id
    with session_factory.begin() as session:
        session.add(TrackTag(track_id=track_id, kind="mood", name="dreamy"))
    with session_factory() as session:
        n_tagged = count_tracks(session, TrackFilter(search="dreamy"))

    with session_factory.begin() as session:
        session.delete(session.scalars(select(TrackTag)).one())

    with session_factory() as session:
        assert (n_tagged, count_tracks(session, TrackFilter(search="dreamy"))) == (1, 0)


def test_a_renamed_artist_is_found_by_the_new_name(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_track(session, artist="Kevin")
        add_track(session, artist="Kevin")

    with session_factory.begin() as session:
        session.scalars(select(Artist)).one().name = "Calvin"

    with session_factory() as session:
        assert (len(_find(session, "kevin")), len(_find(session, "calvin"))) == (0, 2)


def test_relevance_puts_titles_that_are_or_begin_with_the_search_first(session_factory: SessionFactory):
    with session_factory.begin() as session:
        for title in ("A halo", "Halo two", "Halo"):
            add_track(session, title)

    with session_factory() as session:
        tracks = list_tracks(session, TrackFilter(search="halo"), sort="relevance")

    assert [track.title for track in tracks] == ["Halo", "Halo two", "A halo"]


def test_the_index_of_sqlite_is_sound_after_edits_and_deletes(session_factory: SessionFactory):
    with session_factory.begin() as session:
        if session.get_bind().dialect.name != "sqlite":
            pytest.skip("PostgreSQL checks its own indexes")
        tracks = [add_track(session, f"piece {i}") for i in range(20)]
        tracks[3].title = "another"
        session.delete(tracks[4])

    with session_factory.begin() as session:
        # Raises where index and table differ.
        session.execute(text("INSERT INTO track_search (track_search, rank) VALUES ('integrity-check', 1)"))


@given(st.text())
def test_words_split_twice_are_the_same_words(written: str):
    words = split_words(written)

    assert split_words(" ".join(words)) == words
    assert search_text_of(written) == " ".join(words)
