"""Replays SiTunes: which policy would have picked the tracks that people liked, or that lifted them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.stats import spearmanr

from recommender.evaluation.bootstrap import bound_mean, compare_by_unit
from recommender.evaluation.results import Comparison, Figure, ProtocolResult
from recommender.evaluation.situnes import Hearing, Items, load_situnes
from recommender.space import LIFT_RISE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    # Scores every item for a hearing's context from what was known before it: shape (n_items,).
    Policy: TypeAlias = Callable[["_Known", Hearing], np.ndarray]

SITUNES: Final = "situnes"
RANDOM: Final = "random"
METRICS: Final = ("rating", "rise", "rise_beyond_usual")
TESTED: Final = ("rating", "rise_beyond_usual")
READINGS: Final = {
    "rating": "mean rating, 1 to 5, of the third of what people heard that the policy ranks highest",
    "rise": "mean rise in felt valence with them, of the 2 that the scale is long",
    "rise_beyond_usual": (
        "the same, less the rise that is usual from where the person stood: who is low rises with anything, so the "
        "plain rise flatters a policy that picks its moments rather than its music"
    ),
    "rating_correlation": "Spearman between the policy's score and the rating, over hearings",
}
_NOTE: Final = (
    "Daily life, stages 2 and 3. Each person's hearings are split by time: the first half, and all that anyone heard "
    "before the moment of a hearing, may be learned from; the second half is replayed. A policy ranks all items for "
    "the emotion felt before listening, and each track that was heard gets its place in that ranking; per person, the "
    "third of the hearings with the best places counts as what the policy would have played. People heard what other "
    "policies chose, so this weighs policies against each other and says little about what they would reach when they "
    "choose freely. Valence and energy are Spotify's; none of our audio models is in this protocol, as the audio is "
    "not public. Intervals: 95 % bootstrap over people; tests swap whole people."
)
_RIDGE: Final = 30.0
# A person's own ratings weigh this much more than everybody's.
_OWN_WEIGHT: Final = 5.0


@dataclass
class _Known:
    """What was known at a moment: everybody's hearings before it."""

    items: Items
    rng: np.random.Generator
    heard: list[Hearing] = field(default_factory=list)

    def fit_linear(self, user_id: int, *, target: str) -> np.ndarray:
        """Fit sound -> target by ridge, the person's own hearings weighing most; shape (n_items,) predictions."""
        rows = [hearing for hearing in self.heard if np.isfinite(getattr(hearing, target))]
        if not rows:
            return np.zeros(len(self.items.sound))
        sound = self.items.sound[[hearing.item for hearing in rows]]
        values = np.array([getattr(hearing, target) for hearing in rows])
        own = np.array([hearing.user_id == user_id for hearing in rows])
        weights = np.where(own, _OWN_WEIGHT, 1.0)
        center = float(np.average(values, weights=weights))
        gram = (sound * weights[:, None]).T @ sound + _RIDGE * np.eye(sound.shape[1])
        slopes = np.linalg.solve(gram, (sound * weights[:, None]).T @ (values - center))
        return np.asarray(self.items.sound @ slopes)


def _play_at_random(known: _Known, _hearing: Hearing) -> np.ndarray:
    return known.rng.random(len(known.items.sound))


def _play_the_popular(known: _Known, _hearing: Hearing) -> np.ndarray:
    return known.items.popularity


def _match_the_mood(known: _Known, hearing: Hearing) -> np.ndarray:
    distances = np.linalg.norm(known.items.plane - np.array(hearing.before), axis=1)
    return np.asarray(-distances)


def _lift_the_mood(known: _Known, hearing: Hearing) -> np.ndarray:
    valence, arousal = hearing.before or (0.0, 0.0)
    target = np.array([min(1.0, valence + LIFT_RISE), arousal])
    return np.asarray(-np.linalg.norm(known.items.plane - target, axis=1))


def _play_what_they_like(known: _Known, hearing: Hearing) -> np.ndarray:
    return known.fit_linear(hearing.user_id, target="rating")


def _like_and_match(known: _Known, hearing: Hearing) -> np.ndarray:
    return _add(_play_what_they_like(known, hearing), _match_the_mood(known, hearing))


def _like_and_lift(known: _Known, hearing: Hearing) -> np.ndarray:
    return _add(_play_what_they_like(known, hearing), _lift_the_mood(known, hearing))


