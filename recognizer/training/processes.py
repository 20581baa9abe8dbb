"""What the processes of one training, as `torchrun` starts them, tell each other; each of these suits a single one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed

from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


def count_processes() -> int:
    """Count the processes that train together, by what `torchrun` says before any of them has met another."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def refuse_several_processes(what: str) -> None:
    """Stop what only one process at a time may do: several would do all of it, each over the other's files.

    Raises:
        TrainingError: `torchrun` started more than one.
    """
    n_processes = count_processes()
    if n_processes > 1:
        raise TrainingError(f"{what} takes one process, came {n_processes}: `torchrun` is for fine-tuning")


def is_first_process() -> bool:
    """Tell whether this process is the one that writes what all of them made."""
    return count_processes() == 1 or os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if distributed.is_initialized():
        distributed.barrier()


def gather(tensor: Tensor) -> Tensor:
    """Join the tensors (B, ...) of all processes to (n_processes * B, ...), without gradients."""
    if not distributed.is_initialized():
        return tensor.detach()
    parts = [torch.empty_like(tensor) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, tensor.detach().contiguous())
    return torch.cat(parts)


def take_first(value: T) -> T:
    """Give every process what the first one has."""
    if not distributed.is_initialized():
        return value
    values = [value]
    distributed.broadcast_object_list(values)
    return values[0]
