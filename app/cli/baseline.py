"""How a voice usually is: build it from recordings, look at it, join two of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recognizer.voice_baseline import VoiceBaseline

existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def baseline() -> None:
    """Let the recognizer know a voice: statistics of earlier recordings, never audio."""


@baseline.command()
@click.argument("files", nargs=-1, required=True, type=existing_file)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--add-to", type=existing_file, help="A baseline of the same voice to go on from.")
def build(files: tuple[Path, ...], out: Path, add_to: Path | None) -> None:
    """Build a baseline from recordings of one person, best of mixed moods.

    Recordings that cannot be judged are named and left out.
    """
    from app.bootstrap import build_recognition
    from app.settings import Settings
    from recognizer.errors import UnreadableAudioError, UnusableClipError

    recognition = build_recognition(Settings.from_env())
    voice = read_baseline(add_to) if add_to else None
    for path in files:
        try:
            voice = recognition.learn_voice(recognition.recognize(path, str(path)), voice)
        except (UnreadableAudioError, UnusableClipError) as error:
            click.echo(f"left out {path}: {error}", err=True)
    if voice is None:
        raise click.ClickException(f"expected at least one recording that can be judged, got none among {len(files)}")
    _write_baseline(voice, out)
    click.echo(_describe(voice, out))


@baseline.command()
@click.argument("files", nargs=-1, required=True, type=existing_file)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
def merge(files: tuple[Path, ...], out: Path) -> None:
    """Join baselines of one person, such as those of two devices."""
    first, *others = map(read_baseline, files)
    for other in others:
        first = first.merged_with(other)
    _write_baseline(first, out)
    click.echo(_describe(first, out))


@baseline.command()
@click.argument("file", type=existing_file)
def show(file: Path) -> None:
    """Say which model a baseline belongs to and how much it knows."""
    click.echo(_describe(read_baseline(file), file))


def read_baseline(path: Path) -> VoiceBaseline:
    """Read a baseline from a file.

    Raises:
        VoiceBaselineError: it is none, or damaged.
    """
    from recognizer.errors import VoiceBaselineError
    from recognizer.voice_baseline import VoiceBaseline

    try:
        return VoiceBaseline.from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise VoiceBaselineError(f"expected a voice baseline in {str(path)!r}: {error}") from error


def _write_baseline(voice: VoiceBaseline, path: Path) -> None:
    """Write through a neighbor, so that a cut run leaves the old file.

    Raises:
        OSError: the file cannot be written; it names the file, not its neighbor.
    """
    neighbor = path.with_name(f".{path.name}.part")
    try:
        neighbor.write_text(json.dumps(voice.to_json()) + "\n", encoding="utf-8")
        neighbor.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _describe(voice: VoiceBaseline, path: Path) -> str:
    return (
        f"{path}: {voice.n_clips} recording{'' if voice.n_clips == 1 else 's'}, for {voice.model}; "
        f"counts {voice.compute_weight():.0%} against the voices trained on"
    )
