"""Fit the affect model and the embedding space that ship, and measure them by protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.affect import AffectModel, save_affect_model, to_units
from catalog.analysis.embeddings import fit_embedding_space, save_embedding_space
from catalog.training.affect_protocol import (
    Figure,
    measure_figures,
    predict_out_of_fold,
    write_predictions,
    write_report,
)
from catalog.training.emotify import (
    FEELINGS,
    EmotifyTrack,
    build_targets,
    load_emotify,
    split_by_artist,
    weigh_tracks,
)
from catalog.training.kernel_fitting import KernelFit, choose_kernel, fit_kernel
from catalog.training.ridge import choose_ridge, fit_ridge
from catalog.training.teachers import SAMPLE_RATES, load_teacher
from catalog.training.track_vectors import (
    Progress,
    compute_descriptors,
    compute_librosa_summary,
    decode_mono,
    load_track_vectors,
    name_descriptors,
)
from catalog.training.training_set import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHIPPED: Final = "shipped"
# Nine feelings beside some 370 outputs of the taggers: counted six times they are heard.
_FEELING_WEIGHT: Final = 6


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
        material_dir: folder with Emotify's clips and ratings, and the public taggers' weights.
        out_dir: where `affect.npz` and `embedding.npz` go.
        cache_dir: where vectors are kept between runs, so that a run cut short goes on where it stopped.
        report_dir: where `affect.json` and `affect_out_of_fold.csv` go, with the baselines; None measures the
            shipped model alone.
        on_progress: called with the step, how much of it is done and how much there is.

    Raises:
        FileNotFoundError: the ratings, a clip or a tagger's weights are missing.
    """
    tracks = load_emotify(material_dir)
    outputs_by_teacher = _load_teacher_outputs(tracks, material_dir, cache_dir, on_progress)
    training, names = _build_training(tracks, list(outputs_by_teacher.values()), cache_dir, on_progress)
    predicted_by_system = {SHIPPED: predict_out_of_fold(training, lambda part: _fit_shipped(part, names).predict)}
    if report_dir is not None:
        predicted_by_system |= _predict_baselines(tracks, outputs_by_teacher, cache_dir, on_progress)
    figures_by_system = {name: measure_figures(tracks, predicted) for name, predicted in predicted_by_system.items()}
    if report_dir is not None:
        report_dir.mkdir(parents=True, exist_ok=True)
        write_report(report_dir / "affect.json", tracks, figures_by_system)
        write_predictions(report_dir / "affect_out_of_fold.csv", tracks, predicted_by_system)
    model_path, space_path = _write_model(training, names, predicted_by_system[SHIPPED], out_dir)
    return AffectTraining(model_path, space_path, figures_by_system)


def _load_teacher_outputs(
    tracks: list[EmotifyTrack], material_dir: Path, cache_dir: Path, on_progress: Progress
) -> dict[str, np.ndarray]:
    clips = [track.clip for track in tracks]

    def build(name: str) -> Callable[[Path], np.ndarray]:
        teacher = load_teacher(name, material_dir)
        return lambda clip: teacher(decode_mono(clip, SAMPLE_RATES[name]))

    return {
        name: load_track_vectors(name, clips, build(name), cache_dir=cache_dir, on_progress=on_progress)
        for name in SAMPLE_RATES
    }


def _build_training(
    tracks: list[EmotifyTrack], teacher_outputs: list[np.ndarray], cache_dir: Path, on_progress: Progress
) -> tuple[TrainingSet, tuple[str, ...]]:
    """Gather descriptors and hints: what the taggers say of the training tracks, and all nine feelings."""
    names = tuple(compute_descriptors(tracks[0].clip))
    descriptors = load_track_vectors(
        name_descriptors(),
        [track.clip for track in tracks],
        lambda clip: np.array(list(compute_descriptors(clip).values())),
        cache_dir=cache_dir,
        on_progress=on_progress,
    )
    feelings = np.array([[track.share_by_feeling[feeling] for feeling in FEELINGS] for track in tracks])
    hints = np.concatenate([*teacher_outputs, np.repeat(feelings, _FEELING_WEIGHT, axis=1)], axis=1)
    return _gather(tracks, descriptors, hints), names


def _gather(tracks: list[EmotifyTrack], vectors: np.ndarray, hints: np.ndarray) -> TrainingSet:
    return TrainingSet(vectors, build_targets(tracks), hints, weigh_tracks(tracks), [track.artist for track in tracks])


def _fit_shipped(training: TrainingSet, names: tuple[str, ...]) -> KernelFit:
    return fit_kernel(training, names, choose_kernel(training, names))


def _predict_baselines(
    tracks: list[EmotifyTrack], outputs_by_teacher: dict[str, np.ndarray], cache_dir: Path, on_progress: Progress
) -> dict[str, np.ndarray]:
    """Out-of-fold predictions of the genre's mean, librosa's summary and each teacher, the latter by ridge."""
    genres = sorted({track.genre for track in tracks})
    is_genre = np.array([[float(track.genre == genre) for genre in genres] for track in tracks])
    no_hints = np.zeros((len(tracks), 0))
    # A penalty near 0 makes the regression the genre's mean.
    predicted = {"genre": predict_out_of_fold(_gather(tracks, is_genre, no_hints), lambda part: fit_ridge(part, 1e-6))}
    summaries = load_track_vectors(
        "librosa-summary",
        [track.clip for track in tracks],
        compute_librosa_summary,
        cache_dir=cache_dir,
        on_progress=on_progress,
    )
    for name, vectors in ({"librosa-summary": summaries} | outputs_by_teacher).items():
        training = _gather(tracks, vectors, no_hints)
        predicted[f"{name}-ridge"] = predict_out_of_fold(training, lambda part: fit_ridge(part, choose_ridge(part)))
    return predicted


def _write_model(
    training: TrainingSet, names: tuple[str, ...], out_of_fold: np.ndarray, out_dir: Path
) -> tuple[Path, Path]:
    fitted = _fit_shipped(training, names)
    out_dir.mkdir(parents=True, exist_ok=True)
    model_path, space_path = out_dir / "affect.npz", out_dir / "embedding.npz"
    model = AffectModel(
        descriptor_names=names,
        center=fitted.center,
        scale=fitted.scale,
        regression=fitted.regression,
        error_std=np.sqrt(np.mean(np.square(to_units(out_of_fold) - to_units(training.targets)), axis=0)),
        mean_doubt=_measure_mean_doubt(training, names, fitted),
    )
    save_affect_model(model, model_path)
    # Scaled by out-of-fold predictions: those for tracks in training spread wider than those for tracks never seen.
    save_embedding_space(fit_embedding_space(to_units(out_of_fold), fitted.regression.anchors), space_path)
    return model_path, space_path


def _measure_mean_doubt(training: TrainingSet, names: tuple[str, ...], fitted: KernelFit) -> float:
    """Mean doubt about tracks by models that saw none of their artist."""
    fold_of = split_by_artist(training.artists)
    doubts = []
    for fold in np.unique(fold_of):
        part = fit_kernel(training.take(fold_of != fold), names, fitted.choice)
        doubts.append(part.regression.measure_doubt(part.standardize(training.vectors[fold_of == fold])))
    return float(np.concatenate(doubts).mean())
