"""How a listener's voice usually is: a count and two vectors, never audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recognizer.errors import VoiceBaselineError

if TYPE_CHECKING:
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

FORMAT = 1

# Clips after which the voice counts as much as the training speakers. 3 gains faster, 8 is safer.
KAPPA = 3.0
# Bounded, so that a week of sad notes does not wholly become the new neutral.
MAX_WEIGHT = 0.8
# How much of what a note's mood explains is not taken for the voice. All of it trusts the model's guess too far, none
# lets the mood heard most become the voice.
EXPLAINED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class VoiceBaseline:
    """Running statistics of the model's view of one voice. Immutable: every change is a new baseline.

    Attributes:
        model: name and version of the model whose statistics these are; void for any other.
        n_clips: how many clips are in it.
        mean: float64, shape (statistics_dim,), mean over clips.
        m2: float64, shape (statistics_dim,), sum of squared deviations from the mean.
    """

    model: str
    n_clips: int
    mean: Vector
    m2: Vector

    @classmethod
    def empty(cls, model: str, statistics_dim: int) -> VoiceBaseline:
        """Make the baseline of a voice never heard."""
        return cls(model, 0, np.zeros(statistics_dim), np.zeros(statistics_dim))

    def with_clip(
        self,
        statistics: npt.NDArray[np.floating[Any]],
        *,
        posterior: npt.NDArray[np.floating[Any]] | None = None,
        mood_offsets: npt.NDArray[np.floating[Any]] | None = None,
    ) -> VoiceBaseline:
        """Add one clip, less half of what its mood explains.

        Args:
            statistics: shape (statistics_dim,), from a recognition by the same model.
            posterior: shape (4,), the mood heard in it, or 1 for the label that the listener gave.
            mood_offsets: shape (4, statistics_dim), of the bundle; without these two the clip is taken as it is.

        Raises:
            ValueError: the length differs, or a value is not finite.
        """
        if statistics.shape != self.mean.shape or not np.isfinite(statistics).all():
            raise ValueError(f"expected finite statistics of shape {self.mean.shape}, got shape {statistics.shape}")
        voice = statistics.astype(np.float64)
        if posterior is not None and mood_offsets is not None:
            voice = voice - EXPLAINED_SHARE * (np.asarray(posterior, dtype=np.float64) @ mood_offsets)
        return self.merged_with(VoiceBaseline(self.model, 1, voice, np.zeros_like(self.mean)))

    def merged_with(self, other: VoiceBaseline) -> VoiceBaseline:
        """Join two baselines of one voice, as if all clips had gone into one.

        Raises:
            VoiceBaselineError: they come from different models.

        Source: Chan, Golub and LeVeque (1983), The American Statistician 37(3), the pairwise update.
        """
        other.check_model(self.model)
        n_clips = self.n_clips + other.n_clips
        if not n_clips:
            return self
        difference = other.mean - self.mean
        share = other.n_clips / n_clips
        m2 = self.m2 + other.m2 + difference**2 * self.n_clips * share
        return VoiceBaseline(self.model, n_clips, self.mean + difference * share, m2)

    def compute_weight(self, *, kappa: float = KAPPA, max_weight: float = MAX_WEIGHT) -> float:
        """Compute how far to trust this voice over the training speakers: n / (n + kappa), at most `max_weight`."""
        return min(self.n_clips / (self.n_clips + kappa), max_weight)

    def compute_center(self, training_mean: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Compute where this voice lies from the training speakers, shrunk by `compute_weight`.

        Args:
            training_mean: float32, shape (statistics_dim,), of the bundle.

        Returns:
            float32, shape (1, statistics_dim), the model's input `center`; zeros for a voice never heard.
        """
        center: npt.NDArray[np.float32] = (self.compute_weight() * (self.mean - training_mean)).astype(np.float32)
        return center[np.newaxis]

    def check_model(self, model: str) -> None:
        """Make sure that this baseline belongs to a model.

        Raises:
            VoiceBaselineError: it belongs to another.
        """
        if self.model != model:
            raise VoiceBaselineError(
                f"expected a voice baseline of model {model!r}, got one of {self.model!r}: build it again"
            )

    def to_json(self) -> dict[str, Any]:
        """Give the baseline as plain values."""
        return {
            "format": FORMAT,
            "model": self.model,
            "n_clips": self.n_clips,
            "mean": self.mean.tolist(),
            "m2": self.m2.tolist(),
        }

    @classmethod
    def from_json(cls, fields: object) -> VoiceBaseline:
        """Read what `to_json` gave.

        Raises:
            VoiceBaselineError: it is none, or damaged.
        """
        try:
            return cls._from_fields(fields)
        except (KeyError, TypeError, ValueError) as error:
            raise VoiceBaselineError(f"expected a voice baseline of format {FORMAT}, got {error!r}") from error

    @classmethod
    def _from_fields(cls, fields: Any) -> VoiceBaseline:  # noqa: ANN401 - whatever a file held
        if fields["format"] != FORMAT:
            raise ValueError(f"format {fields['format']!r}")
        mean, m2 = (np.array(fields[name], dtype=np.float64) for name in ("mean", "m2"))
        n_clips = fields["n_clips"]
        is_sound = mean.ndim == 1 and mean.shape == m2.shape and np.isfinite([mean, m2]).all() and (m2 >= 0).all()
        if not (is_sound and isinstance(n_clips, int) and n_clips >= 0 and isinstance(fields["model"], str)):
            raise ValueError("values that no voice gives")
        return cls(fields["model"], n_clips, mean, m2)
