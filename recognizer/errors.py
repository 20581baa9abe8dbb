"""What a recording, a bundle or a corpus can do wrong; no HTTP status and no exit code here."""

from __future__ import annotations

from typing import Literal

UnusableReason = Literal["too_long", "too_short", "too_quiet", "no_speech", "clipped", "not_finite"]


class RecognizerError(Exception):
    """Anything that stops recognition on purpose."""


class UnreadableAudioError(RecognizerError):
    """A recording could not be decoded.

    Attributes:
        name: what the person called the recording.
        reason: what was expected and what came.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"cannot read {name!r}: {reason}")
        self.name = name
        self.reason = reason


class UnusableClipError(RecognizerError):
    """A recording decodes, but nothing can be heard from it.

    Attributes:
        name: what the person called the recording.
        code: the kind of trouble, fit for a table.
        reason: what was expected and what came.
    """

    def __init__(self, name: str, code: UnusableReason, reason: str) -> None:
        super().__init__(f"cannot use {name!r}: {reason}")
        self.name = name
        self.code = code
        self.reason = reason


class BundleError(RecognizerError):
    """A model bundle is missing, incomplete or altered."""


class CorpusError(RecognizerError):
    """A speech corpus is not where or what it should be."""


class VoiceBaselineError(RecognizerError):
    """A voice baseline is damaged or belongs to another model."""
