"""CREMA-D: 91 actors of many backgrounds, twelve sentences, six emotions, each clip judged by a crowd.

- Citation: Cao, Cooper, Keutmann, Gur, Nenkova and Verma (2014), CREMA-D, IEEE Transactions on Affective
  Computing 5(4).
- License: Open Database License 1.0. Homepage: https://github.com/CheyneyComputerScience/CREMA-D
- Layout: `AudioWAV/1001_DFA_ANG_XX.wav` (WAV or FLAC), `VideoDemographics.csv`, and the crowd's votes as
  `processedResults/tabulatedVotes.csv` or `finishedResponses.csv` (each may be gzipped).
- Labels: ANG, HAP, SAD, NEU of the name, what the actor meant. DIS and FEA are left out.
- Soft labels: shares of the voice-only votes over our four labels. Single raters agree with what was meant in little
  more than half of the clips, so say which labels a figure uses: `labels="perceived"` takes the crowd's plurality.
- `1076_MTI_SAD_XX` has no audio and is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.tables import find_first, iter_rows
from recognizer.corpora.utterance import SEXES, Sex, Utterance, check_folder, share_votes, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "cremad"
LABEL_BY_CODE: Final[dict[str, Label]] = {"ANG": "angry", "HAP": "happy", "SAD": "sad", "NEU": "neutral"}
LABEL_BY_VOTE: Final[dict[str, Label]] = {"A": "angry", "H": "happy", "S": "sad", "N": "neutral"}
VOTES: Final = ("A", "D", "F", "H", "N", "S")
WITHOUT_AUDIO: Final = frozenset({"1076_MTI_SAD_XX"})

_FIELDS: Final = re.compile(r"(\d{4})_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX|X)")
_VOICE_ROWS: Final = "1"  # tabulatedVotes numbers its rows 1xxxxx voice, 2xxxxx face, 3xxxxx both
_TABULATED: Final = ("processedResults/tabulatedVotes.csv", "tabulatedVotes.csv")
_RESPONSES: Final = ("finishedResponses.csv",)


def load(folder: Path, *, labels: Literal["intended", "perceived"] = "intended") -> list[Utterance]:
    """Load the clips of the four labels, sorted by file name.

    Args:
        folder: holds `AudioWAV`, `VideoDemographics.csv` and the votes.
        labels: what the actor meant, or what most of the crowd heard; clips that the crowd heard as something else, or
            on which it was of two minds, are then left out.

    Raises:
        CorpusFileError: a table or recording is missing or broken, a name does not follow the published scheme, or
            perceived labels are asked for and there are no votes.
        CorpusError: there is no clip of the four labels.
    """
    audio_folder = folder / "AudioWAV"
    check_folder(NAME, audio_folder, expected="clips such as 1001_DFA_ANG_XX.wav")
    votes = find_votes(folder)
    if votes is None and labels == "perceived":
        raise CorpusFileError(NAME, folder / _TABULATED[0], "perceived labels need the crowd's votes, there are none")
    sexes = _read_sexes(folder / "VideoDemographics.csv")
    return sort_utterances(NAME, _iter_utterances(audio_folder, sexes, votes or {}, labels))


def find_votes(folder: Path) -> dict[str, Counter[str]] | None:
    """Read the voice-only votes per clip, or return None where the folder has none.

    Returns:
        For each clip name the count per vote, one of `VOTES`.

    Raises:
        CorpusFileError: the table is broken.
    """
    if table := find_first(folder, [name + end for name in _TABULATED for end in ("", ".gz")]):
        return _read_tabulated(table)
    if table := find_first(folder, [name + end for name in _RESPONSES for end in ("", ".gz")]):
        return _read_responses(table)
    return None


def _iter_utterances(
    folder: Path, sexes: Mapping[str, Sex], votes: Mapping[str, Counter[str]], labels: Literal["intended", "perceived"]
) -> Iterator[Utterance]:
    for path in sorted([*folder.glob("*.wav"), *folder.glob("*.flac")]):
        match = _FIELDS.fullmatch(path.stem)
        if match is None:
            raise CorpusFileError(NAME, path, "expected a name such as 1001_DFA_ANG_XX")
        speaker_id, statement, code, _level = match.groups()
        if speaker_id not in sexes:
            raise CorpusFileError(NAME, path, f"actor {speaker_id!r} is not in VideoDemographics.csv")
        counts = votes.get(path.stem, Counter())
        label = LABEL_BY_CODE.get(code) if labels == "intended" else find_plurality(counts)
        if label is None or path.stem in WITHOUT_AUDIO:
            continue
        yield Utterance(
            corpus=NAME,
            utterance_id=path.stem,
            path=path,
            speaker_id=speaker_id,
            label=label,
            sex=sexes[speaker_id],
            statement=statement,
            soft_label=share_votes({LABEL_BY_VOTE[vote]: n for vote, n in counts.items() if vote in LABEL_BY_VOTE}),
        )


def find_plurality(counts: Mapping[str, int]) -> Label | None:
    """Return the label that most raters chose; None on a tie, for other emotions, and without votes."""
    ranked = Counter(counts).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return LABEL_BY_VOTE.get(ranked[0][0])


def _read_tabulated(table: Path) -> dict[str, Counter[str]]:
    votes = {}
    for line, row in iter_rows(NAME, table, columns=("", "fileName", *VOTES)):
        if not row[""].startswith(_VOICE_ROWS):
            continue
        try:
            votes[row["fileName"]] = Counter({vote: int(row[vote]) for vote in VOTES})
        except ValueError as error:
            raise CorpusFileError(NAME, table, f"line {line}: expected counts of votes, {error}") from error
    return votes


def _read_responses(table: Path) -> dict[str, Counter[str]]:
    votes: dict[str, Counter[str]] = {}
    for line, row in iter_rows(NAME, table, columns=("queryType", "clipName", "respEmo")):
        if row["queryType"] != _VOICE_ROWS:
            continue
        if row["respEmo"] not in VOTES:
            raise CorpusFileError(NAME, table, f"line {line}: expected a vote of {VOTES}, came {row['respEmo']!r}")
        votes.setdefault(row["clipName"], Counter())[row["respEmo"]] += 1
    return votes


def _read_sexes(table: Path) -> dict[str, Sex]:
    sexes: dict[str, Sex] = {}
    sex_by_name: dict[str, Sex] = {sex.capitalize(): sex for sex in SEXES}
    for line, row in iter_rows(NAME, table, columns=("ActorID", "Sex")):
        if row["Sex"] not in sex_by_name:
            raise CorpusFileError(NAME, table, f"line {line}: expected Female or Male, came {row['Sex']!r}")
        sexes[row["ActorID"]] = sex_by_name[row["Sex"]]
    return sexes
