"""What happens to a recording on its way: noise, level, filters, cuts, rooms, telephones, codecs.

Each function takes a waveform at 16 kHz and a source of chance and returns a new waveform, float32 within [-1, 1].
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, cast

import av
import numpy as np
from scipy import signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]

SAMPLE_RATE: Final = 16_000
SPEED_OF_SOUND_M_PER_S: Final = 343.0

_FILTER_ORDER: Final = 4
_OPUS_RATE: Final = 48_000
_PHONE_RATE: Final = 8_000
_INT16_MAX: Final = 32_767


def add_noise(waveform: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """Add noise, repeated or cut to length, at a signal-to-noise ratio over the whole recording."""
    fitted = np.resize(noise, len(waveform)).astype(np.float64)
    noise_power = float(np.mean(fitted**2))
    if noise_power == 0:
        return waveform.copy()
    gain = np.sqrt(float(np.mean(waveform.astype(np.float64) ** 2)) / noise_power) * 10 ** (-snr_db / 20)
    return _to_waveform(waveform + gain * fitted)


def make_white_noise(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Noise of equal power at all frequencies."""
    return rng.standard_normal(n_samples, dtype=np.float32)


def make_street_noise(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Noise like traffic: power falling with frequency, swelling and fading over seconds."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    shaped = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 1), n_samples)
    knots = rng.uniform(0.2, 1.0, size=n_samples // SAMPLE_RATE + 2)
    swell = np.interp(np.arange(n_samples) / SAMPLE_RATE, np.arange(len(knots)), knots)
    return (shaped * swell).astype(np.float32)


def make_music(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Plucked major and minor triads, two a second."""
    music = np.zeros(n_samples)
    beat = SAMPLE_RATE // 2
    for start in range(0, n_samples, beat):
        time_s = np.arange(min(2 * beat, n_samples - start)) / SAMPLE_RATE
        root_hz = 220.0 * 2 ** (rng.choice([0, 3, 5, 7, 10]) / 12)
        for semitones in (0, int(rng.choice([3, 4])), 7):
            partials = root_hz * 2 ** (semitones / 12) * np.arange(1, 5)[:, None]
            tone = (np.sin(2 * np.pi * partials * time_s) / np.arange(1, 5)[:, None]).sum(axis=0)
            music[start : start + len(time_s)] += tone * np.exp(-3 * time_s)
    return music.astype(np.float32)


def make_babble(voices: Sequence[Waveform], n_samples: int, rng: np.random.Generator) -> Waveform:
    """Several recordings at once, each brought to the same power and started somewhere.

    Args:
        voices: recordings of other people, at least one with sound.
        n_samples: how long the babble is to be.
        rng: picks where each starts.
    """
    babble = np.zeros(n_samples)
    for voice in voices:
        power = float(np.sqrt(np.mean(voice.astype(np.float64) ** 2)))
        if power > 0:
            babble += np.resize(np.roll(voice, int(rng.integers(len(voice)))), n_samples) / power
    return babble.astype(np.float32)


def add_tone(waveform: Waveform, frequency_hz: float, level_db: float) -> Waveform:
    """Add a steady tone whose peak lies this far from the recording's."""
    peak = float(np.max(np.abs(waveform), initial=0.0)) * 10 ** (level_db / 20)
    return _to_waveform(waveform + peak * np.sin(2 * np.pi * frequency_hz * np.arange(len(waveform)) / SAMPLE_RATE))


def change_gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Make louder or softer."""
    return _to_waveform(waveform * 10 ** (gain_db / 20))


def clip_share(waveform: Waveform, share: float) -> Waveform:
    """Flatten the loudest share of the samples."""
    ceiling = float(np.quantile(np.abs(waveform), 1 - share)) if len(waveform) else 0.0
    return _to_waveform(np.clip(waveform, -ceiling, ceiling))


def filter_high_pass(waveform: Waveform, cutoff_hz: float) -> Waveform:
    """Take away what lies below."""
    return _filter(waveform, cutoff_hz, "highpass")


def filter_low_pass(waveform: Waveform, cutoff_hz: float) -> Waveform:
    """Take away what lies above."""
    return _filter(waveform, cutoff_hz, "lowpass")


def crop(waveform: Waveform, n_samples: int, *, at_start: bool) -> Waveform:
    """Cut samples off one end, but never all of them."""
    n_cut = min(n_samples, len(waveform) - 1)
    return waveform[n_cut:].copy() if at_start else waveform[: len(waveform) - n_cut].copy()


def pad(waveform: Waveform, n_samples: int, *, at_start: bool) -> Waveform:
    """Add silence to one end."""
    return np.pad(waveform, (n_samples, 0) if at_start else (0, n_samples)).astype(np.float32)


def pass_through_telephone(waveform: Waveform) -> Waveform:
    """Narrow to 300-3400 Hz and 8 kHz, code as a mobile phone does (AMR, 12.2 kb/s), come back to 16 kHz."""
    band = signal.butter(_FILTER_ORDER, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = signal.resample_poly(signal.sosfilt(band, waveform.astype(np.float64)), _PHONE_RATE, SAMPLE_RATE)
    return _code(narrow, _PHONE_RATE, codec="libopencore_amrnb", container_format="amr", n_samples=len(waveform))


def make_room_response(rng: np.random.Generator, *, reverberation_s: float, max_order: int = 12) -> Waveform:
    """Compute how a shoebox room of chance size answers a click, by images of the source.

    Args:
        rng: draws the room's size and where the speaker and the microphone are.
        reverberation_s: time in which sound fades by 60 dB; sets how much the walls swallow.
        max_order: how many walls along one axis a path may meet.

    Returns:
        Shape (n_samples,), the direct sound at its start with amplitude 1.

    Source: Allen and Berkley (1979), JASA 65(4), with equal walls and absorption after Sabine.
    """
    size_m = rng.uniform((3.0, 3.0, 2.4), (8.0, 6.0, 3.5))
    source_m, microphone_m = (rng.uniform(0.3, size_m - 0.3) for _ in range(2))
    surface_m2 = 2 * (size_m[0] * size_m[1] + size_m[0] * size_m[2] + size_m[1] * size_m[2])
    absorption = min(0.161 * float(np.prod(size_m)) / (surface_m2 * reverberation_s), 0.99)
    reflection = np.sqrt(1 - absorption)
    order = np.arange(-max_order, max_order + 1)
    # Along each axis the images lie at 2 k L + s and 2 k L - s, having met |2 k| and |2 k - 1| walls.
    distances_m = [
        np.concatenate([2 * order * size + source, 2 * order * size - source]) - microphone
        for size, source, microphone in zip(size_m, source_m, microphone_m, strict=True)
    ]
    walls = np.concatenate([np.abs(2 * order), np.abs(2 * order - 1)])
    x, y, z = np.meshgrid(*distances_m, indexing="ij")
    met = walls[:, None, None] + walls[None, :, None] + walls[None, None, :]
    path_m = np.maximum(np.sqrt(x**2 + y**2 + z**2), 0.1).ravel()
    delay = np.round((path_m - path_m.min()) / SPEED_OF_SOUND_M_PER_S * SAMPLE_RATE).astype(np.int64)
    amplitude = (reflection**met).ravel() / path_m * path_m.min()
    n_samples = int(reverberation_s * SAMPLE_RATE)
    heard = delay < n_samples
    return np.bincount(delay[heard], weights=amplitude[heard], minlength=n_samples).astype(np.float32)


def place_in_room(waveform: Waveform, response: Waveform) -> Waveform:
    """Let a recording sound in a room, at its old level and length."""
    wet = signal.fftconvolve(waveform.astype(np.float64), response.astype(np.float64))[: len(waveform)]
    power = float(np.sqrt(np.mean(wet**2)))
    level = float(np.sqrt(np.mean(waveform.astype(np.float64) ** 2)))
    return _to_waveform(wet * (level / power if power > 0 else 1.0))


def pass_through_opus(waveform: Waveform, bit_rate: int) -> Waveform:
    """Encode as Opus in Ogg, as voice messengers do, and decode again.

    Args:
        waveform: at least one sample.
        bit_rate: bits a second.

    Returns:
        Same length as what came.
    """
    wide = signal.resample_poly(waveform.astype(np.float64), _OPUS_RATE, SAMPLE_RATE)
    return _code(wide, _OPUS_RATE, codec="libopus", container_format="ogg", n_samples=len(waveform), bit_rate=bit_rate)


def _code(  # noqa: PLR0913 - what a codec needs to know
    samples: NDArray[np.float64],
    rate: int,
    *,
    codec: str,
    container_format: str,
    n_samples: int,
    bit_rate: int = 12_200,
) -> Waveform:
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as encoded:
        stream = cast("av.AudioStream", encoded.add_stream(codec, rate=rate, layout="mono"))
        stream.bit_rate = bit_rate
        as_integers = np.round(np.clip(samples, -1, 1) * _INT16_MAX).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(as_integers[None, :], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            encoded.mux(packet)
    file.seek(0)
    with av.open(file, "r") as decoded:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        frames = [piece for frame in decoded.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    heard = np.concatenate([piece.to_ndarray()[0] for piece in frames])
    return _to_waveform(np.pad(heard, (0, max(n_samples - len(heard), 0)))[:n_samples])


def _filter(waveform: Waveform, cutoff_hz: float, kind: str) -> Waveform:
    sections = signal.butter(_FILTER_ORDER, cutoff_hz, kind, fs=SAMPLE_RATE, output="sos")
    return _to_waveform(signal.sosfilt(sections, waveform.astype(np.float64)))


def _to_waveform(samples: NDArray[np.floating[Any]]) -> Waveform:
    return np.asarray(np.clip(samples, -1, 1), dtype=np.float32)
