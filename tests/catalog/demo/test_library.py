"""What stands in the folder after rendering."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import librosa
import numpy as np
import pyloudnorm
import pytest
from mutagen.mp3 import MP3

from catalog.demo import library
from catalog.demo.library import DEMO_SEED, file_name, render_demo_library, render_file
from catalog.demo.moods import N_PIECES, plan_pieces
from catalog.demo.rendering import render_piece

ROOT = Path(__file__).parents[3]
# One piece of each mood, the shortest to render.
NUMBER_BY_MOOD = {"happy": 15, "sad": 17, "angry": 38, "neutral": 56}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    pieces = plan_pieces(DEMO_SEED)
    return {mood: render_file(pieces[number], folder, DEMO_SEED) for mood, number in NUMBER_BY_MOOD.items()}


@pytest.fixture
def few_pieces(monkeypatch):
    """Three pieces of two seconds of noise: these tests are about files."""
    pieces = plan_pieces(DEMO_SEED)[4:7]
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 64_000)).astype(np.float32)
    monkeypatch.setattr(library, "plan_pieces", lambda _seed: pieces)
    monkeypatch.setattr(library, "render_piece", lambda _spec: noise)
    return pieces


def decode(path):
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1), 32_000


@pytest.mark.slow
@pytest.mark.parametrize("mood", NUMBER_BY_MOOD)
def test_a_decoded_piece_has_the_loudness_length_and_headroom_promised(rendered, mood):
    samples, sample_rate = decode(rendered[mood])

    assert samples.shape[0] == 2
    assert 30 <= samples.shape[1] / sample_rate <= 60
    assert pyloudnorm.Meter(sample_rate).integrated_loudness(samples.T) == pytest.approx(-16, abs=0.5)
    assert np.abs(samples).max() < 1.0
    assert np.abs(samples.mean(axis=1)).max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("mood", NUMBER_BY_MOOD)
def test_a_piece_never_falls_silent_in_its_middle(rendered, mood):
    samples, sample_rate = decode(rendered[mood])

    body = samples.mean(axis=0)[sample_rate : -4 * sample_rate]
    blocks = body[: body.size // 1600 * 1600].reshape(-1, 1600)
    is_silent = 20 * np.log10(np.sqrt(np.mean(blocks**2, axis=1)) + 1e-9) < -50
    longest = max(len(run) for run in "".join("x" if silent else " " for silent in is_silent).split(" "))
    assert longest * 0.05 < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("mood", NUMBER_BY_MOOD)
def test_tags_say_what_a_piece_is_and_what_it_was_composed_for(rendered, mood):
    spec = plan_pieces(DEMO_SEED)[NUMBER_BY_MOOD[mood]]

    file = MP3(rendered[mood])

    assert str(file["TIT2"]) == spec.sleeve.title
    assert str(file["TPE1"]) == spec.sleeve.artist
    assert "CC0" in str(file["TCOP"])
    assert "publicdomain/zero" in str(file["WCOP"])
    assert str(file["TXXX:emotitune_intended_mood"]) == mood
    assert float(str(file["TXXX:emotitune_intended_valence"])) == spec.valence
    assert float(str(file["TXXX:emotitune_intended_arousal"])) == spec.arousal
    assert 30 <= file.info.length <= 60
    assert file.info.bitrate == 160_000


@pytest.mark.slow
def test_an_angry_piece_is_busier_brighter_and_rougher_than_a_calm_one(rendered):
    figures = {}
    for mood, path in rendered.items():
        waveform, sample_rate = decode(path)
        mono = waveform.mean(axis=0)
        spectrum = np.abs(librosa.stft(mono, n_fft=2048, hop_length=1024))
        flux = np.mean(np.maximum(0, np.diff(spectrum / np.sqrt(np.mean(spectrum**2)), axis=1)))
        centroid_hz = np.median(librosa.feature.spectral_centroid(S=spectrum, sr=sample_rate))
        onsets = librosa.onset.onset_detect(y=mono, sr=sample_rate)
        figures[mood] = (len(onsets) / (mono.size / sample_rate), centroid_hz, flux)

    assert all(angry > 1.5 * calm for angry, calm in zip(figures["angry"], figures["neutral"], strict=True))
    assert all(happy > 1.5 * sad for happy, sad in zip(figures["happy"], figures["sad"], strict=True))


@pytest.mark.slow
def test_equal_plans_give_equal_samples():
    spec = plan_pieces(DEMO_SEED)[38]

    np.testing.assert_array_equal(render_piece(spec), render_piece(spec))


def test_intended_moods_cover_the_plane():
    points = np.array([(spec.valence, spec.arousal) for spec in plan_pieces(DEMO_SEED)])

    quadrants = {(valence > 0, arousal > 0): 0 for valence, arousal in points}
    for valence, arousal in points:
        quadrants[valence > 0, arousal > 0] += 1
    assert len(points) == N_PIECES >= 60
    assert min(quadrants.values()) >= 12
    assert np.abs(points).max() <= 1
    assert np.std(points, axis=0).min() > 0.45


def test_every_piece_has_a_file_name_and_a_title_of_its_own():
    pieces = plan_pieces(DEMO_SEED)

    assert len({file_name(spec) for spec in pieces}) == N_PIECES
    assert len({spec.sleeve.title for spec in pieces}) == N_PIECES
    assert 10 <= len({spec.sleeve.artist for spec in pieces}) <= 12


@pytest.mark.usefixtures("few_pieces")
def test_rendering_twice_renders_once(tmp_path):
    first = render_demo_library(tmp_path, n_workers=1)
    written = [path.stat().st_mtime_ns for path in first]
    progress = []

    second = render_demo_library(tmp_path, n_workers=1, on_progress=lambda *counts: progress.append(counts))

    assert second == first
    assert [path.stat().st_mtime_ns for path in second] == written
    assert progress == [(3, 3)]


def test_an_interrupted_run_leaves_nothing_half_done_and_goes_on(tmp_path, few_pieces):
    def stop_after_two(n_done, _n_pieces):
        if n_done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_demo_library(tmp_path, n_workers=1, on_progress=stop_after_two)
    (tmp_path / f"{file_name(few_pieces[2])}.part").write_bytes(b"left by a killed process")
    assert len(list(tmp_path.glob("*.mp3"))) == 2
    progress = []

    paths = render_demo_library(tmp_path, n_workers=1, on_progress=lambda *counts: progress.append(counts))

    assert progress == [(2, 3), (3, 3)]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.usefixtures("few_pieces")
def test_a_file_of_another_seed_or_composer_is_rendered_again(tmp_path, monkeypatch):
    render_demo_library(tmp_path, n_workers=1)
    progress = []

    render_demo_library(tmp_path, seed=7, n_workers=1, on_progress=lambda *counts: progress.append(counts))
    monkeypatch.setattr("catalog.demo.tagging.COMPOSER_VERSION", "next")
    render_demo_library(tmp_path, seed=7, n_workers=1, on_progress=lambda *counts: progress.append(counts))

    assert progress.count((0, 3)) == 2


@pytest.mark.usefixtures("few_pieces")
def test_a_damaged_file_is_rendered_again_and_strangers_are_left_alone(tmp_path):
    stranger = tmp_path / "my song.mp3"
    stranger.write_bytes(b"not ours")
    paths = render_demo_library(tmp_path, n_workers=1)
    paths[0].write_bytes(b"")

    render_demo_library(tmp_path, n_workers=1)

    assert MP3(paths[0]).info.length > 1
    assert stranger.read_bytes() == b"not ours"


@pytest.mark.slow
def test_two_workers_render_what_one_does(tmp_path, monkeypatch):
    pieces = plan_pieces(DEMO_SEED)[38:40]
    monkeypatch.setattr(library, "plan_pieces", lambda _seed: pieces)

    alone = render_demo_library(tmp_path / "alone", n_workers=1)
    together = render_demo_library(tmp_path / "together", n_workers=2)

    assert [path.read_bytes() for path in alone] == [path.read_bytes() for path in together]


@pytest.mark.slow
def test_rendering_goes_on_alone_where_workers_cannot_start(tmp_path):
    script = """
from pathlib import Path
from catalog.demo import library
pieces = library.plan_pieces(library.DEMO_SEED)[38:40]
library.plan_pieces = lambda _seed: pieces
print(len(library.render_demo_library(Path("songs"))))
"""

    # Workers would load the script again, and there is no file to load it from.
    result = subprocess.run(
        [sys.executable, "-"],
        input=script,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.strip() == "2", result.stderr
    assert len(list((tmp_path / "songs").iterdir())) == 2
