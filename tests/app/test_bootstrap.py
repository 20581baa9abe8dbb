from __future__ import annotations

import os
import subprocess
import sys

import pytest
import structlog

from app.bootstrap import build_recognition, build_services
from app.settings import Settings
from catalog.errors import DatabaseUnavailableError
from recognizer.errors import BundleError
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle
from tests.signals import encode, make_speech

TRAINING = {"torch", "torchaudio", "transformers"}


def make_settings(folder, **fields):
    return Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'catalog.db'}", **fields)


def list_imported(code, *, env=None):
    """Run code in a process of its own and return the packages it has imported."""
    tail = "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **(env or {})},
    )
    return set(done.stdout.splitlines()[-1].split())


def test_services_answer_over_one_database_and_one_data_folder(tmp_path):
    settings = make_settings(tmp_path)
    add_tracks(open_catalog(settings.database_url), tmp_path / "music", 3)

    services = build_services(settings)

    assert services.curation.list_tracks().n_total == 3
    assert services.jobs.list_jobs() == []
    assert services.accounts.count_accounts() == 0
    assert [item.title for item in services.playlists.recommend({"happy": 1.0}, k=1)] != []
    assert services.settings is settings


def test_building_services_reads_neither_model_nor_database(tmp_path):
    services = build_services(make_settings(tmp_path, recognizer="no such bundle"))

    with pytest.raises(BundleError, match="no such bundle"):
        services.listening.listen(tmp_path / "note.wav", "note.wav")
    with pytest.raises(DatabaseUnavailableError, match="emotitune database upgrade"):
        services.curation.list_tracks()


def test_an_address_that_is_none_stops_building(tmp_path):
    with pytest.raises(DatabaseUnavailableError, match="cannot read the database URL"):
        build_services(Settings(data_dir=tmp_path, database_url="catalog.db"))


def test_recognition_alone_needs_no_database(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    note = tmp_path / "note.wav"
    note.write_bytes(encode(make_speech()))
    settings = Settings(tmp_path / "data", "postgresql://nobody@nowhere/none", recognizer=str(tmp_path / "tiny"))

    heard = build_recognition(settings).recognize(note, "note.wav")

    assert heard.model == "tiny 1.0"
    assert not settings.data_dir.exists()


def test_the_recognizer_is_loaded_once(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    recognition = build_recognition(make_settings(tmp_path, recognizer=str(tmp_path / "tiny")))

    assert recognition._get_recognizer() is recognition._get_recognizer()


@pytest.mark.parametrize("module", ["app.bootstrap", "app.factory", "app.serving", "app.jobs.worker"])
def test_what_serves_imports_neither_torch_nor_librosa(module):
    imported = list_imported(f"import {module}")

    assert not imported & (TRAINING | {"librosa"})


def test_building_services_touches_neither_torch_nor_the_network(tmp_path):
    code = f"""
import socket
from pathlib import Path
def refuse(*_):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.getaddrinfo = refuse
from app.bootstrap import build_services
from app.settings import Settings
build_services(Settings(Path({str(tmp_path)!r}), "sqlite:///{tmp_path}/catalog.db"))
"""

    assert not list_imported(code) & (TRAINING | {"librosa"})


def test_logs_name_no_local_variable(tmp_path, caplog):
    build_services(make_settings(tmp_path))

    try:
        _log_in("correct-horse-battery")
    except RuntimeError:
        structlog.get_logger("test").exception("request failed")

    assert "broken after 21 letters" in caplog.text
    # The line that called stands in the traceback; the values of its variables must not.
    assert "password=" not in caplog.text.replace(" ", "").replace("'", "")


def _log_in(password):
    raise RuntimeError(f"broken after {len(password)} letters")
