"""Read the values of a list and check their units; every refusal says what was expected and what came."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from catalog.importers.tag_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_DURATION_S: Final = 24 * 3600
_YEARS: Final = range(1500, 2101)
_TEMPOS_BPM: Final = (20.0, 400.0)
_REPLAYGAINS_DB: Final = (-60.0, 60.0)
_MAX_TRACK_NUMBER: Final = 9999
_MAX_URL_LENGTH: Final = 2000
_MAX_TAGS: Final = 100
_MAX_TAG_LENGTH: Final = 100
_SECONDS_BY_UNIT: Final[Mapping[str, float]] = {"s": 1.0, "ms": 0.001, "min": 60.0}
_CLOCK: Final = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)")
_DATE: Final = re.compile(r"(\d{4})-\d\d(?:-\d\d)?(?:[T ].*)?")
_SCALE: Final = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)")
_TAG_BREAK: Final = re.compile(r"[|;,\n]")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def read_year(text: str | None) -> int | None:
    """Read a year, or the year of a date such as 2011-03-02.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    date = _DATE.fullmatch(text)
    digits = date[1] if date else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > len("2100") or int(digits) not in _YEARS:
        raise ValueError(f"year: expected a number from {_YEARS[0]} to {_YEARS[-1]}, got {text!r}")
    return int(digits)


def read_track_number(text: str | None) -> int | None:
    """Read a position on a record, also of the kind 3/12; 0 says nothing.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    digits = text.partition("/")[0].strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(_MAX_TRACK_NUMBER)):
        raise ValueError(f"track_number: expected a whole number up to {_MAX_TRACK_NUMBER}, got {text!r}")
    return int(digits) or None


def read_duration_s(text: str | None, unit: str = "s") -> float | None:
    """Read a duration in seconds, whatever its unit: s, ms, min, or mm:ss (also h:mm:ss).

    Raises:
        ValueError: it is none, or so long that it must be in another unit.
    """
    if text is None:
        return None
    if unit == "mm:ss":
        duration_s = _read_clock_s(text)
    else:
        example = {"s": "seconds such as 215.4", "ms": "milliseconds such as 215400", "min": "minutes such as 3.59"}
        duration_s = _read_number("duration_s", text, example[unit]) * _SECONDS_BY_UNIT[unit]
    if not 0 < duration_s <= _MAX_DURATION_S:
        named = {"s": "seconds", "ms": "milliseconds", "min": "minutes"}.get(unit, unit)
        limit = _MAX_DURATION_S / _SECONDS_BY_UNIT.get(unit, 1.0)
        raise ValueError(f"duration_s: expected {named}, more than 0 and at most {limit:.0f}, got {text!r}")
    return round(duration_s, 3)


def _read_clock_s(text: str) -> float:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"duration_s: expected minutes and seconds such as 3:35, got {text!r}")
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])


def read_tempo_bpm(text: str | None) -> float | None:
    """Read a tempo; 0 says nothing.

    Raises:
        ValueError: it is none that music has.
    """
    return _read_within("tempo_bpm", text, _TEMPOS_BPM, "beats a minute", zero_is_none=True)


def read_replaygain_db(text: str | None) -> float | None:
    """Read a gain such as -7.89 or `-7.89 dB`.

    Raises:
        ValueError: it is none.
    """
    plain = re.sub(r"\s*db$", "", text, flags=re.IGNORECASE) if text else None
    return _read_within("replaygain_db", plain, _REPLAYGAINS_DB, "decibels")


def read_scaled(field: str, text: str | None, scale: str) -> float | None:
    """Read a valence or arousal from its scale, such as `0..1` or `1..9`, as a value within [-1, 1].

    Raises:
        ValueError: it lies outside its scale.
    """
    if text is None:
        return None
    low, high = parse_scale(scale)
    value = _read_number(field, text, f"a number within {scale}")
    if not low <= value <= high:
        raise ValueError(f"{field}: expected a number within {scale}, got {text!r}")
    return round(2 * (value - low) / (high - low) - 1, 6)


def parse_scale(scale: str) -> tuple[float, float]:
    """Read `low..high`.

    Raises:
        ValueError: it is no scale.
    """
    match = _SCALE.fullmatch(scale)
    if match is None or not float(match[1]) < float(match[2]):
        raise ValueError(f"expected a scale such as 0..1, -1..1 or 1..9, got {scale!r}")
    return float(match[1]), float(match[2])


def read_url(text: str | None) -> str | None:
    """Read a web address.

    Raises:
        ValueError: it is none that a browser could play from.
    """
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or len(text) > _MAX_URL_LENGTH or not text.isprintable() or " " in text:
        raise ValueError(f"url: expected http:// or https:// and a host, got {text[:100]!r}")
    return text


def read_musicbrainz_id(text: str | None) -> str | None:
    """Read the id of a MusicBrainz recording.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    if not _UUID.fullmatch(text.lower()):
        raise ValueError(f"musicbrainz_id: expected a UUID, got {text[:100]!r}")
    return text.lower()


def read_tags(kind: str, text: str | None) -> list[tuple[str, str]]:
    """Split words by bars, semicolons, commas or lines; they are compared in lower case, so they are kept so."""
    return make_tags(kind, _TAG_BREAK.split(text)) if text else []


def make_tags(kind: str, names: list[str]) -> list[tuple[str, str]]:
    """Clean the names of tags; the first hundred count."""
    cleaned = [clean_text(name) for name in names]
    return [(kind, name.lower()[:_MAX_TAG_LENGTH].rstrip()) for name in cleaned if name][:_MAX_TAGS]


def _read_within(
    field: str, text: str | None, bounds: tuple[float, float], unit: str, *, zero_is_none: bool = False
) -> float | None:
    if text is None:
        return None
    value = _read_number(field, text, f"{unit} such as {sum(bounds) / 2:g}")
    if zero_is_none and value == 0:
        return None
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{field}: expected {unit} within {bounds[0]:g} to {bounds[1]:g}, got {text!r}")
    return value


def _read_number(field: str, text: str, expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{field}: expected {expected}, got {text!r}") from None
    # What is no number at all fails every bound.
    return math.nan if "_" in text else value
