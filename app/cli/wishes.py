"""What `listen` and `recommend` can be asked for, as options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.services.wishes import PlaylistWishes

INTENTS: Final = ("stay", "lift", "calm", "energize")
MOODS: Final = ("happy", "sad", "angry", "neutral")

_OPTIONS: Final = (
    click.option(
        "--intent",
        type=click.Choice(INTENTS),
        default="stay",
        show_default=True,
        help="Stay with the mood or leave it.",
    ),
    click.option("--k", type=click.IntRange(1, 500), show_default="20", help="How many tracks."),
    click.option("--minutes", type=click.FloatRange(1, 1440), help="How long it may play, instead of --k."),
    click.option("--journey-to", type=click.Choice(MOODS), help="Travel to this mood, a small step at a time."),
    click.option("--steps", type=click.IntRange(2, 50), show_default="8", help="How many steps the journey has."),
    click.option("--genre", "genres", multiple=True, help="Only this genre; may be given again for another."),
    click.option("--licence", "licences", multiple=True, help="Only this licence; may be given again for another."),
    click.option("--year", metavar="YEAR|FROM-TO", help="Only of this year, or of these."),
    click.option(
        "--familiarity",
        type=click.FloatRange(-1, 1),
        default=0.0,
        help="From -1, new, to 1, familiar; here nobody's plays are known, so it matters on the page alone.",
    ),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Another mix; the same number gives the same one."),
)


def wishes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that `read_wishes` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_wishes(options: dict[str, Any]) -> PlaylistWishes:
    """Turn the options into wishes.

    Raises:
        click.UsageError: the options contradict each other.
    """
    from app.services.wishes import PlaylistWishes
    from recommender.filters import PlaylistFilter
    from recommender.space import Intent

    target, steps = options["journey_to"], options["steps"]
    if steps and not target:
        raise click.UsageError("--steps needs --journey-to")
    first_year, last_year = parse_years(options["year"])
    where = PlaylistFilter(
        frozenset(options["genres"]) or None, frozenset(options["licences"]) or None, first_year, last_year
    )
    return PlaylistWishes(
        intent=Intent(options["intent"]),
        target=target,
        k=(steps or options["k"]) if target else options["k"],
        max_minutes=options["minutes"],
        familiarity=options["familiarity"],
        where=where,
        seed=options["seed"],
    )


def parse_years(text: str | None) -> tuple[int | None, int | None]:
    """Read `1994`, `1990-1999`, `1990-` or `-1999`.

    Raises:
        click.BadParameter: it is none of these, or the years run backwards.
    """
    if text is None:
        return None, None
    found = re.fullmatch(r"(\d{1,4})|(\d{1,4})?-(\d{1,4})?", text.strip())
    if found is None or text.strip() == "-":
        raise click.BadParameter(f"expected a year or FROM-TO, got {text!r}", param_hint="--year")
    one, first, last = (int(year) if year else None for year in found.groups())
    if one is not None:
        return one, one
    if first is not None and last is not None and first > last:
        raise click.BadParameter(f"expected years that run forward, got {text!r}", param_hint="--year")
    return first, last


def describe_wishes(wishes: PlaylistWishes) -> dict[str, Any]:
    """Name the wishes that the older keys of the JSON do not tell; none where none was uttered."""
    told = {"journey_to": wishes.target, "seed": wishes.seed, **wishes.to_json()}
    return {name: value for name, value in told.items() if value is not None and name not in {"target", "k"}}
