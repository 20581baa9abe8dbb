"""Text as it is compared and searched: however capitalized, spaced or composed, the same words are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Chinese and Japanese write no spaces: each sign is a word of its own.
_SIGNS: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_SIGNS}]|[^\W_{_SIGNS}]+")
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019\u02bc")
# PostgreSQL keeps no word of more than 2,046 bytes.
_MAX_WORD_LENGTH: Final = 100


def sort_key(text: str) -> str:
    """Return text to sort and compare by: compatibility-composed, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split_words(text: str) -> list[str]:
    """Split text into the words that a search compares: letters and digits, without case and accents.

    Example:
        >>> split_words("Don't stop, Beyonc\u00e9!")
        ['dont', 'stop', 'beyonce']
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return [word[:_MAX_WORD_LENGTH] for word in _WORD.findall(plain)]


def search_text_of(*parts: str | None) -> str:
    """Join the words that a search looks through, a line for each part."""
    return "\n".join(" ".join(split_words(part)) for part in parts if part)
