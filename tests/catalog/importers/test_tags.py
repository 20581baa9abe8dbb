from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import mutagen
import pytest
from mutagen.id3 import ID3, TCOP, WCOP

from catalog.errors import UnreadableMusicError
from catalog.importers.tags import read_tags
from tests.factories import write_music

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read_tags_reads_every_format(tmp_path: Path, suffix: str):
    path = write_music(
        tmp_path / f"x{suffix}",
        duration_s=1.0,
        title="Vibe Ace",
        artist="Kévin",
        album="Jazz",
        genre="Jazz",
        date="2011-07-19",
    )

    tags = read_tags(path)

    assert (tags.title, tags.artist, tags.album, tags.genre, tags.year) == ("Vibe Ace", "Kévin", "Jazz", "Jazz", 2011)
    assert tags.duration_s == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_without_tags_is_named_by_its_file_name(tmp_path: Path, suffix: str):
    path = write_music(tmp_path / f"Some_One - A Song{suffix}")

    tags = read_tags(path)

    assert (tags.title, tags.artist, tags.album, tags.year) == ("A Song", "Some One", None, None)


def test_tags_read_with_the_wrong_alphabet_are_mended(tmp_path: Path):
    path = write_music(tmp_path / "x.ogg", title="Don't close your eyes", artist="Àëåêñàíäð Æåëàíîâ")

    tags = read_tags(path)

    assert tags.artist == "Александр Желанов"


def test_a_licence_among_the_copyright_is_found(tmp_path: Path):
    path = write_music(tmp_path / "x.mp3", title="x")
    tags = ID3(path)
    tags.add(TCOP(encoding=3, text="Creative Commons Attribution: http://creativecommons.org/licenses/by/3.0/"))
    tags.save()

    found = read_tags(path)

    assert (found.licence, found.attribution) == (
        "Creative Commons Attribution: http://creativecommons.org/licenses/by/3.0/",
        None,
    )


def test_a_licence_of_its_own_leaves_the_copyright_as_attribution(tmp_path: Path):
    path = write_music(tmp_path / "x.mp3", title="x")
    tags = ID3(path)
    tags.add(WCOP(url="https://creativecommons.org/publicdomain/zero/1.0/"))
    tags.add(TCOP(encoding=3, text="2026 Somebody"))
    tags.save()

    found = read_tags(path)

    assert (found.licence, found.attribution) == ("https://creativecommons.org/publicdomain/zero/1.0/", "2026 Somebody")


@pytest.mark.parametrize(
    ("date", "year"), [("2011-11-03 17:35:03", 2011), ("03.11.2011", 2011), ("11", None), ("20111", None)]
)
def test_the_year_is_read_from_any_date(tmp_path: Path, date: str, year: int | None):
    path = write_music(tmp_path / "x.flac", date=date)

    assert read_tags(path).year == year


def test_several_artists_are_joined(tmp_path: Path):
    path = write_music(tmp_path / "x.flac")
    file = mutagen.File(path)
    file["artist"] = ["One", "Two"]
    file.save()

    assert read_tags(path).artist == "One, Two"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_text_renamed_to_music_is_refused(tmp_path: Path, suffix: str):
    path = tmp_path / f"x{suffix}"
    path.write_text("Dear diary, today I renamed a text file. " * 100)

    with pytest.raises(UnreadableMusicError, match=f"expected {suffix} audio"):
        read_tags(path)


def test_music_of_another_kind_than_its_suffix_is_refused(tmp_path: Path):
    flac = write_music(tmp_path / "x.flac")
    shutil.copy(flac, tmp_path / "x.ogg")

    with pytest.raises(UnreadableMusicError, match=r"expected \.ogg audio, got FLAC; rename it"):
        read_tags(tmp_path / "x.ogg")


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_a_file_cut_short_to_its_header_is_refused(tmp_path: Path, suffix: str):
    path = write_music(tmp_path / f"x{suffix}", title="Vibe Ace")
    path.write_bytes(path.read_bytes()[:60])

    with pytest.raises(UnreadableMusicError, match=f"expected {suffix} audio|cannot be read to its end"):
        read_tags(path)


def test_a_vanished_file_is_an_error_of_the_system(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="No such file"):
        read_tags(tmp_path / "gone.mp3")


@pytest.mark.data
def test_the_garbled_artist_of_the_material_is_mended(material_dir: Path):
    tags = read_tags(material_dir / "data/music/audio/free_tagged/dont_close_your_eyes.ogg")

    assert (tags.artist, tags.title, tags.album) == ("Александр Желанов", "Don't close your eyes", "North Wind")
