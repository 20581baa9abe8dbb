"""Voice in, mood and music out: `recognize`, `listen` and `recommend`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.baseline import read_baseline
from app.cli.tables import format_playlist, format_posterior
from app.cli.wishes import describe_wishes, read_wishes, wishes_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.services.playlists import PlaylistItem, ServedPlaylist
    from app.services.recognition import RecognitionService
    from recognizer.voice_baseline import VoiceBaseline

_LACKS = {
    "filters": "no track is like that; leave out a genre, a licence or the years",
    "files": "the files of all tracks are gone; is their disk connected?",
    "never": "no track is left to play",
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--list", "list_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A file, one path a line."
)
@click.option("--jsonl", is_flag=True, help="Print one JSON object a file, in the order given.")
@click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="How this voice usually is, from `emotitune baseline build`.",
)
def recognize(files: tuple[Path, ...], list_file: Path | None, baseline_file: Path | None, *, jsonl: bool) -> None:
    """Hear the mood of voice recordings.

    A file that cannot be judged gives a line with an error, the others go on, and the exit code is 1.
    """
    from app.bootstrap import build_recognition
    from app.settings import Settings

    paths = [*files, *_read_list(list_file)]
    if not paths:
        raise click.UsageError("expected at least one FILE or --list, got none")
    recognition = build_recognition(Settings.from_env())
    baseline = read_baseline(baseline_file) if baseline_file else None
    has_failed = False
    for path in paths:
        line, label_set = _recognize_one(recognition, path, baseline)
        has_failed |= "error" in line
        click.echo(json.dumps(line) if jsonl else _describe(line, label_set))
    sys.exit(int(has_failed))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@wishes_options
@json_option
def listen(file: Path, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - the options of `wishes_options`
    """Hear one voice note and recommend music for it."""
    from app.bootstrap import build_services
    from app.settings import Settings

    wishes = read_wishes(options)
    # Nobody can be asked here: in doubt the playlist follows the whole distribution.
    result = build_services(Settings.from_env()).listening.listen(file, str(file), wishes=wishes, asks_in_doubt=False)
    if as_json:
        mood = {"file": str(file), **result.recognition.to_json()}
        playlist = [_to_json(item) for item in result.playlist]
        told = {"mood": mood, "intent": wishes.intent.value, "playlist": playlist, "timings_ms": result.timings_ms}
        click.echo(json.dumps(told | describe_wishes(wishes)))
        return
    click.echo(_describe({"file": str(file), **result.recognition.to_json()}, result.recognition.label_set))
    for note in result.recognition.notes:
        click.echo(f"note: {note}")
    if result.recognition.abstained:
        click.echo("music for all it may be; name the mood with `emotitune recommend --posterior ...`")
    click.echo()
    _print_playlist(result.served)
    click.echo("\n" + ", ".join(f"{step} {ms:.0f} ms" for step, ms in result.timings_ms.items()))


@click.command()
@click.option("--posterior", required=True, help="For example happy=.6,sad=.1,angry=.1,neutral=.2")
@wishes_options
@json_option
def recommend(posterior: str, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - as above
    """Recommend music for a mood given as probabilities that sum to 1."""
    from app.bootstrap import build_services
    from app.settings import Settings

    wishes, mood = read_wishes(options), parse_posterior(posterior)
    served = build_services(Settings.from_env()).playlists.serve(mood, wishes)
    if as_json:
        items = [_to_json(item) for item in served.items]
        told = {"posterior": mood, "intent": wishes.intent.value, "playlist": items}
        click.echo(json.dumps(told | describe_wishes(wishes)))
        return
    _print_playlist(served)


def parse_posterior(text: str) -> dict[str, float]:
    """Read `happy=.6,sad=.1`; labels left out have probability 0.

    Raises:
        click.BadParameter: it is not a list of label=number.
    """
    posterior = {"happy": 0.0, "sad": 0.0, "angry": 0.0, "neutral": 0.0}
    for part in text.split(","):
        label, separator, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            separator = ""
        if not separator:
            raise click.BadParameter(f"expected label=number, got {part!r}", param_hint="--posterior")
        posterior[label.strip()] = value
    return posterior


def _read_list(list_file: Path | None) -> Iterator[Path]:
    if list_file is None:
        return
    for line in list_file.read_text(encoding="utf-8-sig").splitlines():
        if line.strip():
            yield Path(line.strip())


def _recognize_one(
    recognition: RecognitionService, path: Path, baseline: VoiceBaseline | None
) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    """Return the line for a file, and the labels that cannot be ruled out where the bundle tells them."""
    from recognizer.errors import BundleError, RecognizerError, UnusableClipError, VoiceBaselineError

    try:
        heard = recognition.recognize(path, str(path), baseline=baseline)
    except UnusableClipError as error:
        return {**_nothing_heard(path, error.code), "error": str(error)}, None
    except (BundleError, VoiceBaselineError):
        # Not this file's fault: no other file could be heard either.
        raise
    except RecognizerError as error:
        return {**_nothing_heard(path, "unreadable"), "error": str(error)}, None
    return {"file": str(path), **heard.to_json()}, heard.label_set


def _nothing_heard(path: Path, reason: str) -> dict[str, Any]:
    """Return a line with the same keys as any other, so that readers need no special case."""
    empty = dict.fromkeys(("duration_s", "posterior", "label", "confidence"))
    return {"file": str(path), **empty, "abstained": True, "reason": reason, "timeline": [], "model": None}


def _describe(line: Mapping[str, Any], label_set: Sequence[str] | None) -> str:
    if "error" in line:
        return f"{line['file']}: error: {line['error']}"
    doubt = f" - not sure: {line['reason']}" if line["abstained"] else ""
    bounds = f" - nine times in ten: {' or '.join(label_set)}" if label_set else ""
    return f"{line['file']}: {format_posterior(line['posterior'])}{bounds}{doubt}"


def _print_playlist(served: ServedPlaylist | None) -> None:
    if served is None or not served.items:
        click.echo(_LACKS[served.lack] if served and served.lack else "no track")
        return
    click.echo(format_playlist(served.items))
    if served.question:
        click.echo(f"\n{served.question.text}")


def _to_json(item: PlaylistItem) -> dict[str, Any]:
    told = {
        "track_id": item.track_id,
        "title": item.title,
        "artist": item.artist,
        "path_or_url": item.path_or_url,
        "score": item.score,
        "reason": item.reason,
    }
    return told if item.progress is None else {**told, "progress": item.progress}
