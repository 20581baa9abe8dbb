from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile

from catalog.training.track_vectors import compute_librosa_summary, decode_mono, load_track_vectors


def test_vectors_are_computed_once(tmp_path):
    clips = [Path(f"{i}.mp3") for i in range(3)]
    computed = []

    def compute(clip):
        computed.append(clip)
        return np.array([float(clip.stem)])

    for _ in range(2):
        vectors = load_track_vectors("v", clips, compute, cache_dir=tmp_path, on_progress=lambda *_: None)

    assert vectors.tolist() == [[0.0], [1.0], [2.0]]
    assert computed == clips


def test_a_run_cut_short_goes_on_where_it_stopped(tmp_path):
    clips = [Path("a.mp3"), Path("b.mp3")]

    def fail_on_b(clip):
        if clip.stem == "b":
            raise KeyboardInterrupt("power cut")
        return np.ones(2)

    with pytest.raises(KeyboardInterrupt, match="power cut"):
        load_track_vectors("v", clips, fail_on_b, cache_dir=tmp_path, on_progress=lambda *_: None)
    steps = []
    vectors = load_track_vectors(
        "v",
        clips,
        lambda clip: {"b": np.zeros(2)}[clip.stem],
        cache_dir=tmp_path,
        on_progress=lambda *step: steps.append(step),
    )

    assert vectors.tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert steps == [("v", 1, 2), ("v", 2, 2)]


def test_clip_is_decoded_at_the_rate_asked_for(tmp_path):
    path = tmp_path / "tone.wav"
    scipy.io.wavfile.write(path, 22_050, np.zeros(44_100, dtype=np.float32))

    assert decode_mono(path, 16_000).size == pytest.approx(32_000, abs=50)


@pytest.mark.slow
def test_librosa_summary_is_a_finite_vector(tmp_path):
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 66_150).astype(np.float32)
    scipy.io.wavfile.write(path, 22_050, noise)

    summary = compute_librosa_summary(path)

    assert summary.shape == (105,)
    assert np.isfinite(summary).all()
