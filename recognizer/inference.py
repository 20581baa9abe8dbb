"""Hear a clip with a bundled model: waveform in, posterior over the labels out, with its course and its doubt."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from recognizer.audio import SAMPLE_RATE
from recognizer.bundles import Bundle, load_bundle
from recognizer.calibration import apply_temperature, build_conformal_sets, compute_distance, compute_margin
from recognizer.errors import BundleError, RecognizerError
from recognizer.labels import LABELS
from recognizer.smoothing import MOOD_DWELL_S, HiddenMarkovFilter, smooth
from recognizer.speech import find_speech, split_into_windows
from recognizer.voice_baseline import VoiceBaseline

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from recognizer.audio import Clip
    from recognizer.calibration import Confidence
    from recognizer.labels import Label
    from recognizer.smoothing import PosteriorFilter
    from recognizer.speech import Speech, Window

    FloatArray = npt.NDArray[np.floating[Any]]

# A minute of speech has 39 windows; at once they would take memory that ONNX Runtime never gives back.
_MAX_BATCH_WINDOWS = 8

# Keeps the weights defined where a caller's own speech marks leave every window without any.
_SMALLEST_SHARE = 1e-6

# How the reason begins where a clip lies too far from what was learned; the page words it its own way.
UNLIKE_ANYTHING_HEARD: Final = "unlike anything heard"

_INPUTS = {"waveform", "center"}
_OUTPUTS = ("logits", "statistics")
_LOADING_ERRORS = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.InvalidProtobuf,
    onnxruntime_errors.NotImplemented,
)


@dataclass(frozen=True)
class TimelinePoint:
    """The filtered posterior after one window; `smoothing.choose_labels` gives labels that do not flicker."""

    start_s: float
    end_s: float
    posterior: dict[str, float]


@dataclass(frozen=True)
class Recognition:
    """What was heard in a clip.

    Attributes:
        duration_s: length of the clip.
        posterior: probability by label, calibrated, in the order of `LABELS`, summing to 1.
        label: the most probable one, also when abstaining.
        confidence: its probability.
        abstained: the two most probable labels are too close to call.
        reason: why it abstained, in words; None if it did not.
        timeline: a point for each window, ascending, windows overlap.
        model: name and version.
        notes: what makes the result less sure, in sentences for the person.
        margin: gap between the two largest logits, before the bundle's temperature, but after those of each kind of
            voice, by which the network itself divides where it has them; what the abstention went by.
        label_set: labels that cannot be ruled out, most probable first, which hold the truth for nine recordings of ten
            like those of the calibration; None where the bundle's calibration does not tell.
        n_known: clips of the voice that were known when this one was heard.
        statistics: float32, shape (statistics_dim,), how the voice was, for a `VoiceBaseline`.
    """

    duration_s: float
    posterior: dict[str, float]
    label: Label
    confidence: float
    abstained: bool
    reason: str | None
    timeline: tuple[TimelinePoint, ...]
    model: str
    notes: tuple[str, ...] = ()
    margin: float = 0.0
    label_set: tuple[Label, ...] | None = None
    n_known: int = 0
    statistics: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros(0, dtype=np.float32), repr=False, compare=False
    )

    def to_json(self) -> dict[str, Any]:
        """Give the result as the command line prints it, keys in the published order."""
        return {
            "duration_s": self.duration_s,
            "posterior": self.posterior,
            "label": self.label,
            "confidence": self.confidence,
            "abstained": self.abstained,
            "reason": self.reason,
            "timeline": [asdict(point) for point in self.timeline],
            "model": self.model,
        }


class EmotionRecognizer:
    """A model ready to hear clips; safe to share between threads.

    Attributes:
        bundle: the checked bundle it runs.
    """

    def __init__(self, bundle: Bundle, session: onnxruntime.InferenceSession) -> None:
        self.bundle = bundle
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, n_threads: int = 1) -> EmotionRecognizer:
        """Check a bundle and load its weights.

        Args:
            folder: of the bundle, see `bundles.resolve_bundle`.
            n_threads: threads of one run.

        Raises:
            BundleError: the bundle is incomplete, altered, or not made for this recognizer.
        """
        bundle = load_bundle(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(bundle.model_file, options, providers=["CPUExecutionProvider"])
        except _LOADING_ERRORS as error:
            raise BundleError(f"cannot use the model in {folder}: ONNX Runtime refuses it: {error}") from error
        _check_signature(session, folder)
        return cls(bundle, session)

    @property
    def model(self) -> str:
        """Name and version of the model."""
        return self.bundle.description.model

    def recognize(
        self, clip: Clip, *, speech: Speech | None = None, baseline: VoiceBaseline | None = None
    ) -> Recognition:
        """Hear a clip.

        Args:
            clip: from `audio.decode_clip`.
            speech: from `speech.find_speech`; found here if not given.
            baseline: how this voice usually is, if known.

        Raises:
            UnusableClipError: nobody speaks in it.
            VoiceBaselineError: the baseline belongs to another model.
            RecognizerError: the model answers with no numbers.
        """
        speech = speech or find_speech(clip)
        description = self.bundle.description
        windows = split_into_windows(speech, clip.duration_s, window_s=description.window_s, hop_s=description.hop_s)
        logits, statistics = self._run(clip, windows, self._compute_center(baseline))
        weights = _compute_weights(windows)
        clip_logits = weights @ logits
        posterior = apply_temperature(clip_logits, description.calibration.temperature)
        margin = float(compute_margin(clip_logits))
        clip_statistics = (weights @ statistics).astype(np.float32)
        doubt = _find_doubt(posterior, margin, clip_statistics, description.calibration)
        return Recognition(
            duration_s=clip.duration_s,
            posterior=_by_label(posterior),
            label=LABELS[int(posterior.argmax())],
            confidence=float(posterior.max()),
            abstained=doubt is not None,
            reason=doubt,
            timeline=_build_timeline(
                windows,
                apply_temperature(logits, description.calibration.temperature),
                HiddenMarkovFilter(MOOD_DWELL_S, description.window_s),
            ),
            model=self.model,
            notes=clip.notes,
            margin=margin,
            label_set=_find_label_set(posterior, description.calibration.conformal_quantile),
            n_known=baseline.n_clips if baseline else 0,
            statistics=clip_statistics,
        )

    def learn_voice(
        self, recognition: Recognition, baseline: VoiceBaseline | None = None, *, label: Label | None = None
    ) -> VoiceBaseline:
        """Add what was heard in a clip to how a voice usually is.

        Args:
            recognition: by this very model.
            baseline: what is known so far; None for nothing.
            label: the mood, where the listener said it; else what was heard counts.

        Raises:
            VoiceBaselineError: recognition or baseline belong to another model.
        """
        known = baseline or VoiceBaseline.empty(self.model, self.bundle.description.statistics_dim)
        known.check_model(self.model)
        known.check_model(recognition.model)
        posterior = [float(name == label) if label else recognition.posterior[name] for name in LABELS]
        return known.with_clip(
            recognition.statistics, posterior=np.array(posterior), mood_offsets=self.bundle.mood_offsets
        )

    def _compute_center(self, baseline: VoiceBaseline | None) -> npt.NDArray[np.float32]:
        if baseline is None:
            return np.zeros((1, self.bundle.description.statistics_dim), dtype=np.float32)
        baseline.check_model(self.model)
        return baseline.compute_center(self.bundle.statistics_mean)

    def _run(
        self, clip: Clip, windows: list[Window], center: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        waveforms = _cut(clip, windows)  # (n_windows, n_samples)
        batches = [waveforms[at : at + _MAX_BATCH_WINDOWS] for at in range(0, len(waveforms), _MAX_BATCH_WINDOWS)]
        outputs = [self._session.run(_OUTPUTS, {"waveform": batch, "center": center}) for batch in batches]
        logits = np.concatenate([output[0] for output in outputs]).astype(np.float64)  # (n_windows, n_labels)
        statistics = np.concatenate([output[1] for output in outputs]).astype(np.float64)  # (n_windows, statistics_dim)
        if not (np.isfinite(logits).all() and np.isfinite(statistics).all()):
            raise RecognizerError(f"expected numbers from model {self.model!r}, got NaN or infinity")
        return logits, statistics


def _check_signature(session: onnxruntime.InferenceSession, folder: Path) -> None:
    inputs = {node.name for node in session.get_inputs()}
    outputs = {node.name for node in session.get_outputs()}
    if inputs != _INPUTS or not outputs.issuperset(_OUTPUTS):
        raise BundleError(
            f"cannot use the model in {folder}: expected inputs {sorted(_INPUTS)} and outputs {sorted(_OUTPUTS)}, "
            f"got {sorted(inputs)} and {sorted(outputs)}"
        )


def _cut(clip: Clip, windows: list[Window]) -> npt.NDArray[np.float32]:
    n_samples = round((windows[0].end_s - windows[0].start_s) * SAMPLE_RATE)
    n_samples = min(n_samples, len(clip.waveform))
    starts = [min(round(window.start_s * SAMPLE_RATE), len(clip.waveform) - n_samples) for window in windows]
    return np.stack([clip.waveform[start : start + n_samples] for start in starts])


def _compute_weights(windows: list[Window]) -> npt.NDArray[np.float64]:
    """Weigh windows by how much speech is in them; shape (n_windows,), sums to 1."""
    shares = np.array([window.speech_share for window in windows], dtype=np.float64)
    shares = np.maximum(shares, _SMALLEST_SHARE)
    weights: npt.NDArray[np.float64] = shares / shares.sum()
    return weights


def _build_timeline(
    windows: list[Window], posteriors: FloatArray, posterior_filter: PosteriorFilter
) -> tuple[TimelinePoint, ...]:
    starts_s = [window.start_s for window in windows]
    filtered = smooth(posteriors, starts_s, [window.speech_share for window in windows], posterior_filter)
    return tuple(
        TimelinePoint(window.start_s, window.end_s, _by_label(posterior))
        for window, posterior in zip(windows, filtered, strict=True)
    )


def _by_label(posterior: FloatArray) -> dict[str, float]:
    return {label: float(share) for label, share in zip(LABELS, posterior, strict=True)}


def _find_label_set(posterior: FloatArray, quantile: float | None) -> tuple[Label, ...] | None:
    if quantile is None:
        return None
    (is_in,) = build_conformal_sets(posterior[np.newaxis], quantile)
    return tuple(LABELS[index] for index in np.argsort(-posterior) if is_in[index])


def _find_doubt(posterior: FloatArray, margin: float, statistics: FloatArray, confidence: Confidence) -> str | None:
    """Say why the posterior is not to be believed, if there is a reason."""
    farthest = confidence.largest_distance
    if farthest is not None and compute_distance(statistics) > farthest:
        return f"{UNLIKE_ANYTHING_HEARD}: it sounds unlike every voice the recognizer learned from"
    if margin >= confidence.margin_threshold:
        return None
    second, first = (f"{LABELS[index]} ({posterior[index]:.0%})" for index in np.argsort(posterior)[-2:])
    return f"ambiguous: it sounds {first} and {second}, too close to call"
