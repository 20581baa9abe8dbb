"""How smooth a journey is, and the plain ways of planning one that it has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recommender.journeys import TravelSpace, measure_progress

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class JourneyMeasures:
    """What a journey is worth.

    Attributes:
        mean_step: distance between neighbors in affect, timbre and tempo, in standard deviations; nan below two tracks.
        largest_step: the largest of them; nan below two tracks.
        monotone_progress: share of steps that do not go back on the way; nan below two tracks.
        way_covered: progress of the last track less that of the first; 1 covers the whole way.
        mean_off_way: distance in affect between each track and its even place on the way, in standard deviations; nan
            without a track.
    """

    mean_step: float
    largest_step: float
    monotone_progress: float
    way_covered: float
    mean_off_way: float


def measure_journey(
    space: TravelSpace, track_ids: Sequence[int], start: np.ndarray, end: np.ndarray
) -> JourneyMeasures:
    """Measure a journey.

    Args:
        space: tracks, those of the journey among them.
        track_ids: in playing order.
        start: place of the mood heard, from `place_mood`, shape (6,).
        end: place of the target, shape (6,).

    Raises:
        KeyError: a track is not in the space.
    """
    rows = find_rows(space, track_ids)
    affect = space.affect[rows]
    progress = measure_progress(affect, start, end)
    steps = np.linalg.norm(np.diff(space.points[rows], axis=0), axis=1)
    off_way = np.linalg.norm(affect - np.linspace(start, end, len(rows)), axis=1)
    has_steps = len(steps) > 0
    return JourneyMeasures(
        mean_step=float(steps.mean()) if has_steps else float("nan"),
        largest_step=float(steps.max()) if has_steps else float("nan"),
        monotone_progress=float((np.diff(progress) >= 0).mean()) if has_steps else float("nan"),
        way_covered=float(progress[-1] - progress[0]) if len(rows) else float("nan"),
        mean_off_way=float(off_way.mean()) if len(rows) else float("nan"),
    )


def plan_by_interpolation(space: TravelSpace, start: np.ndarray, end: np.ndarray, k: int) -> list[int]:
    """Take the track nearest in affect to each even place on the way, each once; ids in playing order."""
    is_left = np.ones(len(space.track_ids), dtype=bool)
    chosen = []
    for waypoint in np.linspace(start, end, min(k, len(space.track_ids))):
        distances = np.linalg.norm(space.affect - waypoint, axis=1)
        nearest = int(np.where(is_left, distances, np.inf).argmin())
        is_left[nearest] = False
        chosen.append(int(space.track_ids[nearest]))
    return chosen


def shuffle_between_ends(track_ids: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Play the same tracks between the same ends in random order."""
    if len(track_ids) <= 2:  # noqa: PLR2004 (nothing lies between two ends)
        return list(track_ids)
    return [track_ids[0], *rng.permutation(np.array(track_ids[1:-1])).tolist(), track_ids[-1]]


def find_rows(space: TravelSpace, track_ids: Sequence[int]) -> np.ndarray:
    """Find tracks in a space, shape (n,).

    Raises:
        KeyError: a track is not in it.
    """
    row_by_id = {track_id: row for row, track_id in enumerate(space.track_ids.tolist())}
    missing = [track_id for track_id in track_ids if track_id not in row_by_id]
    if missing:
        raise KeyError(f"no such tracks in the space: {missing[:5]}")
    return np.array([row_by_id[track_id] for track_id in track_ids], dtype=np.int64)
