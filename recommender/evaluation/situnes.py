"""SiTunes: what people heard in daily life, with what they felt before and after, as a test bed for policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.errors import EvaluationDataError
from recommender.evaluation.tables import read_rows, to_numbers

if TYPE_CHECKING:
    from pathlib import Path

METADATA_FILE: Final = "music_metadata_music_info.csv"
LAB_FILE: Final = "Stage1_interactions.csv"
DAILY_FILES: Final = ("Stage2_interactions.csv", "Stage3_interactions.csv")
_SOUND_COLUMNS: Final = (
    "loudness",
    "danceability",
    "energy",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "tempo",
    "F0final_sma_amean",
    "pcm_RMSenergy_sma_stddev",
    "pcm_fftMag_psySharpness_sma_amean",
)
_RATINGS: Final = (1.0, 5.0)


@dataclass(frozen=True, eq=False)
class Items:
    """The catalog that people were played from.

    Attributes:
        sound: standardized features, shape (n_items, n_features).
        plane: valence and arousal of the sound within [-1, 1], from Spotify's valence and energy, shape (n_items, 2).
        popularity: Spotify's, shape (n_items,), unknown ones in the middle.
    """

    sound: np.ndarray
    plane: np.ndarray
    popularity: np.ndarray


@dataclass(frozen=True, slots=True)
class Hearing:
    """One track that one person heard.

    Attributes:
        user_id: who.
        item: row of the catalog.
        time: seconds.
        rating: 1 to 5.
        before: valence and arousal felt before; None in the laboratory, where nobody was asked.
        after: valence and arousal felt after.
        policy: what chose the track, empty where that is not known.
        stage: 1 in the laboratory, 2 and 3 in daily life.
    """

    user_id: int
    item: int
    time: int
    rating: float
    before: tuple[float, float] | None
    after: tuple[float, float]
    policy: str
    stage: int

    @property
    def rise(self) -> float:
        """Valence after less valence before; nan in the laboratory."""
        return self.after[0] - self.before[0] if self.before else float("nan")


def load_situnes(folder: Path) -> tuple[Items, list[Hearing]]:
    """Load catalog and hearings, by time.

    Args:
        folder: with the three stages' interactions and the items' metadata, as SiTunes publishes them.

    Raises:
        EvaluationDataError: a file or column is missing, a number is none or out of range, an item is unknown, or
            fewer than two people heard anything.
    """
    items, row_by_item = _load_items(folder / METADATA_FILE)
    hearings = _load_hearings(folder / LAB_FILE, row_by_item, stage=1)
    for stage, name in enumerate(DAILY_FILES, start=2):
        hearings += _load_hearings(folder / name, row_by_item, stage=stage)
    if len({hearing.user_id for hearing in hearings}) < 2:  # noqa: PLR2004 (people are compared)
        raise EvaluationDataError(f"expected hearings of at least two people in {str(folder)!r}")
    return items, sorted(hearings, key=lambda hearing: (hearing.time, hearing.user_id))


def _load_items(path: Path) -> tuple[Items, dict[int, int]]:
    rows = read_rows(path, ("item_id", "popularity", *_SOUND_COLUMNS))
    known = [row | {column: row[column] or "nan" for column in ("popularity", *_SOUND_COLUMNS)} for row in rows]
    ids = to_numbers(known, ("item_id",), path)[:, 0].astype(int).tolist()
    columns = {column: np.array([float(row[column]) for row in known]) for column in ("popularity", *_SOUND_COLUMNS)}
    filled = {column: np.where(np.isnan(values), np.nanmedian(values), values) for column, values in columns.items()}
    sound = np.column_stack([filled[column] for column in _SOUND_COLUMNS])
    spread = sound.std(axis=0)
    items = Items(
        sound=(sound - sound.mean(axis=0)) / np.where(spread > 0, spread, 1.0),
        # Spotify's scales run from 0 to 1.
        plane=2.0 * np.column_stack([filled["valence"], filled["energy"]]) - 1.0,
        popularity=filled["popularity"],
    )
    return items, {item_id: row for row, item_id in enumerate(ids)}


def _load_hearings(path: Path, row_by_item: dict[int, int], *, stage: int) -> list[Hearing]:
    after = ("emo_valence", "emo_arousal") if stage == 1 else ("emo_post_valence", "emo_post_arousal")
    before = () if stage == 1 else ("emo_pre_valence", "emo_pre_arousal")
    columns = ("user_id", "item_id", "timestamp", "rating", *after, *before)
    rows = read_rows(path, columns)
    values = to_numbers(rows, columns, path)
    unknown = sorted({int(item) for item in values[:, 1]} - set(row_by_item))
    if unknown:
        raise EvaluationDataError(f"expected items of {METADATA_FILE} in {str(path)!r}, got {unknown[:5]}")
    _check_range(values[:, 3], *_RATINGS, "ratings", path)
    _check_range(values[:, 4:], -1.0, 1.0, "felt valence and arousal", path)
    return [
        Hearing(
            user_id=int(user),
            item=row_by_item[int(item)],
            time=int(time),
            rating=float(rating),
            before=(float(felt[2]), float(felt[3])) if before else None,
            after=(float(felt[0]), float(felt[1])),
            policy=row.get("rec_type") or "",
            stage=stage,
        )
        for row, (user, item, time, rating, *felt) in zip(rows, values.tolist(), strict=True)
    ]


def _check_range(values: np.ndarray, low: float, high: float, what: str, path: Path) -> None:
    is_out = (values < low) | (values > high)
    if is_out.any():
        raise EvaluationDataError(
            f"expected {what} within {low:g} to {high:g} in {str(path)!r}, got {float(values[is_out][0]):g}"
        )
