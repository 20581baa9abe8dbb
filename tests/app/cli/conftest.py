"""A home of its own for every call of the command line."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import pytest

from app.cli.main import main
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle
from tests.signals import encode, make_speech


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The data folder, empty; the recognizer is a tiny one."""
    for name in [name for name in os.environ if name.startswith("EMOTITUNE_")]:
        monkeypatch.delenv(name)
    write_tiny_bundle(tmp_path / "bundles" / "tiny")
    monkeypatch.setenv("EMOTITUNE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", str(tmp_path / "bundles" / "tiny"))
    return tmp_path / "data"


@pytest.fixture
def sessions(home):
    """The catalog of that home, of the newest schema and empty."""
    return open_catalog(f"sqlite:///{home / 'catalog.db'}")


@pytest.fixture
def music(sessions, tmp_path):
    """Twelve tracks that can be played."""
    return add_tracks(sessions, tmp_path / "music", 12)


@pytest.fixture
def call(monkeypatch, capsys):
    """Call `emotitune` as a shell does."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["emotitune", *map(str, args)])
        capsys.readouterr()
        try:
            main()
            exit_code = 0
        except SystemExit as stop:
            exit_code = stop.code or 0
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    return run


@pytest.fixture
def note(tmp_path):
    """A voice note of four seconds."""
    path = tmp_path / "note.wav"
    path.write_bytes(encode(make_speech(4.0)))
    return path
