from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import ImportSourceError
from catalog.importers.csv_file import CsvImporter
from catalog.importers.folder import FolderImporter
from catalog.queries import TrackFacts, list_tracks
from tests.factories import make_database, write_music

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

URL = "https://example.org/x.mp3"


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


def _write(folder: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path = folder / "songs.csv"
    path.write_text("\n".join(rows) + "\n", encoding=encoding)
    return path


def _tracks(sessions: SessionFactory) -> list[TrackFacts]:
    with sessions() as session:
        return list_tracks(session, limit=1000)


def _reasons(sessions: SessionFactory, path: Path) -> list[tuple[str, str]]:
    return list(CsvImporter(sessions).apply(path).skipped)


def test_a_url_with_all_columns_is_stored(sessions: SessionFactory, tmp_path: Path):
    path = _write(
        tmp_path,
        "title,artist,url,album,genre,year,licence,attribution,duration_s",
        f"Vibe Ace,Kevin MacLeod,{URL},Jazz Sampler,Jazz,2011,CC BY 3.0,Kevin MacLeod (incompetech.com),215.4",
    )

    CsvImporter(sessions).apply(path)

    (track,) = _tracks(sessions)
    assert (track.title, track.artist, track.url, track.path) == ("Vibe Ace", "Kevin MacLeod", URL, None)
    assert (track.album, track.genre, track.year, track.duration_s) == ("Jazz Sampler", "Jazz", 2011, 215.4)
    assert (track.licence, track.attribution, track.source) == ("CC BY 3.0", "Kevin MacLeod (incompetech.com)", "csv")


def test_a_path_is_relative_to_the_list_and_its_tags_fill_the_gaps(sessions: SessionFactory, tmp_path: Path):
    file = write_music(tmp_path / "music" / "x.mp3", title="From the tags", artist="Tagged", album="Tagged")
    path = _write(tmp_path, "title,path,album", "From the list,music/x.mp3,")

    CsvImporter(sessions).apply(path)

    (track,) = _tracks(sessions)
    assert (track.title, track.artist, track.album, track.path) == ("From the list", "Tagged", "Tagged", str(file))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiter_and_byte_order_mark_are_found(
    sessions: SessionFactory, tmp_path: Path, delimiter: str, encoding: str
):
    rows = [delimiter.join(("Title", "URL", "Artist")), delimiter.join(('"Été"', URL, "A"))]

    CsvImporter(sessions).apply(_write(tmp_path, *rows, encoding=encoding))

    assert [(track.title, track.artist) for track in _tracks(sessions)] == [("Été", "A")]


def test_quotes_keep_delimiters_and_line_breaks(sessions: SessionFactory, tmp_path: Path):
    path = _write(tmp_path, "title,url", f'"One, ""two""\nthree",{URL}')

    CsvImporter(sessions).apply(path)

    assert [track.title for track in _tracks(sessions)] == ['One, "two" three']


def test_columns_of_other_programs_are_ignored(sessions: SessionFactory, tmp_path: Path):
    path = _write(tmp_path, "rating,title,license,url", f"5,x,CC0,{URL}")

    CsvImporter(sessions).apply(path)

    assert [track.licence for track in _tracks(sessions)] == ["CC0"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f",{URL},,", "title: expected one, got nothing"),
        ("x,,,", "expected a path or a url, got neither"),
        ("x,ftp://example.org/x.mp3,,", "url: expected http:// or https:// and a host, got 'ftp://example.org/x.mp3'"),
        ("x,javascript:alert(1),,", "url: expected http:// or https:// and a host, got 'javascript:alert(1)'"),
        ("x,http://[::1,,", "url: expected http:// or https:// and a host, got 'http://[::1'"),
        (f"x,{URL},3:35,", "duration_s: expected seconds such as 215.4, got '3:35'"),
        (f"x,{URL},215400,", "duration_s: expected seconds, more than 0 and at most 86400, got '215400'"),
        (f"x,{URL},nan,", "duration_s: expected seconds, more than 0 and at most 86400, got 'nan'"),
        (f"x,{URL},,20x1", "year: expected a number from 1500 to 2100, got '20x1'"),
        (f"x,{URL},,20\u00b9\u00b9", "year: expected a number from 1500 to 2100, got '20\u00b9\u00b9'"),
        (f"x,{URL}", "expected 4 fields, got 2"),
        (f"x,{URL},1,2011,more", "expected 4 fields, got 5"),
        ('"x"y,a,b,c', "the row cannot be read: ',' expected after '\"'"),
    ],
)
def test_a_bad_row_is_skipped_with_its_number_and_reason(
    sessions: SessionFactory, tmp_path: Path, row: str, reason: str
):
    path = _write(
        tmp_path, "title,url,duration_s,year", "good,https://example.org/1,1,2011", row, "good,https://example.org/2,,"
    )

    skipped = _reasons(sessions, path)

    assert skipped == [("songs.csv, row 3", reason)]
    assert len(_tracks(sessions)) == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.mp3", "cannot be read: no such file or directory"),
        ("empty.mp3", "path: the file is empty"),
        ("folder", "path: expected a file, got the folder"),
        ("text.mp3", r"path: expected .mp3 audio"),
        ("notes.txt", "got .txt"),
        ("../outside.mp3", "lies outside the folders that may be read"),
        ("/etc/passwd", "lies outside the folders that may be read"),
        ("link.mp3", "lies outside the folders that may be read"),
    ],
)
def test_a_bad_path_is_skipped_with_its_reason(sessions: SessionFactory, tmp_path: Path, name: str, reason: str):
    library = tmp_path / "library"
    (library / "folder").mkdir(parents=True)
    (library / "empty.mp3").touch()
    for text in ("text.mp3", "notes.txt"):
        (library / text).write_text("hello")
    (library / "link.mp3").symlink_to(write_music(tmp_path / "outside.mp3"))

    report = CsvImporter(sessions, roots=(library,)).apply(_write(library, "title,path", f"x,{name}"))

    assert report.created == 0
    assert reason in report.skipped[0][1]


