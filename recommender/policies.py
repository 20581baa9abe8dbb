"""How a place of a playlist is filled by chance of known odds, so that logs can judge other policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# Candidates a place may go to; further down, tracks no longer fit the mood.
N_CHOICES: Final = 20


class SlotPolicy(Protocol):
    """Fills one place of a playlist."""

    @property
    def name(self) -> str:
        """What is written beside every playlist it gave, parameters included."""
        ...

    def compute_propensities(self, values: np.ndarray) -> np.ndarray:
        """Say how likely each candidate is to be chosen for the next place.

        Args:
            values: what the candidates are worth, higher is better, shape (n,); -inf for those that may not come.

        Returns:
            Shape (n,), summing to 1; 0 where the value is -inf.

        Raises:
            ValueError: no candidate may come, or a value is nan.
        """
        ...


@dataclass(frozen=True, slots=True)
class Greedy:
    """The best candidate always comes; its logs can judge no other policy."""

    name: str = "greedy"

    def compute_propensities(self, values: np.ndarray) -> np.ndarray:
        """Give all odds to the first of the best."""
        _check(values)
        propensities = np.zeros(len(values))
        propensities[int(values.argmax())] = 1.0
        return propensities


@dataclass(frozen=True, slots=True)
class PlackettLuce:
    """Softmax over the best candidates, place after place.

    Attributes:
        temperature: a candidate worth this much less comes e times as rarely; in the unit of the values, above 0.
        n_choices: how many of the best may come.

    Source: Plackett (1975), The analysis of permutations; as a logging policy, Singh and Joachims (2019), NeurIPS.
    """

    temperature: float = 0.1
    n_choices: int = N_CHOICES

    def __post_init__(self) -> None:
        # Written so that nan is refused.
        if not (self.temperature > 0 and self.n_choices >= 1):
            raise ValueError(
                f"temperature must be above 0 and choices at least 1, got {self.temperature!r}, {self.n_choices!r}"
            )

    @property
    def name(self) -> str:
        """Name with its parameters."""
        return f"plackett-luce(temperature={self.temperature:g}, choices={self.n_choices})"

    def compute_propensities(self, values: np.ndarray) -> np.ndarray:
        """Share the odds out by worth."""
        _check(values)
        best = _find_best(values, self.n_choices)
        odds = np.exp((values[best] - values[best[0]]) / self.temperature)
        propensities = np.zeros(len(values))
        propensities[best] = odds / odds.sum()
        return propensities


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """The best candidate mostly comes, any of the best ones now and then.

    Attributes:
        epsilon: share of the places filled by pure chance, within [0, 1].
        n_choices: how many of the best may come.
    """

    epsilon: float = 0.1
    n_choices: int = N_CHOICES

    def __post_init__(self) -> None:
        if not (0.0 <= self.epsilon <= 1.0 and self.n_choices >= 1):
            raise ValueError(
                f"epsilon must lie within [0, 1] and choices be at least 1, got {self.epsilon!r}, {self.n_choices!r}"
            )

    @property
    def name(self) -> str:
        """Name with its parameters."""
        return f"epsilon-greedy(epsilon={self.epsilon:g}, choices={self.n_choices})"

    def compute_propensities(self, values: np.ndarray) -> np.ndarray:
        """Give every choice its share of chance, and the rest to the best."""
        _check(values)
        best = _find_best(values, self.n_choices)
        propensities = np.zeros(len(values))
        propensities[best] = self.epsilon / len(best)
        propensities[best[0]] += 1.0 - self.epsilon
        return propensities


@dataclass(frozen=True, slots=True)
class Choice:
    """What fills a place.

    Attributes:
        position: which candidate.
        propensity: how likely it was, given what came before.
    """

    position: int
    propensity: float


def choose(values: np.ndarray, policy: SlotPolicy, rng: np.random.Generator) -> Choice:
    """Fill one place; `values` as in `SlotPolicy.compute_propensities`."""
    propensities = policy.compute_propensities(values)
    position = int(rng.choice(len(values), p=propensities))
    return Choice(position, float(propensities[position]))


def choose_order(values: np.ndarray, k: int, policy: SlotPolicy, rng: np.random.Generator) -> tuple[Choice, ...]:
    """Fill up to k places from candidates whose worth does not depend on one another."""
    left = np.array(values, dtype=np.float64)
    choices: list[Choice] = []
    while len(choices) < k and (left > -np.inf).any():
        choices.append(choose(left, policy, rng))
        left[choices[-1].position] = -np.inf
    return tuple(choices)


def compute_order_propensities(values: np.ndarray, order: Sequence[int], policy: SlotPolicy) -> np.ndarray:
    """Say how likely a policy was to fill each place as it was filled, given the places before, shape (len(order),)."""
    left = np.array(values, dtype=np.float64)
    propensities = np.empty(len(order))
    for place, position in enumerate(order):
        propensities[place] = policy.compute_propensities(left)[position]
        left[position] = -np.inf
    return propensities


def _find_best(values: np.ndarray, n_choices: int) -> np.ndarray:
    """Return the candidates that may come, best first, ties by position."""
    best = np.argsort(-values, kind="stable")[:n_choices]
    return np.asarray(best[values[best] > -np.inf])


def _check(values: np.ndarray) -> None:
    if np.isnan(values).any() or np.isposinf(values).any():
        raise ValueError("values must be finite or -inf, got nan or inf")
    if not (values > -np.inf).any():
        raise ValueError(f"expected at least one candidate that may come, got {len(values)} that may not")
