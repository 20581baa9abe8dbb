"""What a listener asks of a playlist, as forms and addresses say it."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any, Final, Literal

from app.services.wishes import DEFAULT_STEPS, JOURNEY, PlaylistWishes
from app.web.errors import BadRequestError
from app.web.forms import read_intent, read_label
from recommender.filters import PlaylistFilter
from recommender.journeys import MAX_STEPS, MIN_STEPS
from recommender.pipeline import DEFAULT_K, MAX_K

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

MAX_MINUTES: Final = 24 * 60
MAX_SEED: Final = 2**32 - 1
MAX_YEAR: Final = 9999
DEFAULT_TARGET: Final = "happy"
Unit = Literal["tracks", "minutes"]


def read_wishes(fields: MultiDict[str, str]) -> PlaylistWishes:
    """Read the wishes of a form or an address; what is left out or empty is left open.

    Raises:
        BadRequestError: a field holds what none of our pages sends.
    """
    is_journey = fields.get("intent") == JOURNEY
    k, minutes = _read_length(fields)
    steps = _read_int(fields.get("steps"), "steps", MIN_STEPS, MAX_STEPS)
    return PlaylistWishes(
        intent=read_intent(None if is_journey else fields.get("intent")),
        target=read_label(fields.get("target") or DEFAULT_TARGET) if is_journey else None,
        k=steps if is_journey else k,
        max_minutes=None if is_journey else minutes,
        familiarity=_read_familiarity(fields.get("familiarity")),
        where=_read_filter(fields),
        seed=_read_int(fields.get("seed"), "the number of a mix", 0, MAX_SEED),
    )


def write_wishes(wishes: PlaylistWishes) -> dict[str, Any]:
    """Return the fields of an address that `read_wishes` reads back; as few as say it."""
    length, unit = get_length(wishes)
    is_usual = (length, unit) == (DEFAULT_K, "tracks")
    fields = {
        "intent": wishes.name,
        "target": wishes.target,
        "steps": wishes.k if wishes.target else None,
        "length": None if wishes.target or is_usual else length,
        "unit": "minutes" if unit == "minutes" else None,
        "familiarity": f"{wishes.familiarity:g}" if wishes.familiarity else None,
        "genre": sorted(wishes.where.genres or ()),
        "licence": sorted(wishes.where.licences or ()),
        "first_year": wishes.where.first_year,
        "last_year": wishes.where.last_year,
        "seed": wishes.seed,
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def get_length(wishes: PlaylistWishes) -> tuple[int, Unit]:
    """Return how long a playlist is to be, and in what."""
    if wishes.max_minutes is not None:
        return round(wishes.max_minutes), "minutes"
    return (DEFAULT_K if wishes.target or wishes.k is None else wishes.k), "tracks"


def get_steps(wishes: PlaylistWishes) -> int:
    """Return how many steps a journey is to have."""
    return wishes.k if wishes.target and wishes.k else DEFAULT_STEPS


def draw_seed() -> int:
    """Draw the number of another mix: short enough to be read out."""
    return secrets.randbelow(10_000)


def is_plain(wishes: PlaylistWishes) -> bool:
    """Tell whether nothing was wished for that hides behind "Make it yours"."""
    return not (set(write_wishes(wishes)) - {"intent", "target", "steps", "seed"})


def _read_length(fields: MultiDict[str, str]) -> tuple[int | None, float | None]:
    unit = fields.get("unit") or "tracks"
    if unit == "minutes":
        minutes = _read_int(fields.get("length"), "a length in minutes", 1, MAX_MINUTES)
        return None, None if minutes is None else float(minutes)
    if unit != "tracks":
        raise BadRequestError(f"expected a length in tracks or minutes, got {unit!r}")
    return _read_int(fields.get("length"), "a length in tracks", 1, MAX_K), None


def _read_filter(fields: MultiDict[str, str]) -> PlaylistFilter:
    genres, licences = (frozenset(filter(None, fields.getlist(name))) or None for name in ("genre", "licence"))
    first_year, last_year = (_read_int(fields.get(name), "a year", 0, MAX_YEAR) for name in ("first_year", "last_year"))
    if first_year is not None and last_year is not None and first_year > last_year:
        raise BadRequestError(f"expected years that run forward, got {first_year} to {last_year}")
    return PlaylistFilter(genres, licences, first_year, last_year)


def _read_familiarity(text: str | None) -> float:
    try:
        familiarity = float(text or 0.0)
    except ValueError:
        familiarity = math.nan
    if not -1.0 <= familiarity <= 1.0:
        raise BadRequestError(f"expected from -1, new, to 1, familiar, got {text!r}")
    return familiarity


def _read_int(text: str | None, name: str, least: int, most: int) -> int | None:
    if not text:
        return None
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not least <= value <= most:
        raise BadRequestError(f"expected {name} from {least} to {most}, got {text!r}")
    return value
