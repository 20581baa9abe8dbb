"""A plugged-in music model as the analysis uses it: its encoder, and a ridge regression from its vectors to affect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.affect import AFFECT_LABELS, TARGETS, AffectEstimate, standardize, to_units
from catalog.analysis.analyzer import ANALYZER_VERSION, AnalysisVersions, TrackAnalysis
from catalog.analysis.decoding import DEFAULT_EXCERPT_S, decode_excerpt
from catalog.analysis.embeddings import EmbeddingSpace, load_embedding_space
from catalog.analysis.features import extract_features
from catalog.analysis.music_encoders import MusicEncoder, encode_excerpt, open_encoder
from catalog.errors import MusicModelError

if TYPE_CHECKING:
    from pathlib import Path

_HASH_LETTERS: Final = 8


@dataclass(frozen=True, slots=True)
class AffectHead:
    """What was fitted on top of a plugged-in model; plain arrays.

    Attributes:
        center: mean of the model's vectors in training, shape (d,).
        scale: their standard deviation, shape (d,).
        slopes: from standardized vectors to `TARGETS`, the shares as angles, shape (d, 6).
        intercept: shape (6,).
        error_std: out-of-fold error of each target, in its own units, shape (6,).
        timbre_axes: principal axes of the standardized vectors, scaled as in the shipped space, shape (26, d).
    """

    center: np.ndarray
    scale: np.ndarray
    slopes: np.ndarray
    intercept: np.ndarray
    error_std: np.ndarray
    timbre_axes: np.ndarray

    def estimate(self, standardized: np.ndarray) -> AffectEstimate:
        """Predict shares, valence and arousal from one standardized vector, shape (d,)."""
        values = to_units((standardized @ self.slopes + self.intercept)[None, :])[0].tolist()
        value_by_target = dict(zip(TARGETS, values, strict=True))
        return AffectEstimate(
            valence=value_by_target["valence"],
            arousal=value_by_target["arousal"],
            shares={label: value_by_target[label] for label in AFFECT_LABELS},
            stds=dict(zip(TARGETS, self.error_std.tolist(), strict=True)),
        )

    def build_space(self) -> EmbeddingSpace:
        """Build the space of its embeddings: the shipped one's affect axes, its own timbre axes.

        With the same affect axes, moods and corrections are placed as in the shipped space.
        """
        shipped = load_embedding_space()
        n_columns = self.timbre_axes.shape[1]
        return EmbeddingSpace(shipped.affect_center, shipped.affect_scale, np.zeros(n_columns), self.timbre_axes)


@dataclass(frozen=True, slots=True)
class PluggedAnalyzer:
    """Analyzes files with a plugged-in model; pickles, so that processes can share the work.

    Attributes:
        name: of the model, see `open_encoder`.
        head_path: its fitted head.
        material_dir: folder that holds `models/`.
        excerpt_s: length of the part that is decoded and analyzed.
    """

    name: str
    head_path: Path
    material_dir: Path | None = None
    excerpt_s: float = DEFAULT_EXCERPT_S

    @property
    def versions(self) -> AnalysisVersions:
        """What stands on the rows it fills; another fit of the head is another version.

        Raises:
            MusicModelError: the head is not fitted yet.
        """
        version = hash_head(self.name, self.head_path)
        return AnalysisVersions(ANALYZER_VERSION, f"{self.name}-ridge-{version}", f"affect-{self.name}-{version}")

    def check(self) -> None:
        """Open everything once, so that what is missing is said before the first track.

        Raises:
            MusicModelError: the model, a library, its weights or its head is missing.
        """
        _open_once(self.name, self.material_dir)
        load_head(self.name, self.head_path)

    def __call__(self, path: Path) -> TrackAnalysis:
        """Analyze the central excerpt of a music file; see `analyze_file`."""
        excerpt = decode_excerpt(path, excerpt_s=self.excerpt_s)
        features, _ = extract_features(excerpt)
        head = load_head(self.name, self.head_path)
        vector = encode_excerpt(_open_once(self.name, self.material_dir), excerpt)
        standardized = standardize(vector, head.center, head.scale)
        affect = head.estimate(standardized)
        versions = self.versions
        return TrackAnalysis(
            excerpt.duration_s,
            features,
            affect,
            head.build_space().embed(affect, standardized),
            versions.embedding_model,
            versions.affect_model,
            versions.analyzer,
        )


def find_head(name: str, folder: Path) -> Path:
    """Return where the head of a model lies in a folder of heads."""
    return folder / f"{name.replace('/', '--').replace(':', '-')}.npz"


def save_head(head: AffectHead, path: Path) -> None:
    """Write a head as plain arrays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{field.name: getattr(head, field.name) for field in fields(AffectHead)})


@lru_cache(maxsize=4)
def load_head(name: str, path: Path) -> AffectHead:
    """Read a head; the file holds arrays alone, so nothing in it can run.

    Raises:
        MusicModelError: it is not there, or no head.
    """
    names = [field.name for field in fields(AffectHead)]
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return AffectHead(**{name: arrays[name] for name in names})
    except FileNotFoundError as error:
        raise MusicModelError(name, f"it is not fitted yet: emotitune train music {name}") from error
    except (KeyError, ValueError, OSError) as error:
        raise MusicModelError(name, f"{str(path)!r} is no fitted head: {error}") from error


@lru_cache(maxsize=4)
def hash_head(name: str, path: Path) -> str:
    """Return the first letters of a head's SHA-256.

    Raises:
        MusicModelError: it is not there.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_LETTERS]
    except FileNotFoundError as error:
        raise MusicModelError(name, f"it is not fitted yet: emotitune train music {name}") from error


@lru_cache(maxsize=1)
def _open_once(name: str, material_dir: Path | None) -> MusicEncoder:
    return open_encoder(name, material_dir)
