from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recognizer.corpora import CORPORA, Archive
from recognizer.corpora.fetching import CorpusNotFetchedError, fetch_corpus


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        """Keep the test's output clean."""


@pytest.fixture
def site(tmp_path):
    """A folder and the address it is served at."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pack(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"Actor_01/{name}.wav", data)
    return content.getvalue()


def build_info(url, content):
    checksum = f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
    return replace(CORPORA["ravdess"], archive=Archive(f"{url}/speech.zip", checksum, size_mb=1))


def test_a_corpus_is_fetched_checked_and_unpacked(site, tmp_path):
    folder, url = site
    content = pack(a=b"sound")
    (folder / "speech.zip").write_bytes(content)

    found = fetch_corpus(build_info(url, content), tmp_path / "speech")

    assert found == tmp_path / "speech" / "ravdess"
    assert (found / "Actor_01" / "a.wav").read_bytes() == b"sound"


def test_what_was_fetched_is_not_fetched_again(site, tmp_path):
    folder, url = site
    content = pack(a=b"sound")
    (folder / "speech.zip").write_bytes(content)
    info = build_info(url, content)
    fetch_corpus(info, tmp_path / "speech")
    (folder / "speech.zip").unlink()

    assert fetch_corpus(info, tmp_path / "speech") == tmp_path / "speech" / "ravdess"


def test_an_altered_archive_is_refused_and_leaves_nothing(site, tmp_path):
    folder, url = site
    (folder / "speech.zip").write_bytes(pack(a=b"altered"))

    with pytest.raises(CorpusNotFetchedError, match=r"cannot fetch corpus 'ravdess': http.*hash"):
        fetch_corpus(build_info(url, pack(a=b"sound")), tmp_path / "speech")

    assert list((tmp_path / "speech").iterdir()) == []


def test_a_broken_archive_is_fetched_anew_next_time(site, tmp_path):
    folder, url = site
    (folder / "speech.zip").write_bytes(b"no archive")

    with pytest.raises(CorpusNotFetchedError, match="not a zip file"):
        fetch_corpus(build_info(url, b"no archive"), tmp_path / "speech")

    assert not (tmp_path / "speech" / "speech.zip").exists()


def test_a_missing_file_is_said(site, tmp_path):
    _, url = site

    with pytest.raises(CorpusNotFetchedError, match="404"):
        fetch_corpus(build_info(url, b""), tmp_path / "speech")


@pytest.mark.parametrize("name", ["iemocap", "manifest"])
def test_a_corpus_without_a_published_file_says_what_to_do(name, tmp_path):
    with pytest.raises(CorpusNotFetchedError, match=r"no single file with a checksum is published; .* lay it out"):
        fetch_corpus(CORPORA[name], tmp_path)
