"""Does the recognizer say the same when a recording went through worse hands?

Conditions and bounds after the ser-tests suite (Derington et al., 2023, arXiv:2312.06270): the share of predictions
that stay what they were on the clean recording, and for noise the drop in UAR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer import metrics
from recognizer.evaluation import degradations
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from recognizer.evaluation.degradations import Waveform

LITTLE_CHANGED: Final = 0.95
NOISE_CHANGED: Final = 0.90
ROOM_CHANGED: Final = 0.80
PHONE_CHANGED: Final = 0.50
MAX_UAR_DROP: Final = 0.05
NOISE_SNR_DB: Final = 20.0
BABBLE_VOICES: Final = 4
REFUSED: Final = len(LABELS)
"""In place of a label's index: right for no recording."""


@dataclass(frozen=True)
class Condition:
    """One way in which a recording suffers.

    Attributes:
        name: for the report, with what is drawn for each recording.
        degrade: waveform, a source of chance and other people's recordings -> what is left.
        least_unchanged: share of predictions that must stay; None where the suite sets no bound.
        largest_uar_drop: None where only the share counts.
        published_unchanged: what the suite's authors found for wav2vec2-base on CREMA-D, where they tell.
    """

    name: str
    degrade: Callable[[Waveform, np.random.Generator, Sequence[Waveform]], Waveform]
    least_unchanged: float | None
    largest_uar_drop: float | None = None
    published_unchanged: float | None = None

    @property
    def slug(self) -> str:
        """The name as part of a file's name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class RobustnessLine:
    """How one condition went.

    Attributes:
        name: the condition.
        n_utterances: how many recordings were tried.
        unchanged: share of predictions that stayed; a recording refused in this condition counts as changed.
        uar_drop: UAR clean less UAR in this condition.
        least_unchanged: bound, or None.
        largest_uar_drop: bound, or None.
        published_unchanged: what the suite's authors found for wav2vec2-base on CREMA-D, or None.
    """

    name: str
    n_utterances: int
    unchanged: float
    uar_drop: float
    least_unchanged: float | None
    largest_uar_drop: float | None
    published_unchanged: float | None = None

    @property
    def is_passed(self) -> bool | None:
        """Whether every bound is kept; None without a bound."""
        if self.least_unchanged is None and self.largest_uar_drop is None:
            return None
        stays = self.least_unchanged is None or self.unchanged >= self.least_unchanged
        return stays and (self.largest_uar_drop is None or self.uar_drop <= self.largest_uar_drop)


def _draw(rng: np.random.Generator, values: Sequence[float]) -> float:
    return float(values[int(rng.integers(len(values)))])


def _add_low_white_noise(waveform: Waveform, rng: np.random.Generator, _: Sequence[Waveform]) -> Waveform:
    noise = degradations.make_white_noise(len(waveform), rng)
    return degradations.add_noise(waveform, noise, _draw(rng, (35.0, 40.0, 45.0)))


def _add_white_noise(waveform: Waveform, rng: np.random.Generator, _: Sequence[Waveform]) -> Waveform:
    return degradations.add_noise(waveform, degradations.make_white_noise(len(waveform), rng), NOISE_SNR_DB)


def _add_street_noise(waveform: Waveform, rng: np.random.Generator, _: Sequence[Waveform]) -> Waveform:
    return degradations.add_noise(waveform, degradations.make_street_noise(len(waveform), rng), NOISE_SNR_DB)


def _add_music(waveform: Waveform, rng: np.random.Generator, _: Sequence[Waveform]) -> Waveform:
    return degradations.add_noise(waveform, degradations.make_music(len(waveform), rng), NOISE_SNR_DB)


def _add_babble(waveform: Waveform, rng: np.random.Generator, others: Sequence[Waveform]) -> Waveform:
    voices = [others[int(index)] for index in rng.integers(len(others), size=BABBLE_VOICES)]
    return degradations.add_noise(waveform, degradations.make_babble(voices, len(waveform), rng), NOISE_SNR_DB)


def _place_in_room(waveform: Waveform, rng: np.random.Generator, _: Sequence[Waveform]) -> Waveform:
    response = degradations.make_room_response(rng, reverberation_s=_draw(rng, (0.2, 0.4, 0.6)))
    return degradations.place_in_room(waveform, response)


CONDITIONS: Final = (
    Condition("white noise at 35, 40 or 45 dB", _add_low_white_noise, LITTLE_CHANGED),
    Condition(
        "tone at 5-7 kHz, 40-50 dB below the peak",
        lambda waveform, rng, _: degradations.add_tone(waveform, rng.uniform(5000, 7000), -rng.uniform(40, 50)),
        LITTLE_CHANGED,
    ),
    Condition(
        "gain of -2 or +2 dB",
        lambda waveform, rng, _: degradations.change_gain(waveform, _draw(rng, (-2.0, 2.0))),
        LITTLE_CHANGED,
    ),
    Condition(
        "clipping of 0.1, 0.2 or 0.3 %",
        lambda waveform, rng, _: degradations.clip_share(waveform, _draw(rng, (0.001, 0.002, 0.003))),
        LITTLE_CHANGED,
    ),
    Condition(
        "high-pass at 50, 100 or 150 Hz",
        lambda waveform, rng, _: degradations.filter_high_pass(waveform, _draw(rng, (50, 100, 150))),
        LITTLE_CHANGED,
    ),
    Condition(
        "low-pass at 6.5, 7 or 7.5 kHz",
        lambda waveform, rng, _: degradations.filter_low_pass(waveform, _draw(rng, (6500, 7000, 7500))),
        LITTLE_CHANGED,
    ),
    Condition(
        "100, 500 or 1,000 samples cut off one end",
        lambda waveform, rng, _: degradations.crop(
            waveform, int(_draw(rng, (100, 500, 1000))), at_start=bool(rng.integers(2))
        ),
        LITTLE_CHANGED,
    ),
    Condition(
        "100, 500 or 1,000 samples of silence at one end",
        lambda waveform, rng, _: degradations.pad(
            waveform, int(_draw(rng, (100, 500, 1000))), at_start=bool(rng.integers(2))
        ),
        LITTLE_CHANGED,
    ),
    Condition("babble of four voices at 20 dB", _add_babble, NOISE_CHANGED, MAX_UAR_DROP, 0.80),
    Condition("made-up music at 20 dB", _add_music, NOISE_CHANGED, MAX_UAR_DROP, 0.85),
    Condition("made-up street noise at 20 dB", _add_street_noise, NOISE_CHANGED, MAX_UAR_DROP, 0.83),
    Condition("white noise at 20 dB", _add_white_noise, NOISE_CHANGED, MAX_UAR_DROP, 0.77),
    Condition(
        "telephone band with AMR",
        lambda waveform, _rng, _: degradations.pass_through_telephone(waveform),
        PHONE_CHANGED,
        published_unchanged=0.70,
    ),
    Condition("room of 0.2, 0.4 or 0.6 s", _place_in_room, ROOM_CHANGED),
    Condition(
        "Opus at 16, 24 or 32 kb/s",
        lambda waveform, rng, _: degradations.pass_through_opus(waveform, int(_draw(rng, (16_000, 24_000, 32_000)))),
        None,
    ),
)


def iter_robustness(
    predict: Callable[[Waveform], int],
    waveforms: Sequence[Waveform],
    truth: NDArray[np.int64],
    *,
    conditions: Iterable[Condition] = CONDITIONS,
    seed: int = 0,
) -> Iterator[RobustnessLine]:
    """Compare predictions on clean and on degraded recordings, one condition after the other.

    Args:
        predict: waveform -> index of the label, or `REFUSED`.
        waveforms: clean recordings at 16 kHz; those that `predict` refuses clean are left out.
        truth: shape (n_waveforms,), index of the true label.
        conditions: what to try.
        seed: each condition draws from it alone, so that adding one leaves the others as they were.

    Yields:
        One line for each condition, in order, as soon as it is measured.

    Raises:
        ValueError: there is nothing to try, or labels and recordings differ in number.
    """
    if not waveforms or len(waveforms) != len(truth):
        raise ValueError(f"expected as many recordings as labels and at least one: {len(waveforms)}, {len(truth)}")
    clean = np.array([predict(waveform) for waveform in waveforms], dtype=np.int64)
    usable = np.flatnonzero(clean != REFUSED)
    if not len(usable):
        raise ValueError("every clean recording was refused, there is nothing to compare with")
    for condition in conditions:
        changed = _predict_degraded(predict, waveforms, usable, condition, seed)
        yield RobustnessLine(
            name=condition.name,
            n_utterances=len(usable),
            unchanged=float(np.mean(changed == clean[usable])),
            uar_drop=metrics.uar(truth[usable], clean[usable]) - metrics.uar(truth[usable], changed),
            least_unchanged=condition.least_unchanged,
            largest_uar_drop=condition.largest_uar_drop,
            published_unchanged=condition.published_unchanged,
        )


def iter_degraded(
    condition: Condition, waveforms: Sequence[Waveform], indices: Iterable[int], *, seed: int = 0
) -> Iterator[Waveform]:
    """Put recordings through a condition, those of `indices` in turn; all others may be heard behind one of them."""
    rng = np.random.default_rng([seed, *condition.name.encode()])
    for index in indices:
        others = [*waveforms[:index], *waveforms[index + 1 :]] or [waveforms[0]]
        yield condition.degrade(waveforms[index], rng, others)


def _predict_degraded(
    predict: Callable[[Waveform], int],
    waveforms: Sequence[Waveform],
    usable: NDArray[np.int64],
    condition: Condition,
    seed: int,
) -> NDArray[np.int64]:
    degraded = iter_degraded(condition, waveforms, usable.tolist(), seed=seed)
    return np.array([predict(waveform) for waveform in degraded], dtype=np.int64)
