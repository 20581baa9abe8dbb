"""Read what a form or an address says, and refuse what none of our pages sends."""

from __future__ import annotations

import math
import re

from app.web.errors import BadRequestError
from recognizer.labels import LABELS, Label
from recommender.space import Intent


def read_intent(text: str | None) -> Intent:
    """Read an intent; `stay` where none is given.

    Raises:
        BadRequestError: it is no intent.
    """
    try:
        return Intent(text or Intent.STAY)
    except ValueError as error:
        raise BadRequestError(f"expected an intent out of {', '.join(Intent)}, got {text!r}") from error


def read_label(text: str | None) -> Label:
    """Read a mood.

    Raises:
        BadRequestError: it is none of the four.
    """
    for label in LABELS:
        if text == label:
            return label
    raise BadRequestError(f"expected a mood out of {', '.join(LABELS)}, got {text!r}")


def read_elapsed(text: str | None) -> float | None:
    """Read how long the page recorded, in seconds; None for an uploaded file.

    Raises:
        BadRequestError: it is no length of time.
    """
    if not text:
        return None
    try:
        elapsed_s = float(text)
    except ValueError:
        elapsed_s = math.nan
    if not math.isfinite(elapsed_s) or elapsed_s < 0:
        raise BadRequestError(f"expected the length of the recording in seconds, at least 0, got {text!r}")
    return elapsed_s


def read_local_path(text: str | None) -> str:
    """Read where a form leads back to; the start page where that is not one of our own pages."""
    is_ours = text is not None and re.match(r"/(?![/\\])[^\x00-\x1f\\]*$", text)
    return text if text and is_ours else "/"
