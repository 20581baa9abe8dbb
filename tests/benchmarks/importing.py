"""Measure by hand what importing costs: tags, a rescan, CSV rows, memory.

    .venv/bin/python tests/benchmarks/importing.py [--music FOLDER] [--files N] [--rows N]

Everything happens in a temporary folder. Tags are read against bare mutagen in the same run, so that a slow disk or a
busy machine slows both. Seconds are those of the processor beside those of the clock: the first are ours alone.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import mutagen
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from catalog.importers.csv_file import CsvImporter
from catalog.importers.folder import FolderImporter
from catalog.importers.music_file import read_draft
from catalog.importers.walking import FoundFile, walk_audio_files
from catalog.models import Track
from tests.factories import make_database, write_music

N_TAGGED = 2_000


class Watch:
    """Take seconds of the processor and of the clock."""

    def __enter__(self) -> Self:
        self._start = (time.process_time(), time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_s = time.process_time() - self._start[0]
        self.clock_s = time.perf_counter() - self._start[1]

    def rate(self, n: int, what: str) -> str:
        """Say how many a second."""
        return f"{n / self.cpu_s:,.0f} {what} a CPU second ({n / self.clock_s:,.0f} by the clock)"


def measure_tags(folder: Path, music: Path | None) -> None:
    """Read tags, sound and cover of many files, against mutagen alone."""
    originals = [entry.path for entry in walk_audio_files(music) if isinstance(entry, FoundFile)] if music else []
    originals = originals or [str(write_music(folder / "one.mp3", duration_s=5.0, title="x", artist="y", album="z"))]
    tagged = folder / "tagged"
    tagged.mkdir()
    for number, original in zip(range(N_TAGGED), itertools.cycle(originals), strict=False):
        shutil.copyfile(original, tagged / f"{number}{Path(original).suffix}")
    found = [entry for entry in walk_audio_files(tagged) if isinstance(entry, FoundFile)]
    with Watch() as bare:
        for file in found:
            mutagen.File(file.path)
    with Watch() as ours:
        for file in found:
            read_draft(file)
    print(f"tags by bare mutagen: {bare.rate(len(found), 'files')}")
    print(f"tags, sound and cover as imported: {ours.rate(len(found), 'files')}")
    sessions = make_database(folder, "tags.db")
    with Watch() as whole:
        FolderImporter(sessions).apply(tagged)
    print(f"whole import into SQLite: {whole.rate(len(found), 'files')}")


def measure_rescan(folder: Path, n_files: int) -> None:
    """Import a folder in which nothing changed."""
    rows = []
    for number in range(n_files):
        path = folder / "library" / f"{number // 200:04d}" / f"{number:06d}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")
        facts = path.stat()
        stamp = {"size_bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}
        text = {"title": path.stem, "title_key": path.stem, "search_text": path.stem}
        rows.append({"source": "folder", "path": str(path), **stamp, **text})
    sessions = make_database(folder, "rescan.db")
    with sessions.begin() as session:
        session.execute(insert(Track), rows)
    with Watch() as watch:
        report = FolderImporter(sessions).apply(folder / "library")
    print(
        f"rescan of {report.unchanged:,} unchanged files: {watch.cpu_s:.1f} CPU s ({watch.clock_s:.1f} s by the clock)"
    )


def write_list(path: Path, n_rows: int) -> Path:
    """Write a CSV file of web addresses."""
    with path.open("w", encoding="utf-8") as file:
        file.write("title,artist,album,url,year,duration_ms,bpm,mood\n")
        for i in range(n_rows):
            named = f"Title {i},Artist {i // 10},Album {i // 10},https://example.org/{i}.mp3"
            file.write(f"{named},{1990 + i % 30},215400,120,calm\n")
    return path


def measure_rows(folder: Path, n_rows: int) -> None:
    """Import a list of addresses, twice."""
    source, sessions = write_list(folder / f"{n_rows}.csv", n_rows), make_database(folder, f"{n_rows}.db")
    for name in ("new", "unchanged"):
        with Watch() as watch:
            report = CsvImporter(sessions).apply(source)
        n_done = report.created + report.unchanged
        print(f"CSV, {n_done:,} {name} rows: {watch.rate(n_done, 'rows')}, peak {_peak_mib()} MiB")


def measure_plan(folder: Path, n_rows: int) -> None:
    """Plan a list far longer than memory should grow with."""
    source = write_list(folder / "plan.csv", n_rows)
    sessions = make_database(folder, "plan.db")
    before_mib = _peak_mib()
    with Watch() as watch:
        n_planned = sum(1 for _ in CsvImporter(sessions).plan(source))
    print(f"CSV plan of {n_planned:,} rows: {watch.rate(n_planned, 'rows')}")
    print(f"peak memory {before_mib} MiB before, {_peak_mib()} MiB after")


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, help="music to read tags of; made up unless given")
    parser.add_argument("--files", type=int, default=100_000, help="files of the rescan")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the long list")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # First, for a process keeps its peak.
        measure_plan(folder, arguments.rows)
        measure_tags(folder, arguments.music)
        measure_rescan(folder, arguments.files)
        measure_rows(folder, max(1, arguments.rows // 20))


if __name__ == "__main__":
    main()
