from __future__ import annotations

import sys

import numpy as np
import pytest

from catalog.analysis.decoding import SAMPLE_RATE, Excerpt
from catalog.analysis.music_encoders import MUSIC_ENCODERS, encode_excerpt, open_encoder
from catalog.errors import MusicModelError


class Listener:
    """Keeps what it hears."""

    sample_rate = 16_000

    def __call__(self, waveform):
        self.heard = waveform
        return np.ones(3, dtype=np.float32)


def test_a_model_hears_the_mono_mix_at_its_own_rate():
    listener = Listener()
    times_s = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440.0 * times_s).astype(np.float32)

    vector = encode_excerpt(listener, Excerpt(np.stack([tone, tone]), 5.0, 0.0))

    spectrum = np.abs(np.fft.rfft(listener.heard))
    assert vector.tolist() == [1.0, 1.0, 1.0]
    assert (listener.heard.shape, listener.heard.dtype) == ((5 * 16_000,), np.float32)
    assert np.argmax(spectrum) / 5.0 == pytest.approx(440.0, abs=0.5)


def test_an_unknown_model_is_refused_with_those_there_are():
    with pytest.raises(MusicModelError, match="'wavenet': expected one of jamendo-moodtheme, musicnn, clap"):
        open_encoder("wavenet", None)


@pytest.mark.parametrize("name", MUSIC_ENCODERS)
def test_a_missing_library_is_named_with_its_remedy(name, monkeypatch):
    module = MUSIC_ENCODERS[name].split(":")[0]
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(MusicModelError, match=r"it needs more libraries .*pip install '\.\[train\]'"):
        open_encoder(name, None)


@pytest.mark.parametrize("name", ["jamendo-moodtheme", "musicnn"])
def test_weights_that_are_not_there_are_named(name, tmp_path):
    pytest.importorskip("torchaudio")

    with pytest.raises(MusicModelError, match="set it"):
        open_encoder(name, None)
    with pytest.raises(MusicModelError, match="its weights cannot be read"):
        open_encoder(name, tmp_path)
    with pytest.raises(MusicModelError, match="it has no variants"):
        open_encoder(f"{name}:large", tmp_path)
