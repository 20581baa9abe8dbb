"""What a page shows of a playlist: rows, reasons in numbers, a journey's course, and what to say without music."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.services.playlists import Lack
from app.services.wishes import JOURNEY
from app.web.wishes import write_wishes
from app.web.wording import ADJECTIVE_BY_LABEL, HINT_BY_INTENT
from recommender.filters import PlaylistFilter
from recommender.pipeline import DEFAULT_K

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.services.playlists import PlaylistItem, ServedPlaylist
    from app.services.wishes import PlaylistWishes
    from recommender.questions import Question
    from recommender.taste import Reaction

WORDS_BY_CONTRIBUTION: Final[Mapping[str, str]] = {
    "happy": "How happy it sounds",
    "sad": "How sad it sounds",
    "angry": "How angry it sounds",
    "neutral": "How calm it sounds",
    "valence": "How bright it is",
    "arousal": "How stirring it is",
    "timbre": "The color of its sound",
    "moderation": "Too strong for a mood in doubt",
    "taste": "Your taste",
    "familiarity": "Familiar or new to you",
    "mood_mix": "Balance of moods in the list",
    "diversity": "Too much like tracks above it",
    "place": "Off the way",
    "step": "Jump from the track before",
    "setback": "A step back",
    "chance": "Chance, for another mix",
}
LACK_WORDS: Final[Mapping[Lack, str]] = {
    Lack.FILTERS: "No track is like that.",
    Lack.FILES: "None of the music files can be found. Perhaps their disk is not connected.",
    Lack.NEVER: "You said “never again” to every track there is.",
}
# The plot of a journey, in its own units.
_WIDTH: Final = 320
_HEIGHT: Final = 72
_MARGIN: Final = 8


@dataclass(frozen=True, slots=True)
class ReasonPart:
    """One number of a reason, such as `+0.42`."""

    words: str
    points: str


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A track, why it is there in numbers that add up, and what the listener did last with it."""

    item: PlaylistItem
    parts: tuple[ReasonPart, ...]
    score: str
    reaction: Reaction | None


@dataclass(frozen=True, slots=True)
class JourneyView:
    """The course of a journey: in a sentence, and as points of a plot."""

    sentence: str
    points: tuple[tuple[float, float], ...]
    line: str
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class PlaylistView:
    """A playlist, ready to be shown.

    Attributes:
        hint: what this music is meant to do.
        rows: its tracks.
        journey: its course, if it is one.
        question: what to ask about the mood, if it is in doubt.
        lack: why there is no track, in words; empty where there are.
        n_missing: how many fewer tracks there are than asked for, since few are like that.
        open_url: the address of the same without filters.
        plain_url: the address of the same without chance.
        seed: the number of this mix, if it is another one.
        playlist_id: its entry in the log, if it has one.
    """

    hint: str
    rows: tuple[TrackRow, ...]
    journey: JourneyView | None
    question: Question | None
    lack: str
    reason: Lack | None
    n_missing: int
    open_url: str
    plain_url: str
    seed: int | None
    playlist_id: str | None


def build_playlist_view(
    served: ServedPlaylist, reactions: Mapping[int, Reaction], make_url: Callable[..., str]
) -> PlaylistView:
    """Prepare a playlist for the page.

    Args:
        served: the playlist.
        reactions: what the listener did last with tracks, by id.
        make_url: gives the page's address from the fields of `write_wishes`.
    """
    wishes = served.wishes
    return PlaylistView(
        hint=_describe_wishes(wishes),
        rows=tuple(_build_row(item, reactions.get(item.track_id)) for item in served.items),
        journey=_build_journey(served) if wishes.target and served.items else None,
        question=served.question,
        lack=LACK_WORDS[served.lack] if served.lack else "",
        reason=served.lack,
        n_missing=_count_missing(served),
        open_url=make_url(**write_wishes(replace(wishes, where=PlaylistFilter()))),
        plain_url=make_url(**write_wishes(replace(wishes, seed=None))),
        seed=wishes.seed,
        playlist_id=served.playlist_id,
    )


def split_score(contributions: Mapping[str, float], score: float) -> tuple[tuple[ReasonPart, ...], str]:
    """Write contributions and their sum with two decimals, so that the numbers shown add up exactly.

    What was rounded away goes to the parts that lost most by it; parts of nothing are left out.
    """
    total = round(100 * score)
    parts = {name: math.floor(100 * value) for name, value in contributions.items()}
    by_loss = sorted(parts, key=lambda name: parts[name] - 100 * contributions[name])
    for name in by_loss[: total - sum(parts.values())]:
        parts[name] += 1
    told = sorted((name for name in parts if parts[name]), key=lambda name: -abs(parts[name]))
    return tuple(
        ReasonPart(WORDS_BY_CONTRIBUTION.get(name, name), _write_points(parts[name])) for name in told
    ), _write_points(total)


def _build_row(item: PlaylistItem, reaction: Reaction | None) -> TrackRow:
    parts, score = split_score(item.contributions, item.score)
    return TrackRow(item, parts, score, reaction)


def _write_points(hundredths: int) -> str:
    # A true minus sign, which screen readers read out.
    sign = "−" if hundredths < 0 else "+"  # noqa: RUF001
    return f"{sign}{abs(hundredths) / 100:.2f}"


def _describe_wishes(wishes: PlaylistWishes) -> str:
    if wishes.target:
        return f"From where you are to {ADJECTIVE_BY_LABEL[wishes.target]}, a small step at a time"
    return HINT_BY_INTENT[wishes.intent]


def _count_missing(served: ServedPlaylist) -> int:
    wishes = served.wishes
    if wishes.where.is_open or wishes.max_minutes or not served.items:
        return 0
    return max(0, (wishes.k or (len(served.items) if wishes.name == JOURNEY else DEFAULT_K)) - len(served.items))


def _build_journey(served: ServedPlaylist) -> JourneyView:
    progress = [item.progress or 0.0 for item in served.items]
    lowest, highest = min(0.0, *progress), max(1.0, *progress)
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(progress) - 1)
    span = _HEIGHT - 2 * _MARGIN
    points = tuple(
        (round(_MARGIN + i * step, 1), round(_MARGIN + span * (highest - share) / (highest - lowest), 1))
        for i, share in enumerate(progress)
    )
    target = ADJECTIVE_BY_LABEL[served.wishes.target or ""]
    shares = ", ".join(f"{share:.0%}".replace("%", " %") for share in progress)
    n_steps = len(progress)
    sentence = f"{n_steps} {'step' if n_steps == 1 else 'steps'} towards {target}. Way covered: {shares}."
    return JourneyView(sentence, points, " ".join(f"{x},{y}" for x, y in points))
