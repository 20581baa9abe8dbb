"""What a licence allows: whether a track may be played from its publisher's address."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class LicenceTerms(StrEnum):
    """What a licence asks of those who play the work, unchanged and with credit, to others."""

    FREE = "free"
    NONCOMMERCIAL = "noncommercial"
    UNKNOWN = "unknown"


_CC_URL: Final = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(licenses|publicdomain)/([a-z+\-]+)", re.IGNORECASE
)
# Playing a work whole changes nothing in it, so ND and SA ask nothing more here; order varies in version 1.0.
_FREE: Final = frozenset({"by", "by-sa", "by-nd", "zero", "mark", "publicdomain"})
_NONCOMMERCIAL: Final = frozenset({"by-nc", "by-nc-sa", "by-nc-nd", "by-nd-nc"})


def read_terms(licence: str | None) -> LicenceTerms:
    """Read the terms from the address of a Creative Commons licence; whatever else is unknown.

    Example:
        >>> read_terms("http://creativecommons.org/licenses/by-nc-sa/3.0/de/")
        <LicenceTerms.NONCOMMERCIAL: 'noncommercial'>
    """
    match = _CC_URL.match(licence or "")
    code = match[2].lower() if match else ""
    if code in _FREE:
        return LicenceTerms.FREE
    return LicenceTerms.NONCOMMERCIAL if code in _NONCOMMERCIAL else LicenceTerms.UNKNOWN


def may_stream(licence: str | None, *, is_noncommercial: bool) -> bool:
    """Tell whether a track may be streamed from its publisher.

    Args:
        licence: address of the licence.
        is_noncommercial: whether nobody earns by this installation.

    Returns:
        True for CC BY, BY-SA, BY-ND, CC0 and the public domain, and for the NC licences where nobody earns; False where
        the licence is not known.
    """
    terms = read_terms(licence)
    return terms is LicenceTerms.FREE or (is_noncommercial and terms is LicenceTerms.NONCOMMERCIAL)
