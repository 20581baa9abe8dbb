"""Turn a file of any common format into one mono waveform, without trusting it and without writing to disk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.resampler import AudioResampler
from av.stream import Disposition

from recognizer.completeness import ends_within_element, find_stated_duration_s
from recognizer.errors import UnreadableAudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    Waveform = npt.NDArray[np.float32]

KNOWN_FORMATS = "WebM, MP4, Ogg, MP3, FLAC or WAV"

# What ffmpeg may take a recording for. Playlists (HLS, concat, DASH) are left out on purpose: they open other files and
# addresses. Films are let in, so that they can be refused by their name.
_FORMAT_WHITELIST = "aac,aiff,amr,au,avi,caf,flac,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,ogg,w64,wav"

# MP3 files cut from a longer one begin and end with a broken packet, which costs nothing; more is damage.
_MAX_BROKEN_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class DecodedSound:
    """What a file holds.

    Attributes:
        waveform: float32, shape (n_samples,), the mean of all channels, neither clipped nor checked.
        source_rate: samples a second in the file.
        stated_duration_s: what the file says of itself, if it does.
        is_cut_off: the file stops in the middle of a packet, and what it states does not tell how much is missing.
        is_whole: False if decoding stopped at the limit.
    """

    waveform: Waveform
    source_rate: int
    stated_duration_s: float | None
    is_cut_off: bool
    is_whole: bool


def decode_sound(file: BinaryIO, name: str, *, sample_rate: int, limit_s: float) -> DecodedSound:
    """Decode up to a limit.

    Args:
        file: open and seekable; it is left open.
        name: what the person calls it, for the errors.
        sample_rate: samples a second wanted.
        limit_s: decoding stops soon after so much sound, so that a long file costs no more than a short one.

    Raises:
        UnreadableAudioError: the file is empty, no sound, a film, or damaged.
    """
    if not file.seek(0, 2):
        raise UnreadableAudioError(name, f"expected a recording ({KNOWN_FORMATS}), got an empty file")
    file.seek(0)
    try:
        with _open_container(file, name) as container:
            return _decode_container(container, file, name, sample_rate=sample_rate, limit_s=limit_s)
    except av.FFmpegError as error:
        reason = f"expected a whole recording, got one that breaks off or is damaged ({error.strerror})"
        raise UnreadableAudioError(name, reason) from error


def _open_container(file: BinaryIO, name: str) -> InputContainer:
    try:
        # Tags in an unknown alphabet are no reason to refuse a voice.
        return av.open(file, "r", options={"format_whitelist": _FORMAT_WHITELIST}, metadata_errors="replace")
    except av.FFmpegError as error:
        reason = f"expected a recording ({KNOWN_FORMATS}), got content that is none of these or breaks off at once"
        raise UnreadableAudioError(name, reason) from error


def _decode_container(
    container: InputContainer, file: BinaryIO, name: str, *, sample_rate: int, limit_s: float
) -> DecodedSound:
    stream = _get_audio_stream(container, name)
    source_rate = stream.rate
    decoder = _PacketDecoder(container, stream, name)
    pieces: list[Waveform] = []
    n_samples = 0
    is_whole = True
    for piece in _resample_to_mono(decoder.iter_frames(), sample_rate):
        pieces.append(piece)
        n_samples += len(piece)
        if n_samples > limit_s * sample_rate:
            is_whole = False
            break
    waveform = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    stated_duration_s = find_stated_duration_s(container, file)
    may_end_early = is_whole and stated_duration_s is None
    is_cut_off = decoder.has_cut_packet or (may_end_early and ends_within_element(file, container.format.name))
    return DecodedSound(waveform, source_rate, stated_duration_s, is_cut_off, is_whole)


def _get_audio_stream(container: InputContainer, name: str) -> AudioStream:
    for video in container.streams.video:
        # Cover art is a video stream to ffmpeg.
        if not video.disposition & Disposition.attached_pic:
            raise UnreadableAudioError(name, f"expected sound alone, got a video ({video.width} x {video.height})")
    if not container.streams.audio:
        raise UnreadableAudioError(name, "expected a recording, got a file without a sound track, or cut off before it")
    stream = container.streams.audio[0]
    if not hasattr(stream, "rate"):  # PyAV's way to say that no decoder knows the codec
        raise UnreadableAudioError(name, "expected a recording in a common codec, got one that no decoder knows")
    return stream


class _PacketDecoder:
    """Decode packet by packet, stepping over a few broken ones."""

    def __init__(self, container: InputContainer, stream: AudioStream, name: str) -> None:
        self._container = container
        self._stream = stream
        self._name = name
        self.has_cut_packet = False

    def iter_frames(self) -> Iterator[AudioFrame]:
        n_packets = n_broken = 0
        last_error: av.FFmpegError | None = None
        for packet in self._container.demux(self._stream):
            n_packets += 1
            # Fragmented MP4 says nothing of later fragments, but a cut one is marked. WAV states its length itself.
            self.has_cut_packet |= packet.is_corrupt and self._container.format.name.startswith("mov")
            try:
                yield from packet.decode()
            except av.error.InvalidDataError as error:
                n_broken += 1
                last_error = error
        if n_broken > _MAX_BROKEN_SHARE * n_packets:
            reason = f"expected a whole recording, got one with {n_broken} of {n_packets} packets broken"
            raise UnreadableAudioError(self._name, reason) from last_error


def _resample_to_mono(frames: Iterator[AudioFrame], sample_rate: int) -> Iterator[Waveform]:
    """Resample channel by channel and take their mean; mixing by ffmpeg's layouts would add 3 dB and could pass 1.

    Interleaved ("flt") and not planar: PyAV crashes the process on planar frames of eight channels or more.
    """
    # MP3 files put together from others change rate and channels on the way.
    for _, alike in groupby(frames, lambda frame: (frame.sample_rate, frame.format.name, frame.layout.name)):
        resampler: AudioResampler | None = None
        for frame in _join(alike):
            resampler = resampler or AudioResampler(format="flt", layout=frame.layout, rate=sample_rate)
            yield from map(_mix, resampler.resample(frame))
        if resampler is not None:
            yield from map(_mix, resampler.resample(None))


def _join(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Join frames to some of about a second.

    Opus has fifty a second, and each costs more to hand over than to resample: 46 ms of ten seconds became 23.
    """
    fifo = AudioFifo()
    for frame in frames:
        # The fifo wants gapless time stamps, which a page never lets a recorder promise; samples are counted instead.
        frame.pts = None
        fifo.write(frame)
        if fifo.samples >= frame.sample_rate:
            yield from _empty(fifo)
    yield from _empty(fifo)


def _empty(fifo: AudioFifo) -> Iterator[AudioFrame]:
    if (joined := fifo.read()) is not None:
        yield joined


def _mix(frame: AudioFrame) -> Waveform:
    interleaved = frame.to_ndarray().astype(np.float32, copy=False).reshape(-1, frame.layout.nb_channels)
    # What is no number is refused later, with its place; here it shall not warn.
    with np.errstate(invalid="ignore", over="ignore"):
        mono: Waveform = interleaved.mean(axis=1)
    return mono
