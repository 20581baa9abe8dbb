"""Logistic regression on a frozen encoder; which layers and how strongly regularized, inner folds choose."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from recognizer.calibration import compute_distance
from recognizer.corpora.splits import group_folds
from recognizer.labels import LABELS
from recognizer.training.committee import Committee
from recognizer.training.head import Head, compute_mood_offsets, refuse_missing_labels, standardize
from recognizer.training.inner_folds import N_INNER_FOLDS, FittedHead, compute_uar_by_corpus, fit_confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recognizer.training.head import TrainingClips
    from recognizer.training.probe_config import ProbeConfig

_MAX_ITERATIONS = 2000
# Of the gradient; finer ones change no label and take several times as long.
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class FittedProbe(FittedHead):
    """A probe with what was fitted and chosen for it on inner folds.

    Attributes:
        layer_range: states read, such as "2-5".
        c: inverse strength of regularization.
    """

    layer_range: str
    c: float

    @property
    def facts(self) -> dict[str, Any]:
        """What is worth keeping beside the predictions."""
        return {"inner_uar": self.inner_uar, "layer_range": self.layer_range, "c": self.c}


@dataclass(frozen=True)
class _Choice:
    layer_range: str
    c: float


def fit_probe(clips: TrainingClips, config: ProbeConfig, *, seed: int) -> FittedProbe:
    """Choose layers and C by UAR on inner speaker folds, averaged over corpora, then fit on everything given.

    Voices are not centered in training: this is the plain reference.

    Args:
        clips: statistics of the clean view, of every state the run keeps; all labels must occur.
        config: the run.
        seed: deals the inner folds.

    Raises:
        TrainingError: a label does not occur.
    """
    fold_of_clip = group_folds(clips.speakers.tolist(), N_INNER_FOLDS, np.random.default_rng(seed))
    logits = {choice: np.empty((len(clips.truth), len(LABELS))) for choice in _list_choices(config)}
    distances = np.empty(clips.statistics.shape[:2])
    for fold in range(N_INNER_FOLDS):
        is_held_out = fold_of_clip == fold
        for choice, head in _iter_heads(clips.select(~is_held_out), config, list(logits)):
            logits[choice][is_held_out] = head.compute_logits(clips.statistics[is_held_out, 0])
        distances[is_held_out] = compute_distance((clips.statistics[is_held_out] - head.mean) / head.std)
    by_corpus = {choice: compute_uar_by_corpus(logits[choice], clips) for choice in logits}
    best = max(logits, key=lambda choice: np.mean(list(by_corpus[choice].values())))
    ((_, head),) = _iter_heads(clips, config, [best])
    confidence = fit_confidence(logits[best], clips.truth, distances)
    return FittedProbe(head, confidence, by_corpus[best], best.layer_range, best.c)


def _list_choices(config: ProbeConfig) -> list[_Choice]:
    return [_Choice(*pair) for pair in itertools.product(config.layer_ranges, sorted(config.c_values))]


def _iter_heads(clips: TrainingClips, config: ProbeConfig, choices: list[_Choice]) -> Iterator[tuple[_Choice, Head]]:
    """Fit each choice, all on one standardization; a range's regressions start where the one before ended."""
    refuse_missing_labels(clips.truth, clips.corpora)
    weights = clips.weigh()
    standardized, mean, std = standardize(clips, weights)
    offsets = compute_mood_offsets(standardized[:, 0], clips.truth, weights)
    n_statistics = standardized.shape[2] // (config.n_blocks + 1 - config.first_layer)
    for layer_range, of_range in itertools.groupby(choices, key=lambda choice: choice.layer_range):
        low, high = config.parse_range(layer_range)
        read = slice((low - config.first_layer) * n_statistics, (high + 1 - config.first_layer) * n_statistics)
        model = LogisticRegression(max_iter=_MAX_ITERATIONS, tol=_TOLERANCE, warm_start=True)
        for choice in of_range:
            model.set_params(C=choice.c)
            model.fit(standardized[:, 0, read], clips.truth, sample_weight=weights)
            yield choice, Head(mean, std, offsets, (), _build_network(model, read, standardized.shape[2]))


def _build_network(model: LogisticRegression, read: slice, n_statistics: int) -> Committee:
    """Build the head's linear network, blind to the layers that are not read."""
    network = Committee(n_statistics, hidden_sizes=(0,), dropout=0.0)
    weight = torch.zeros(len(LABELS), n_statistics)
    weight[:, read] = torch.from_numpy(model.coef_)
    network.load_state_dict({"members.0.weight": weight, "members.0.bias": torch.from_numpy(model.intercept_)})
    return network.eval()
