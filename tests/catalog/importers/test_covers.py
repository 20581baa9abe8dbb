from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.flac import Picture
from mutagen.id3 import APIC
from PIL import Image

from catalog.importers.covers import CoverRefusedError, make_cover
from catalog.importers.folder import FolderImporter
from catalog.models import Cover, Track
from tests.factories import make_database, write_music


def make_picture(width_px: int, height_px: int, file_format: str = "PNG", mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.new(mode, (width_px, height_px), 200).save(target, file_format)
    return target.getvalue()


def make_bomb(side_px: int = 60_000) -> bytes:
    """Make a PNG that says it is huge, in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = side_px.to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("file_format", "mode"), [("PNG", "RGB"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("GIF", "L")])
def test_a_cover_becomes_a_small_jpeg_in_its_proportion(file_format, mode):
    cover = make_cover(make_picture(1000, 500, file_format, mode))

    with Image.open(io.BytesIO(cover.data)) as image:
        assert (image.format, image.size) == ("JPEG", (256, 128))
    assert (cover.mime, cover.width_px, cover.height_px) == ("image/jpeg", 256, 128)


def test_a_small_cover_is_not_made_larger():
    assert make_cover(make_picture(40, 30)).width_px == 40


@pytest.mark.parametrize("side_px", [8_000, 12_000, 60_000])
def test_a_picture_bomb_is_refused(side_px):
    with pytest.raises(CoverRefusedError, match="expected at most 60000000 pixels"):
        make_cover(make_bomb(side_px))


@pytest.mark.parametrize("picture", [b"text", b"", b"<svg onload='alert(1)'/>", make_picture(50, 50)[:60]])
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(CoverRefusedError, match="expected a JPEG, PNG, WebP, GIF or BMP picture"):
        make_cover(picture)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_a_damaged_picture_is_made_small_or_refused(noise, start):
    picture = bytearray(make_picture(20, 20))
    picture[start : start + len(noise)] = noise
    try:
        cover = make_cover(bytes(picture))
    except CoverRefusedError:
        return
    assert max(cover.width_px, cover.height_px) <= 256


def _embed(path: Path, picture: bytes) -> None:
    file = mutagen.File(path)
    if path.suffix == ".mp3":
        file.tags.add(APIC(encoding=3, mime="image/png", type=3, desc="", data=picture))
    elif path.suffix == ".flac":
        image = Picture()
        image.type, image.mime, image.data = 3, "image/png", picture
        file.add_picture(image)
    elif path.suffix == ".m4a":
        file.tags["covr"] = [picture]
    else:
        image = Picture()
        image.type, image.mime, image.data = 3, "image/png", picture
        file["metadata_block_picture"] = [base64.b64encode(image.write()).decode()]
    file.save()


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_an_embedded_cover_is_kept_whatever_the_format(suffix, tmp_path):
    sessions = make_database(tmp_path)
    _embed(write_music(tmp_path / "music" / f"x{suffix}", title="x"), make_picture(600, 600))

    FolderImporter(sessions).apply(tmp_path / "music")

    with sessions() as session:
        cover, track = session.query(Cover).one(), session.query(Track).one()
        assert (cover.width_px, cover.hash) == (256, track.cover_hash)


def test_the_folders_picture_serves_all_its_music_and_is_stored_once(tmp_path):
    sessions = make_database(tmp_path)
    for number in range(3):
        write_music(tmp_path / "music" / f"{number}.flac", title=str(number), frequency_hz=300.0 + number)
    (tmp_path / "music" / "Cover.JPG").write_bytes(make_picture(300, 300, "JPEG"))

    FolderImporter(sessions).apply(tmp_path / "music")

    with sessions() as session:
        assert session.query(Cover).count() == 1
        assert session.query(Track).filter(Track.cover_hash.is_not(None)).count() == 3


def test_a_track_with_a_picture_bomb_comes_in_without_its_cover_and_says_so(tmp_path):
    sessions = make_database(tmp_path)
    _embed(write_music(tmp_path / "music" / "x.flac", title="x"), make_bomb())

    report = FolderImporter(sessions).apply(tmp_path / "music")

    assert (report.created, report.n_skipped) == (1, 0)
    assert [Path(where).name for where, _ in report.notes] == ["x.flac"]
    assert "imported without its cover: expected at most 60000000 pixels" in report.notes[0][1]
