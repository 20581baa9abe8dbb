from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importers.tag_text import MAX_TEXT_LENGTH, clean_text, mend_encoding, split_file_name

RUSSIAN = [
    "Александр Желанов",
    "Ваня & DJ Smash",
    "Лучшее (live)",
    "Форум - Белая ночь",
    "Кошка 2",
    "СПЛИН",
    "ёлка и Ёж",
]
HONEST = [
    "Beyoncé",
    "Björk",
    "Sigur Rós",
    "Ágætis byrjun",
    "Motörhead & Été",
    "ÆØÅ",
    "Öğüt",
    "naïve",
    "Çà ira",
    "Мумий Тролль",
    "AC/DC",
    "",
]


@pytest.mark.parametrize("text", RUSSIAN)
@pytest.mark.parametrize("misread_as", ["latin-1", "cp1252"])
def test_mend_encoding_undoes_russian_read_as_latin(text: str, misread_as: str):
    garbled = text.encode("cp1251").decode(misread_as)

    assert mend_encoding(garbled) == text


@pytest.mark.parametrize("text", [*RUSSIAN, *HONEST, "日本語", "🎵 song"])
def test_mend_encoding_undoes_utf8_read_as_latin(text: str):
    garbled = text.encode().decode("latin-1")

    assert mend_encoding(garbled) == text


@pytest.mark.parametrize("text", [*RUSSIAN, *HONEST])
def test_mend_encoding_leaves_alone_what_may_be_right(text: str):
    assert mend_encoding(text) == text


@given(st.text(st.characters(max_codepoint=127)))
def test_mend_encoding_leaves_plain_english_alone(text: str):
    assert mend_encoding(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_mend_encoding_undoes_any_utf8_read_as_latin(text: str):
    garbled = text.encode().decode("latin-1")

    assert mend_encoding(garbled) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two   words \n", "two words"),
        ("zero\x00byte", "zero byte"),
        ("e\u0301", "\u00e9"),
        ("\ufefftitle", "title"),
        ("half \ud800 pair", "half pair"),
        ("\x00\t ", None),
        ("", None),
        (None, None),
    ],
)
def test_clean_text_keeps_what_a_person_reads(text: str | None, expected: str | None):
    assert clean_text(text) == expected


def test_clean_text_cuts_what_is_too_long():
    assert len(clean_text("word " * 1000) or "") <= MAX_TEXT_LENGTH


@given(st.text(alphabet=st.characters()))
def test_clean_text_can_always_be_stored(text: str):
    cleaned = clean_text(text)

    assert cleaned is None or ("\x00" not in cleaned and bool(cleaned.encode()))


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Zander Noriega - School of Quirks", ("Zander Noriega", "School of Quirks")),
        ("admiralbob77_-_Choice_-_Drum-bass", ("admiralbob77", "Choice - Drum-bass")),
        ("07 - Kevin_MacLeod - Vibe Ace", ("Kevin MacLeod", "Vibe Ace")),
        ("01 Artist - Song", ("Artist", "Song")),
        ("50 Cent - In da Club", ("50 Cent", "In da Club")),
        ("99 Luftballons", (None, "99 Luftballons")),
        ("1999", (None, "1999")),
        ("07. Foo", (None, "Foo")),
        (" - ", (None, "-")),
        ("___", (None, "___")),
    ],
)
def test_split_file_name_reads_artist_and_title(stem: str, expected: tuple[str | None, str]):
    assert split_file_name(stem) == expected
