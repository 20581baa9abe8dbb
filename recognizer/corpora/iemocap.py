"""IEMOCAP: ten actors in five two-person sessions, scripted and improvised, judged by several evaluators.

- Citation: Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee and Narayanan (2008), IEMOCAP, Language Resources and
  Evaluation 42.
- License: for research, on request. Homepage: https://sail.usc.edu/iemocap
- Layout: `Session1/dialog/EmoEvaluation/Ses01F_impro01.txt` and
  `Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav`, for sessions 1 to 5.
- Labels: hap, sad, ang, neu; exc (excited) counts as happy, as most four-class figures have it, unless
  `excited_is_happy=False` leaves it out; all others are left out.
- The speaker is the session with the sex of the turn (`Ses01F_impro01_M003` is spoken by `Ses01M`), ten in all.
- Soft labels: votes of the outside evaluators (lines `C-E...`) over our four labels; the actors' own are not counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.utterance import Utterance, check_folder, share_votes, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "iemocap"
LABEL_BY_CODE: Final[dict[str, Label]] = {"hap": "happy", "sad": "sad", "ang": "angry", "neu": "neutral"}
LABEL_BY_VOTE: Final[dict[str, Label]] = {
    "Anger": "angry",
    "Happiness": "happy",
    "Neutral": "neutral",
    "Sadness": "sad",
}
EXCITED_CODE: Final = "exc"
EXCITED_VOTE: Final = "Excited"
CODES: Final = frozenset({*LABEL_BY_CODE, EXCITED_CODE, "fru", "fea", "sur", "dis", "oth", "xxx"})

_TURN: Final = re.compile(
    r"\[\s*[\d.]+\s*-\s*[\d.]+\s*\]\s+(?P<turn>(?P<dialog>Ses0\d[FM]_\w+)_(?P<sex>[FM])\w+)\s+(?P<code>\w+)\s"
)


@dataclass(frozen=True)
class _Turn:
    """One turn of an evaluation file, with the outside evaluators' words for it."""

    turn: str
    dialog: str
    is_female: bool
    code: str
    votes: Counter[str] = field(default_factory=Counter)


def load(folder: Path, *, excited_is_happy: bool = True) -> list[Utterance]:
    """Load the turns of the four labels, sorted by name.

    Args:
        folder: holds `Session1` to `Session5`; sessions that are not there are passed over.
        excited_is_happy: count excited turns as happy; otherwise leave them out.

    Raises:
        CorpusFileError: no session is there, an evaluation or recording is missing or broken, or a code is unknown.
        CorpusError: there is no turn of the four labels.
    """
    check_folder(NAME, folder, expected="Session1 to Session5")
    sessions = sorted(path for path in folder.glob("Session[1-5]") if path.is_dir())
    if not sessions:
        raise CorpusFileError(NAME, folder / "Session1", "expected at least one of five sessions, there is none")
    merged: dict[str, Label] = {EXCITED_CODE: "happy"} if excited_is_happy else {}
    votes: dict[str, Label] = {EXCITED_VOTE: "happy"} if excited_is_happy else {}
    return sort_utterances(
        NAME,
        (
            utterance
            for session in sessions
            for utterance in _iter_session(session, LABEL_BY_CODE | merged, LABEL_BY_VOTE | votes)
        ),
    )


def _iter_session(
    session: Path, label_by_code: Mapping[str, Label], label_by_vote: Mapping[str, Label]
) -> Iterator[Utterance]:
    # The published folders hold resource forks named ._Ses01F_impro01.txt too.
    tables = sorted((session / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
    if not tables:
        raise CorpusFileError(
            NAME, session / "dialog" / "EmoEvaluation", "expected evaluations Ses*.txt, none are there"
        )
    for turn in (turn for table in tables for turn in _iter_turns(table)):
        if turn.code in label_by_code:
            counts: Counter[str] = Counter()
            for vote, n in turn.votes.items():
                if vote in label_by_vote:
                    counts[label_by_vote[vote]] += n
            yield Utterance(
                corpus=NAME,
                utterance_id=turn.turn,
                path=session / "sentences" / "wav" / turn.dialog / f"{turn.turn}.wav",
                speaker_id=turn.turn[:5] + ("F" if turn.is_female else "M"),
                label=label_by_code[turn.code],
                sex="female" if turn.is_female else "male",
                soft_label=share_votes(counts),
            )


def _iter_turns(table: Path) -> Iterator[_Turn]:
    current: _Turn | None = None
    for number, line in enumerate(table.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if line.startswith("["):
            if current is not None:
                yield current
            current = _parse_turn(table, number, line)
        elif line.startswith("C-E") and current is not None:
            words = line.split("\t")[1] if "\t" in line else ""
            current.votes.update(word.strip() for word in words.split(";") if word.strip())
    if current is not None:
        yield current


def _parse_turn(table: Path, number: int, line: str) -> _Turn:
    match = _TURN.match(line)
    if match is None or match["code"] not in CODES:
        raise CorpusFileError(NAME, table, f"line {number}: expected times, a turn and a known emotion, came {line!r}")
    return _Turn(turn=match["turn"], dialog=match["dialog"], is_female=match["sex"] == "F", code=match["code"])
