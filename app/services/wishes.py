"""What a listener may ask of a playlist."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from recommender.filters import PlaylistFilter
from recommender.space import Intent

if TYPE_CHECKING:
    from recognizer.labels import Label

DEFAULT_STEPS: Final = 8
JOURNEY: Final = "journey"


@dataclass(frozen=True, slots=True)
class PlaylistWishes:
    """What a playlist should be like; the bounds are those of `MusicRecommender`.

    Attributes:
        intent: what the music should do with the mood; without effect on a journey.
        target: the mood to travel to; None for no journey.
        k: how many tracks, on a journey how many steps; None for the usual number, or as many as `max_minutes` hold.
        max_minutes: how long it may play; without effect on a journey.
        familiarity: -1 for new to 1 for familiar music; without effect on a journey, and where nothing is known.
        where: what tracks must be like.
        seed: names another mix; None for the plain one.
    """

    intent: Intent = Intent.STAY
    target: Label | None = None
    k: int | None = None
    max_minutes: float | None = None
    familiarity: float = 0.0
    where: PlaylistFilter = field(default_factory=PlaylistFilter)
    seed: int | None = None

    @property
    def name(self) -> str:
        """The intent, or that it is a journey."""
        return JOURNEY if self.target else self.intent.value

    def to_json(self) -> dict[str, Any]:
        """Return what was wished for besides the intent, as a log keeps it; nothing for what was left open."""
        wished = {
            "target": self.target,
            "k": self.k,
            "max_minutes": self.max_minutes,
            "familiarity": self.familiarity or None,
            "genres": sorted(self.where.genres or ()),
            "licences": sorted(self.where.licences or ()),
            "first_year": self.where.first_year,
            "last_year": self.where.last_year,
        }
        return {name: value for name, value in wished.items() if value not in (None, [])}
