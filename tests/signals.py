"""Made-up audio: a voice that a speech detector takes for one, tones, noise, and files of any format around them."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
from av.audio.resampler import AudioResampler
from scipy.signal import butter, lfilter

SAMPLE_RATE = 16_000

# Formants of five vowels in Hz, after Peterson and Barney (1952), and their bandwidths.
_VOWELS_HZ = ((730, 1090, 2440), (300, 2200, 2900), (320, 900, 2200), (530, 1840, 2480), (500, 900, 2400))
_BANDWIDTHS_HZ = (80, 100, 140)

# Format and codec of what browsers, telephones and programs record.
RECORDING_FORMATS = {
    "webm": ("webm", "libopus", 48_000),
    "ogg": ("ogg", "libopus", 48_000),
    "mp4": ("mp4", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "flac": ("flac", "flac", 44_100),
    "wav": ("wav", "pcm_s16le", 22_050),
}


def make_speech(duration_s: float = 3.0, *, seed: int = 0, pitch_hz: float = 120.0, level: float = 0.3) -> np.ndarray:
    """Syllables: pulses of a gliding pitch through the formants of vowels, with hissing consonants between."""
    rng = np.random.default_rng(seed)
    n_samples = int(duration_s * SAMPLE_RATE)
    source = _make_pulses(n_samples, pitch_hz, rng)
    waveform = np.zeros(n_samples)
    at = 0
    while at < n_samples:
        n_vowel, n_gap = (int(rng.uniform(*bounds) * SAMPLE_RATE) for bounds in ((0.16, 0.3), (0.03, 0.09)))
        vowel = _filter_by_formants(source[at : at + n_vowel], _VOWELS_HZ[rng.integers(len(_VOWELS_HZ))])
        waveform[at : at + n_vowel] += vowel
        gap = waveform[at + n_vowel : at + n_vowel + n_gap]
        hiss = lfilter(*butter(2, (3000, 6500), "bandpass", fs=SAMPLE_RATE), rng.normal(size=len(gap)))
        gap += 0.06 * np.abs(vowel).max() * np.hanning(len(gap)) * hiss
        at += n_vowel + n_gap
    return (level * waveform / np.abs(waveform).max()).astype(np.float32)


def make_tone(duration_s: float = 3.0, *, frequency_hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    time_s = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def make_hum(duration_s: float = 3.0, *, level: float = 0.2) -> np.ndarray:
    """What the mains leave in a cable: 50 Hz and its overtones."""
    overtones = (make_tone(duration_s, frequency_hz=50.0 * k, level=level / k) for k in range(1, 10))
    return np.sum(list(overtones), axis=0).astype(np.float32)


def make_noise(duration_s: float = 3.0, *, seed: int = 0, level: float = 0.1, slope: float = 0.0) -> np.ndarray:
    """Noise whose power falls with frequency to the power of `slope`: 0 white, 1 pink, 2 brown; `level` is its RMS."""
    n_samples = int(duration_s * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=n_samples))
    noise = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (slope / 2), n_samples)
    return (level * noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def encode(  # noqa: PLR0913 - one argument for each thing a recording can differ in
    waveform: np.ndarray,
    extension: str = "wav",
    *,
    sample_rate: int | None = None,
    layout: str = "mono",
    bit_rate: int = 64_000,
    options: dict[str, str] | None = None,
) -> bytes:
    """Write a recording of one of `RECORDING_FORMATS`, given at 16 kHz, as its bytes."""
    container_format, codec, usual_rate = RECORDING_FORMATS[extension]
    file = io.BytesIO()
    with av.open(file, "w", format=container_format, options=options or {}) as container:
        stream = container.add_stream(codec, rate=sample_rate or usual_rate, layout=layout)
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(waveform[np.newaxis].astype(np.float32), format="flt", layout="mono")
        frame.rate = SAMPLE_RATE
        resampler = AudioResampler(
            stream.codec_context.format, layout, stream.rate, frame_size=stream.codec_context.frame_size or 1024
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(piece))
    return file.getvalue()


def encode_wav(channels: np.ndarray, sample_rate: int = SAMPLE_RATE, *, is_float: bool = False) -> bytes:
    """Write a WAV byte by byte, also what no encoder would: NaN, any number of channels, of shape (n_channels, n)."""
    channels = np.atleast_2d(channels)
    data = (channels.T.astype("<f4") if is_float else (channels.T * 32767).astype("<i2")).tobytes()
    n_bytes = 4 if is_float else 2
    block = len(channels) * n_bytes
    form = struct.pack(
        "<HHIIHH", 3 if is_float else 1, len(channels), sample_rate, sample_rate * block, block, 8 * n_bytes
    )
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def encode_with_cover(waveform: np.ndarray) -> bytes:
    """Write an MP3 with a picture, as music players keep them."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container, av.open(io.BytesIO(encode(waveform, "mp3"))) as sound:
        sound_stream = container.add_stream_from_template(sound.streams.audio[0])
        cover = container.add_stream("mjpeg", rate=1, width=16, height=16, pix_fmt="yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 128, dtype=np.uint8), format="rgb24")
        container.mux([*cover.encode(picture), *cover.encode(None)])
        for packet in sound.demux(audio=0):
            if packet.dts is not None:
                packet.stream = sound_stream
                container.mux(packet)
    return file.getvalue()


def encode_video(duration_s: float = 1.0, container_format: str = "mp4") -> bytes:
    """Write a film with sound."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        picture = container.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for _ in range(int(duration_s * 10)):
            gray = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, dtype=np.uint8), format="rgb24")
            container.mux(picture.encode(gray))
        container.mux(picture.encode(None))
        samples = make_speech(duration_s)[np.newaxis, :SAMPLE_RATE]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.rate = SAMPLE_RATE
        resampler = AudioResampler("fltp", "mono", SAMPLE_RATE, frame_size=1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(sound.encode(piece))
    return file.getvalue()


def _make_pulses(n_samples: int, pitch_hz: float, rng: np.random.Generator) -> np.ndarray:
    time_s = np.arange(n_samples) / SAMPLE_RATE
    gliding_hz = pitch_hz * (1 + 0.12 * np.sin(2 * np.pi * 0.7 * time_s + 1) + 0.02 * np.sin(2 * np.pi * 5 * time_s))
    pulses = np.diff(np.floor(np.cumsum(gliding_hz) / SAMPLE_RATE), prepend=0)
    return lfilter([1], [1, -0.9], pulses) + 0.01 * rng.normal(size=n_samples)


def _filter_by_formants(source: np.ndarray, formants_hz: tuple[int, ...]) -> np.ndarray:
    for formant_hz, bandwidth_hz in zip(formants_hz, _BANDWIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * bandwidth_hz / SAMPLE_RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * formant_hz / SAMPLE_RATE), radius**2]
        source = lfilter([sum(poles)], poles, source)
    since_edge_s = np.minimum(np.arange(len(source)), np.arange(len(source))[::-1]) / SAMPLE_RATE
    return source * np.minimum(1, since_edge_s / 0.03)
