from __future__ import annotations

import os
from pathlib import Path

from catalog.importers.walking import FoundFile, RefusedEntry, walk_audio_files


def _touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _found(folder: Path, *roots: Path) -> list[str]:
    entries = walk_audio_files(folder, roots)
    return [os.path.relpath(entry.path, folder) for entry in entries if isinstance(entry, FoundFile)]


def _refused(folder: Path, *roots: Path) -> dict[str, str]:
    entries = walk_audio_files(folder, roots)
    return {Path(entry.where).name: entry.reason for entry in entries if isinstance(entry, RefusedEntry)}


def test_walk_finds_music_in_all_folders_in_order(tmp_path: Path):
    for name in ("b.mp3", "a/z.FLAC", "a/b/c.ogg", "cover.jpg", "notes.txt", ".hidden.mp3", ".trash/d.mp3"):
        _touch(tmp_path / name)

    assert _found(tmp_path) == ["b.mp3", "a/z.FLAC", "a/b/c.ogg"]
    assert _refused(tmp_path) == {}


def test_music_of_a_kind_that_does_not_play_is_named(tmp_path: Path):
    _touch(tmp_path / "a.wma")

    assert _refused(tmp_path) == {"a.wma": "expected a file of .flac, .m4a, .mp3, .oga, .ogg, .opus, .wav, got .wma"}


def test_empty_files_are_refused(tmp_path: Path):
    _touch(tmp_path / "a.mp3", b"")

    assert _refused(tmp_path) == {"a.mp3": "the file is empty"}


def test_a_link_back_up_is_not_followed(tmp_path: Path):
    _touch(tmp_path / "a" / "x.mp3")
    (tmp_path / "a" / "up").symlink_to(tmp_path)

    assert _found(tmp_path) == ["a/x.mp3"]
    assert _refused(tmp_path) == {"up": "the link leads to a folder that is read already"}


def test_a_link_to_itself_does_no_harm(tmp_path: Path):
    (tmp_path / "x.mp3").symlink_to(tmp_path / "x.mp3")
    (tmp_path / "folder").symlink_to(tmp_path / "folder")

    assert _found(tmp_path) == []


def test_a_broken_link_is_refused(tmp_path: Path):
    (tmp_path / "x.mp3").symlink_to(tmp_path.parent / "nowhere.mp3")

    assert _refused(tmp_path) == {"x.mp3": "the file cannot be read: no such file or directory"}


def test_links_to_other_places_are_followed_once(tmp_path: Path):
    library, elsewhere = tmp_path / "library", tmp_path / "elsewhere"
    _touch(elsewhere / "x.mp3")
    library.mkdir()
    for name in ("first", "second"):
        (library / name).symlink_to(elsewhere)
        (library / f"{name}.mp3").symlink_to(_touch(tmp_path / "single.mp3"))

    found = [entry.path for entry in walk_audio_files(library) if isinstance(entry, FoundFile)]

    assert found == [str(tmp_path / "single.mp3"), str(elsewhere / "x.mp3")]
    assert _refused(library)["second.mp3"] == "the link leads to a file that is read already"


def test_links_out_of_the_roots_are_refused(tmp_path: Path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "out").symlink_to(_touch(tmp_path / "secret" / "x.mp3").parent)
    (library / "out.mp3").symlink_to(tmp_path / "secret" / "x.mp3")

    refused = _refused(library, library)

    assert _found(library, library) == []
    assert refused == dict.fromkeys(("out", "out.mp3"), "the link leads outside the folders that may be read")


def test_a_name_that_is_no_utf8_is_refused_and_can_be_shown(tmp_path: Path):
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp3"))).write_bytes(b"x")

    assert _refused(tmp_path) == {"caf\ufffd.mp3": "the name is no valid UTF-8; rename the file"}


def test_an_unreadable_folder_is_named_and_the_rest_read(plain_user_dir: Path):
    _touch(plain_user_dir / "closed" / "x.mp3").parent.chmod(0)
    _touch(plain_user_dir / "open" / "y.mp3")

    found, refused = _found(plain_user_dir), _refused(plain_user_dir)

    (plain_user_dir / "closed").chmod(0o700)
    assert found == ["open/y.mp3"]
    assert refused == {"closed": "the folder cannot be read: permission denied"}


def test_a_folder_that_vanishes_is_named_and_the_rest_read(tmp_path: Path):
    _touch(tmp_path / "a" / "x.mp3")
    _touch(tmp_path / "b" / "y.mp3")
    walk = walk_audio_files(tmp_path)
    first = next(walk)
    (tmp_path / "b" / "y.mp3").unlink()
    (tmp_path / "b").rmdir()

    rest = list(walk)

    assert isinstance(first, FoundFile)
    assert [(Path(entry.where).name, entry.reason) for entry in rest if isinstance(entry, RefusedEntry)] == [
        ("b", "the folder cannot be read: no such file or directory")
    ]
