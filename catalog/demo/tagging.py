"""What a piece says about itself in its ID3 tag."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from mutagen import MutagenError
from mutagen.id3 import ID3, TALB, TBPM, TCON, TCOP, TDRC, TIT2, TKEY, TPE1, TRCK, TXXX, WCOP

from catalog.demo.harmony import MODES
from catalog.demo.moods import N_PIECES, PieceSpec

if TYPE_CHECKING:
    from pathlib import Path

# Raise it with every change that is heard: files of an older composer are rendered again.
COMPOSER_VERSION: Final = "1"
ALBUM: Final = "The EmotiTune Demo Library"
_LICENCE: Final = "CC0 1.0 Universal, no rights reserved"
_LICENCE_URL: Final = "https://creativecommons.org/publicdomain/zero/1.0/"
_YEAR: Final = "2026"
_KEY_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MINOR_THIRD: Final = 3


def tag_mp3(encoded: bytes, spec: PieceSpec, seed: int) -> bytes:
    """Put an ID3v2.4 tag in front of an MP3 stream."""
    tag = ID3()
    for frame in (
        TIT2(encoding=3, text=spec.sleeve.title),
        TPE1(encoding=3, text=spec.sleeve.artist),
        TALB(encoding=3, text=ALBUM),
        TCON(encoding=3, text=spec.style.genre),
        TDRC(encoding=3, text=_YEAR),
        TRCK(encoding=3, text=f"{spec.number + 1}/{N_PIECES}"),
        TBPM(encoding=3, text=str(round(spec.groove.tempo_bpm))),
        TKEY(encoding=3, text=_key_name(spec)),
        TCOP(encoding=3, text=_LICENCE),
        WCOP(url=_LICENCE_URL),
    ):
        tag.add(frame)
    for name, text in _own_fields(spec, seed).items():
        tag.add(TXXX(encoding=3, desc=name, text=text))
    file = BytesIO(encoded)
    tag.save(file)
    return file.getvalue()


def is_complete(path: Path, spec: PieceSpec, seed: int) -> bool:
    """Tell whether a file holds this very piece, by this composer and seed."""
    try:
        tag = ID3(path)
    except (MutagenError, OSError):
        return False
    found = {frame.desc: str(frame.text[0]) for frame in tag.getall("TXXX")}
    return all(found.get(name) == text for name, text in _own_fields(spec, seed).items())


def _own_fields(spec: PieceSpec, seed: int) -> dict[str, str]:
    return {
        "emotitune_intended_valence": f"{spec.valence:.3f}",
        "emotitune_intended_arousal": f"{spec.arousal:.3f}",
        "emotitune_intended_mood": spec.style.mood,
        "emotitune_style": spec.style.name,
        "emotitune_composer": COMPOSER_VERSION,
        "emotitune_seed": str(seed),
    }


def _key_name(spec: PieceSpec) -> str:
    """Write the key as ID3 wants it: three characters at most, `m` for modes with a minor third."""
    return _KEY_NAMES[spec.key.tonic] + ("m" if _MINOR_THIRD in MODES[spec.key.mode] else "")
