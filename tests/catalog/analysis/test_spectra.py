from __future__ import annotations

import librosa
import numpy as np
import pytest

from catalog.analysis.spectra import N_FFT, bin_frequencies_hz, compute_spectra, mel_filters


def test_mel_filters_agree_with_librosa():
    expected = librosa.filters.mel(sr=22_050, n_fft=2048, n_mels=64, fmin=30.0, fmax=9000.0, htk=True)

    np.testing.assert_allclose(mel_filters(), expected, atol=1e-6)


def test_tone_peaks_at_its_bin():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(66_150) / 22_050)

    spectra = compute_spectra(tone)

    assert bin_frequencies_hz(N_FFT)[spectra.power.mean(axis=0).argmax()] == pytest.approx(1000.0, abs=6.0)


def test_spectra_do_not_know_the_level():
    waveform = np.random.default_rng(5).standard_normal(66_150)

    loud, quiet = compute_spectra(waveform), compute_spectra(0.01 * waveform)

    np.testing.assert_allclose(loud.mel_db, quiet.mel_db, atol=0.01)
