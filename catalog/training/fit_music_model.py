"""Fit affect on top of a plugged-in music model, and measure it by protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.analysis.affect import standardize, to_units
from catalog.analysis.decoding import decode_excerpt
from catalog.analysis.embeddings import N_TIMBRE_AXES, fit_embedding_space
from catalog.analysis.music_encoders import encode_excerpt, open_encoder
from catalog.analysis.plugged_model import AffectHead, save_head
from catalog.training.affect_protocol import Figure, measure_figures, predict_out_of_fold
from catalog.training.emotify import build_targets, load_emotify, weigh_tracks
from catalog.training.ridge import choose_ridge, fit_ridge
from catalog.training.track_vectors import Progress, load_track_vectors
from catalog.training.training_set import TrainingSet

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.training.emotify import EmotifyTrack


def fit_music_model(
    name: str,
    material_dir: Path,
    head_path: Path,
    *,
    cache_dir: Path,
    on_progress: Progress = lambda _name, _done, _total: None,
) -> dict[str, Figure]:
    """Fit a ridge from a model's vectors to affect on all Emotify clips, after measuring it out of fold.

    Args:
        name: of the model, see `catalog.analysis.music_encoders.open_encoder`.
        material_dir: folder with Emotify's clips and ratings, and perhaps the model's weights.
        head_path: where the head goes.
        cache_dir: where vectors are kept between runs, so that a run cut short goes on where it stopped.
        on_progress: called with the step, how much of it is done and how much there is.

    Returns:
        Spearman by feeling, as `affect.json` names them.

    Raises:
        MusicModelError: the model, a library or its weights are missing.
        FileNotFoundError: the ratings or a clip are missing.
    """
    tracks = load_emotify(material_dir)
    encoder = open_encoder(name, material_dir)
    vectors = load_track_vectors(
        f"plugged-{head_path.stem}",
        [track.clip for track in tracks],
        lambda clip: encode_excerpt(encoder, decode_excerpt(clip)),
        cache_dir=cache_dir,
        on_progress=on_progress,
    )
    head, predicted = fit_head(tracks, vectors)
    save_head(head, head_path)
    return measure_figures(tracks, predicted)


def fit_head(tracks: list[EmotifyTrack], vectors: np.ndarray) -> tuple[AffectHead, np.ndarray]:
    """Fit a head.

    Args:
        tracks: the rated tracks, n of them.
        vectors: what the model makes of them, shape (n, d).

    Returns:
        The head, and predictions for each track by heads that saw none of its artist, shape (n, 6).
    """
    artists = [track.artist for track in tracks]
    training = TrainingSet(vectors, build_targets(tracks), np.zeros((len(tracks), 0)), weigh_tracks(tracks), artists)
    predicted = predict_out_of_fold(training, lambda part: fit_ridge(part, choose_ridge(part)))
    fitted = fit_ridge(training, choose_ridge(training))
    standardized = standardize(vectors, fitted.center, fitted.scale)
    axes = fit_embedding_space(to_units(predicted), standardized).timbre_axes
    errors = to_units(predicted) - to_units(training.targets)
    head = AffectHead(
        center=fitted.center,
        scale=fitted.scale,
        slopes=fitted.slopes,
        intercept=fitted.intercept,
        error_std=np.sqrt(np.mean(np.square(errors), axis=0)),
        # A model with fewer dimensions than the space has timbre axes leaves the rest empty.
        timbre_axes=np.pad(axes, ((0, N_TIMBRE_AXES - len(axes)), (0, 0))),
    )
    return head, predicted
