"""Emotify's tracks in the embedding space as models see them that never met the artist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from catalog.analysis.affect import AFFECT_LABELS, AffectEstimate, to_units
from catalog.analysis.embeddings import (
    AFFECT_AXES,
    MAX_RAW_NORM,
    EmbeddingSpace,
    fit_embedding_space,
    load_embedding_space,
)
from catalog.training.emotify import FEELINGS, build_targets, load_emotify, split_by_artist, weigh_tracks
from catalog.training.kernel_fitting import KernelChoice, KernelFit, choose_kernel, fit_kernel
from catalog.training.teachers import SAMPLE_RATES, load_teacher
from catalog.training.track_vectors import compute_descriptors, decode_mono, load_track_vectors, name_descriptors
from catalog.training.training_set import N_INNER_FOLDS, TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.training.track_vectors import Progress

# As `emotitune train catalog` weighs them beside the taggers' outputs.
_FEELING_WEIGHT = 6


@dataclass(frozen=True, slots=True)
class PlacedTracks:
    """Tracks with their place in the space and what listeners felt.

    Attributes:
        track_ids: shape (n,).
        artists: one a track.
        folds: shape (n,); all tracks of an artist share one.
        raw: embeddings before folding, at most MAX_RAW_NORM long, shape (n, N_DIMENSIONS - 1).
        ratings: share of listeners by label, in the order of LABELS, shape (n, 4).
        plane: rated valence and arousal, within [-1, 1], shape (n, 2).
    """

    track_ids: np.ndarray
    artists: list[str]
    folds: np.ndarray
    raw: np.ndarray
    ratings: np.ndarray
    plane: np.ndarray

    def take(self, is_kept: np.ndarray) -> PlacedTracks:
        """Keep the tracks where `is_kept`, shape (n,), is true."""
        artists = [artist for artist, kept in zip(self.artists, is_kept, strict=True) if kept]
        arrays = (self.track_ids, self.folds, self.raw, self.ratings, self.plane)
        track_ids, folds, raw, ratings, plane = (array[is_kept] for array in arrays)
        return PlacedTracks(track_ids, artists, folds, raw, ratings, plane)


@dataclass(frozen=True, slots=True)
class OuterFold:
    """One tenth held out: nothing that placed or rated `train` ever met an artist of `test`."""

    train: PlacedTracks
    test: PlacedTracks


def load_placed_tracks(
    material_dir: Path, *, cache_dir: Path, on_progress: Progress = lambda _name, _done, _total: None
) -> tuple[PlacedTracks, list[OuterFold]]:
    """Place Emotify's tracks out of fold, once over all tracks and once per outer fold.

    Args:
        material_dir: folder with Emotify's clips and ratings, and the public taggers' weights.
        cache_dir: where descriptors are kept between runs.
        on_progress: called with the step, how much of it is done and how much there is.

    Returns:
        All tracks in the space that ships, their affect from ten-fold predictions; and the outer folds, each with a
        space and with inner predictions of its own training tracks alone.

    Raises:
        FileNotFoundError: the ratings, a clip or a tagger's weights are missing.
    """
    training, names, track_ids = _load_training(material_dir, cache_dir, on_progress)
    folds = split_by_artist(training.artists)
    shares = np.square(np.sin(training.targets[:, : len(AFFECT_LABELS)]))
    known = PlacedTracks(
        track_ids, training.artists, folds, np.zeros((len(folds), 0)), shares, training.targets[:, -2:]
    )
    outer, out_of_fold, standardized = [], np.zeros_like(training.targets), np.zeros_like(training.vectors)
    for fold in np.unique(folds):
        is_train = folds != fold
        part = training.take(is_train)
        choice = choose_kernel(part, names)
        fitted = fit_kernel(part, names, choice)
        out_of_fold[~is_train] = fitted.predict(training.vectors[~is_train])
        outer.append(_place_fold(known, is_train, fitted, _predict_inner(part, names, choice), training))
        on_progress("place", int(fold) + 1, len(np.unique(folds)))
    whole = fit_kernel(training, names, choose_kernel(training, names))
    standardized = whole.standardize(training.vectors)
    raw = _place(load_embedding_space(), out_of_fold, standardized)
    return _with_raw(known, raw), outer


def _load_training(
    material_dir: Path, cache_dir: Path, on_progress: Progress
) -> tuple[TrainingSet, tuple[str, ...], np.ndarray]:
    tracks = load_emotify(material_dir)
    clips = [track.clip for track in tracks]

    def ask(name: str) -> Callable[[Path], np.ndarray]:
        teacher = load_teacher(name, material_dir)
        return lambda clip: teacher(decode_mono(clip, SAMPLE_RATES[name]))

    hints = [
        load_track_vectors(name, clips, ask(name), cache_dir=cache_dir, on_progress=on_progress)
        for name in SAMPLE_RATES
    ]
    names = tuple(compute_descriptors(clips[0]))
    descriptors = load_track_vectors(
        name_descriptors(),
        clips,
        lambda clip: np.array(list(compute_descriptors(clip).values())),
        cache_dir=cache_dir,
        on_progress=on_progress,
    )
    feelings = np.array([[track.share_by_feeling[feeling] for feeling in FEELINGS] for track in tracks])
    told = np.concatenate([*hints, np.repeat(feelings, _FEELING_WEIGHT, axis=1)], axis=1)
    artists = [track.artist for track in tracks]
    training = TrainingSet(descriptors, build_targets(tracks), told, weigh_tracks(tracks), artists)
    return training, names, np.array([track.track_id for track in tracks])


def _predict_inner(part: TrainingSet, names: tuple[str, ...], choice: KernelChoice) -> np.ndarray:
    """Predict the training tracks of a fold by models that saw none of their artist, shape (n, 6)."""
    inner = split_by_artist(part.artists, N_INNER_FOLDS)
    predicted = np.zeros_like(part.targets)
    for fold in range(N_INNER_FOLDS):
        fitted = fit_kernel(part.take(inner != fold), names, choice)
        predicted[inner == fold] = fitted.predict(part.vectors[inner == fold])
    return predicted


def _place_fold(
    known: PlacedTracks, is_train: np.ndarray, fitted: KernelFit, inner: np.ndarray, training: TrainingSet
) -> OuterFold:
    anchors = fitted.regression.anchors
    space = fit_embedding_space(to_units(inner), anchors)
    test_vectors = training.vectors[~is_train]
    test_raw = _place(space, fitted.predict(test_vectors), fitted.standardize(test_vectors))
    train = _with_raw(known.take(is_train), _place(space, inner, anchors))
    return OuterFold(train, _with_raw(known.take(~is_train), test_raw))


def _with_raw(tracks: PlacedTracks, raw: np.ndarray) -> PlacedTracks:
    return PlacedTracks(tracks.track_ids, tracks.artists, tracks.folds, raw, tracks.ratings, tracks.plane)


def _place(space: EmbeddingSpace, targets: np.ndarray, standardized: np.ndarray) -> np.ndarray:
    rows = [
        space.compute_raw(_as_estimate(values), descriptors)
        for values, descriptors in zip(to_units(targets).tolist(), standardized, strict=True)
    ]
    raw = np.array(rows)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    return np.asarray(raw / np.maximum(lengths / MAX_RAW_NORM, 1.0))


def _as_estimate(values: list[float]) -> AffectEstimate:
    by_axis = dict(zip(AFFECT_AXES, values, strict=True))
    shares = {label: by_axis[label] for label in AFFECT_LABELS}
    return AffectEstimate(by_axis["valence"], by_axis["arousal"], shares, {})
