from __future__ import annotations

import struct
import tracemalloc
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from catalog.analysis.decoding import SAMPLE_RATE, decode_excerpt
from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from pathlib import Path


def make_tone(duration_s, *, sample_rate=SAMPLE_RATE, frequency_hz=440.0):
    return 0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * sample_rate)) / sample_rate)


def test_short_file_is_decoded_whole(write_wav):
    path = write_wav(make_tone(5.0))

    excerpt = decode_excerpt(path)

    assert excerpt.duration_s == pytest.approx(5.0, abs=0.05)
    assert excerpt.waveform.size == pytest.approx(5.0 * SAMPLE_RATE, rel=0.01)
    assert excerpt.waveform.dtype == np.float32


def test_long_file_gives_its_middle(write_wav):
    quiet_then_loud_then_quiet = np.concatenate([0.01 * make_tone(20.0), make_tone(20.0), 0.01 * make_tone(20.0)])
    path = write_wav(quiet_then_loud_then_quiet)

    excerpt = decode_excerpt(path, excerpt_s=10.0)

    assert excerpt.duration_s == pytest.approx(60.0, abs=0.1)
    assert excerpt.start_s == pytest.approx(25.0, abs=0.5)
    assert excerpt.waveform.size == 10 * SAMPLE_RATE
    assert np.sqrt(np.mean(excerpt.waveform**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)


def test_of_three_hours_only_the_middle_minute_is_decoded(tmp_path):
    sample_rate, duration_s = 8_000, 3 * 3600
    path = tmp_path / "mix.wav"
    n_bytes = sample_rate * duration_s
    tone = np.uint8(128 + 100 * np.sin(2 * np.pi * 440.0 * np.arange(120 * sample_rate) / sample_rate))
    with path.open("wb") as file:
        file.write(
            struct.pack(
                "<4sI4s4sIHHIIHH", b"RIFF", 36 + n_bytes, b"WAVE", b"fmt ", 16, 1, 1, sample_rate, sample_rate, 1, 8
            )
        )
        file.write(struct.pack("<4sI", b"data", n_bytes))
        # Sparse: only the tone takes room on the disk.
        file.seek(44 + n_bytes // 2 - tone.size // 2)
        file.write(tone.tobytes())
        file.truncate(44 + n_bytes)

    tracemalloc.start()
    excerpt = decode_excerpt(path, excerpt_s=60.0)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (excerpt.duration_s, excerpt.start_s) == (pytest.approx(duration_s), pytest.approx(duration_s / 2 - 30))
    assert excerpt.waveform.size == 60 * SAMPLE_RATE
    # All of it would be 950 MB.
    assert peak_bytes < 40e6


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 96_000])
def test_any_sample_rate_becomes_ours(write_wav, sample_rate):
    path = write_wav(make_tone(4.0, sample_rate=sample_rate), sample_rate=sample_rate)

    waveform = decode_excerpt(path).waveform

    peak_hz = np.argmax(np.abs(np.fft.rfft(waveform))) * SAMPLE_RATE / waveform.size
    assert peak_hz == pytest.approx(440.0, abs=1.0)


def test_six_channels_are_mixed_to_two(write_wav):
    path = write_wav(np.repeat(make_tone(4.0)[:, None], 6, axis=1))

    assert decode_excerpt(path).channels.shape[0] == 2


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(5 * SAMPLE_RATE), "silent"),
        (make_tone(2.0), r"at least 3 s of music, got 2\.00 s"),
        (np.where(np.arange(5 * SAMPLE_RATE) == 60_000, np.nan, make_tone(5.0)), "NaN"),
    ],
)
def test_unusable_signal_is_refused_with_its_reason(write_wav, samples, reason):
    path = write_wav(samples)

    with pytest.raises(UnreadableMusicError, match=reason):
        decode_excerpt(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"not music at all\n" * 200, "decode|no audio"), (b"RIFF\x00\x00\x00\x00WAVE", "decode|got 0")],
)
def test_file_that_is_no_music_is_refused_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "song.mp3"
    path.write_bytes(content)

    with pytest.raises(UnreadableMusicError, match=reason) as caught:
        decode_excerpt(path)

    assert caught.value.path == str(path)


def test_missing_file_is_refused_with_its_reason(tmp_path):
    with pytest.raises(UnreadableMusicError, match="No such file"):
        decode_excerpt(tmp_path / "gone.mp3")


def test_video_without_sound_is_refused(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(100):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8))))
        container.mux(stream.encode())

    with pytest.raises(UnreadableMusicError, match="no audio stream"):
        decode_excerpt(path)


def test_file_cut_short_is_read_from_its_start(write_wav, tmp_path):
    whole = write_wav(make_tone(120.0))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 6])

    excerpt = decode_excerpt(cut, excerpt_s=40.0)

    assert excerpt.waveform.size / SAMPLE_RATE == pytest.approx(20.0, abs=0.2)
    assert excerpt.duration_s == pytest.approx(20.0, abs=0.2)


def test_excerpt_shorter_than_three_seconds_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match=r"excerpt_s must be at least 3, got 1\.0"):
        decode_excerpt(tmp_path / "song.mp3", excerpt_s=1.0)


@pytest.mark.data
def test_every_tagged_file_decodes(material_dir: Path):
    paths = sorted((material_dir / "data/music/audio/free_tagged").iterdir())

    durations_s = [decode_excerpt(path, excerpt_s=5.0).duration_s for path in paths]

    assert len(durations_s) == 32
    assert min(durations_s) > 3.0
