from __future__ import annotations

import json

import pytest
from sqlalchemy import select

import catalog.demo.library as demo_library
from catalog.models import AudioFeatures
from tests.app.libraries import add_tracks
from tests.factories import write_music


def import_json(call, *args):
    outcome = call("catalog", "import", *args, "--no-analyze", "--json")
    assert outcome.exit_code == 0, outcome.err
    report = json.loads(outcome.out)
    return report["created"], report["updated"], report["unchanged"]


@pytest.mark.usefixtures("sessions")
def test_importing_a_folder_twice_is_importing_it_once(call, tmp_path):
    for number in range(3):
        write_music(tmp_path / "mine" / f"{number}.mp3", frequency_hz=300.0 + number, title=f"Piece {number}")

    assert import_json(call, "folder", tmp_path / "mine") == (3, 0, 0)
    assert import_json(call, "folder", tmp_path / "mine") == (0, 0, 3)


@pytest.mark.usefixtures("sessions")
def test_importing_a_csv_twice_is_importing_it_once(call, tmp_path):
    write_music(tmp_path / "a.mp3")
    (tmp_path / "tracks.csv").write_text("title,artist,path,url\nA,Ines,a.mp3,\nB,Vale,,https://example.org/b.mp3\n")

    assert import_json(call, "csv", tmp_path / "tracks.csv") == (2, 0, 0)
    assert import_json(call, "csv", tmp_path / "tracks.csv") == (0, 0, 2)


@pytest.mark.usefixtures("sessions")
def test_what_is_skipped_is_told_with_its_reason(call, tmp_path):
    write_music(tmp_path / "mine" / "good.mp3", title="Good")
    (tmp_path / "mine" / "bad.mp3").write_text("no music")

    outcome = call("catalog", "import", "folder", tmp_path / "mine", "--no-analyze")

    first, second = outcome.out.splitlines()
    assert first == "1 created, 0 updated, 0 unchanged, 1 skipped"
    assert second.startswith("skipped ")
    assert "bad.mp3" in second


@pytest.mark.usefixtures("sessions")
def test_the_kind_is_found_and_columns_are_mapped(call, tmp_path):
    (tmp_path / "songs.csv").write_text("Song,Link,Length\nA,https://example.org/a.mp3,215400\n")
    options = ("--map", "duration_s=Length:ms")

    plan = call("catalog", "import", tmp_path / "songs.csv", "--plan", *options)
    as_json = json.loads(call("catalog", "import", tmp_path / "songs.csv", "--plan", "--json", *options).out)
    nothing = json.loads(call("catalog", "list", "--jsonl").out or "null")

    assert plan.out.splitlines()[1] == "columns: duration_s=Length:ms,title=Song,url=Link"
    assert plan.out.splitlines()[-1] == "would be: 1 created, 0 updated, 0 unchanged, 0 skipped"
    assert (as_json["kind"], as_json["created"], as_json["changes"][0]["title"]) == ("csv", 1, "A")
    assert nothing is None
    assert import_json(call, tmp_path / "songs.csv", *options) == (1, 0, 0)


@pytest.mark.usefixtures("sessions")
def test_every_bad_row_is_kept_in_a_file_that_is_safe_to_open(call, tmp_path):
    rows = "".join(f"=cmd{number},ftp://example.org\n" for number in range(30))
    (tmp_path / "=songs.csv").write_text("title,url\n" + rows)

    outcome = call("catalog", "import", tmp_path / "=songs.csv", "--no-analyze", "--errors", tmp_path / "errors.csv")

    errors = (tmp_path / "errors.csv").read_text().splitlines()
    assert outcome.out.splitlines()[-1] == f"and 10 more skipped, all in {tmp_path / 'errors.csv'}"
    assert len(errors) == 31
    assert errors[1].startswith('"\'=songs.csv, row 2","url: expected')


@pytest.mark.usefixtures("sessions")
def test_a_source_of_no_known_kind_is_refused(call, tmp_path):
    (tmp_path / "notes.doc").write_text("x")

    outcome = call("catalog", "import", tmp_path / "notes.doc")

    assert outcome.exit_code == 1
    assert "name the kind of import" in outcome.err


