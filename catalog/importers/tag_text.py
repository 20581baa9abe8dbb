"""Text from tags and file names: cleaned, and mended where it was read with the wrong alphabet."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# A title this long is an accident; databases index the whole of it.
MAX_TEXT_LENGTH: Final = 500

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")
# A bare number counts only with a leading zero: 50 Cent is an artist.
_TRACK_NUMBER: Final = re.compile(r"^\d{1,3}(\s*[.)]\s+|\s+-\s+)|^0\d[\s.)]+")
_WORD: Final = re.compile(r"[^\s\-/.,;:!?()\[\]\"'&+]+")
_VOWELS: Final = frozenset("аеёиоуыэюяіїє")
# Shorter than this it may be an honest `Ö` or `Ærø`.
_MIN_MENDED_LETTERS: Final = 4


def clean_text(text: str | None) -> str | None:
    """Return text for a person: composed, single-spaced, without control characters; None if nothing is left."""
    if text is None:
        return None
    plain = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())
    return plain[:MAX_TEXT_LENGTH].rstrip() or None


def mend_encoding(text: str) -> str:
    """Undo a wrong reading of UTF-8 or Windows-1251 bytes as Latin-1; any text that may be right stays.

    Example:
        >>> mend_encoding("Àëåêñàíäð Æåëàíîâ"), mend_encoding("Beyoncé"), mend_encoding("BeyoncÃ©")
        ('Александр Желанов', 'Beyoncé', 'Beyoncé')
    """
    if text.isascii():
        return text
    # Windows-1252 first: it is what most programs mean by Latin-1, and where it differs it has printable characters.
    for misread_as in ("cp1252", "latin-1"):
        try:
            raw = text.encode(misread_as)
        except UnicodeEncodeError:
            continue
        for meant, is_convincing in (("utf-8", _is_any), ("cp1251", _is_russian)):
            try:
                mended = raw.decode(meant)
            except UnicodeDecodeError:
                continue
            if is_convincing(mended, text):
                return mended
    return text


def split_file_name(stem: str) -> tuple[str | None, str]:
    """Read artist and title from a file name without its suffix.

    Example:
        >>> split_file_name("07 - Kevin_MacLeod - Vibe Ace"), split_file_name("metronome")
        (('Kevin MacLeod', 'Vibe Ace'), (None, 'metronome'))
    """
    name = clean_text(stem.replace("_", " ")) or stem
    name = _TRACK_NUMBER.sub("", name) or name
    artist, dash, title = name.partition(" - ")
    return (artist.strip(), title.strip()) if dash and artist.strip() and title.strip() else (None, name)


def _is_any(_mended: str, _text: str) -> bool:
    # Chance makes no valid UTF-8: each letter beyond ASCII takes a lead byte and its followers.
    return True


def _is_russian(mended: str, text: str) -> bool:
    """Tell whether every word beyond ASCII becomes a Cyrillic one, written as words are."""
    # One byte is one character in both readings, so words keep their places.
    words = [mended[match.start() : match.end()] for match in _WORD.finditer(text) if not match.group().isascii()]
    letters = "".join(words)
    return (
        len(letters) >= _MIN_MENDED_LETTERS
        and all(_is_cyrillic(word) for word in words)
        and any(letter in _VOWELS for letter in letters.lower())
    )


def _is_cyrillic(word: str) -> bool:
    is_letters = all("\u0400" <= letter <= "\u04ff" for letter in word)
    return is_letters and (word.islower() or word.isupper() or word == word.capitalize())
