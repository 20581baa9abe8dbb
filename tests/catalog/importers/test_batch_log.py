from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from catalog.database import utc_now
from catalog.history import list_changes
from catalog.importers.batch_log import INTERRUPTED, SILENT_FOR, close_interrupted
from catalog.importers.csv_file import CsvImporter
from catalog.imports import get_import
from catalog.models import ImportBatch
from catalog.queries import count_tracks
from catalog.rollback import roll_back_import
from tests.factories import make_database

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

ROOT = Path(__file__).parents[3]
# Ends itself as the system ends a process that took too much memory: at once, with nothing tidied up.
KILLED_ON_THE_WAY = """
import os, signal, sys
from pathlib import Path
from catalog.importers.csv_file import CsvImporter
from tests.factories import make_database
kill = lambda n_done, n_total: os.kill(os.getpid(), signal.SIGKILL)
CsvImporter(make_database(Path(sys.argv[1]))).apply(Path(sys.argv[2]), who="ann", on_progress=kill)
"""


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


def _kill_an_import(folder: Path) -> Path:
    path = folder / "list.csv"
    rows = "".join(f"piece {i},https://example.org/{i}.mp3\n" for i in range(500))
    path.write_text(f"title,url\n{rows}", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED_ON_THE_WAY, str(folder), str(path)]
    assert subprocess.run(command, env=environment, check=False).returncode == -9
    return path


def test_an_import_that_was_killed_can_be_gone_on_with_and_rolled_back(sessions: SessionFactory, tmp_path: Path):
    path = _kill_an_import(tmp_path)
    with sessions() as session:
        status_after_kill, n_stored = get_import(session, 1).status, count_tracks(session)

    with sessions.begin() as session:
        closed, again = close_interrupted(session), close_interrupted(session)
        facts = get_import(session, 1)
        n_entries = len(list_changes(session))
    went_on = CsvImporter(sessions).apply(path)
    with sessions.begin() as session:
        rolled_back = roll_back_import(session, 1, who="bob")

    assert (status_after_kill, n_stored, closed, again, n_entries) == ("running", 200, [1], [], 1)
    assert facts.report is not None
    assert (facts.status, facts.n_created, facts.report["problem"]) == ("failed", 200, INTERRUPTED)
    assert (went_on.created, went_on.unchanged) == (300, 200)
    with sessions() as session:
        assert (rolled_back.n_deleted, count_tracks(session)) == (200, 300)


def _run_elsewhere(session: Session, silent_for: timedelta) -> None:
    heard_at = (utc_now() - silent_for).isoformat()
    report = {"process": "another-machine:7:1", "heard_at": heard_at}
    session.add(ImportBatch(importer="folder", source="/music", report=report))
    session.flush()


def test_an_import_of_another_machine_is_waited_for(sessions: SessionFactory):
    with sessions.begin() as session:
        _run_elsewhere(session, SILENT_FOR / 2)
        while_heard = close_interrupted(session)
        _run_elsewhere(session, SILENT_FOR * 2)
        after_silence = close_interrupted(session)

    assert (while_heard, after_silence) == ([], [2])


def test_an_import_that_runs_says_nothing_of_who_writes_it(sessions: SessionFactory, tmp_path: Path):
    (tmp_path / "list.csv").write_text("title,url\nx,https://example.org/x.mp3\n", encoding="utf-8")
    seen = []

    def look(_n_done: int, _n_total: int | None) -> None:
        with sessions.begin() as session:
            seen.append((close_interrupted(session), get_import(session, 1).report))

    CsvImporter(sessions).apply(tmp_path / "list.csv", on_progress=look)

    assert seen == [([], None)]
