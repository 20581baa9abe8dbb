from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.training.emotify import (
    FEELINGS,
    EmotifyTrack,
    build_targets,
    load_emotify,
    split_by_artist,
    weigh_tracks,
)


def make_track(*, n_raters=20, **shares):
    return EmotifyTrack(1, "someone", "pop", Path("clip.mp3"), n_raters, dict.fromkeys(FEELINGS, 0.0) | shares)


@pytest.mark.parametrize(
    ("feeling", "valence", "arousal"),
    [("joyful_activation", 1, 1), ("tension", -1, 1), ("sadness", -1, -1), ("tenderness", 1, -1)],
)
def test_a_single_feeling_lies_in_its_quadrant(feeling, valence, arousal):
    track = make_track(**{feeling: 1.0})

    assert np.sign(track.valence) == valence
    assert np.sign(track.arousal) == arousal
    assert abs(track.valence) > 0.9


def test_a_track_nobody_felt_anything_for_is_neutral():
    track = make_track()

    assert (track.valence, track.arousal) == (0.0, 0.0)


def test_targets_are_angles_then_the_plane():
    track = make_track(joyful_activation=1.0, calmness=0.5)

    targets = build_targets([track])

    np.testing.assert_allclose(targets[0, :4], [np.pi / 2, 0.0, 0.0, np.pi / 4])
    assert targets[0, 4:].tolist() == [track.valence, track.arousal]


def test_more_raters_weigh_more():
    few, many = weigh_tracks([make_track(n_raters=10), make_track(n_raters=90)])

    assert many / few == pytest.approx(0.9 / 0.5)


@given(st.lists(st.sampled_from("abcdefghijklmno"), min_size=40, max_size=80).filter(lambda a: len(set(a)) >= 10))
def test_no_artist_is_in_two_folds(artists):
    fold_of = split_by_artist(artists)

    assert all(len({fold for fold, a in zip(fold_of, artists, strict=True) if a == artist}) == 1 for artist in artists)


@pytest.mark.data
def test_emotify_has_300_clips_in_ten_folds(material_dir):
    tracks = load_emotify(material_dir)

    assert len(tracks) == 300
    assert len(np.unique(split_by_artist([track.artist for track in tracks]))) == 10


def test_missing_clip_is_named(tmp_path):
    table = tmp_path / "data/music/ratings/emotify_tracks.csv"
    table.parent.mkdir(parents=True)
    columns = ["track_id", "id3_artist", "genre", "clip_file", "n_raters", *FEELINGS]
    table.write_text(",".join(columns) + "\n7,Ann,pop,007.mp3,12" + ",0.1" * len(FEELINGS) + "\n")

    with pytest.raises(FileNotFoundError, match=r"1 of 1 clips are missing, first .*007\.mp3"):
        load_emotify(tmp_path)
