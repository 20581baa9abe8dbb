"""The Emotify corpus: clips, what listeners felt, and folds in which no artist meets itself."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.model_selection import GroupKFold

from catalog.analysis.affect import AFFECT_LABELS, angle_from_share

TRACKS_FILE: Final = Path("data/music/ratings/emotify_tracks.csv")
CLIPS_FOLDER: Final = Path("data/music/audio/emotify")
N_FOLDS: Final = 10

FEELING_BY_LABEL: Final = {"happy": "joyful_activation", "sad": "sadness", "angry": "tension", "neutral": "calmness"}
# Listeners place joy, power and surprise in the plane's first quadrant, tension in the second, sadness in the third,
# peace, tenderness and transcendence in the fourth (TROMPA annotations); nostalgia is bittersweet, it takes no side.
FEELINGS_BY_QUADRANT: Final = (
    ("joyful_activation", "power", "amazement"),
    ("tension",),
    ("sadness",),
    ("calmness", "tenderness", "solemnity"),
)
FEELINGS: Final = (*(feeling for quadrant in FEELINGS_BY_QUADRANT for feeling in quadrant), "nostalgia")
# A mean of ten listeners is worth half of what it would be without their disagreement.
_DISAGREEMENT_RATERS: Final = 10.0


@dataclass(frozen=True, slots=True)
class EmotifyTrack:
    """One rated clip.

    Attributes:
        track_id: Emotify's number, 1 to 400.
        artist: as tagged; folds are grouped by it.
        genre: classical, electronic, pop or rock.
        clip: the audio file.
        n_raters: listeners who rated it.
        share_by_feeling: share of them who felt each feeling, within [0, 1].
    """

    track_id: int
    artist: str
    genre: str
    clip: Path
    n_raters: int
    share_by_feeling: dict[str, float]

    @property
    def valence(self) -> float:
        """Shares of the right half plane less those of the left, over all of them, within [-1, 1]."""
        first, second, third, fourth = self._quadrants()
        return (first + fourth - second - third) / (first + second + third + fourth)

    @property
    def arousal(self) -> float:
        """Shares of the upper half plane less those of the lower, over all of them, within [-1, 1]."""
        first, second, third, fourth = self._quadrants()
        return (first + second - third - fourth) / (first + second + third + fourth)

    def _quadrants(self) -> tuple[float, float, float, float]:
        """Mean share of each quadrant's feelings, so that a quadrant with more words for it weighs no more."""
        first, second, third, fourth = (
            sum(self.share_by_feeling[feeling] for feeling in quadrant) / len(quadrant) + 1e-3
            for quadrant in FEELINGS_BY_QUADRANT
        )
        return first, second, third, fourth


def load_emotify(material_dir: Path) -> list[EmotifyTrack]:
    """Load the rated clips, in order of track id.

    Args:
        material_dir: folder with `data/music/ratings` and `data/music/audio/emotify`.

    Raises:
        FileNotFoundError: the table or a clip it names is missing.
    """
    with (material_dir / TRACKS_FILE).open(encoding="utf-8", newline="") as table:
        tracks = [_read_row(row, material_dir / CLIPS_FOLDER) for row in csv.DictReader(table)]
    missing = [track.clip for track in tracks if not track.clip.is_file()]
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(tracks)} clips are missing, first {str(missing[0])!r}")
    return sorted(tracks, key=lambda track: track.track_id)


def _read_row(row: dict[str, str], clips_folder: Path) -> EmotifyTrack:
    return EmotifyTrack(
        track_id=int(row["track_id"]),
        artist=row["id3_artist"],
        genre=row["genre"],
        clip=clips_folder / row["clip_file"],
        n_raters=int(row["n_raters"]),
        share_by_feeling={feeling: float(row[feeling]) for feeling in FEELINGS},
    )


def build_targets(tracks: list[EmotifyTrack]) -> np.ndarray:
    """Targets as the model fits them, shape (n, 6): four shares as angles, then valence and arousal."""
    feelings = [FEELING_BY_LABEL[label] for label in AFFECT_LABELS]
    shares = np.array([[track.share_by_feeling[feeling] for feeling in feelings] for track in tracks])
    plane = np.array([[track.valence, track.arousal] for track in tracks])
    return np.concatenate([angle_from_share(shares), plane], axis=1)


def weigh_tracks(tracks: list[EmotifyTrack]) -> np.ndarray:
    """Weight of each track by how many listeners stand behind it, mean 1, shape (n,)."""
    n_raters = np.array([track.n_raters for track in tracks], dtype=np.float64)
    weights = n_raters / (n_raters + _DISAGREEMENT_RATERS)
    normalized: np.ndarray = weights / weights.mean()
    return normalized


def split_by_artist(artists: list[str], n_folds: int = N_FOLDS) -> np.ndarray:
    """Fold of each track, shape (n,); all tracks of an artist share one."""
    fold_of = np.zeros(len(artists), dtype=np.int64)
    for fold, (_, test) in enumerate(GroupKFold(n_folds).split(artists, groups=artists)):
        fold_of[test] = fold
    return fold_of
