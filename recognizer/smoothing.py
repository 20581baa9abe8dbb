"""Posteriors over time: one filter, fed window by window or with a whole clip."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recognizer.metrics import FloatArray


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
        """Take in one window.

        Args:
            posterior: shape (n_labels,), sums to 1.
            dt_s: time since the window before, >= 0; without meaning for the first.
            speech_share: share of the window that is speech, in [0, 1].

        Returns:
            The smoothed posterior, shape (n_labels,), sums to 1.
        """
        if self._state is None:
            self._state = np.asarray(posterior, dtype=np.float64)
        else:
            alpha = speech_share * -math.expm1(-dt_s / self.tau_s)
            self._state = self._state + alpha * (posterior - self._state)
        return self._state


def smooth(
    posteriors: FloatArray, starts_s: Iterable[float], speech_shares: Iterable[float], *, tau_s: float
) -> FloatArray:
    """Smooth the posteriors of a whole clip, exactly as if they had come one by one.

    Args:
        posteriors: shape (n_windows, n_labels), rows sum to 1.
        starts_s: where the windows start, ascending.
        speech_shares: share of each window that is speech.
        tau_s: see `ExponentialSmoother`.

    Returns:
        Shape (n_windows, n_labels), rows sum to 1.
    """
    smoother = ExponentialSmoother(tau_s)
    smoothed = []
    last_start_s = 0.0
    for posterior, start_s, speech_share in zip(posteriors, starts_s, speech_shares, strict=True):
        smoothed.append(smoother.update(posterior, dt_s=start_s - last_start_s, speech_share=speech_share))
        last_start_s = start_s
    return np.array(smoothed).reshape(posteriors.shape)
