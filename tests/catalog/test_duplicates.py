from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.analysis.analyzer import analyze_file
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.changes import store_analysis
from catalog.duplicates import find_duplicates
from tests.factories import MODEL, add_analyzed_track, add_track

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory


def test_the_same_sound_twice_is_one_group(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_ids = tuple(add_track(session, f"piece {i}", content_hash="ab" * 32).id for i in range(3))
        add_track(session, "other", content_hash="cd" * 32)

    with session_factory() as session:
        groups = find_duplicates(session, MODEL)

    assert [(group.track_ids, group.reasons) for group in groups] == [(track_ids, ("content",))]


@pytest.mark.parametrize(
    ("title", "artist", "duration_s", "is_found"),
    [
        ("VIBE ACE!", "kevin macleod", 61.0, True),
        ("Vibe Ace (live)", "Kevin MacLeod", 60.0, False),
        ("Vibe Ace", "Somebody", 60.0, False),
        ("Vibe Ace", "Kevin MacLeod", 70.0, False),
        ("Vibe Ace", "Kevin MacLeod", None, False),
    ],
)
def test_the_same_name_and_like_duration_is_a_candidate(
    session_factory: SessionFactory,
    title: str,
    artist: str,
    duration_s: float | None,
    is_found: bool,  # noqa: FBT001
):
    with session_factory.begin() as session:
        first = add_track(session, "Vibe Ace", artist="Kevin MacLeod", duration_s=60.0)
        if artist == "kevin macleod":
            second = add_track(session, title, artist_id=first.artist_id, duration_s=duration_s)
        else:
            second = add_track(session, title, artist=artist, duration_s=duration_s)
        expected = [(first.id, second.id)] if is_found else []

    with session_factory() as session:
        groups = find_duplicates(session, MODEL)

    assert [group.track_ids for group in groups] == expected


def test_near_embeddings_of_like_duration_are_candidates(session_factory: SessionFactory):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 33))
    vectors[300] = vectors[7] + 1e-3
    vectors[350] = vectors[8]
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    durations_s = rng.uniform(60, 80, size=400)
    durations_s[[7, 300]] = 70.0, 71.5
    durations_s[[8, 350]] = 60.0, 70.0
    with session_factory.begin() as session:
        pieces = zip(vectors, durations_s.tolist(), strict=True)
        track_ids = [add_analyzed_track(session, f"{i}", vector=v, duration_s=s).id for i, (v, s) in enumerate(pieces)]

    with session_factory() as session:
        groups = find_duplicates(session, MODEL)

    assert [(group.track_ids, group.reasons) for group in groups] == [((track_ids[7], track_ids[300]), ("sound",))]


def test_an_empty_catalog_has_no_duplicates(session_factory: SessionFactory):
    with session_factory() as session:
        assert find_duplicates(session, MODEL) == []


@pytest.mark.data
def test_a_piece_in_two_codecs_is_found(session_factory: SessionFactory, material_dir: Path):
    folder = material_dir / "data" / "music" / "audio" / "free_tagged"
    names = ("vivaldi.mp3", "vivaldi.ogg", "Gold Rush.mp3", "Karissa_Hobbs_-_Lets_Go_Fishin.ogg")
    with session_factory.begin() as session:
        track_ids = [add_track(session, name, path=str(folder / name)).id for name in names]
        for track_id, name in zip(track_ids, names, strict=True):
            store_analysis(session, track_id, analyze_file(folder / name), content_hash=None)

    with session_factory() as session:
        groups = find_duplicates(session, EMBEDDING_MODEL)

    assert [(group.track_ids, group.reasons) for group in groups] == [(tuple(track_ids[:2]), ("sound",))]
