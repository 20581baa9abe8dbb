"""Measure by hand how fast whole music files are analyzed on one core, and how much memory that takes.

    .venv/bin/python tests/benchmarks/analysis.py FOLDER [--n-files 8]

Each of the folder's largest files, repeated until it lasts four minutes as a song does, is analyzed by us and by
librosa's plain pipeline (load all, beat_track, chroma, MFCC, spectral contrast, onsets), in turn and in one run; a
first file warms both up and is not counted. Memory is the highest resident size of a process of its own that analyzes
one made-up MP3 of 5 minutes and of 3 hours. It needs what `.[train]` installs.
"""

from __future__ import annotations

import os

# One core each: set before numpy is imported.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from catalog.analysis.analyzer import analyze_file

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = {".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav"}
SAMPLE_RATE = 44_100
SONG_S = 240
# Linux counts VmHWM from the program's start; ru_maxrss would count the parent's size as well.
MEASURE = """
import re, sys
from pathlib import Path
from catalog.analysis.analyzer import analyze_file
def read_peak():
    return re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
idle = read_peak()
analyze_file(Path(sys.argv[1]))
print(idle, read_peak())
"""


def analyze_by_librosa(path: Path) -> None:
    """Do what librosa's tutorials do with a whole file."""
    import librosa

    waveform, sample_rate = librosa.load(path, sr=22_050, mono=True)
    librosa.beat.beat_track(y=waveform, sr=sample_rate)
    librosa.feature.chroma_stft(y=waveform, sr=sample_rate)
    librosa.feature.mfcc(y=waveform, sr=sample_rate, n_mfcc=20)
    librosa.feature.spectral_contrast(y=waveform, sr=sample_rate)
    librosa.onset.onset_detect(y=waveform, sr=sample_rate)


def time_cpu(analyze: Callable[[Path], object], path: Path) -> tuple[float, float]:
    """Return wall and processor time of one file: on a machine that does other things, the latter is the fairer."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    analyze(path)
    return time.perf_counter() - start_s, time.process_time() - start_cpu_s


def compare_speed(paths: list[Path]) -> None:
    """Analyze every file both ways and print the rates."""
    systems: dict[str, Callable[[Path], object]] = {"EmotiTune": analyze_file, "librosa": analyze_by_librosa}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in systems}
    for path in paths:
        for name, analyze in systems.items():
            taken[name].append(time_cpu(analyze, path))
    for name, times in taken.items():
        wall_s, cpu_s = np.array(times[1:]).sum(axis=0)
        n_files = len(times) - 1
        print(
            f"{name}: {n_files / cpu_s:.2f} tracks a second of one core ({cpu_s / n_files:.2f} s each), "
            f"{n_files / wall_s:.2f} by the clock"
        )


def write_song(source: Path, path: Path) -> Path:
    """Write a file again and again, as one MP3 of four minutes."""
    with av.open(str(source), metadata_errors="ignore") as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        frames = [piece.to_ndarray() for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    music = np.concatenate(frames, axis=1)
    song = np.tile(music, (1, -(-SONG_S * SAMPLE_RATE // music.shape[1])))[:, : SONG_S * SAMPLE_RATE]
    with av.open(str(path), "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=SAMPLE_RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(song), format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_long_mp3(path: Path, duration_s: float) -> None:
    """Write a minute of made-up music again and again, as one stream of MP3 frames."""
    times_s = np.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    beat = np.exp(-8.0 * (times_s % 0.5))
    chord = sum(np.sin(2 * np.pi * f * times_s) for f in (220.0, 277.2, 329.6))
    minute = (0.1 * beat * chord + 0.01 * np.random.default_rng(0).standard_normal(times_s.size)).astype(np.float32)
    part = path.with_suffix(".part.mp3")
    with av.open(str(part), "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("mp3", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(minute[None], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with path.open("wb") as whole:
        for _ in range(round(duration_s / 60)):
            whole.write(part.read_bytes())
    part.unlink()


def measure_memory(duration_s: float) -> None:
    """Analyze one long file in a process of its own and print how much memory that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp3"
        write_long_mp3(path, duration_s)
        root = str(Path(__file__).parents[2])
        run = [sys.executable, "-c", MEASURE, str(path)]
        start_s = time.perf_counter()
        done = subprocess.run(run, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": root})
        took_s = time.perf_counter() - start_s
    idle, peak = (int(kib) / 1024 for kib in done.stdout.split())
    print(f"{duration_s / 60:.0f} min: peak {peak:.0f} MiB, {peak - idle:.0f} MiB above the imports, {took_s:.1f} s")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="music to compare the speed on; memory alone without")
    parser.add_argument("--n-files", type=int, default=8)
    arguments = parser.parse_args()
    if arguments.folder is not None:
        compare_speed_on(arguments.folder, arguments.n_files)
    for duration_s in (300.0, 3 * 3600.0):
        measure_memory(duration_s)


def compare_speed_on(folder: Path, n_files: int) -> None:
    """Compare the speed on the folder's largest files, made songs."""
    found = [path for path in folder.rglob("*") if path.suffix in SUFFIXES]
    paths = sorted(found, key=lambda path: path.stat().st_size)[-n_files - 1 :]
    print(f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as songs:
        compare_speed([write_song(path, Path(songs) / f"{path.stem}.mp3") for path in paths])


if __name__ == "__main__":
    main()
