from __future__ import annotations

import csv

import pytest

from catalog.errors import ImportSourceError
from catalog.importers import IMPORTERS
from catalog.importers.freemusi import FreemusiImporter
from catalog.importers.importer import ImportOptions
from catalog.importers.incompetech import IncompetechImporter
from catalog.importers.licences import may_stream
from catalog.importers.mtg_jamendo import MtgJamendoImporter
from catalog.importers.recognizing import recognize_source
from catalog.models import AudioFeatures, Track, TrackTag
from tests.factories import make_database, write_music

CC = "http://creativecommons.org/licenses"


def _write_table(path, columns, *rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("licence", "is_free", "is_free_where_nobody_earns"),
    [
        (f"{CC}/by/3.0/", True, True),
        (f"{CC}/by-sa/2.0/de/", True, True),
        (f"{CC}/by-nd/2.5/", True, True),
        ("http://creativecommons.org/publicdomain/zero/1.0/", True, True),
        (f"{CC}/by-nc-nd/3.0/us/", False, True),
        (f"{CC}/by-nd-nc/1.0/", False, True),
        (f"{CC}/nc-sampling+/1.0/", False, False),
        ("http://freemusicarchive.org/FMA_License", False, False),
        ("by the people, for the people", False, False),
        (None, False, False),
    ],
)
def test_a_licence_says_whether_a_track_may_be_streamed(licence, is_free, is_free_where_nobody_earns):
    assert may_stream(licence, is_noncommercial=False) == is_free
    assert may_stream(licence, is_noncommercial=True) == is_free_where_nobody_earns


def test_incompetech_comes_with_moods_tempo_credit_and_address(tmp_path):
    sessions = make_database(tmp_path)
    row = {
        "usuan": "USUAN1",
        "title": "Failing Defense",
        "feel": "Action, Dark",
        "instruments": "Brass",
        "genre": "Soundtrack",
        "bpm": "86",
        "length_s": "106",
        "mp3_filename": "Failing Defense.mp3",
        "artist": "Kevin MacLeod",
        "licence": "CC BY",
        "attribution": '"Failing Defense" Kevin MacLeod',
    }
    IncompetechImporter(sessions).apply(_write_table(tmp_path / "x.csv", IncompetechImporter.columns, row))

    with sessions() as session:
        track = session.query(Track).one()
        assert track.url == "https://incompetech.com/music/royalty-free/mp3-royaltyfree/Failing%20Defense.mp3"
        assert (track.licence, track.attribution) == ("CC BY", '"Failing Defense" Kevin MacLeod')
        assert session.query(AudioFeatures).one().tempo_bpm == 86
        assert {(tag.kind, tag.name) for tag in session.query(TrackTag)} == {
            ("mood", "action"),
            ("mood", "dark"),
            ("instrument", "brass"),
            ("genre", "soundtrack"),
        }


def test_freemusi_streams_what_the_licence_allows_and_credits_everything(tmp_path):
    sessions = make_database(tmp_path)
    rows = [
        {"title": code, "trackurl": f"http://example.org/{code}.mp3", "licenseurl": f"{CC}/{code}/3.0/", "artist": "A"}
        for code in ("by", "by-nc")
    ]
    path = _write_table(tmp_path / "x.csv", FreemusiImporter.columns, *rows)

    FreemusiImporter(sessions).apply(path)
    second = FreemusiImporter(sessions, options=ImportOptions(is_noncommercial=True)).apply(path)

    with sessions() as session:
        by, by_nc = session.query(Track).order_by(Track.id)
        assert (by.url, by_nc.url) == ("http://example.org/by.mp3", "http://example.org/by-nc.mp3")
        assert by_nc.licence == f"{CC}/by-nc/3.0/"
        assert by_nc.attribution.startswith('"by-nc" by A')
    assert (second.updated, second.unchanged) == (1, 1)


def test_jamendo_takes_tags_of_all_kinds_and_the_audio_beside_the_table(tmp_path):
    sessions = make_database(tmp_path)
    music = write_music(tmp_path / "14" / "214.mp3", title="Real title", artist="Real artist")
    path = tmp_path / "autotagging.tsv"
    path.write_text(
        "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
        "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---rock\tmood/theme---dark\tmood/theme---sad\n"
        "track_0000215\tartist_000014\talbum_000031\t../../etc/passwd\t151.4\tinstrument---guitar\n"
    )

    report = MtgJamendoImporter(sessions, roots=(tmp_path,)).apply(path)

    with sessions() as session:
        with_audio, without = session.query(Track).order_by(Track.id)
        assert (report.created, with_audio.path) == (2, str(music))
        assert (with_audio.title, with_audio.artist.name) == ("Real title", "Real artist")
        assert (without.title, without.artist.name, without.path, without.url) == (
            "Jamendo 215",
            "Jamendo artist 14",
            None,
            None,
        )
        assert without.licence == "Creative Commons, as named at https://www.jamendo.com/track/215"
        assert {(tag.kind, tag.name) for tag in session.query(TrackTag).filter_by(track_id=with_audio.id)} == {
            ("genre", "rock"),
            ("mood", "dark"),
            ("mood", "sad"),
        }


@pytest.mark.parametrize("name", ["mtg-jamendo", "incompetech", "freemusi"])
def test_a_table_of_another_layout_is_refused_with_what_was_expected(name, tmp_path):
    (tmp_path / "x.csv").write_text("title,url\nx,https://example.org/1\n")

    with pytest.raises(ImportSourceError, match=r"x\.csv: expected"):
        IMPORTERS[name](make_database(tmp_path)).apply(tmp_path / "x.csv")


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("incompetech_1432.csv.gz", "incompetech"),
        ("freemusi_cc_21502.csv.gz", "freemusi"),
        ("mtg_jamendo_tags.csv.gz", "mtg-jamendo"),
        ("emomusic_744_static_va.csv", "csv"),
    ],
)
def test_the_catalogs_of_the_material_are_recognized_by_their_headers(file, name, material_dir):
    assert recognize_source(material_dir / "data/music/catalogs" / file) == name


@pytest.mark.data
def test_incompetech_of_the_material_imports_twice(tmp_path, material_dir):
    importer = IncompetechImporter(make_database(tmp_path))
    source = material_dir / "data/music/catalogs/incompetech_1432.csv.gz"

    first, second = importer.apply(source), importer.apply(source)

    assert (first.created, first.n_skipped, second.unchanged, second.updated) == (1432, 0, 1432, 0)
