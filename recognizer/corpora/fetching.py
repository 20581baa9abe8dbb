"""Fetch a corpus from where its authors put it, checked against the checksum published beside it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from recognizer.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

    from recognizer.corpora import CorpusInfo


class CorpusNotFetchedError(CorpusError):
    """A corpus cannot be fetched.

    Attributes:
        corpus: its name in the registry.
        reason: what stands in the way, and what to do instead.
    """

    def __init__(self, corpus: str, reason: str) -> None:
        super().__init__(f"cannot fetch corpus {corpus!r}: {reason}")
        self.corpus = corpus
        self.reason = reason


def fetch_corpus(info: CorpusInfo, folder: Path) -> Path:
    """Download a corpus's archive, check it, and unpack it.

    What is there already is not fetched again; a download that was cut off or altered leaves nothing behind.

    Args:
        info: from the registry.
        folder: gets `<name>/` with the files as the loader expects them, and the archive beside it.

    Returns:
        The corpus's folder.

    Raises:
        CorpusNotFetchedError: there is no archive to fetch, the network fails, the checksum differs or the archive is
            broken.
    """
    if info.archive is None:
        where = f"get it at {info.homepage} and" if info.homepage else "it is yours:"
        layout = f"lay it out as `emotitune corpora show {info.name}` says"
        raise CorpusNotFetchedError(info.name, f"no single file with a checksum is published; {where} {layout}")
    import pooch  # comes with librosa, which serving does without

    archive = info.archive
    name = archive.url.rpartition("/")[2]
    unpack = pooch.Unzip(extract_dir=str((folder / info.name).resolve()))
    try:
        pooch.retrieve(
            archive.url, archive.checksum, fname=name, path=folder, processor=unpack, progressbar=sys.stderr.isatty()
        )
    except Exception as error:
        # Requests, zipfile and the file system each have their own; a broken archive must not be taken for fetched.
        (folder / name).unlink(missing_ok=True)
        raise CorpusNotFetchedError(info.name, f"{archive.url}: {error}") from error
    return folder / info.name
