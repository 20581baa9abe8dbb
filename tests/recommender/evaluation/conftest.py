"""Made-up ratings in Emotify's layout, with predictions that are half right."""

from __future__ import annotations

import csv
import wave

import numpy as np
import pytest
from mutagen.id3 import TXXX
from mutagen.wave import WAVE

from catalog.queries import TrackFacts
from recommender.affect import LABELS
from recommender.evaluation.datasets import INTENDED_MOOD_TAG

FEELINGS = ("joyful_activation", "sadness", "tension", "calmness")
GENRES = ("classical", "electronic", "pop", "rock")


def write_rows(path, rows):
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def emotify_rows():
    """Ratings and predictions of 60 tracks by 20 artists, as rows to change and write."""
    rng = np.random.default_rng(3)
    ratings, predictions = [], []
    for track_id in range(1, 61):
        felt = rng.uniform(0.0, 1.0, 4).round(3)
        heard = (0.6 * felt + 0.4 * rng.uniform(0.0, 1.0, 4)).round(3)
        artist = track_id % 20
        about = {"track_id": track_id, "genre": GENRES[track_id % 4], "id3_artist": f"Artist {artist}"}
        ratings.append(
            about | {"id3_title": f"Piece {track_id}", "liked": 0.5} | dict(zip(FEELINGS, felt, strict=True))
        )
        place = {"valence": round(heard[0] - heard[1], 3), "arousal": round(heard[2] - heard[3], 3)}
        about = {"system": "shipped", "track_id": track_id, "fold": artist % 5}
        predictions.append(about | dict(zip(FEELINGS, heard, strict=True)) | place)
    return ratings, predictions


@pytest.fixture
def emotify_paths(tmp_path, emotify_rows):
    ratings, predictions = emotify_rows
    folder = tmp_path / "material"
    folder.mkdir()
    return write_rows(folder / "emotify_tracks.csv", ratings), write_rows(folder / "predictions.csv", predictions)


@pytest.fixture
def write_table():
    return write_rows


def _write_piece(path, mood=None):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 80)
    if mood:
        tagged = WAVE(str(path))
        tagged.add_tags()
        tagged.tags.add(TXXX(encoding=3, desc=INTENDED_MOOD_TAG, text=[mood]))
        tagged.save()
    return str(path)


def _demo_track(track_id, path, artist):
    shares = dict.fromkeys(LABELS, 0.1 * track_id % 1)
    return TrackFacts(track_id, f"Piece {track_id}", artist, path=path, shares=shares, valence=0.1, arousal=-0.2)


@pytest.fixture
def write_piece():
    return _write_piece


@pytest.fixture
def demo_track():
    return _demo_track
