"""Decode the middle of a music file; memory stays flat however long the file is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import av
import numpy as np

from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import InputContainer

SAMPLE_RATE: Final = 22_050
DEFAULT_EXCERPT_S: Final = 60.0
MIN_DURATION_S: Final = 3.0

# -80 dBFS: below it nothing is music, only dither and hum.
_SILENCE_PEAK: Final = 1e-4
# A file torn in places still plays; one that is nothing but errors does not.
_MAX_BROKEN_PACKETS: Final = 50


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a track that is analyzed.

    Attributes:
        channels: float32, shape (n_channels, n_samples), one or two channels at `SAMPLE_RATE`.
        duration_s: length of the whole file.
        start_s: where the excerpt begins in the file.
    """

    channels: np.ndarray
    duration_s: float
    start_s: float

    @property
    def waveform(self) -> np.ndarray:
        """The mono mix, float32, shape (n_samples,)."""
        mono: np.ndarray = self.channels.mean(axis=0, dtype=np.float32)
        return mono


def decode_excerpt(path: Path, *, excerpt_s: float = DEFAULT_EXCERPT_S) -> Excerpt:
    """Decode the central `excerpt_s` seconds of a music file, or all of a shorter one.

    Args:
        path: a file in any container and codec FFmpeg reads.
        excerpt_s: length of the part to decode, at least 3.

    Returns:
        The excerpt, at 22.05 kHz, in stereo if the file has two channels or more.

    Raises:
        UnreadableMusicError: no such file, nothing FFmpeg can decode, no audio stream, less than 3 s, silence, or NaN.
    """
    if excerpt_s < MIN_DURATION_S:
        raise ValueError(f"excerpt_s must be at least {MIN_DURATION_S:g}, got {excerpt_s!r}")
    try:
        if path.stat().st_size == 0:
            raise UnreadableMusicError(str(path), "expected music, the file is empty")
        with av.open(str(path), metadata_errors="ignore") as container:
            excerpt = _read_middle(container, path, excerpt_s)
    except av.error.FFmpegError as error:
        raise UnreadableMusicError(str(path), f"expected music FFmpeg can decode, got {error.strerror!r}") from error
    except OSError as error:
        raise UnreadableMusicError(str(path), error.strerror or str(error)) from error
    _check_signal(excerpt, path)
    return excerpt


def _read_middle(container: InputContainer, path: Path, excerpt_s: float) -> Excerpt:
    if not container.streams.audio:
        raise UnreadableMusicError(str(path), "expected music, the file has no audio stream")
    stream = container.streams.audio[0]
    duration_s = _find_duration(container, stream)
    start_s = max(0.0, (duration_s - excerpt_s) / 2.0)
    if start_s > 0.0:
        container.seek(int(start_s * av.time_base), backward=True, any_frame=False)
    channels = _decode(container, stream, path, excerpt_s)
    expected_s = min(duration_s, excerpt_s)
    if channels.shape[1] < 0.5 * expected_s * SAMPLE_RATE and start_s > 0.0:
        # The header promised more than the file holds, as in a download cut short: read from the start.
        container.seek(0)
        start_s = 0.0
        channels = _decode(container, stream, path, excerpt_s)
    decoded_s = channels.shape[1] / SAMPLE_RATE
    if start_s == 0.0 and decoded_s < excerpt_s:
        duration_s = decoded_s
    return Excerpt(channels, duration_s, start_s)


def _find_duration(container: InputContainer, stream: AudioStream) -> float:
    """Seconds by the header, or by the packets' times where the header is silent (streamed Ogg and WebM)."""
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    end_s = 0.0
    for packet in container.demux(stream):
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, float(packet.pts * packet.time_base))
    container.seek(0)
    return end_s


def _decode(container: InputContainer, stream: AudioStream, path: Path, excerpt_s: float) -> np.ndarray:
    """Decode and resample from where the container stands; shape (n_channels, n_samples)."""
    layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
    n_wanted = int(excerpt_s * SAMPLE_RATE)
    pieces: list[np.ndarray] = []
    n_samples = 0
    for frame in _iter_frames(container, stream, path):
        for resampled in resampler.resample(frame):
            pieces.append(resampled.to_ndarray())
            n_samples += pieces[-1].shape[1]
        if n_samples >= n_wanted:
            break
    if not pieces:
        return np.zeros((1, 0), dtype=np.float32)
    return np.concatenate(pieces, axis=1, dtype=np.float32)[:, :n_wanted]


def _iter_frames(container: InputContainer, stream: AudioStream, path: Path) -> Iterator[av.AudioFrame]:
    n_broken = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError as error:
            n_broken += 1
            if n_broken > _MAX_BROKEN_PACKETS:
                raise UnreadableMusicError(str(path), f"more than {_MAX_BROKEN_PACKETS} packets are corrupt") from error


def _check_signal(excerpt: Excerpt, path: Path) -> None:
    decoded_s = excerpt.channels.shape[1] / SAMPLE_RATE
    if decoded_s < MIN_DURATION_S:
        raise UnreadableMusicError(str(path), f"expected at least {MIN_DURATION_S:g} s of music, got {decoded_s:.2f} s")
    if not np.isfinite(excerpt.channels).all():
        raise UnreadableMusicError(str(path), "expected finite samples, some are NaN or infinite")
    peak = float(np.abs(excerpt.channels).max())
    if peak < _SILENCE_PEAK:
        raise UnreadableMusicError(str(path), f"expected music, the excerpt is silent (peak {peak:.1e} of full scale)")
