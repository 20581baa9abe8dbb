"""The outline of a track's loudness, as a player draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av
import numpy as np

from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import InputContainer

N_PEAKS: Final = 480
# Longer files are looked into here and there: reading a mix of three hours to draw a line takes half a minute.
_WHOLE_UP_TO_S: Final = 900.0


def read_peaks(path: Path, n_peaks: int = N_PEAKS) -> np.ndarray:
    """Read the largest amplitude in each of equal stretches of a music file, decoding one packet at a time.

    Args:
        path: a file in any container and codec FFmpeg reads.
        n_peaks: how many stretches.

    Returns:
        uint8, shape (n_peaks,), 255 for the loudest of the file.

    Raises:
        UnreadableMusicError: no such file, or nothing FFmpeg can decode.
    """
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise UnreadableMusicError(str(path), "expected music, the file has no audio stream")
            duration_s = (container.duration or 0) / av.time_base
            is_long = duration_s > _WHOLE_UP_TO_S
            peaks = _sample(container, duration_s, n_peaks) if is_long else _read_all(container, n_peaks)
    except av.error.FFmpegError as error:
        raise UnreadableMusicError(str(path), f"expected music FFmpeg can decode, got {error.strerror!r}") from error
    except OSError as error:
        raise UnreadableMusicError(str(path), error.strerror or str(error)) from error
    loudest = float(peaks.max(initial=0.0))
    return np.round(255 * peaks / loudest).astype(np.uint8) if loudest > 0 else np.zeros(n_peaks, np.uint8)


def _read_all(container: InputContainer, n_peaks: int) -> np.ndarray:
    peaks, lengths = [], []
    for packet in container.demux(container.streams.audio[0]):
        for frame in _decode(packet):
            peaks.append(_measure(frame))
            lengths.append(frame.samples)
    if not peaks:
        return np.zeros(n_peaks)
    ends = np.cumsum(lengths, dtype=np.float64)
    at = ((ends - np.asarray(lengths) / 2) / ends[-1] * n_peaks).astype(int)
    outline = np.zeros(n_peaks)
    np.maximum.at(outline, at, peaks)
    # A short file has fewer frames than stretches.
    known = np.unique(at)
    return np.asarray(np.interp(np.arange(n_peaks), known, outline[known]))


def _sample(container: InputContainer, duration_s: float, n_peaks: int) -> np.ndarray:
    outline = np.zeros(n_peaks)
    for place in range(n_peaks):
        try:
            container.seek(int((place + 0.5) / n_peaks * duration_s * av.time_base))
        except av.error.FFmpegError:
            # Some files cannot be searched everywhere; a gap in the line tells so.
            continue
        for packet in container.demux(container.streams.audio[0]):
            found = [_measure(frame) for frame in _decode(packet)]
            if found:
                outline[place] = max(found)
                break
    return outline


def _decode(packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        # A file torn in places still plays.
        return []


def _measure(frame: av.AudioFrame) -> float:
    samples = frame.to_ndarray()
    is_whole = np.issubdtype(samples.dtype, np.integer)
    # Samples of eight bits have no sign.
    middle = 128 if samples.dtype == np.uint8 else 0
    full_scale = float(np.iinfo(samples.dtype.name).max) if is_whole else 1.0
    peak = float(np.abs(samples.astype(np.float64) - middle).max(initial=0.0)) / full_scale
    return peak if np.isfinite(peak) else 0.0
