"""RAVDESS: 24 North American actors, two sentences, eight emotions; the speech part, audio only.

- Citation: Livingstone and Russo (2018), The Ryerson Audio-Visual Database of Emotional Speech and Song, PLoS
  ONE 13(5).
- License: CC BY-NC-SA 4.0. Homepage: https://zenodo.org/records/1188976
- Layout: `Actor_01/03-01-06-01-02-01-12.wav` as in `Audio_Speech_Actors_01-24.zip`, or all files in one folder; WAV or
  FLAC. The seven numbers of a name: modality, vocal channel, emotion, intensity, statement, repetition, actor.
- Labels: neutral and calm -> neutral, happy, sad, angry; fearful, disgust and surprised are left out.
- Actors with odd numbers are men, with even numbers women.
- `03-01-03-01-02-01-07` and `03-01-03-01-02-02-07` hold the same audio: keep both on one side of any split.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.utterance import Utterance, check_folder, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "ravdess"
LABEL_BY_CODE: Final[dict[str, Label]] = {"01": "neutral", "02": "neutral", "03": "happy", "04": "sad", "05": "angry"}
STATEMENT_BY_CODE: Final = {"01": "kids", "02": "dogs"}
N_ACTORS: Final = 24

_NEUTRAL: Final = "01"  # spoken at one intensity, all others at two
_SPEECH_AUDIO: Final = ("03", "01")  # modality audio only, vocal channel speech; the other archives share the folder
_FIELDS: Final = re.compile(r"(\d\d)-(\d\d)-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
_SUFFIXES: Final = frozenset({".wav", ".flac"})


def load(folder: Path) -> list[Utterance]:
    """Load the clips of the four labels, sorted by file name.

    Args:
        folder: holds `Actor_NN` folders, or the files themselves.

    Raises:
        CorpusFileError: the folder is missing, a name does not follow the published scheme, a file is empty.
        CorpusError: there is no clip of the four labels, or one lies there twice.
    """
    check_folder(NAME, folder, expected="Actor_01 to Actor_24, or files such as 03-01-06-01-02-01-12.wav")
    return sort_utterances(NAME, _iter_utterances(folder))


def name_clips() -> dict[str, str]:
    """Return the name of every clip of the four labels in the complete corpus, each with its actor."""
    actors = (f"{actor:02}" for actor in range(1, N_ACTORS + 1))
    twice = ("01", "02")
    return {
        "-".join((*_SPEECH_AUDIO, emotion, intensity, statement, repetition, actor)): actor
        for actor, emotion, intensity, statement, repetition in itertools.product(
            actors, LABEL_BY_CODE, twice, STATEMENT_BY_CODE, twice
        )
        if (emotion, intensity) != (_NEUTRAL, "02")
    }


def _iter_utterances(folder: Path) -> Iterator[Utterance]:
    for path in sorted([*folder.glob("*.*"), *folder.glob("Actor_*/*.*")]):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        modality, channel, emotion, _intensity, statement, _repetition, actor = _parse_name(path)
        if (modality, channel) != _SPEECH_AUDIO or emotion not in LABEL_BY_CODE:
            continue
        yield Utterance(
            corpus=NAME,
            utterance_id=path.stem,
            path=path,
            speaker_id=actor,
            label=LABEL_BY_CODE[emotion],
            sex="male" if int(actor) % 2 else "female",
            statement=STATEMENT_BY_CODE[statement],
        )


def _parse_name(path: Path) -> tuple[str, ...]:
    match = _FIELDS.fullmatch(path.stem)
    if match is None or not 1 <= int(match[7]) <= N_ACTORS:
        raise CorpusFileError(NAME, path, "expected a name of seven numbers such as 03-01-06-01-02-01-12")
    return match.groups()
