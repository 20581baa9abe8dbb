"""Posteriors over time: filters that are fed window by window, or with a whole clip, and give the same either way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recognizer.metrics import FloatArray

# How long the filter that serves expects a mood to stay. On streams joined from clips of half of RAVDESS's actors as
# right as exponential smoothing with some six tenths of the needless flips, a quarter of a second later; the other half
# agrees, see `evaluation.over_time`.
MOOD_DWELL_S: Final = 8.0

# Keeps a mood that one window ruled out within reach of the next.
_LEAST_PROBABILITY = 1e-6


class PosteriorFilter(Protocol):
    """Takes posteriors in as time goes, and knows nothing of what is still to come."""

    def update(self, posterior: FloatArray, *, dt_s: float, speech_share: float = 1.0) -> FloatArray:
        """Take in one window.

        Args:
            posterior: shape (n_labels,), sums to 1.
            dt_s: time since the window before, >= 0; without meaning for the first.
            speech_share: share of the window that is speech, in [0, 1].

        Returns:
            The filtered posterior, shape (n_labels,), sums to 1.
        """


@dataclass
class ExponentialSmoother:
    """Let each new posterior count the more, the longer since the last one and the more speech there was in it.

    s_t = a p_t + (1 - a) s_{t-1} with a = speech_share (1 - exp(-dt / tau)); the first posterior is taken as it is.

    Attributes:
        tau_s: time after which an old posterior counts 1/e, > 0.
    """

    tau_s: float
    _state: FloatArray | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.tau_s <= 0:
            raise ValueError(f"expected tau_s above 0, got {self.tau_s!r}")

    def update(self, posterior: FloatArray, *, dt_s: float, speech_share: float = 1.0) -> FloatArray:
        """Take in one window; see `PosteriorFilter`."""
        if self._state is None:
            self._state = np.asarray(posterior, dtype=np.float64)
        else:
            alpha = speech_share * -math.expm1(-dt_s / self.tau_s)
            self._state = self._state + alpha * (posterior - self._state)
        return self._state


@dataclass
class HiddenMarkovFilter:
    """Believe in one mood at a time that stays for a while, and weigh each window as evidence for it.

    b_t ~ (p_t / prior)^w * (A(dt)' b_{t-1}), where A keeps a mood with probability exp(-dt / dwell) and else moves to
    any other alike, and w = speech_share * min(1, dt / window) counts only what the window before had not heard.

    Attributes:
        dwell_s: how long a mood stays on average, one for each label or one for all, > 0.
        window_s: length of the windows the posteriors come from, > 0.
        prior: label shares the model was trained with, shape (n_labels,); None where they were balanced.

    Source: Rabiner (1989), Proceedings of the IEEE 77(2), the forward pass; posteriors over prior as scaled
        likelihoods from Bourlard and Morgan (1994).
    """

    dwell_s: float | tuple[float, ...]
    window_s: float
    prior: FloatArray | None = None
    _belief: FloatArray | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if np.min(self.dwell_s) <= 0 or self.window_s <= 0:
            raise ValueError(f"expected dwell_s and window_s above 0, got {self.dwell_s!r}, {self.window_s!r}")

    def update(self, posterior: FloatArray, *, dt_s: float, speech_share: float = 1.0) -> FloatArray:
        """Take in one window; see `PosteriorFilter`."""
        n_labels = len(posterior)
        prior = np.full(n_labels, 1.0 / n_labels) if self.prior is None else self.prior
        if self._belief is None:
            expected, weight = prior, speech_share
        else:
            expected, weight = self._move(self._belief, dt_s), speech_share * min(1.0, dt_s / self.window_s)
        belief = expected * (np.maximum(posterior, _LEAST_PROBABILITY) / prior) ** weight
        self._belief = belief / belief.sum()
        return self._belief

    def _move(self, belief: FloatArray, dt_s: float) -> FloatArray:
        stays = np.exp(-dt_s / np.broadcast_to(self.dwell_s, belief.shape))
        leaving = belief * (1.0 - stays)
        moved: FloatArray = belief * stays + (leaving.sum() - leaving) / (len(belief) - 1)
        return moved


@dataclass
class Hysteresis:
    """Hold on to the label shown until another leads clearly for some time, so that it does not flicker.

    Attributes:
        min_lead: how much more probable than the shown label another must be.
        min_duration_s: for how long it must lead so; 0 for at once.
    """

    min_lead: float = 0.1
    min_duration_s: float = 0.0
    _shown: int | None = field(default=None, init=False, repr=False)
    _challenger: int | None = field(default=None, init=False, repr=False)
    _led_s: float = field(default=0.0, init=False, repr=False)

    def update(self, posterior: FloatArray, *, dt_s: float) -> int:
        """Take in one filtered posterior, shape (n_labels,), `dt_s` after the last; return the label to show."""
        best = int(posterior.argmax())
        if self._shown is None:
            self._shown = best
        elif best == self._shown or posterior[best] - posterior[self._shown] < self.min_lead:
            self._challenger = None
        else:
            self._led_s = self._led_s + dt_s if best == self._challenger else 0.0
            self._challenger = best
            if self._led_s >= self.min_duration_s:
                self._shown, self._challenger = best, None
        return self._shown


def smooth(
    posteriors: FloatArray,
    starts_s: Iterable[float],
    speech_shares: Iterable[float],
    posterior_filter: PosteriorFilter,
) -> FloatArray:
    """Filter the posteriors of a whole clip, exactly as if they had come one by one.

    Args:
        posteriors: shape (n_windows, n_labels), rows sum to 1.
        starts_s: where the windows start, ascending.
        speech_shares: share of each window that is speech.
        posterior_filter: a fresh one.

    Returns:
        Shape (n_windows, n_labels), rows sum to 1.
    """
    smoothed = []
    last_start_s = 0.0
    for posterior, start_s, speech_share in zip(posteriors, starts_s, speech_shares, strict=True):
        smoothed.append(posterior_filter.update(posterior, dt_s=start_s - last_start_s, speech_share=speech_share))
        last_start_s = start_s
    return np.array(smoothed).reshape(posteriors.shape)


def choose_labels(posteriors: FloatArray, starts_s: Iterable[float], hysteresis: Hysteresis) -> list[int]:
    """Choose the label shown after each window.

    Args:
        posteriors: filtered, shape (n_windows, n_labels).
        starts_s: where the windows start, ascending.
        hysteresis: a fresh one.
    """
    shown = []
    last_start_s = 0.0
    for posterior, start_s in zip(posteriors, starts_s, strict=True):
        shown.append(hysteresis.update(posterior, dt_s=start_s - last_start_s))
        last_start_s = start_s
    return shown
