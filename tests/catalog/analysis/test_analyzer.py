from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.analysis.affect import TARGETS
from catalog.analysis.analyzer import analyze_file
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from pathlib import Path


def test_analysis_carries_features_affect_and_embedding(write_wav, make_clicks):
    path = write_wav(make_clicks(120.0, 20.0))

    analysis = analyze_file(path)

    assert analysis.duration_s == pytest.approx(20.0, abs=0.1)
    assert analysis.features.tempo_bpm == pytest.approx(120.0, rel=0.02)
    assert np.linalg.norm(analysis.embedding) == pytest.approx(1.0, abs=1e-5)
    assert analysis.embedding_model == EMBEDDING_MODEL


@pytest.mark.parametrize("duration_s", [3.1, 5.0])
def test_a_jingle_is_analyzed_whole_and_its_doubt_is_told(write_wav, make_clicks, duration_s):
    analysis = analyze_file(write_wav(make_clicks(120.0, duration_s)))

    numbers = [*analysis.affect.shares.values(), analysis.affect.valence, analysis.affect.arousal]
    assert analysis.duration_s == pytest.approx(duration_s, abs=0.05)
    assert np.isfinite([*numbers, *analysis.embedding]).all()
    assert set(analysis.affect.stds) == set(TARGETS)
    assert min(analysis.affect.stds.values()) > 0.0


def test_analysis_is_the_same_twice(write_wav, make_chords):
    path = write_wav(make_chords([[60, 64, 67], [57, 60, 64]] * 4, 1.0))

    first, second = analyze_file(path), analyze_file(path)

    assert first.affect == second.affect
    assert np.array_equal(first.embedding, second.embedding)


def test_affect_does_not_follow_the_volume(write_wav, make_chords):
    waveform = make_chords([[60, 64, 67], [57, 60, 64]] * 4, 1.0)

    loud = analyze_file(write_wav(waveform, name="loud.wav"))
    quiet = analyze_file(write_wav(0.1 * waveform, name="quiet.wav"))

    assert loud.features.loudness_lufs - quiet.features.loudness_lufs == pytest.approx(20.0, abs=0.1)
    assert quiet.affect.arousal == pytest.approx(loud.affect.arousal, abs=0.02)


def test_fast_drums_are_more_arousing_than_slow_chords(write_wav, make_clicks, make_chords):
    drums = analyze_file(write_wav(make_clicks(150.0, 20.0), name="drums.wav"))
    chords = analyze_file(write_wav(make_chords([[45, 52, 60], [41, 48, 57]] * 4, 2.5), name="chords.wav"))

    assert drums.affect.arousal > chords.affect.arousal + 0.2
    assert chords.affect.shares["neutral"] > drums.affect.shares["neutral"]


def test_unreadable_file_is_refused(tmp_path):
    path = tmp_path / "text.mp3"
    path.write_text("no music here")

    with pytest.raises(UnreadableMusicError, match=r"text\.mp3"):
        analyze_file(path)


@pytest.mark.data
def test_two_codecs_of_one_piece_sound_alike(material_dir: Path):
    folder = material_dir / "data/music/audio/free_tagged"

    mp3, ogg = analyze_file(folder / "vivaldi.mp3"), analyze_file(folder / "vivaldi.ogg")

    assert mp3.embedding @ ogg.embedding > 0.98
    assert mp3.affect.arousal == pytest.approx(ogg.affect.arousal, abs=0.1)


@pytest.mark.data
def test_a_track_is_analyzed_in_under_a_second(material_dir: Path):
    paths = sorted((material_dir / "data/music/audio/emotify").iterdir())[:10]
    analyze_file(paths[0])

    start_s = time.perf_counter()
    for path in paths:
        analyze_file(path)

    assert (time.perf_counter() - start_s) / len(paths) < 1.0
