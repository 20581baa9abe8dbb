"""What one listener likes: a Bayesian linear model over the track embedding, small, explained and bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, MAX_RAW_NORM, N_DIMENSIONS
from recommender.errors import TasteUnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

# No taste outweighs the mood: the best tracks of a catalog stand two to three deviations towards a mood.
MAX_SCORE_SD: Final = 1.0
# An average track's score varies by about half a deviation before anything is known: .18 times its length of 2.8.
_PRIOR_SD: Final = 0.18
# Whoever skips everything tells about their day, not about the tracks: this offset takes it up, and moves no order.
_OFFSET_PRIOR_SD: Final = 1.0
_N_WEIGHTS: Final = N_DIMENSIONS - 1
_FORMAT: Final = 1
_WORD_BY_AXIS: Final = {
    "happy": "happy music",
    "sad": "sad music",
    "angry": "tense music",
    "neutral": "calm music",
    "valence": "bright music",
    "arousal": "stirring music",
}
# A score below this is nothing to speak of; a weight surer than this is learned.
_TOLD_SD: Final = 0.1
_TOLD_Z: Final = 1.0


class Reaction(StrEnum):
    """What a listener did with a track."""

    LIKE = "like"
    FINISHED = "finished"
    SKIP = "skip"
    NEVER = "never"


# What each says of the track, in deviations, and how far off that may be. A skip may mean a phone that rang.
_VALUE_AND_NOISE_SD: Final[Mapping[Reaction, tuple[float, float]]] = {
    Reaction.LIKE: (1.0, 0.6),
    Reaction.FINISHED: (0.3, 1.0),
    Reaction.SKIP: (-0.3, 1.0),
    Reaction.NEVER: (-1.0, 0.6),
}


@dataclass(frozen=True, slots=True)
class ListenerTaste:
    """A listener's taste: a normal distribution over what each axis of the embedding is worth to them.

    A track is worth `w . raw`, raw its embedding in standard deviations. The prior of w has mean zero, so without
    reactions every track scores 0. Reactions add up in the two sums below, from which the posterior follows in closed
    form; taking one back subtracts it. The score is bounded by `MAX_SCORE_SD`, so nothing a listener does hides a
    track: only `never` does, and that is kept as a list of tracks, not here.

    Attributes:
        precision: inverse covariance without the prior, shape (33, 33): weights, then the offset.
        evidence: precision-weighted sum of reactions, shape (33,).
        counts: how many reactions of each kind are in there.
        model: the embedding model whose axes these are; all have the layout of the shipped one.

    Source: Bishop (2006), Pattern Recognition and Machine Learning, equations 3.50 and 3.51.
    """

    precision: np.ndarray = field(default_factory=lambda: np.zeros((_N_WEIGHTS + 1, _N_WEIGHTS + 1)))
    evidence: np.ndarray = field(default_factory=lambda: np.zeros(_N_WEIGHTS + 1))
    counts: Mapping[Reaction, int] = field(default_factory=dict)
    model: str = EMBEDDING_MODEL
    _drawn: np.ndarray | None = None

    @property
    def n_reactions(self) -> int:
        """How many reactions it was learned from."""
        return sum(self.counts.values())

    def with_reaction(self, embedding: np.ndarray, reaction: Reaction) -> ListenerTaste:
        """Learn from what the listener did with a track, embedding of shape (d,)."""
        return self._changed(embedding, reaction, 1)

    def without_reaction(self, embedding: np.ndarray, reaction: Reaction) -> ListenerTaste:
        """Forget a reaction learned before.

        Raises:
            ValueError: no such reaction was learned.
        """
        if not self.counts.get(reaction):
            raise ValueError(f"expected a {reaction.value!r} to take back, got {dict(self.counts)}")
        return self._changed(embedding, reaction, -1)

    def score(self, embeddings: np.ndarray) -> np.ndarray:
        """Score tracks by the expected taste, or the one drawn.

        Args:
            embeddings: shape (n, 33), float32.

        Returns:
            Shape (n,), float64, in standard deviations, within `MAX_SCORE_SD` on either side; 0 without reactions.
        """
        worth = _to_raw(embeddings) @ self._weights()
        return np.asarray(MAX_SCORE_SD * np.tanh(worth / MAX_SCORE_SD), dtype=np.float64)

    def compute_uncertainty(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the standard deviation of what tracks are worth, before it is bounded, shape (n,)."""
        raw, covariance = _to_raw(embeddings), np.linalg.inv(self._posterior_precision())[:_N_WEIGHTS, :_N_WEIGHTS]
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", raw, covariance, raw)))

    def draw(self, rng: np.random.Generator) -> ListenerTaste:
        """Draw one taste that the listener may have, for Thompson sampling; without reactions nothing changes.

        Source: Agrawal and Goyal (2013), Thompson sampling for contextual bandits with linear payoffs, ICML.
        """
        if not self.n_reactions:
            return self
        root = np.linalg.cholesky(self._posterior_precision())
        drawn = self._mean() + np.linalg.solve(root.T, rng.standard_normal(_N_WEIGHTS + 1))
        return replace(self, _drawn=drawn[:_N_WEIGHTS])

    def explain(self, embedding: np.ndarray) -> str:
        """Say what of a track, shape (d,), speaks for or against it; empty where hardly anything does."""
        score = float(self.score(embedding[None])[0])
        if abs(score) < _TOLD_SD:
            return ""
        raw, weights = _to_raw(embedding[None])[0], self._weights()
        n_axes = len(AFFECT_AXES)
        parts = dict(zip(AFFECT_AXES, raw[:n_axes] * weights[:n_axes], strict=True))
        parts["sound"] = float(raw[n_axes:] @ weights[n_axes:])
        axis = max(parts, key=lambda name: parts[name] * math.copysign(1.0, score))
        if axis == "sound":
            return "it sounds like what you liked" if score > 0 else "it sounds like what you passed over"
        position = AFFECT_AXES.index(axis)
        return _describe(axis, weights[position], is_more=raw[position] > 0)

    def describe(self) -> tuple[str, ...]:
        """Say what was learned, surest first; nothing where nothing is sure yet."""
        mean, covariance = self._mean(), np.linalg.inv(self._posterior_precision())
        surety = mean[: len(AFFECT_AXES)] / np.sqrt(np.diag(covariance)[: len(AFFECT_AXES)])
        told = [i for i in np.argsort(-np.abs(surety)) if abs(surety[i]) >= _TOLD_Z]
        return tuple(_describe(AFFECT_AXES[i], mean[i], is_more=True) for i in told)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it; the lower half of the symmetric matrix is enough."""
        rows, columns = np.tril_indices(_N_WEIGHTS + 1)
        return {
            "format": _FORMAT,
            "model": self.model,
            "counts": {str(reaction): n for reaction, n in self.counts.items() if n},
            "evidence": np.round(self.evidence, 6).tolist(),
            "precision": np.round(self.precision[rows, columns], 6).tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, model: str = EMBEDDING_MODEL) -> ListenerTaste:
        """Read what `to_json` wrote, of the embedding model asked for.

        Raises:
            TasteUnreadableError: it is of another format or embedding model, or damaged; learn it anew.
        """
        found = (values.get("format"), values.get("model"))
        if found != (_FORMAT, model):
            raise TasteUnreadableError(f"expected format and model {(_FORMAT, model)}, got {found}")
        precision = np.zeros((_N_WEIGHTS + 1, _N_WEIGHTS + 1))
        try:
            precision[np.tril_indices(_N_WEIGHTS + 1)] = values["precision"]
            evidence = np.asarray(values["evidence"], dtype=np.float64)
            counts = {Reaction(name): int(n) for name, n in values["counts"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise TasteUnreadableError(f"a field is missing or damaged: {error}") from error
        if evidence.shape != (_N_WEIGHTS + 1,) or not (np.isfinite(evidence).all() and np.isfinite(precision).all()):
            raise TasteUnreadableError(f"expected {_N_WEIGHTS + 1} finite sums, got shape {evidence.shape}")
        return cls(precision + np.tril(precision, -1).T, evidence, counts, model)

    def _changed(self, embedding: np.ndarray, reaction: Reaction, sign: int) -> ListenerTaste:
        value, noise_sd = _VALUE_AND_NOISE_SD[reaction]
        row = np.append(_to_raw(embedding[None])[0], 1.0)
        counts = {**self.counts, reaction: self.counts.get(reaction, 0) + sign}
        if not any(counts.values()):
            return ListenerTaste(model=self.model)  # exactly nothing, where subtracting leaves rounding
        weight = sign / noise_sd**2
        precision, evidence = self.precision + weight * np.outer(row, row), self.evidence + weight * value * row
        return replace(self, precision=precision, evidence=evidence, counts=counts)

    def _posterior_precision(self) -> np.ndarray:
        prior = np.full(_N_WEIGHTS + 1, _PRIOR_SD**-2)
        prior[-1] = _OFFSET_PRIOR_SD**-2
        return self.precision + np.diag(prior)

    def _mean(self) -> np.ndarray:
        return np.asarray(np.linalg.solve(self._posterior_precision(), self.evidence))

    def _weights(self) -> np.ndarray:
        return self._mean()[:_N_WEIGHTS] if self._drawn is None else self._drawn


def _to_raw(embeddings: np.ndarray) -> np.ndarray:
    """Drop the coordinate that completes the unit length; what is left counts standard deviations."""
    if embeddings.ndim != 2 or embeddings.shape[1] != N_DIMENSIONS:  # noqa: PLR2004 (a matrix)
        raise ValueError(f"expected embeddings of shape (n, {N_DIMENSIONS}), got {embeddings.shape}")
    return np.asarray(embeddings[:, :-1], dtype=np.float64) * MAX_RAW_NORM


def _describe(axis: str, weight: float, *, is_more: bool) -> str:
    """Name a side of an axis and whether the listener likes it."""
    side = _WORD_BY_AXIS[axis] if is_more else f"music that is not {_WORD_BY_AXIS[axis].removesuffix(' music')}"
    likes = (weight > 0) == is_more
    return f"you like {side}" if likes else f"you often pass over {side}"
