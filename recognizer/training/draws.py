"""Which clip a training step hears, in which view: corpora and labels equally often, clips of like length together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from recognizer.training.conditions import Conditions, alter
from recognizer.training.speech_frames import to_waveform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from recognizer.training.frame_store import FrameStore

# So many batches are drawn at a time and cut from clips sorted by length.
_BATCHES_SORTED = 40
# Longest share of a clip that a batch may leave out at random, beyond what evens lengths out.
_CROP_SHARE = 0.1
_N_BABBLE_SOURCES = 12


class Draw(NamedTuple):
    """One clip in one step.

    Attributes:
        clip: position among the training clips.
        chance: seed of whatever else is random about it, so that a run that goes on draws as it would have.
    """

    clip: int
    chance: int


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The clips of one training.

    Attributes:
        rows: shape (n_clips,), rows in the store.
        targets: float32, shape (n_clips, n_labels), rows sum to 1.
        weights: shape (n_clips,), how often each is drawn.
        speakers: shape (n_clips,), integers.
        corpora: shape (n_clips,).
    """

    rows: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray


class ClipDataset(Dataset[dict[str, Any]]):
    """Gives the frames of a draw: kept outputs of lower blocks, or the waveform, altered on the way.

    Args:
        store: frames of all clips of the run.
        clips: those trained on.
        conditions: under which waveforms are heard; None if the store holds outputs, altered already.
    """

    def __init__(self, store: FrameStore, clips: TrainingSet, conditions: Conditions | None) -> None:
        self.store = store
        self.clips = clips
        self.conditions = conditions

    def __len__(self) -> int:
        return len(self.clips.rows)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        """Fetch one clip: its frames, its position, its target, and the chance for cropping."""
        rng = np.random.default_rng(draw.chance)
        row = int(self.clips.rows[draw.clip])
        frames = self.store.get(row, int(rng.integers(self.store.count_views(row))))
        if self.conditions is not None:
            frames = alter(to_waveform(frames), self.conditions, self._find_voices(draw.clip, rng), rng)
        return {"frames": frames, "clip": draw.clip, "target": self.clips.targets[draw.clip], "rng": rng}

    def _find_voices(self, clip: int, rng: np.random.Generator) -> list[np.ndarray]:
        if self.conditions is None or not self.conditions.babble:
            return []
        others = np.flatnonzero(self.clips.speakers == self.clips.speakers[clip])
        others = others[others != clip]
        chosen = rng.choice(others, min(_N_BABBLE_SOURCES, len(others)), replace=False)
        return [to_waveform(self.store.get(int(self.clips.rows[each]))) for each in chosen]


def collate(clips: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Crop clips to one length, since padding would change what encoders give."""
    shortest = min(len(clip["frames"]) for clip in clips)
    length = max(1, int(shortest * (1 - _CROP_SHARE * clips[0]["rng"].random())))
    frames = [_crop(clip["frames"], length, clip["rng"]) for clip in clips]
    return {
        "frames": torch.from_numpy(np.stack(frames)),
        "clips": torch.tensor([clip["clip"] for clip in clips]),
        "labels": torch.from_numpy(np.stack([clip["target"] for clip in clips])),
    }


def _crop(frames: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    start = int(rng.integers(len(frames) - length + 1))
    return frames[start : start + length]


class BalancedSampler(Sampler[Draw]):
    """Draws a whole run's clips by weight, with replacement, in batches of like length.

    Args:
        weights: shape (n_clips,), how often each is drawn.
        lengths: shape (n_clips,).
        n_draws: in the whole run.
        batch_size: clips that shall be alike in length.
        seed: of every draw.
    """

    def __init__(self, weights: np.ndarray, lengths: np.ndarray, *, n_draws: int, batch_size: int, seed: int) -> None:
        self._shares = weights / weights.sum()
        self._lengths = lengths
        self._n_draws = n_draws
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return self._n_draws

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng(self._seed)
        n_left = self._n_draws
        while n_left > 0:
            n_drawn = min(n_left, _BATCHES_SORTED * self._batch_size)
            clips = rng.choice(len(self._shares), n_drawn, p=self._shares)
            by_length = clips[np.argsort(self._lengths[clips], kind="stable")]
            batches = [by_length[start : start + self._batch_size] for start in range(0, n_drawn, self._batch_size)]
            for position in rng.permutation(len(batches)):
                for clip, chance in zip(batches[position], rng.integers(2**62, size=self._batch_size), strict=False):
                    yield Draw(int(clip), int(chance))
            n_left -= n_drawn


def iter_equal_lengths(store: FrameStore, rows: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Yield positions in `rows` in batches whose clean views are exactly as long as each other, so nothing is cut."""
    lengths = np.array([store.count_frames(int(row)) for row in rows])
    for length in np.unique(lengths):
        positions = np.flatnonzero(lengths == length)
        for start in range(0, len(positions), batch_size):
            yield positions[start : start + batch_size]
