"""What can be wrong with a corpus on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognizer.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path


class CorpusFileError(CorpusError):
    """A file of a corpus is missing, empty or not what its name promises.

    Attributes:
        corpus: name of the corpus in the registry.
        path: the file or folder at fault.
        reason: what was expected and what came.
    """

    def __init__(self, corpus: str, path: Path, reason: str) -> None:
        super().__init__(f"corpus {corpus!r}: cannot use {str(path)!r}: {reason}")
        self.corpus = corpus
        self.path = path
        self.reason = reason


class UnknownCorpusError(CorpusError):
    """No loader bears this name.

    Attributes:
        name: the name asked for.
        known: the names there are.
    """

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown corpus {name!r}, expected one of {', '.join(known)}")
        self.name = name
        self.known = known


class SplitFileError(CorpusError):
    """A file that should describe a split does not.

    Attributes:
        path: the file at fault.
        reason: what was expected and what came.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read the split {str(path)!r}: {reason}")
        self.path = path
        self.reason = reason
