"""A loader per speech corpus; `CORPORA` is the registry, `load_corpus` the way in by name."""

from __future__ import annotations

import inspect
import logging
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from recognizer.corpora import cremad, emospeech, iemocap, manifest, meld, nemo, ravdess
from recognizer.corpora.completeness import find_shortfall
from recognizer.corpora.errors import UnknownCorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """A file that a corpus may be fetched in.

    Attributes:
        url: where it lies.
        checksum: algorithm and digits as published beside it, such as `md5:0123...`.
        size_mb: about how much there is to fetch.
    """

    url: str
    checksum: str
    size_mb: int


@dataclass(frozen=True)
class CorpusInfo:
    """What a corpus is and where it comes from.

    Attributes:
        name: key in the registry, and `Utterance.corpus`.
        title: as its authors call it.
        license: terms of the recordings; models trained on them inherit what it says about use.
        homepage: where to get it; None where there is nothing to get.
        language: what is spoken; None if it depends.
        n_utterances: recordings of our four labels in the complete corpus; None if it depends or is not published.
        n_speakers: people heard in them.
        load: folder -> utterances, sorted by identifier.
        speaker_by_name: of each of these recordings; empty where names follow no scheme.
        archive: what to fetch it in; None where nobody publishes one file with its checksum, or people must ask.
    """

    name: str
    title: str
    license: str
    homepage: str | None
    language: str | None
    n_utterances: int | None
    n_speakers: int | None
    load: Callable[[Path], list[Utterance]]
    speaker_by_name: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    archive: Archive | None = None

    @property
    def description(self) -> str:
        """Citation, licence, layout and label map, as the loader's module states them."""
        return inspect.getdoc(sys.modules[self.load.__module__]) or ""


_ALL: Final = (
    CorpusInfo(
        name=ravdess.NAME,
        title="RAVDESS, speech",
        license="CC BY-NC-SA 4.0",
        homepage="https://zenodo.org/records/1188976",
        language="English",
        n_utterances=864,
        n_speakers=24,
        load=ravdess.load,
        speaker_by_name=ravdess.name_clips(),
        archive=Archive(
            "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
            "md5:bc696df654c87fed845eb13823edef8a",
            size_mb=208,
        ),
    ),
    CorpusInfo(
        name=cremad.NAME,
        title="CREMA-D",
        license="ODbL 1.0",
        homepage="https://github.com/CheyneyComputerScience/CREMA-D",
        language="English",
        n_utterances=4899,
        n_speakers=91,
        load=cremad.load,
    ),
    CorpusInfo(
        name=meld.NAME,
        title="MELD",
        license="GPL-3.0 (annotations); recordings of their owners",
        homepage="https://affective-meld.github.io",
        language="English",
        n_utterances=None,
        n_speakers=None,
        load=meld.load,
    ),
    CorpusInfo(
        name=iemocap.NAME,
        title="IEMOCAP",
        license="research use, on request",
        homepage="https://sail.usc.edu/iemocap",
        language="English",
        n_utterances=5531,
        n_speakers=10,
        load=iemocap.load,
    ),
    CorpusInfo(
        name=nemo.NAME,
        title="nEMO",
        license="CC BY-NC-SA 4.0",
        homepage="https://github.com/amu-cai/nEMO",
        language="Polish",
        n_utterances=3076,
        n_speakers=9,
        load=nemo.load,
    ),
    CorpusInfo(
        name=emospeech.NAME,
        title="Indian EmoSpeech Command Dataset",
        license="CC BY-NC-SA 4.0",
        homepage="https://github.com/RakshakTeam/emospeech-dataset-v1",
        language="English and Hindi",
        n_utterances=None,
        n_speakers=None,
        load=emospeech.load,
    ),
    CorpusInfo(
        name=manifest.NAME,
        title="your own recordings",
        license="yours to know",
        homepage=None,
        language=None,
        n_utterances=None,
        n_speakers=None,
        load=manifest.load,
    ),
)
CORPORA: Final[dict[str, CorpusInfo]] = {info.name: info for info in _ALL}


def find_corpus(name: str) -> CorpusInfo:
    """Find a corpus by its name in the registry.

    Raises:
        UnknownCorpusError: no loader bears the name.
    """
    if name not in CORPORA:
        raise UnknownCorpusError(name, tuple(CORPORA))
    return CORPORA[name]


def load_corpus(name: str, folder: Path) -> list[Utterance]:
    """Load a corpus by its name in the registry; a part of it is logged as such.

    Raises:
        UnknownCorpusError: no loader bears the name.
        CorpusError: the corpus is not where or what it should be.
    """
    info = find_corpus(name)
    utterances = info.load(folder)
    if shortfall := find_shortfall(info, utterances):
        _LOG.warning("%s", shortfall.describe())
    return utterances
