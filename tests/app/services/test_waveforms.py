from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from app.services.library import LibraryService
from app.services.waveforms import WaveformService
from catalog.analysis.peaks import N_PEAKS, read_peaks
from catalog.errors import UnreadableMusicError
from tests.factories import add_track, make_database, write_music

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".m4a"])
def test_the_outline_follows_the_loudness(tmp_path: Path, suffix: str):
    path = write_music(tmp_path / f"tone{suffix}", duration_s=2.0)

    peaks = read_peaks(path)

    assert (peaks.dtype, peaks.shape, peaks.max()) == (np.uint8, (N_PEAKS,), 255)
    assert np.median(peaks) > 150


def test_a_loud_half_stands_out(tmp_path: Path):
    waveform = 0.5 * np.sin(np.arange(441_000) / 10)
    waveform[:220_500] *= 0.1
    soundfile.write(tmp_path / "halves.wav", waveform, 22_050)

    peaks = read_peaks(tmp_path / "halves.wav")

    assert peaks[: N_PEAKS // 2 - 10].max() < 40
    assert peaks[N_PEAKS // 2 + 10 :].min() > 200


def test_silence_is_flat(tmp_path: Path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(4_000), 8_000)

    assert not read_peaks(tmp_path / "silence.wav").any()


def test_a_long_file_is_only_looked_into(tmp_path: Path):
    soundfile.write(tmp_path / "long.wav", 0.2 * np.sin(np.arange(1000 * 8_000) / 7), 8_000)

    assert np.median(read_peaks(tmp_path / "long.wav")) > 200


def test_what_is_no_music_is_told(tmp_path: Path):
    (tmp_path / "text.mp3").write_bytes(b"nothing to hear" * 100)

    with pytest.raises(UnreadableMusicError, match="expected music FFmpeg can decode"):
        read_peaks(tmp_path / "text.mp3")
    with pytest.raises(UnreadableMusicError, match="cannot read"):
        read_peaks(tmp_path / "gone.mp3")


def test_an_outline_is_read_once_and_again_when_the_file_changes(tmp_path: Path):
    sessions = make_database(tmp_path)
    path = write_music(tmp_path / "tone.wav", duration_s=1.0)
    with sessions.begin() as session:
        track_id = add_track(session, path=str(path)).id
        no_file_id = add_track(session, url="https://example.org/a.mp3").id
    waveforms = WaveformService(LibraryService(sessions, tmp_path), tmp_path / "waveforms")

    first = waveforms.get_peaks(track_id)
    again = waveforms.get_peaks(track_id)
    write_music(path, duration_s=1.5)
    waveforms.get_peaks(track_id)

    assert len(first) == N_PEAKS
    assert first == again
    assert len(list((tmp_path / "waveforms").iterdir())) == 2
    with pytest.raises(UnreadableMusicError, match="expected a file on this server"):
        waveforms.get_peaks(no_file_id)
