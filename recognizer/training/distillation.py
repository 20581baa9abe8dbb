"""Teach a small encoder to give what a large one's layers give, on training clips alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PrinterCallback, Trainer, TrainingArguments
from transformers.trainer_utils import set_seed

from recognizer.training.conditions import Conditions
from recognizer.training.config import check_fields, read_toml
from recognizer.training.draws import BalancedSampler, ClipDataset, TrainingSet, collate
from recognizer.training.encoder_names import name_encoder
from recognizer.training.encoders import build_encoder
from recognizer.training.errors import BrokenLossError, TooFewBlocksError, TrainingError
from recognizer.training.fine_tuning import find_whole_checkpoint
from recognizer.training.model import set_level
from recognizer.training.run_log import CsvLog, ProgressReport
from recognizer.training.students import STUDENTS, save_student

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recognizer.training.encoders import SpeechEncoder
    from recognizer.training.frame_store import FrameStore

_N_CHECKPOINTS = 20


@dataclass(frozen=True, slots=True)
class DistillationConfig:
    """One distillation, whole.

    Attributes:
        name: of the run.
        student: `wav2vec2-narrow` or `log-mel`.
        encoder: the teacher's hub name or folder.
        corpora: names of the corpora learned from; all weigh the same.
        teacher_layers: states of the teacher that are imitated, each from the student's last state.
        window_s: longest clip, in seconds.
        n_steps: optimizer steps.
        batch_size: clips in one step.
        learning_rate: peak.
        warmup: share of the steps in which it rises.
        level_db: root mean square of what both hear, in dB of full scale.
        seed: of every draw.
        conditions: how often clips are altered, and how; teacher and student hear the same.
    """

    name: str
    student: str
    encoder: str
    corpora: tuple[str, ...]
    teacher_layers: tuple[int, ...] = (3, 5)
    window_s: float = 3.0
    n_steps: int = 20_000
    batch_size: int = 24
    learning_rate: float = 5e-4
    warmup: float = 0.05
    level_db: float = -26.0
    seed: int = 0
    conditions: Conditions = field(default_factory=Conditions)

    def __post_init__(self) -> None:
        """Refuse what no run could follow.

        Raises:
            TrainingError: naming the field.
        """
        if self.student not in STUDENTS:
            raise TrainingError(f"run {self.name!r}: student must be one of {STUDENTS}, got {self.student!r}")
        if not self.teacher_layers or min(self.teacher_layers) < 0 or min(self.n_steps, self.batch_size) < 1:
            raise TrainingError(f"run {self.name!r}: expected teacher_layers, n_steps and batch_size above 0")

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read a distillation from a file.

        Raises:
            TrainingError: the file is no TOML, misses a key or has one that is unknown.
        """
        content = read_toml(path)
        conditions = Conditions.from_mapping(content.pop("conditions", {}), where=str(path))
        required = ("name", "student", "encoder", "corpora")
        return cls(**check_fields(cls, content, required=required, where=str(path)), conditions=conditions)


class StudentAndTeacher(nn.Module):
    """A student with a linear head for each of the teacher's layers that it imitates.

    Source: Chang, Yang and Lee (2022), ICASSP, "DistilHuBERT", equations 1 and 2.
    """

    def __init__(self, student: SpeechEncoder, teacher: SpeechEncoder, config: DistillationConfig) -> None:
        super().__init__()
        self.student: Any = student
        self.heads = nn.ModuleList(nn.Linear(student.hidden_size, teacher.hidden_size) for _ in config.teacher_layers)
        # In a tuple it is no part of this network: neither trained nor saved.
        self._teacher = (teacher,)
        self._layers = config.teacher_layers
        self._level = 10.0 ** (config.level_db / 20.0)

    def forward(self, frames: Tensor, **_unused: Tensor) -> dict[str, Tensor]:
        """Give the loss on waveforms (B, n_samples): distance and angle to the teacher's layers, frame by frame.

        Raises:
            BrokenLossError: it is no number, which the Trainer would log as 0 and go on.
        """
        waveform = set_level(frames, self._level)
        with torch.no_grad():
            states = self._teacher[0].run_lower(waveform, max(self._layers))
        learned = self.student(waveform)[-1]
        loss = sum(
            (_compare(head(learned), states[layer]) for head, layer in zip(self.heads, self._layers, strict=True)),
            start=torch.zeros((), device=learned.device),
        )
        if not torch.isfinite(loss):
            raise BrokenLossError(float(loss.detach()))
        return {"loss": loss / len(self._layers)}


