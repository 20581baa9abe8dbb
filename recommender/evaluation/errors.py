"""What can stop an evaluation, or fail it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.errors import EvaluationDataError, RecommenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.evaluation.gates import Verdict


class MissingMaterialError(EvaluationDataError):
    """A protocol's data is not there; what else was asked for can still be measured."""


class GatesMissedError(RecommenderError):
    """Figures miss their gates.

    Attributes:
        missed: the verdicts.
    """

    def __init__(self, missed: Sequence[Verdict]) -> None:
        lines = "".join(f"\n  {verdict.describe()}" for verdict in missed)
        super().__init__(f"{len(missed)} gate{'s' if len(missed) > 1 else ''} missed:{lines}")
        self.missed = tuple(missed)
