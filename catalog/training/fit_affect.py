"""Fit the affect model and the embedding space that ship, and measure them by protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.affect import AFFECT_LABELS, AffectModel, save_affect_model, share_from_angle
from catalog.analysis.embeddings import fit_embedding_space, save_embedding_space
from catalog.training.affect_protocol import (
    Figure,
    measure_figures,
    predict_out_of_fold,
    write_predictions,
    write_report,
)
from catalog.training.emotify import EmotifyTrack, build_targets, load_emotify, split_by_artist, weigh_tracks
from catalog.training.regression import (
    KernelFit,
    TrainingSet,
    choose_kernel,
    choose_ridge,
    fit_kernel,
    fit_ridge,
)
from catalog.training.track_vectors import (
    Progress,
    compute_descriptors,
    compute_librosa_summary,
    decode_mono,
    load_track_vectors,
    name_descriptors,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHIPPED: Final = "shipped"


@dataclass(frozen=True, slots=True)
class AffectTraining:
    """What a training run made.

    Attributes:
        model_path: the affect model.
        space_path: the embedding space.
        figures_by_system: Spearman figures of the shipped model and of every baseline measured.
    """

    model_path: Path
    space_path: Path
    figures_by_system: dict[str, dict[str, Figure]]


def fit_affect_model(
    material_dir: Path,
    out_dir: Path,
    *,
    cache_dir: Path,
    report_dir: Path | None = None,
    on_progress: Progress = lambda _name, _done, _total: None,
) -> AffectTraining:
    """Fit on all Emotify clips after measuring out of fold.

    Args:
        material_dir: folder with Emotify's clips and ratings, and the teachers' weights.
        out_dir: where `affect.npz` and `embedding.npz` go.
        cache_dir: where vectors are kept between runs.
        report_dir: where `affect.json` and `affect_out_of_fold.csv` go, with the baselines; None measures the shipped
            model alone.
        on_progress: called with the step, how much of it is done and how much there is.

    Raises:
        FileNotFoundError: the ratings or a clip are missing.
    """
    tracks = load_emotify(material_dir)
    training, names = _load_descriptors(tracks, cache_dir, on_progress)
    predicted_by_system = {SHIPPED: predict_out_of_fold(training, lambda part: _fit_shipped(part, names).predict)}
    if report_dir is not None:
        predicted_by_system |= _predict_baselines(tracks, material_dir, cache_dir, on_progress)
    figures_by_system = {name: measure_figures(tracks, predicted) for name, predicted in predicted_by_system.items()}
    if report_dir is not None:
        report_dir.mkdir(parents=True, exist_ok=True)
        write_report(report_dir / "affect.json", tracks, figures_by_system)
        write_predictions(report_dir / "affect_out_of_fold.csv", tracks, predicted_by_system)
    return _write_model(training, names, predicted_by_system[SHIPPED], out_dir, figures_by_system)


def _load_descriptors(
    tracks: list[EmotifyTrack], cache_dir: Path, on_progress: Progress
) -> tuple[TrainingSet, tuple[str, ...]]:
    names = tuple(compute_descriptors(tracks[0].clip))
    cache_name, _ = name_descriptors()
    vectors = load_track_vectors(
        cache_name,
        [track.clip for track in tracks],
        lambda clip: np.array(list(compute_descriptors(clip).values())),
        cache_dir=cache_dir,
        on_progress=on_progress,
    )
    return _build_training(tracks, vectors), names


def _build_training(tracks: list[EmotifyTrack], vectors: np.ndarray) -> TrainingSet:
    return TrainingSet(vectors, build_targets(tracks), weigh_tracks(tracks), [track.artist for track in tracks])


def _fit_shipped(training: TrainingSet, names: tuple[str, ...]) -> KernelFit:
    return fit_kernel(training, names, choose_kernel(training, names))


def _predict_baselines(
    tracks: list[EmotifyTrack], material_dir: Path, cache_dir: Path, on_progress: Progress
) -> dict[str, np.ndarray]:
    """Out-of-fold predictions of the genre's mean, librosa's summary and each teacher, the latter by ridge."""
    clips = [track.clip for track in tracks]
    genres = sorted({track.genre for track in tracks})
    one_hot = np.array([[float(track.genre == genre) for genre in genres] for track in tracks])
    # A penalty near 0 makes the regression the genre's mean.
    genre_set = _build_training(tracks, one_hot)
    predicted = {"genre": predict_out_of_fold(genre_set, lambda part: fit_ridge(part, 1e-6))}
    computers = {"librosa-summary": compute_librosa_summary} | _load_teachers(material_dir)
    for name, compute in computers.items():
        vectors = load_track_vectors(name, clips, compute, cache_dir=cache_dir, on_progress=on_progress)
        vectors_set = _build_training(tracks, vectors)
        predicted[f"{name}-ridge"] = predict_out_of_fold(vectors_set, lambda part: fit_ridge(part, choose_ridge(part)))
    return predicted


def _load_teachers(material_dir: Path) -> dict[str, Callable[[Path], np.ndarray]]:
    from catalog.training.teachers import SAMPLE_RATES, load_teacher

    def build(name: str) -> Callable[[Path], np.ndarray]:
        teacher = load_teacher(name, material_dir)
        return lambda clip: teacher(decode_mono(clip, SAMPLE_RATES[name]))

    return {name: build(name) for name in SAMPLE_RATES}


def _write_model(
    training: TrainingSet,
    names: tuple[str, ...],
    predicted: np.ndarray,
    out_dir: Path,
    figures_by_system: dict[str, dict[str, Figure]],
) -> AffectTraining:
    fitted = _fit_shipped(training, names)
    out_dir.mkdir(parents=True, exist_ok=True)
    model = AffectModel(
        descriptor_names=names,
        center=fitted.center,
        scale=fitted.scale,
        anchors=fitted.anchors,
        coefficients=fitted.coefficients,
        intercept=fitted.intercept,
        covariance=fitted.covariance,
        error_std=np.sqrt(np.mean(np.square(_to_units(predicted) - _to_units(training.targets)), axis=0)),
        mean_doubt=_measure_mean_doubt(training, names, fitted),
        kernel=fitted.choice.shape,
    )
    save_affect_model(model, out_dir / "affect.npz")
    # Scaled by out-of-fold predictions: those for tracks in training spread wider than those for tracks never seen.
    save_embedding_space(fit_embedding_space(_to_units(predicted), fitted.anchors), out_dir / "embedding.npz")
    return AffectTraining(out_dir / "affect.npz", out_dir / "embedding.npz", figures_by_system)


def _to_units(targets: np.ndarray) -> np.ndarray:
    """Shares within [0, 1] from their angles, then valence and arousal."""
    n_shares = len(AFFECT_LABELS)
    return np.concatenate([share_from_angle(targets[:, :n_shares]), np.clip(targets[:, n_shares:], -1.0, 1.0)], axis=1)


def _measure_mean_doubt(training: TrainingSet, names: tuple[str, ...], fitted: KernelFit) -> float:
    """Mean kernel doubt of tracks by models that saw none of their artist."""
    fold_of = split_by_artist(training.artists)
    doubts = [
        fit_kernel(training.take(fold_of != fold), names, fitted.choice).measure_doubt(
            training.vectors[fold_of == fold]
        )
        for fold in np.unique(fold_of)
    ]
    return float(np.concatenate(doubts).mean())
