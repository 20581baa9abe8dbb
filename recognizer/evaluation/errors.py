"""What can be wrong with what an evaluation is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognizer.errors import RecognizerError

if TYPE_CHECKING:
    from pathlib import Path


class PredictionsError(RecognizerError):
    """A file of predictions cannot be believed.

    Attributes:
        path: the file.
        reason: what was expected and what came.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot use the predictions {str(path)!r}: {reason}")
        self.path = path
        self.reason = reason
