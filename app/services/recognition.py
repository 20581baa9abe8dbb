"""Hear the mood of one recording: decode, recognize, and say how long each step took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from recognizer.audio import decode_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from recognizer.inference import EmotionRecognizer, Recognition
    from recognizer.labels import Label
    from recognizer.voice_baseline import VoiceBaseline


class RecognitionService:
    """Recognize recordings; needs neither database nor index.

    Args:
        get_recognizer: hands out the recognizer, loading it at the first call.
        max_clip_s: longest voice note, in seconds.
    """

    def __init__(self, get_recognizer: Callable[[], EmotionRecognizer], *, max_clip_s: float = 60.0) -> None:
        self._get_recognizer = get_recognizer
        self._max_clip_s = max_clip_s

    def recognize(
        self,
        source: Path | BinaryIO,
        name: str,
        *,
        expected_s: float | None = None,
        baseline: VoiceBaseline | None = None,
        timings_ms: dict[str, float] | None = None,
    ) -> Recognition:
        """Hear the mood of one recording.

        Args:
            source: path, or binary file read from its start.
            name: what the person calls the recording, for messages.
            expected_s: how long the recorder says the recording is, in seconds.
            baseline: how this voice usually is, if known.
            timings_ms: gets the wall-clock milliseconds of each step.

        Raises:
            UnreadableAudioError: it cannot be decoded.
            UnusableClipError: it holds no speech that can be judged.
            BundleError: there is no usable recognizer.
            VoiceBaselineError: the baseline belongs to another model.
        """
        steps = {} if timings_ms is None else timings_ms
        with timed(steps, "load"):
            recognizer = self._get_recognizer()
        with timed(steps, "decode"):
            clip = decode_clip(source, name, max_clip_s=self._max_clip_s, expected_s=expected_s)
        with timed(steps, "recognize"):
            return recognizer.recognize(clip, baseline=baseline)

    def learn_voice(
        self, recognition: Recognition, baseline: VoiceBaseline | None = None, *, label: Label | None = None
    ) -> VoiceBaseline:
        """Add what was heard to how a voice usually is; see `EmotionRecognizer.learn_voice`."""
        return self._get_recognizer().learn_voice(recognition, baseline, label=label)


@contextmanager
def timed(timings_ms: dict[str, float], step: str) -> Iterator[None]:
    """Write how many milliseconds a block took."""
    start_s = time.perf_counter()
    try:
        yield
    finally:
        timings_ms[step] = round((time.perf_counter() - start_s) * 1000, 2)
