"""Look at speech corpora: which there are, where they come from, and what leaks in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli.material import find_speech
from app.cli.tables import format_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.corpora.splits import Split
    from recognizer.corpora.utterance import Utterance

EXISTING: Final = click.Path(path_type=Path, exists=True)


@click.group()
def corpora() -> None:
    """List and audit speech corpora."""


@corpora.command("list")
def list_corpora() -> None:
    """Say which corpora can be loaded, in which language, under which licence, and where they come from."""
    from recognizer.corpora import CORPORA

    rows = [(info.name, info.language or "any", info.license, info.homepage or info.title) for info in CORPORA.values()]
    click.echo(format_table(("Corpus", "Language", "Licence", "Where"), rows))


@corpora.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Say how a corpus is laid out and cited, and which of its labels count as ours."""
    from recognizer.corpora import find_corpus

    click.echo(find_corpus(name).description)


@corpora.command("fetch")
@click.argument("name")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder that gets the corpus's own folder.",
)
def fetch(name: str, folder: Path) -> None:
    """Fetch a corpus from where its authors put it, checked against their checksum."""
    from recognizer.corpora import find_corpus
    from recognizer.corpora.fetching import fetch_corpus

    info = find_corpus(name)
    if info.archive is not None:
        click.echo(f"{info.title}, {info.license}: fetching about {info.archive.size_mb} MB", err=True)
    click.echo(fetch_corpus(info, folder))


@corpora.command("audit")
@click.argument("name")
@click.option(
    "--split",
    "split_path",
    type=EXISTING,
    help="Folds by speakers or by recordings: a JSON file, or EmoBox's folder; the published ones unless given.",
)
@click.option(
    "--data",
    type=EXISTING,
    help="A folder of corpora, the corpus's own, or a manifest; `data/speech` of EMOTITUNE_MATERIAL_DIR unless given.",
)
def audit(name: str, split_path: Path | None, data: Path | None) -> None:
    """Look for missing recordings, repeated audio, shared voices and labels told by duration or level alone."""
    import numpy as np

    from recognizer.audio import decode_clip
    from recognizer.corpora import find_corpus
    from recognizer.corpora.audit import audit_corpus
    from recognizer.corpora.listed_splits import load_split

    info = find_corpus(name)
    given = load_split(split_path) if split_path else None
    utterances = info.load(_find_recordings(name, data))
    split = given or _find_published_split(name, utterances)
    rng = np.random.default_rng(0)
    report = audit_corpus(
        utterances, lambda path: decode_clip(path, path.name).waveform, split=split, info=info, rng=rng
    )
    click.echo(f"{report.n_utterances} recordings")
    for finding in report.list_findings():
        click.echo(finding)
    sys.exit(int(not report.is_clean))


def _find_recordings(name: str, data: Path | None) -> Path:
    """Find the corpus in a folder of corpora, or take the path for the corpus itself.

    Raises:
        CorpusError: it is neither.
    """
    from recognizer.errors import CorpusError
    from recognizer.evaluation.from_recordings import find_corpora

    where = find_speech(data)
    if (where / name).is_dir():
        return where / name
    found = find_corpora(where)
    if name not in found:
        raise CorpusError(f"expected the corpus {name!r} in {str(where)!r}, found {', '.join(found)}")
    return found[name]


def _find_published_split(name: str, utterances: Sequence[Utterance]) -> Split | None:
    """Find the split that others measure this corpus by; a part of the corpus may lack the speakers of a fold."""
    from recognizer.corpora.splits import PUBLISHED_SPLITS, load_published_split

    for split in map(load_published_split, PUBLISHED_SPLITS):
        if split.corpus == name:
            here = {utterance.speaker_id for utterance in utterances}
            if all(here.intersection(fold.test_speakers) for fold in split.folds):
                return split
            click.echo(f"left out the folds of {split.name}: some have no speaker here", err=True)
    return None
