"""Fine-tune a classifier with Transformers' Trainer; a run that was cut off goes on from its last whole checkpoint."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch.nn import functional
from transformers import PrinterCallback, Trainer, TrainingArguments
from transformers.trainer_utils import set_seed

from recognizer.calibration import Confidence, compute_distance
from recognizer.labels import LABELS
from recognizer.metrics import confusion_matrix, uar
from recognizer.training.draws import BalancedSampler, ClipDataset, collate
from recognizer.training.errors import BrokenLossError, TrainingError
from recognizer.training.inner_folds import fit_confidence
from recognizer.training.processes import count_processes, take_first
from recognizer.training.run_log import CsvLog, ProgressReport
from recognizer.training.tuned_network import TunedNetwork
from recognizer.training.unfreezing import LearningPlan, Unfreezing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor

    from recognizer.training.frame_store import FrameStore
    from recognizer.training.model import EmotionClassifier
    from recognizer.training.tuning_config import FineTuningConfig
    from recognizer.training.tuning_data import TuningData

_STATE_FILE = "trainer_state.json"
_METRIC = "eval_macro_f1"


@dataclass(frozen=True, eq=False)
class TunedModel:
    """A fine-tuned network with what its validation speakers said of it.

    Attributes:
        network: in evaluation mode, at the best moment of the run.
        confidence: fitted on the validation speakers.
        validation_uar: by corpus.
        best_step: when the run was at its best.
    """

    network: TunedNetwork
    confidence: Confidence
    validation_uar: dict[str, float]
    best_step: int


def fine_tune(  # noqa: PLR0913 - what a training needs
    model: EmotionClassifier,
    store: FrameStore,
    data: TuningData,
    config: FineTuningConfig,
    folder: Path,
    *,
    seed: int,
    where: str,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> TunedModel:
    """Train a network on frames of a store.

    Args:
        model: gets trained, in place.
        store: frames of all clips of the run.
        data: what to learn from and what to choose by.
        config: the run, its encoder named by what it holds.
        folder: gets the Trainer's checkpoints and log; those of this very training are gone on from.
        seed: of every draw and of dropout.
        where: names the training in messages.
        on_progress: told how many steps are done and of how many.

    Raises:
        TrainingError: the loss is no number, or a checkpoint cannot be written; what was saved before stays.
    """
    set_seed(seed)
    network = TunedNetwork(model, data.training, config)
    plan = LearningPlan.of(model, config)
    trainer = _TunedTrainer(
        network, store, data, config, folder=folder / f"trainer-{_name(config, data, seed)}", plan=plan, seed=seed
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(ProgressReport(on_progress))
    start = find_whole_checkpoint(trainer.folder)
    if start is None:
        network.remember(store, data.training)
        if config.fits_head_first:
            network.fit_head(data.training, config, seed=seed)
    try:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
    except BrokenLossError as error:
        raise TrainingError(
            f"{where}: the loss is {error.value} at step {trainer.state.global_step + 1}; lower the learning rates, or "
            "train in float32"
        ) from error
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"{where}: cannot write a checkpoint to {str(trainer.folder)!r}: {error}; those before it are whole"
        ) from error
    network.eval()
    network.learn_mood_offsets(data.training)
    return _judge(network, store, data, trainer.state.best_global_step or trainer.state.global_step)


def find_whole_checkpoint(folder: Path) -> Path | None:
    """Find the latest of the Trainer's checkpoints that was written to its end."""
    numbered = [(int(path.name.split("-")[1]), path) for path in folder.glob("checkpoint-*")]
    for _, path in sorted(numbered, reverse=True):
        try:
            json.loads((path / _STATE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # Cut off in the middle: the Trainer must not find it again.
            shutil.rmtree(path, ignore_errors=True)
        else:
            return path
    return None


@torch.no_grad()
def compute_logits(network: TunedNetwork, pooled: Tensor, center: Tensor | None = None) -> np.ndarray:
    """Give float32 logits (n_clips, n_labels) of pooled statistics, `center` standardized as serving gives it."""
    device = network.memory.device
    logits = network.classifier.classify(pooled.to(device), None if center is None else center.to(device))[0]
    values: np.ndarray = logits.float().cpu().numpy()
    return values


def compute_loss(outputs: dict[str, Tensor], labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
    """Cross-entropy with soft targets (B, n_labels), averaged over all clips of an optimizer step."""
    per_clip = functional.cross_entropy(outputs["logits"].float(), labels, reduction="none")
    if not torch.isfinite(per_clip).all():
        raise BrokenLossError(float(per_clip.detach().sum()))
    # The Trainer counts targets, of which every clip has one for each label.
    return per_clip.sum() / (num_items_in_batch / len(LABELS) if num_items_in_batch is not None else len(per_clip))


class _TunedTrainer(Trainer):
    """The Trainer over our draws, our optimizer's groups and our validation."""

    # The library leaves them untyped.
    optimizer: Any
    control: Any

    def __init__(  # noqa: PLR0913 - as above
        self,
        network: TunedNetwork,
        store: FrameStore,
        data: TuningData,
        config: FineTuningConfig,
        *,
        folder: Path,
        plan: LearningPlan,
        seed: int,
    ) -> None:
        self.folder = folder
        self._store = store
        self._data = data
        self._config = config
        self._plan = plan
        self._seed = seed
        n_clips = len(data.training.rows)
        per_step = config.batch_size * config.accumulation * count_processes()
        self._n_steps = config.n_steps or math.ceil(n_clips * config.n_epochs / per_step)
        super().__init__(
            model=network,
            args=_build_arguments(config, folder, self._n_steps, seed),
            train_dataset=ClipDataset(
                store, data.training, config.conditions if config.frozen_blocks is None else None
            ),
            eval_dataset=[],
            data_collator=collate,
            compute_loss_func=compute_loss,
            callbacks=[Unfreezing(plan, config), *([CsvLog(folder / "log.csv")] if config.log == "csv" else [])],
        )

    def _get_train_sampler(self, train_dataset: object = None) -> BalancedSampler:  # noqa: ARG002 - the library's signature
        rows = self._data.training.rows
        return BalancedSampler(
            self._data.training.weights,
            np.array([self._store.count_frames(int(row)) for row in rows]),
            n_draws=self._n_steps * self._config.batch_size * self._config.accumulation * self.args.world_size,
            batch_size=self._config.batch_size,
            seed=self._seed,
        )

    def create_optimizer(self, model: object = None) -> torch.optim.Optimizer:  # noqa: ARG002 - as above
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(self._plan.build_groups(self._config))
        optimizer: torch.optim.Optimizer = self.optimizer
        return optimizer

    def evaluate(self, *_args: object, **_kwargs: object) -> dict[str, float]:
        # Processes that differed in the last digit would not agree which moment was the best.
        measured = take_first(_measure(self.model, self._store, self._data))
        metrics = {f"eval_{name}": value for name, value in measured.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def _build_arguments(config: FineTuningConfig, folder: Path, n_steps: int, seed: int) -> TrainingArguments:
    every = max(1, n_steps // config.n_evaluations)
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=n_steps,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulation,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        max_grad_norm=config.max_gradient_norm,
        use_cpu=not torch.cuda.is_available(),
        bf16=config.precision == "bfloat16",
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=_METRIC,
        greater_is_better=True,
        logging_strategy="steps",
        logging_steps=max(1, every // 5),
        report_to="tensorboard" if config.log == "tensorboard" else "none",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        # Blocks that wait give no gradients, which several processes must expect.
        ddp_find_unused_parameters=True,
        seed=seed,
    )


def _predict(network: TunedNetwork, store: FrameStore, data: TuningData) -> np.ndarray:
    return compute_logits(network.eval(), network.pool_all(store, data.validation_rows))


def _measure(network: TunedNetwork, store: FrameStore, data: TuningData) -> dict[str, float]:
    """Average F1 over labels and UAR, and both over the validation corpora: the largest shall not choose alone."""
    was_training = network.training
    predicted = _predict(network, store, data).argmax(axis=1)
    network.train(was_training)
    masks = [data.validation_corpora == corpus for corpus in np.unique(data.validation_corpora)]
    truth = data.validation_truth
    return {
        "macro_f1": float(np.mean([_compute_f1(truth[mask], predicted[mask]) for mask in masks])),
        "uar": float(np.mean([uar(truth[mask], predicted[mask]) for mask in masks])),
    }


def _compute_f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Average F1 over the labels a corpus has: one wrong guess of a label it lacks shall not cost a whole label."""
    confusion = confusion_matrix(truth, predicted, len(LABELS))
    occurs = confusion.sum(axis=1) > 0
    n_named = confusion.sum(axis=0) + confusion.sum(axis=1)
    return float(np.mean(2 * np.diag(confusion)[occurs] / n_named[occurs]))


def _judge(network: TunedNetwork, store: FrameStore, data: TuningData, best_step: int) -> TunedModel:
    pooled = network.eval().pool_all(store, data.validation_rows)
    logits, truth = compute_logits(network, pooled), data.validation_truth
    predicted = logits.argmax(axis=1)
    mean, std = network.classifier.statistics_mean.cpu(), network.classifier.statistics_std.cpu()
    by_corpus = {
        str(corpus): float(uar(truth[mask], predicted[mask]))
        for corpus in np.unique(data.validation_corpora)
        for mask in [data.validation_corpora == corpus]
    }
    confidence = fit_confidence(logits, truth, compute_distance(((pooled - mean) / std).numpy()))
    return TunedModel(network, confidence, by_corpus, best_step)


def _name(config: FineTuningConfig, data: TuningData, seed: int) -> str:
    """Name a training by all that decides it."""
    facts: list[Any] = [config.to_mapping(), data.training.rows.tolist(), data.validation_rows.tolist(), seed]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