def _compare(given: Tensor, wanted: Tensor) -> Tensor:
    # One front end gives a frame more than the other, at the end.
    n_frames = min(given.shape[1], wanted.shape[1])
    given, wanted = given[:, :n_frames], functional.layer_norm(wanted[:, :n_frames], wanted.shape[-1:])
    angle = functional.cosine_similarity(given, wanted, dim=-1)
    return (given - wanted).abs().mean() - functional.logsigmoid(angle).mean()


def distill(  # noqa: PLR0913 - what a training needs
    speech: FrameStore,
    rows: np.ndarray,
    weights: np.ndarray,
    config: DistillationConfig,
    folder: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> Path:
    """Train a student on clips; a run that was cut off goes on.

    Args:
        speech: decoded clips.
        rows: shape (n_clips,), those to learn from: none of any speaker whom the student will be tested on.
        weights: shape (n_clips,), how often each is drawn.
        config: the run.
        folder: gets the student, an encoder to fine-tune, and on the way the Trainer's checkpoints.
        on_progress: told how many steps are done and of how many.

    Returns:
        The student's folder.

    Raises:
        TrainingError: the teacher cannot be had, or the loss is no number.
    """
    set_seed(config.seed)
    teacher: Any = _build_teacher(config)
    student: Any = build_encoder(config.student)
    network = StudentAndTeacher(student, teacher.eval(), config)
    clips = TrainingSet(rows, np.zeros((len(rows), 1), np.float32), weights, np.arange(len(rows)), np.zeros(len(rows)))
    trainer = _DistillingTrainer(network, speech, clips, config, folder / f"trainer-{_name(config, rows)}")
    teacher.to(trainer.args.device).requires_grad_(requires_grad=False)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(ProgressReport(on_progress))
    start = find_whole_checkpoint(trainer.folder)
    try:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
    except BrokenLossError as error:
        raise TrainingError(
            f"distillation {config.name!r}: the loss is {error.value} at step {trainer.state.global_step + 1}; "
            "lower learning_rate"
        ) from error
    # No loss follows on the last step.
    if not all(torch.isfinite(each).all() for each in student.parameters()):
        raise TrainingError(f"distillation {config.name!r}: the last step broke the weights; lower learning_rate")
    save_student(folder, config.student, student)
    return folder


def _build_teacher(config: DistillationConfig) -> SpeechEncoder:
    try:
        return build_encoder(config.encoder, n_blocks=max(1, *config.teacher_layers))
    except TooFewBlocksError as error:
        raise TrainingError(
            f"distillation {config.name!r}: expected teacher_layers within 0 to {error.n_blocks}, the blocks of "
            f"{config.encoder!r}, got {config.teacher_layers}"
        ) from error


class _DistillingTrainer(Trainer):
    """The Trainer over our draws."""

    def __init__(
        self,
        network: StudentAndTeacher,
        speech: FrameStore,
        clips: TrainingSet,
        config: DistillationConfig,
        folder: Path,
    ) -> None:
        self.folder = folder
        self._clips = clips
        self._lengths = np.array([speech.count_frames(int(row)) for row in clips.rows])
        self._config = config
        every = max(1, config.n_steps // _N_CHECKPOINTS)
        arguments = TrainingArguments(
            output_dir=str(folder),
            max_steps=config.n_steps,
            per_device_train_batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=config.warmup,
            use_cpu=not torch.cuda.is_available(),
            save_steps=every,
            save_total_limit=2,
            logging_steps=max(1, every // 5),
            report_to="none",
            remove_unused_columns=False,
            disable_tqdm=True,
            dataloader_pin_memory=torch.cuda.is_available(),
            seed=config.seed,
        )
        super().__init__(
            model=network,
            args=arguments,
            train_dataset=ClipDataset(speech, clips, config.conditions),
            data_collator=collate,
            callbacks=[CsvLog(folder.parent / "log.csv")],
        )

    def _get_train_sampler(self, train_dataset: object = None) -> BalancedSampler:  # noqa: ARG002 - the library's signature
        return BalancedSampler(
            self._clips.weights,
            self._lengths,
            n_draws=self._config.n_steps * self._config.batch_size * self.args.world_size,
            batch_size=self._config.batch_size,
            seed=self._config.seed,
        )


def _name(config: DistillationConfig, rows: np.ndarray) -> str:
    # The teacher by what it holds: a folder may have got another one since a run was cut off.
    keyed = dataclasses.replace(config, encoder=name_encoder("teacher", config.encoder))
    return hashlib.sha256(json.dumps([repr(keyed), rows.tolist()]).encode()).hexdigest()[:12]
