"""Analyze one music file: decode once, then features, affect and embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.analysis.affect import AFFECT_MODEL, AffectEstimate, load_affect_model
from catalog.analysis.decoding import DEFAULT_EXCERPT_S, decode_excerpt
from catalog.analysis.embeddings import EMBEDDING_MODEL, load_embedding_space
from catalog.analysis.features import AudioFeatureValues, extract_features

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


# Grows with every change of what the features mean or how they are measured.
ANALYZER_VERSION: Final = "features-1"


@dataclass(frozen=True, slots=True)
class AnalysisVersions:
    """What stands on every analyzed row; a row with anything else is outdated."""

    analyzer: str
    affect_model: str
    embedding_model: str


SHIPPED_VERSIONS: Final = AnalysisVersions(ANALYZER_VERSION, AFFECT_MODEL, EMBEDDING_MODEL)


@dataclass(frozen=True, slots=True)
class TrackAnalysis:
    """Everything the catalog stores about how a file sounds.

    Attributes:
        duration_s: length of the whole file.
        features: tempo, key, loudness and the like.
        affect: shares, valence, arousal and their doubt.
        embedding: float32, shape (33,), of unit length.
        embedding_model: what made the embedding; embeddings of different models must not be compared.
        affect_model: what made the affect.
        analyzer_version: what made the features.
    """

    duration_s: float
    features: AudioFeatureValues
    affect: AffectEstimate
    embedding: np.ndarray
    embedding_model: str = EMBEDDING_MODEL
    affect_model: str = AFFECT_MODEL
    analyzer_version: str = ANALYZER_VERSION


def analyze_file(path: Path, *, excerpt_s: float = DEFAULT_EXCERPT_S) -> TrackAnalysis:
    """Analyze the central excerpt of a music file.

    Args:
        path: a file in any container and codec FFmpeg reads, in mono or with any number of channels.
        excerpt_s: length of the part that is decoded and analyzed.

    Raises:
        UnreadableMusicError: the file cannot be decoded, has no sound, or less than 3 s of it.
    """
    excerpt = decode_excerpt(path, excerpt_s=excerpt_s)
    features, descriptors = extract_features(excerpt)
    model = load_affect_model()
    standardized = model.standardize(descriptors)
    affect = model.estimate(standardized)
    embedding = load_embedding_space().embed(affect, standardized)
    return TrackAnalysis(excerpt.duration_s, features, affect, embedding)