def _add(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Add scores of different scales as equals."""
    return np.asarray(_standardize(first) + _standardize(second))


def _standardize(scores: np.ndarray) -> np.ndarray:
    return np.asarray((scores - scores.mean()) / (scores.std() or 1.0))


POLICIES: Final[dict[str, Policy]] = {
    "match": _match_the_mood,
    "lift": _lift_the_mood,
    "personal": _play_what_they_like,
    "personal-match": _like_and_match,
    "personal-lift": _like_and_lift,
    "popularity": _play_the_popular,
    RANDOM: _play_at_random,
}


def evaluate_situnes(folder: Path, *, seed: int = 0, n_resamples: int = 500) -> ProtocolResult:
    """Replay every policy on the later half of what each person heard.

    Raises:
        EvaluationDataError: see `load_situnes`.
    """
    items, hearings = load_situnes(folder)
    rng = np.random.default_rng(seed)
    tested = _later_halves(hearings)
    places = _place_heard(items, hearings, tested, rng)
    people = [hearing.user_id for hearing in tested]
    outcomes = _outcomes(hearings, tested)
    accepted = {name: _best_third(values, people) for name, values in places.items()}
    # Chance is known exactly: it accepts everything equally often.
    accepted[RANDOM] = np.ones(len(tested), dtype=bool)
    scores = {
        name: {metric: np.where(mask, outcomes[metric], np.nan) for metric in METRICS}
        for name, mask in accepted.items()
    }
    figures = {
        name: {metric: bound_mean(values, people, n_resamples, rng) for metric, values in of_policy.items()}
        | ({} if name == RANDOM else {"rating_correlation": _correlate(places[name], outcomes["rating"])})
        for name, of_policy in scores.items()
    }
    comparisons: dict[str, Comparison] = {}
    for metric in TESTED:
        others = [name for name in scores if name != RANDOM]
        pairs = {_title(name, metric): (scores[name][metric], scores[RANDOM][metric]) for name in others}
        comparisons |= compare_by_unit(metric, pairs, people, rng)
    return ProtocolResult(
        name=SITUNES,
        scope=f"{len(tested)} later hearings of {len(set(people))} people, {len(items.sound)} items",
        note=_NOTE,
        readings=READINGS,
        figures=figures | _logged_policies(hearings, n_resamples, rng),
        plotted=("rating", "rise", "rise_beyond_usual"),
        comparisons=comparisons,
        per_query=tuple(_rows(tested, places, outcomes)),
        findings=_describe(hearings, items, comparisons),
    )


def _title(policy: str, metric: str) -> str:
    return f"{policy} over random, {metric}"


def _later_halves(hearings: Sequence[Hearing]) -> list[Hearing]:
    by_user: dict[int, list[Hearing]] = {}
    for hearing in hearings:
        if hearing.before is not None:
            by_user.setdefault(hearing.user_id, []).append(hearing)
    later = {id(one) for of_user in by_user.values() for one in of_user[len(of_user) // 2 :]}
    return [hearing for hearing in hearings if id(hearing) in later]


def _place_heard(
    items: Items, hearings: Sequence[Hearing], tested: Sequence[Hearing], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Find how high each policy ranks what was heard: share of the catalog it ranks below, shape (n_tested,)."""
    known = _Known(items, rng)
    is_tested = {id(hearing) for hearing in tested}
    places: dict[str, list[float]] = {name: [] for name in POLICIES}
    waiting: list[Hearing] = []
    for hearing in hearings:
        # Hearings of one moment know nothing of each other.
        if waiting and waiting[0].time < hearing.time:
            known.heard += waiting
            waiting = []
        if id(hearing) in is_tested:
            for name, policy in POLICIES.items():
                scores = policy(known, hearing)
                own = scores[hearing.item]
                places[name].append(float((scores < own).mean() + (scores == own).mean() / 2))
        waiting.append(hearing)
    return {name: np.array(values) for name, values in places.items()}


def _best_third(places: np.ndarray, people: Sequence[int]) -> np.ndarray:
    is_best = np.zeros(len(places), dtype=bool)
    for person in set(people):
        rows = np.flatnonzero(np.array(people) == person)
        best = rows[np.argsort(-places[rows], kind="stable")][: max(1, round(len(rows) / 3))]
        is_best[best] = True
    return is_best


def _outcomes(hearings: Sequence[Hearing], tested: Sequence[Hearing]) -> dict[str, np.ndarray]:
    """Measure rating, rise, and rise less what is usual from that valence, learned from the hearings not tested."""
    is_tested = {id(hearing) for hearing in tested}
    learned = [hearing for hearing in hearings if hearing.before is not None and id(hearing) not in is_tested]
    usual = np.polyfit([one.before[0] for one in learned if one.before], [one.rise for one in learned], 1)
    rise = np.array([hearing.rise for hearing in tested])
    start = np.array([hearing.before[0] for hearing in tested if hearing.before])
    return {
        "rating": np.array([hearing.rating for hearing in tested]),
        "rise": rise,
        "rise_beyond_usual": rise - np.polyval(usual, start),
    }


def _correlate(places: np.ndarray, ratings: np.ndarray) -> Figure:
    is_constant = np.ptp(places) == 0 or np.ptp(ratings) == 0
    return Figure(float("nan") if is_constant else float(spearmanr(places, ratings).statistic))


def _logged_policies(
    hearings: Sequence[Hearing], n_resamples: int, rng: np.random.Generator
) -> dict[str, dict[str, Figure]]:
    """What the study's own policies of stage 3 scored when they chose freely."""
    last = [hearing for hearing in hearings if hearing.stage == 3 and hearing.policy]  # noqa: PLR2004
    people = [hearing.user_id for hearing in last]
    figures = {}
    for policy in sorted({hearing.policy for hearing in last}):
        chosen = np.array([hearing.policy == policy for hearing in last])
        outcomes = {"rating": [one.rating for one in last], "rise": [one.rise for one in last]}
        figures[f"stage-3 {policy}"] = {
            metric: bound_mean(np.where(chosen, values, np.nan), people, n_resamples, rng)
            for metric, values in outcomes.items()
        }
    return figures


def _rows(
    tested: Sequence[Hearing], places: dict[str, np.ndarray], outcomes: dict[str, np.ndarray]
) -> list[dict[str, str | float]]:
    rows: list[dict[str, str | float]] = []
    for i, hearing in enumerate(tested):
        row: dict[str, str | float] = {"query": str(i), "unit": str(hearing.user_id)}
        row |= {metric: float(values[i]) for metric, values in outcomes.items()}
        rows.append(row | {f"{name}.place": float(values[i]) for name, values in places.items()})
    return rows


def _describe(hearings: Sequence[Hearing], items: Items, comparisons: Mapping[str, Comparison]) -> tuple[str, ...]:
    daily = [hearing for hearing in hearings if hearing.before is not None]
    ratings = [hearing.rating for hearing in daily]
    distances = [float(np.linalg.norm(items.plane[one.item] - np.array(one.before))) for one in daily]
    by_distance = float(spearmanr(ratings, distances).statistic)
    by_rise = float(spearmanr(ratings, [one.rise for one in daily]).statistic)
    heard = (
        f"Over all {len(daily)} hearings, ratings go with the distance between track and mood at {by_distance:+.2f}, "
        f"with the rise in valence at {by_rise:+.2f} (Spearman)."
    )
    gains = ", ".join(_gain(comparisons, name) for name in POLICIES if name != RANDOM)
    return (heard, f"Over chance, in rating and in rise beyond the usual: {gains}.", *_advise(comparisons))


def _gain(comparisons: Mapping[str, Comparison], name: str) -> str:
    of_metric = [comparisons[_title(name, metric)] for metric in TESTED]
    return f"{name} " + " and ".join(f"{one.difference:+.2f} (p {one.p_holm:.3f})" for one in of_metric)


def _advise(comparisons: Mapping[str, Comparison]) -> list[str]:
    """Say what follows for the product, as far as the tests carry it."""

    def is_sure(name: str, metric: str) -> bool:
        comparison = comparisons[_title(name, metric)]
        return comparison.p_holm < 0.05 and comparison.difference > 0  # noqa: PLR2004 (the usual level)

    pleasing = [name for name in POLICIES if name != RANDOM and is_sure(name, "rating")]
    advice = []
    if pleasing:
        advice.append(f"What pleases is {' and '.join(pleasing)}: by default these should weigh in where known.")
    if not is_sure("match", "rating"):
        advice.append(
            "Matching the mood pleases no more than chance: staying with it is for listeners who ask for it, and the "
            "product should not promise that it pleases."
        )
    if is_sure("lift", "rise_beyond_usual"):
        advice.append(
            "Lifting raises valence beyond the usual and costs no rating that these data show: it should be offered "
            "beside staying, and first to those who are low."
        )
    return advice