@pytest.mark.usefixtures("sessions")
def test_what_is_imported_is_analyzed_indexed_and_can_be_recommended(call, tmp_path):
    write_music(tmp_path / "mine" / "piece.mp3", duration_s=5.0, title="Piece", artist="Ines")

    imported = call("catalog", "import", "folder", tmp_path / "mine")
    playlist = json.loads(call("recommend", "--posterior", "happy=1", "--json").out)["playlist"]

    assert imported.exit_code == 0
    assert "1 in the index" in imported.err
    assert [(item["title"], item["artist"]) for item in playlist] == [("Piece", "Ines")]


@pytest.mark.usefixtures("music")
def test_tracks_are_listed_searched_and_paged(call):
    table = call("catalog", "list", "--limit", "2").out.splitlines()
    found = [json.loads(line) for line in call("catalog", "list", "--search", "Piece 0-11", "--jsonl").out.splitlines()]

    assert table[0].split() == ["Id", "Title", "Artist", "Genre", "Status"]
    assert len(table) == 4
    assert table[-1] == "2 of 12 tracks"
    assert [(track["title"], track["artist"], track["status"]) for track in found] == [
        ("Piece 0-11", "Artist 0-11", "analyzed")
    ]


def test_an_index_is_built_and_its_standing_told(call, sessions, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)

    missing = call("index", "status")
    built = call("index", "build")
    add_tracks(sessions, tmp_path / "music", 2, seed=1)
    old = call("index", "status")
    status = json.loads(call("index", "status", "--json").out)

    assert "`emotitune index build` makes one" in missing.out
    assert built.out.startswith("3 tracks of 3, model affect-timbre-1, built ")
    assert built.out.endswith("current\n")
    assert old.out.endswith("older than the catalog\n")
    assert (status["n_embeddings"], status["n_indexed"], status["is_current"]) == (5, 3, False)


def test_the_database_is_made_and_kept(call, home):
    first = call("database", "upgrade")
    second = call("database", "upgrade")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (home / "catalog.db").exists()
    assert call("catalog", "list").out.endswith("0 of 0 tracks\n")


@pytest.fixture
def one_piece(monkeypatch):
    """A demo library of one piece."""
    plan = demo_library.plan_pieces
    monkeypatch.setattr(demo_library, "plan_pieces", lambda seed: plan(seed)[:1])


@pytest.mark.usefixtures("one_piece", "home")
def test_the_demo_library_is_rendered_where_it_is_wanted(call, tmp_path):
    first = call("demo", "render", "--out", tmp_path / "demo")
    (path,) = (tmp_path / "demo").glob("*.mp3")
    written_ns = path.stat().st_mtime_ns
    second = call("demo", "render", "--out", tmp_path / "demo")

    assert first.out == second.out == f"1 pieces in {tmp_path / 'demo'}\n"
    assert path.stat().st_mtime_ns == written_ns


@pytest.mark.usefixtures("one_piece", "sessions")
def test_an_empty_catalog_is_filled_and_a_filled_one_left_alone(call):
    first = call("demo", "render", "--if-empty")
    second = call("demo", "render", "--if-empty")

    assert first.out == "the catalog is empty: composing a demo library\n"
    assert "1 in the index" in first.err
    assert (second.out, second.err) == ("", "")
    assert call("catalog", "list").out.endswith("1 of 1 tracks\n")


@pytest.mark.usefixtures("one_piece", "music")
def test_music_of_one_s_own_keeps_the_demo_library_away(call, home):
    call("index", "build")

    assert call("demo", "render", "--if-empty").out == ""
    assert not (home / "demo").exists()


def test_only_what_another_version_analyzed_is_analyzed_again(call, tmp_path, sessions):
    for name in ("old", "new"):
        write_music(tmp_path / "mine" / f"{name}.mp3", duration_s=5.0, title=name, artist="Ines")
    call("catalog", "import", "folder", tmp_path / "mine")
    with sessions.begin() as session:
        first = session.scalars(select(AudioFeatures).order_by(AudioFeatures.track_id)).first()
        first.analyzer_version = "features-0"

    outcome = call("catalog", "analyze", "--outdated")

    assert outcome.exit_code == 0
    assert "1 tracks analyzed, 2 in the index" in outcome.err
    assert "0 tracks analyzed" in call("catalog", "analyze", "--outdated").err
