"""Look at speech corpora: which there are, where they come from, and what leaks in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.material import data_option, find_speech
from app.cli.tables import format_table

if TYPE_CHECKING:
    from recognizer.corpora.splits import SpeakerSplit


@click.group()
def corpora() -> None:
    """List and audit speech corpora."""


@corpora.command("list")
def list_corpora() -> None:
    """Say which corpora can be loaded, under which licence, and where they come from."""
    from recognizer.corpora import CORPORA

    rows = [(info.name, info.license, info.homepage or info.title) for info in CORPORA.values()]
    click.echo(format_table(("Corpus", "Licence", "Where"), rows))


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
    "--split", "split_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A split file."
)
@data_option
def audit(name: str, split_file: Path | None, data: Path | None) -> None:
    """Look for repeated audio, shared voices and labels told by duration or level alone."""
    import numpy as np

    from recognizer.audio import decode_clip
    from recognizer.corpora import load_corpus
    from recognizer.corpora.audit import audit_corpus

    split = _find_split(name, split_file)
    utterances = load_corpus(name, find_speech(data) / name)
    rng = np.random.default_rng(0)
    report = audit_corpus(utterances, lambda path: decode_clip(path, path.name).waveform, split=split, rng=rng)
    click.echo(f"{report.n_utterances} recordings")
    for finding in report.list_findings():
        click.echo(finding)
    sys.exit(int(not report.is_clean))


def _find_split(name: str, split_file: Path | None) -> SpeakerSplit | None:
    from recognizer.corpora.splits import PUBLISHED_SPLITS, load_published_split, load_speaker_split

    if split_file is not None:
        return load_speaker_split(split_file)
    published = [load_published_split(each) for each in PUBLISHED_SPLITS]
    return next((each for each in published if each.corpus == name), None)
