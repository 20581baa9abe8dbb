"""The classifier as it is while it is fine-tuned: fed from kept frames, its voices known, its statistics drifting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from recognizer.training.checkpoints import set_head
from recognizer.training.config import TrainingConfig
from recognizer.training.draws import iter_equal_lengths
from recognizer.training.head import UNKNOWN_VOICE_SHARE, TrainingClips, compute_mood_offsets, fit_head
from recognizer.training.processes import gather
from recognizer.training.speech_frames import to_waveform
from recognizer.voice_baseline import MAX_WEIGHT

if TYPE_CHECKING:
    from recognizer.training.draws import TrainingSet
    from recognizer.training.frame_store import FrameStore
    from recognizer.training.model import EmotionClassifier
    from recognizer.training.tuning_config import FineTuningConfig

# Share of the latest batch in the running mean and deviation, and of the latest hearing in a clip's kept statistics.
STATISTICS_MOMENTUM = 0.02
MEMORY_MOMENTUM = 0.7
_LEAST_STD = 1e-5
_BATCH_SIZE = 16


class TunedNetwork(nn.Module):
    """A classifier that trains on frames and centers every clip on what it remembers of the same voice.

    While the encoder changes, so do the pooled statistics. Their mean and deviation follow slowly, and the statistics
    of each training clip are remembered as they were last heard, without gradients, so that a voice's center costs
    nothing.

    Args:
        classifier: gets trained.
        clips: those trained on.
        config: the run.
    """

    memory: Tensor
    speakers: Tensor

    def __init__(self, classifier: EmotionClassifier, clips: TrainingSet, config: FineTuningConfig) -> None:
        super().__init__()
        self.classifier = classifier
        self.frozen_blocks = config.frozen_blocks
        self.lowest = min(config.first_layer, config.frozen_blocks or 0)
        self.kappa = config.kappa
        self.max_known_clips = config.max_known_clips
        self.register_buffer("memory", torch.zeros(len(clips.rows), classifier.statistics_dim))
        self.register_buffer("speakers", torch.from_numpy(clips.speakers), persistent=False)

    def forward(self, frames: Tensor, clips: Tensor) -> dict[str, Tensor]:
        """Give logits (B, n_labels) of training clips.

        Args:
            frames: shape (B, T, n_states, D) of kept outputs, or (B, n_samples) of waveforms.
            clips: shape (B,), their positions among the training clips.
        """
        pooled = self.pool(frames)
        with torch.no_grad():
            # Of all processes, or each would remember its own share of the clips.
            heard, heard_clips = gather(pooled), gather(clips)
            self._follow(heard)
            center = self._draw_centers(clips)
            self.memory[heard_clips] = torch.lerp(self.memory[heard_clips], heard, MEMORY_MOMENTUM)
        return {"logits": self.classifier.classify(pooled, center)[0]}

    def pool(self, frames: Tensor) -> Tensor:
        """Give float32 statistics (B, statistics_dim) of frames."""
        if self.frozen_blocks is None:
            return self.classifier.pool(frames).float()
        kept = frames.float().unbind(dim=2)
        upper = self.classifier.encoder.run_upper(kept[-1], self.frozen_blocks)
        states = [*kept[:-1], *(state.float() for state in upper)]
        return self.classifier.pool_states(states[self.classifier.first_layer - self.lowest :]).float()

    @torch.no_grad()
    def pool_all(self, store: FrameStore, rows: np.ndarray) -> Tensor:
        """Pool the clean views of clips, uncut; shape (n_clips, statistics_dim)."""
        device = self.memory.device
        pooled = torch.empty(len(rows), self.classifier.statistics_dim)
        was_training = self.training
        self.eval()
        for positions in iter_equal_lengths(store, rows, _BATCH_SIZE):
            frames = np.stack([store.get(int(rows[position])) for position in positions])
            batch = torch.from_numpy(to_waveform(frames) if self.frozen_blocks is None else frames)
            pooled[torch.from_numpy(positions)] = self.pool(batch.to(device)).cpu()
        self.train(was_training)
        return pooled

    @torch.no_grad()
    def remember(self, store: FrameStore, clips: TrainingSet) -> None:
        """Hear every training clip once, and standardize by what was heard."""
        pooled = self.pool_all(store, clips.rows)
        self.memory.copy_(pooled)
        weights = torch.from_numpy(clips.weights / clips.weights.sum()).float()[:, None]
        mean = (weights * pooled).sum(dim=0)
        self.classifier.statistics_mean.copy_(mean)
        self.classifier.statistics_std.copy_((weights * (pooled - mean) ** 2).sum(dim=0).sqrt() + _LEAST_STD)

    def fit_head(self, clips: TrainingSet, config: FineTuningConfig, *, seed: int) -> None:
        """Fit the head on what was remembered, as a run on a frozen encoder would.

        The first steps of a head that knows nothing bend the encoder away from what it learned elsewhere.

        Source: Kumar et al. (2022), ICLR, "Fine-tuning can distort pretrained features and underperform
        out-of-distribution".
        """
        frozen = TrainingConfig(
            config.name,
            config.encoder,
            config.corpora,
            hidden_sizes=config.hidden_sizes,
            max_known_clips=config.max_known_clips,
            kappa=config.kappa,
        )
        heard = TrainingClips(
            self.memory.cpu().numpy()[:, np.newaxis], clips.targets.argmax(axis=1), clips.speakers, clips.corpora
        )
        set_head(self.classifier, fit_head(heard, frozen, seed=seed))

    @torch.no_grad()
    def learn_mood_offsets(self, clips: TrainingSet) -> None:
        """Compute what each mood does to the statistics, of every training clip as it was last heard."""
        offsets = compute_mood_offsets(
            self._standardize(self.memory).cpu().numpy(), clips.targets.argmax(axis=1), clips.weights
        )
        self.classifier.mood_offsets.copy_(torch.from_numpy(offsets))

    def _follow(self, pooled: Tensor) -> None:
        """Let the constants of standardization follow, with a small share of the batch."""
        mean, std = self.classifier.statistics_mean, self.classifier.statistics_std
        variance = torch.lerp(std**2, ((pooled - mean) ** 2).mean(dim=0), STATISTICS_MOMENTUM)
        mean.lerp_(pooled.mean(dim=0), STATISTICS_MOMENTUM)
        std.copy_(variance.sqrt().clamp(min=_LEAST_STD))

    def _draw_centers(self, clips: Tensor) -> Tensor:
        """Center each clip on a random number of other clips of its voice, shrunk; (B, statistics_dim)."""
        centers = torch.zeros(len(clips), self.memory.shape[1], device=self.memory.device)
        for position, clip in enumerate(clips.tolist()):
            if torch.rand(()) < UNKNOWN_VOICE_SHARE:
                continue
            others = torch.nonzero(self.speakers == self.speakers[clip])[:, 0]
            others = others[others != clip]
            n_known = min(int(torch.randint(1, self.max_known_clips + 1, ())), len(others))
            if n_known:
                known = others[torch.randperm(len(others))[:n_known].to(others.device)]
                centers[position] = min(n_known / (n_known + self.kappa), MAX_WEIGHT) * self._standardize(
                    self.memory[known].mean(dim=0)
                )
        return centers

    def _standardize(self, pooled: Tensor) -> Tensor:
        return (pooled - self.classifier.statistics_mean) / self.classifier.statistics_std
