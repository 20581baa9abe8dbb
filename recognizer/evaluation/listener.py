"""What an evaluation needs of a recognizer: decode a file, give a posterior for a waveform."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from recognizer.errors import UnusableClipError
from recognizer.evaluation.pitch import average_pitch_hz, estimate_pitch_hz
from recognizer.evaluation.robustness import REFUSED
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.evaluation.degradations import Waveform

SAMPLE_RATE: Final = 16_000
PITCH_RECORDINGS_PER_SPEAKER: Final = 10
TIMED_S: Final = 3

_MS_PER_S: Final = 1000.0
_KIB_PER_MIB: Final = 1024.0


class Listener(Protocol):
    """Anything that can be evaluated."""

    @property
    def name(self) -> str:
        """Name, version and whatever else tells one model from another."""

    def decode(self, path: Path) -> Waveform:
        """Read a file as 16 kHz mono.

        Raises:
            RecognizerError: the file cannot be read.
        """

    def recognize(self, waveform: Waveform) -> Mapping[str, float]:
        """Return the posterior over the four labels.

        Raises:
            UnusableClipError: nothing can be heard from it.
        """


def predict_or_refuse(listener: Listener, waveform: Waveform) -> int:
    """Return the index of the most probable label, or `REFUSED`."""
    try:
        posterior = listener.recognize(waveform)
    except UnusableClipError:
        return REFUSED
    return int(np.argmax([posterior[label] for label in LABELS]))


def measure_pitches(listener: Listener, utterances: Sequence[Utterance]) -> dict[str, float]:
    """Estimate the median pitch in Hz of each speaker, named `corpus/speaker`, from a few evenly picked recordings.

    Speakers whose pitch cannot be told are left out.
    """
    by_speaker: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_speaker.setdefault(f"{utterance.corpus}/{utterance.speaker_id}", []).append(utterance)
    pitches_hz = {
        speaker: average_pitch_hz(estimate_pitch_hz(listener.decode(one.path)) for one in _pick_evenly(recordings))
        for speaker, recordings in by_speaker.items()
    }
    return {speaker: pitch_hz for speaker, pitch_hz in pitches_hz.items() if not np.isnan(pitch_hz)}


def measure_speed(listener: Listener, waveforms: Sequence[Waveform]) -> dict[str, float]:
    """Time recognition alone, one recording after the other, after a first one that does not count.

    Returns:
        `latency_3s_ms_p50` of the recordings cut or repeated to 3 s; of the recordings as they are `latency_ms_p50`,
        `latency_ms_p95` and `real_time_factor`, seconds of work for a second of audio; and `peak_memory_mib` of the
        whole process.
    """
    predict_or_refuse(listener, waveforms[0])
    three_s = _time([np.resize(waveform, TIMED_S * SAMPLE_RATE) for waveform in waveforms], listener)
    latencies_s = _time(waveforms, listener)
    heard_s = sum(len(waveform) for waveform in waveforms) / SAMPLE_RATE
    p50_s, p95_s = np.quantile(latencies_s, [0.5, 0.95])
    return {
        "latency_3s_ms_p50": float(_MS_PER_S * np.median(three_s)),
        "latency_ms_p50": float(_MS_PER_S * p50_s),
        "latency_ms_p95": float(_MS_PER_S * p95_s),
        "real_time_factor": sum(latencies_s) / heard_s,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB,
    }


def _time(waveforms: Sequence[Waveform], listener: Listener) -> list[float]:
    latencies_s = []
    for waveform in waveforms:
        started_s = time.perf_counter()
        predict_or_refuse(listener, waveform)
        latencies_s.append(time.perf_counter() - started_s)
    return latencies_s


def _pick_evenly(recordings: Sequence[Utterance]) -> list[Utterance]:
    n_picked = min(len(recordings), PITCH_RECORDINGS_PER_SPEAKER)
    return [recordings[int(index)] for index in np.linspace(0, len(recordings) - 1, n_picked)]
