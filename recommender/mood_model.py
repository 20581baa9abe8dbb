"""How one listener's moods differ from what the recognizer hears: a temperature and a prior, fitted to corrections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.optimize import minimize

from recommender.affect import LABELS
from recommender.errors import TasteUnreadableError
from recommender.space import validate_posterior

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Fewer say more about the days they were made on than about the listener: with eight, and the shrinkage below, four
# fifths of them saying the same moves a mood by about as much as the recognizer is usually off.
MIN_CORRECTIONS: Final = 8
# Standard deviations of what listeners are expected to differ by; the smaller, the stronger the shrinkage.
_SHARPNESS_SD: Final = 0.25
_OFFSET_SD: Final = 0.5
# Beyond these the model would say what was heard instead of correcting it.
_MIN_SHARPNESS: Final = 0.5
_MAX_SHARPNESS: Final = 2.0
MAX_OFFSET: Final = 1.0
# People correct what is wrong and leave what is right: without this, every fit would believe the recognizer is always
# wrong. Silence counts for less than a word.
_SILENCE_WEIGHT: Final = 0.3
_FLOOR: Final = 1e-4
# Of voices; what is angry in a voice is tense in music.
_WORD_BY_LABEL: Final = {"happy": "happy", "sad": "sad", "angry": "angry", "neutral": "calm"}
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class MoodModel:
    """Corrects a posterior: `p' ~ p^sharpness exp(offset)`, by label.

    Attributes:
        sharpness: inverse temperature; below 1 the listener's moods are less sure than they sound.
        offsets: what is added to the logarithm of each label's probability, in the order of `LABELS`; within
            `MAX_OFFSET`.
        n_corrections: how many it was fitted to; below `MIN_CORRECTIONS` it changes nothing.
    """

    sharpness: float = 1.0
    offsets: tuple[float, ...] = (0.0,) * len(LABELS)
    n_corrections: int = 0

    @classmethod
    def fit(
        cls,
        corrections: Sequence[tuple[Mapping[str, float], str]],
        uncorrected: Sequence[Mapping[str, float]] = (),
    ) -> MoodModel:
        """Fit to what a listener corrected, shrunk towards changing nothing.

        Minimizes the cross-entropy of the corrections, plus `_SILENCE_WEIGHT` times that of the moods left as they
        were (against themselves), plus squared differences from changing nothing in units of what listeners differ by.
        The problem is convex.

        Args:
            corrections: posterior heard and label given, each.
            uncorrected: posteriors the listener saw and left.

        Raises:
            InvalidPosteriorError: a posterior is no distribution.
            ValueError: a label is unknown.
        """
        if len(corrections) < MIN_CORRECTIONS:
            return cls(n_corrections=len(corrections))
        heard = [*(posterior for posterior, _ in corrections), *uncorrected]
        logs = np.array([_log(posterior) for posterior in heard])
        targets = np.array([*(_one_hot(label) for _, label in corrections), *np.exp(logs[len(corrections) :])])
        weights = np.array([1.0] * len(corrections) + [_SILENCE_WEIGHT] * len(uncorrected))
        bounds = [(_MIN_SHARPNESS, _MAX_SHARPNESS), *[(-MAX_OFFSET, MAX_OFFSET)] * len(LABELS)]
        start = np.array([1.0] + [0.0] * len(LABELS))
        found = minimize(_loss, start, (logs, targets, weights), jac=True, method="L-BFGS-B", bounds=bounds)
        return cls(float(found.x[0]), tuple(found.x[1:].tolist()), len(corrections))

    def correct(self, posterior: Mapping[str, float]) -> dict[str, float]:
        """Return the posterior as this listener means it; it sums to 1.

        Raises:
            InvalidPosteriorError: the posterior is no distribution.
        """
        if self.n_corrections < MIN_CORRECTIONS:
            return validate_posterior(posterior)
        shares = _softmax(self.sharpness * _log(posterior) + np.array(self.offsets))
        return dict(zip(LABELS, shares.tolist(), strict=True))

    def describe(self) -> str:
        """Say in plain words what was learned."""
        if self.n_corrections < MIN_CORRECTIONS:
            n = self.n_corrections
            return f"{n} correction{'' if n == 1 else 's'} so far; from {MIN_CORRECTIONS} on they count"
        extremes = (int(np.argmax(self.offsets)), int(np.argmin(self.offsets)))
        likelier, rarer = (_WORD_BY_LABEL[LABELS[position]] for position in extremes)
        return f"your voice sounds more {rarer} and less {likelier} than you are"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {
            "format": _FORMAT,
            "sharpness": self.sharpness,
            "offsets": dict(zip(LABELS, self.offsets, strict=True)),
            "n_corrections": self.n_corrections,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MoodModel:
        """Read what `to_json` wrote.

        Raises:
            TasteUnreadableError: it is of another format, damaged or out of bounds.
        """
        try:
            offsets = tuple(float(values["offsets"][label]) for label in LABELS)
            model = cls(float(values["sharpness"]), offsets, int(values["n_corrections"]))
        except (KeyError, TypeError, ValueError) as error:
            raise TasteUnreadableError(f"the mood model lacks a field or it is damaged: {error}") from error
        is_bounded = _MIN_SHARPNESS <= model.sharpness <= _MAX_SHARPNESS
        # Written so that nan is out of bounds.
        if values.get("format") != _FORMAT or not is_bounded or not all(abs(x) <= MAX_OFFSET for x in offsets):
            raise TasteUnreadableError(f"the mood model is of another format or out of bounds: {dict(values)}")
        return model


def _log(posterior: Mapping[str, float]) -> np.ndarray:
    shares = np.array(list(validate_posterior(posterior).values())) + _FLOOR
    return np.asarray(np.log(shares / shares.sum()))


def _one_hot(label: str) -> np.ndarray:
    if label not in LABELS:
        raise ValueError(f"expected one of {', '.join(LABELS)}, got {label!r}")
    return np.asarray(np.eye(len(LABELS))[LABELS.index(label)])


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def _loss(
    parameters: np.ndarray, logs: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    sharpness, offsets = parameters[0], parameters[1:]
    shares = _softmax(sharpness * logs + offsets)
    excess = weights[:, None] * (shares - targets)  # (n, labels)
    distance = np.append((sharpness - 1.0) / _SHARPNESS_SD**2, offsets / _OFFSET_SD**2)
    penalty = ((sharpness - 1.0) / _SHARPNESS_SD) ** 2 / 2 + np.square(offsets / _OFFSET_SD).sum() / 2
    loss = -math.fsum((weights[:, None] * targets * np.log(shares)).ravel()) + float(penalty)
    return loss, np.append((excess * logs).sum(), excess.sum(axis=0)) + distance
