from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.importers.content_hash import hash_audio
from tests.factories import write_music, write_tags

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".m4a", ".wav"])
def test_tags_do_not_change_the_hash(tmp_path: Path, suffix: str):
    path = write_music(tmp_path / f"x{suffix}", duration_s=1.0, title="a")
    before = hash_audio(path)

    write_tags(path, title="a far longer title than before " * 200, artist="Somebody")

    assert hash_audio(path) == before


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav"])
def test_another_sound_has_another_hash(tmp_path: Path, suffix: str):
    first = write_music(tmp_path / f"first{suffix}", frequency_hz=440.0)
    second = write_music(tmp_path / f"second{suffix}", frequency_hz=441.0)

    assert hash_audio(first) != hash_audio(second)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav"])
def test_the_name_does_not_change_the_hash(tmp_path: Path, suffix: str):
    path = write_music(tmp_path / f"first{suffix}")
    before = hash_audio(path)

    moved = path.rename(tmp_path / f"Another Name{suffix.upper()}")

    assert hash_audio(moved) == before


def test_a_change_at_either_edge_of_a_long_file_changes_the_hash(tmp_path: Path):
    path = tmp_path / "long.ogg"
    plain = bytearray(2_000_000)
    hashes = set()

    for position in (None, 0, 1_999_999):
        changed = bytearray(plain)
        if position is not None:
            changed[position] = 1
        path.write_bytes(changed)
        hashes.add(hash_audio(path))

    assert len(hashes) == 3


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".m4a", ".wav"])
@pytest.mark.parametrize(
    "content", [b"x", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"fLaC\xff", b"RIFF" + b"\0" * 60, b"\0" * 300]
)
def test_a_strange_layout_is_hashed_whole(tmp_path: Path, suffix: str, content: bytes):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)

    assert len(hash_audio(path)) == 64
