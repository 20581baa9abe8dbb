"""Text as it is compared: however capitalized, spaced or composed, the same words are the same."""

from __future__ import annotations

import unicodedata


def sort_key(text: str) -> str:
    """Return text to sort and compare by: compatibility-composed, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search_text_of(*parts: str | None) -> str:
    """Join what a search looks through; line breaks keep a phrase from reaching over two fields."""
    return "\n".join(sort_key(part) for part in parts if part)
