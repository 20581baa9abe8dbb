"""Log-mel spectrogram as a part of the network, so that an exported model takes the waveform itself."""

from __future__ import annotations

import math

import numpy as np
import torch
from librosa.filters import mel as build_mel_filters
from torch import Tensor, nn
from torch.nn import functional

from recognizer.audio import SAMPLE_RATE

N_FFT = 400
HOP = 160
N_MELS = 80


class LogMelSpectrogram(nn.Module):
    """Whisper's input features, computed from 16 kHz audio by two fixed matrix products.

    The discrete Fourier transform is written as a convolution, since ONNX Runtime has no quick STFT on CPUs.

    Source: Radford et al. (2023), ICML, "Robust speech recognition via large-scale weak supervision", section 2.2;
        equal to Transformers' WhisperFeatureExtractor but for the padding to 30 s, which we leave out.
    """

    dft: Tensor
    mel: Tensor

    def __init__(self, *, n_mels: int = N_MELS) -> None:
        super().__init__()
        frequency = np.arange(N_FFT // 2 + 1)[:, None] * np.arange(N_FFT)[None] * (2 * math.pi / N_FFT)
        window = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(N_FFT) / N_FFT)  # periodic Hann
        dft = np.concatenate([np.cos(frequency), -np.sin(frequency)]) * window
        self.register_buffer("dft", torch.tensor(dft, dtype=torch.float32)[:, None], persistent=False)
        mel = build_mel_filters(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=n_mels, norm="slaney", htk=False)
        self.register_buffer("mel", torch.tensor(mel, dtype=torch.float32), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn waveforms (B, n_samples), within [-1, 1], into features (B, n_mels, n_samples // 160)."""
        padded = functional.pad(waveform[:, None], (N_FFT // 2, N_FFT // 2), mode="reflect")
        real, imaginary = functional.conv1d(padded, self.dft, stride=HOP).chunk(2, dim=1)
        power = (real**2 + imaginary**2)[..., :-1]  # (B, 201, T)
        log_mel = torch.log10((self.mel @ power).clamp(min=1e-10))
        floor = log_mel.amax(dim=(1, 2), keepdim=True) - 8.0
        return (torch.maximum(log_mel, floor) + 4.0) / 4.0
