"""What to ask a listener whose mood is in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recommender.affect import LABELS
from recommender.space import compute_doubt, validate_posterior

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD_BY_LABEL: Final = {"happy": "happy", "sad": "sad", "angry": "tense", "neutral": "calm"}
# Entropy as a share of the largest: .85 is about .55 .15 .15 .15, a mood that hardly stands out.
OPEN_DOUBT: Final = 0.85
# Two moods as likely as each other, and nothing else in question.
_CLOSE: Final = 0.1
_SHARE_OF_TWO: Final = 0.8


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the mood.

    Attributes:
        text: one plain sentence.
        choices: labels to choose from, likeliest first.
    """

    text: str
    choices: tuple[str, ...]


def ask_about_mood(posterior: Mapping[str, float], *, has_abstained: bool = False) -> Question | None:
    """Find out whether, and what, to ask.

    Args:
        posterior: probability by label.
        has_abstained: whether the recognizer declined to name a mood; then there is always a question, to be asked
            before any music plays.

    Returns:
        A question between all moods where none stands out, between two where they are equally likely, else None.

    Raises:
        InvalidPosteriorError: the posterior is no distribution over the labels.
    """
    mood = validate_posterior(posterior)
    likeliest = tuple(sorted(LABELS, key=lambda label: -mood[label]))
    first, second = likeliest[:2]
    is_between_two = mood[first] - mood[second] <= _CLOSE and mood[first] + mood[second] >= _SHARE_OF_TWO
    if is_between_two:
        return Question(f"Is it more {WORD_BY_LABEL[first]} or more {WORD_BY_LABEL[second]}?", (first, second))
    if has_abstained or compute_doubt(mood) >= OPEN_DOUBT:
        words = [WORD_BY_LABEL[label] for label in likeliest]
        text = f"I could not tell how you feel. Which comes nearest: {', '.join(words[:-1])} or {words[-1]}?"
        return Question(text, likeliest)
    return None
