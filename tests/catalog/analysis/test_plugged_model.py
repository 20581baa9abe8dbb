from __future__ import annotations

import pickle

import numpy as np
import pytest
import soundfile

from catalog.analysis import music_encoders, plugged_model
from catalog.analysis.affect import TARGETS
from catalog.analysis.embeddings import N_DIMENSIONS
from catalog.analysis.plugged_model import AffectHead, PluggedAnalyzer, find_head, save_head
from catalog.errors import MusicModelError


class Loudness:
    """A model of two dimensions."""

    sample_rate = 16_000

    def __call__(self, waveform):
        return np.array([waveform.std(), waveform.max()])


def open_loudness(_variant, _material_dir):
    return Loudness()


def make_head(seed=0):
    rng = np.random.default_rng(seed)
    return AffectHead(
        center=np.zeros(2),
        scale=np.ones(2),
        slopes=rng.normal(size=(2, 6)),
        intercept=rng.uniform(0.2, 0.6, 6),
        error_std=np.full(6, 0.1),
        timbre_axes=np.pad(np.eye(2), ((0, 24), (0, 0))),
    )


@pytest.fixture
def analyzer(tmp_path, monkeypatch):
    monkeypatch.setitem(music_encoders.MUSIC_ENCODERS, "loudness", f"{__name__}:open_loudness")
    plugged_model._open_once.cache_clear()
    path = find_head("loudness", tmp_path)
    save_head(make_head(), path)
    yield PluggedAnalyzer("loudness", path)
    plugged_model._open_once.cache_clear()


@pytest.fixture
def song(tmp_path):
    times_s = np.arange(5 * 22_050) / 22_050
    soundfile.write(tmp_path / "song.wav", 0.3 * np.sin(2 * np.pi * 330.0 * times_s), 22_050)
    return tmp_path / "song.wav"


def test_a_plugged_model_gives_what_the_shipped_one_gives(analyzer, song):
    analysis = analyzer(song)

    assert (analysis.embedding.shape, analysis.embedding.dtype) == ((N_DIMENSIONS,), np.float32)
    assert float(np.linalg.norm(analysis.embedding)) == pytest.approx(1.0, abs=1e-5)
    assert set(analysis.affect.stds) == set(TARGETS)
    assert all(0.0 <= share <= 1.0 for share in analysis.affect.shares.values())
    assert analysis.duration_s == pytest.approx(5.0, abs=0.01)


def test_its_rows_name_the_model_and_the_fit(analyzer, song, tmp_path):
    analysis = analyzer(song)
    other_path = tmp_path / "other.npz"
    save_head(make_head(seed=1), other_path)

    versions = analyzer.versions
    other = PluggedAnalyzer("loudness", other_path).versions

    assert (analysis.affect_model, analysis.embedding_model) == (versions.affect_model, versions.embedding_model)
    assert versions.affect_model.startswith("loudness-ridge-")
    assert versions.embedding_model != other.embedding_model


def test_processes_can_share_it(analyzer, song):
    copied = pickle.loads(pickle.dumps(analyzer))  # noqa: S301 - our own

    np.testing.assert_array_equal(copied(song).embedding, analyzer(song).embedding)


def test_a_head_that_is_not_fitted_is_named_with_its_remedy(tmp_path):
    missing = PluggedAnalyzer("musicnn", tmp_path / "none.npz")

    with pytest.raises(MusicModelError, match="it is not fitted yet: emotitune train music musicnn"):
        _ = missing.versions


def test_a_file_that_is_no_head_is_refused(analyzer):
    analyzer.head_path.write_bytes(b"no arrays")
    plugged_model.load_head.cache_clear()

    with pytest.raises(MusicModelError, match="is no fitted head"):
        analyzer.check()


def test_a_checkpoints_name_makes_a_file_name(tmp_path):
    assert find_head("clap:laion/larger", tmp_path) == tmp_path / "clap-laion--larger.npz"
