"""What stops a training run on purpose."""

from __future__ import annotations


class TrainingError(Exception):
    """A configuration, a checkpoint or its data cannot be trained with; the message says which and why."""