def test_bytes_that_are_no_utf8_spoil_their_row_alone(sessions: SessionFactory, tmp_path: Path):
    path = tmp_path / "songs.csv"
    path.write_bytes(b"title,url\ncaf\xe9,https://example.org/1\ngood,https://example.org/2\n")

    skipped = _reasons(sessions, path)

    assert skipped == [("songs.csv, row 2", "expected text in UTF-8, got other bytes; save the file as UTF-8")]
    assert len(_tracks(sessions)) == 1


def test_a_row_that_lists_the_same_again_is_skipped(sessions: SessionFactory, tmp_path: Path):
    path = _write(tmp_path, "title,url", f"one,{URL}", f"two,{URL}")

    assert _reasons(sessions, path) == [("songs.csv, row 3", "an earlier row lists the same file or url")]


def test_an_empty_field_changes_nothing(sessions: SessionFactory, tmp_path: Path):
    CsvImporter(sessions).apply(_write(tmp_path, "title,url,album", f"x,{URL},Jazz"))

    report = CsvImporter(sessions).apply(_write(tmp_path, "title,url,album", f"y,{URL},"))

    (track,) = _tracks(sessions)
    assert (report.updated, track.title, track.album) == (1, "y", "Jazz")


def test_a_list_of_known_files_makes_no_second_track(sessions: SessionFactory, tmp_path: Path):
    write_music(tmp_path / "music" / "x.mp3", title="Tagged")
    FolderImporter(sessions).apply(tmp_path / "music")

    report = CsvImporter(sessions).apply(_write(tmp_path, "title,path,licence", "Tagged,music/x.mp3,CC0"))

    (track,) = _tracks(sessions)
    assert (report.updated, track.licence, track.source) == (1, "CC0", "folder")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("colour;thing", "expected a first row with column names"),
        ("", "expected a first row with column names"),
        ("title,artist", "expected the columns title and path or url"),
        ("title,url,duration", "expected durations in seconds as duration_s, got the column 'duration'"),
        ("title,url,Length", "say its unit .* as in duration_s=Length:ms"),
        ("title,url,path,path", "the column 'path' comes twice"),
    ],
)
def test_a_header_that_lacks_something_is_refused(sessions: SessionFactory, tmp_path: Path, header: str, expected: str):
    with pytest.raises(ImportSourceError, match=expected):
        CsvImporter(sessions).apply(_write(tmp_path, header, "a,b,c"))


def test_a_list_that_is_not_there_is_refused(sessions: SessionFactory, tmp_path: Path):
    with pytest.raises(ImportSourceError, match="is not there"):
        CsvImporter(sessions).apply(tmp_path / "gone.csv")
    with pytest.raises(ImportSourceError, match="is a folder"):
        CsvImporter(sessions).apply(tmp_path)


def test_an_endless_quote_ends(sessions: SessionFactory, tmp_path: Path):
    path = _write(tmp_path, "title,url", f"good,{URL}", '"never closed,https://example.org/2', *["x,y"] * 30_000)

    report = CsvImporter(sessions).apply(path)

    assert report.created == 1
    assert report.n_skipped >= 1


@pytest.mark.data
def test_the_list_of_the_material_finds_its_files(sessions: SessionFactory, material_dir: Path, tmp_path: Path):
    source = material_dir / "data/music/audio/free_tagged.csv"
    (tmp_path / "list.csv").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    for file in (material_dir / "data/music/audio/free_tagged").iterdir():
        (tmp_path / file.name).symlink_to(file)

    first, second = (CsvImporter(sessions).apply(tmp_path / "list.csv") for _ in range(2))

    assert (first.created, first.n_skipped, second.unchanged) == (32, 0, 32)
