"""Tracks whose mood people rated, or composers intended, beside what our models predict for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import mutagen
import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES
from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.errors import MissingMaterialError
from recommender.evaluation.splits import find_split_groups, split_by_group
from recommender.evaluation.tables import read_rows, to_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.queries import TrackFacts

FEELING_BY_LABEL: Final = {"happy": "joyful_activation", "sad": "sadness", "angry": "tension", "neutral": "calmness"}
INTENDED_MOOD_TAG: Final = "emotitune_intended_mood"
_AXIS_COLUMNS: Final = (*(FEELING_BY_LABEL[label] for label in LABELS), "valence", "arousal")
_CLIP_SD: Final = 3.0
# Two letters say as little as numbers do.
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_N_DEMO_FOLDS: Final = 5


@dataclass(frozen=True, eq=False)
class RatedTracks:
    """A catalog to rank, with what is true of it.

    Attributes:
        track_ids: shape (n,).
        titles: one a track.
        artists: one a track; tracks of one artist never lie in two folds.
        genres: one a track.
        tags: what a file's tags say of each track: its genre there, and the words of title and album.
        folds: shape (n,); baselines that learn from ratings learn from other folds alone.
        ratings: share of people who feel each mood, columns in the order of LABELS, shape (n, 4), within [0, 1].
        liked: share of people who like the track, shape (n,); None where nobody was asked.
        predicted: by AFFECT_AXES, from models that never met the artist, shape (n, 6).
    """

    track_ids: np.ndarray
    titles: tuple[str, ...]
    artists: tuple[str, ...]
    genres: tuple[str, ...]
    tags: tuple[frozenset[str], ...]
    folds: np.ndarray
    ratings: np.ndarray
    liked: np.ndarray | None
    predicted: np.ndarray

    def __len__(self) -> int:
        return len(self.track_ids)

    @cached_property
    def affect_sd(self) -> np.ndarray:
        """Predictions in standard deviations of the catalog, clipped as embeddings are, shape (n, 6)."""
        spread = self.predicted.std(axis=0)
        centered = self.predicted - self.predicted.mean(axis=0)
        return np.asarray(np.clip(centered / np.where(spread > 0, spread, 1.0), -_CLIP_SD, _CLIP_SD))


def load_emotify(ratings_path: Path, predictions_path: Path, *, system: str = "shipped") -> RatedTracks:
    """Load Emotify's ratings and our out-of-fold predictions, in order of track id.

    Args:
        ratings_path: `emotify_tracks.csv`, mean share of raters per feeling.
        predictions_path: `system, track_id, fold`, the four feelings, `valence, arousal`.
        system: whose predictions to take.

    Raises:
        EvaluationDataError: a file, column or number is missing, no track is in both, or an artist lies in two folds.
    """
    rated = {row["track_id"]: row for row in read_rows(ratings_path, ("track_id", "genre", "liked", "id3_artist"))}
    rows = read_rows(predictions_path, ("system", "track_id", "fold", *_AXIS_COLUMNS))
    predicted = [row for row in rows if row["system"] == system and row["track_id"] in rated]
    if not predicted:
        raise EvaluationDataError(
            f"expected predictions of system {system!r} for rated tracks, none in {predictions_path}"
        )
    predicted.sort(key=lambda row: int(row["track_id"]))
    pairs = [(row, rated[row["track_id"]]) for row in predicted]
    tracks = RatedTracks(
        track_ids=np.array([int(row["track_id"]) for row in predicted], dtype=np.int64),
        titles=tuple(truth.get("id3_title", "") for _, truth in pairs),
        artists=tuple(truth["id3_artist"] for _, truth in pairs),
        genres=tuple(truth["genre"] for _, truth in pairs),
        tags=tuple(
            _tags(truth.get("id3_genre", ""), truth.get("id3_title", ""), truth.get("id3_album", ""))
            for _, truth in pairs
        ),
        folds=np.array([int(row["fold"]) for row in predicted], dtype=np.int64),
        ratings=to_numbers((truth for _, truth in pairs), _AXIS_COLUMNS[: len(LABELS)], ratings_path),
        liked=to_numbers((truth for _, truth in pairs), ("liked",), ratings_path)[:, 0],
        predicted=to_numbers(predicted, _AXIS_COLUMNS, predictions_path),
    )
    return _check_folds(tracks)


def load_demo(tracks: Sequence[TrackFacts]) -> RatedTracks:
    """Take the analyzed pieces of the demo library, each true to the one mood it was composed for.

    Args:
        tracks: the catalog; tracks without the tag that names an intended mood are left out.

    Raises:
        MissingMaterialError: fewer than five artists are left.
    """
    intended = [(track, mood) for track in tracks if track.shares and (mood := read_intended_mood(track)) is not None]
    artists = tuple(track.artist or f"track {track.track_id}" for track, _ in intended)
    if len(set(artists)) < _N_DEMO_FOLDS:
        raise MissingMaterialError(
            f"expected analyzed demo pieces by at least {_N_DEMO_FOLDS} artists, got {len(intended)} pieces by "
            f"{len(set(artists))}; render, import and analyze the demo library first"
        )
    return RatedTracks(
        track_ids=np.array([track.track_id for track, _ in intended], dtype=np.int64),
        titles=tuple(track.title for track, _ in intended),
        artists=artists,
        genres=tuple(track.genre or "" for track, _ in intended),
        tags=tuple(_tags(track.genre or "", track.title, track.album or "") for track, _ in intended),
        folds=split_by_group(artists, _N_DEMO_FOLDS, np.random.default_rng(0)),
        ratings=np.array([[float(label == mood) for label in LABELS] for _, mood in intended]),
        liked=None,
        predicted=np.array([predicted_row(track) for track, _ in intended]),
    )


def read_intended_mood(track: TrackFacts) -> str | None:
    """Read from a file's tags which mood it was composed for; None where it does not say so."""
    if track.path is None or not Path(track.path).is_file():
        return None
    try:
        tags = mutagen.File(track.path)
    except mutagen.MutagenError:
        return None
    mood = _find_tag(tags, INTENDED_MOOD_TAG)
    return mood if mood in LABELS else None


def _tags(genre: str | None, title: str | None, album: str | None) -> frozenset[str]:
    words = _WORD.findall(f"{title or ''} {album or ''}".casefold())
    return frozenset([f"genre {(genre or '').casefold()}", *words])


def _find_tag(tags: Any, name: str) -> str | None:  # noqa: ANN401 (mutagen has a type per container)
    for key, value in (tags or {}).items():
        # ID3 keeps free tags as `TXXX:name`, Vorbis comments as `name`.
        if key.lower().removeprefix("txxx:") == name:
            return str(value[0] if isinstance(value, list) else value)
    return None


def predicted_row(track: TrackFacts) -> list[float]:
    """Read a track's predicted affect in the order of AFFECT_AXES; 0 where there is none."""
    shares = track.shares or {}
    values = {**shares, "valence": track.valence, "arousal": track.arousal}
    return [float(values.get(axis) or 0.0) for axis in AFFECT_AXES]


def _check_folds(tracks: RatedTracks) -> RatedTracks:
    leaking = find_split_groups(tracks.artists, tracks.folds)
    if leaking:
        raise EvaluationDataError(f"expected each artist in one fold, {sorted(map(str, leaking))[:3]} lie in several")
    return tracks
