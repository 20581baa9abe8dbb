"""Choose what hears: list recognizers, pull a larger one, remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.material import EXISTING_FOLDER
from app.cli.steps import StepBar, describe_quality, training_libraries
from app.cli.tables import format_table

if TYPE_CHECKING:
    from pathlib import Path

    from recognizer.installed import KnownModel


@click.group()
def models() -> None:
    """List recognizers, pull a larger one or remove it."""


@models.command("list")
def list_known() -> None:
    """Say which recognizers ship, were pulled or can be, and which one EMOTITUNE_RECOGNIZER chooses."""
    from app.settings import Settings
    from recognizer.bundles import resolve_bundle
    from recognizer.errors import BundleError
    from recognizer.installed import list_models

    settings = Settings.from_env()
    known = list_models(settings.recognizer_models_dir)
    try:
        chosen, note = resolve_bundle(settings.recognizer, settings.recognizer_models_dir), ""
    except BundleError as error:
        chosen, note = None, str(error)
    rows = [_show(model, is_chosen=model.folder == chosen) for model in known]
    click.echo(format_table(("", "Model", "State", "MB", "Where"), rows))
    for model in known:
        if model.problem:
            click.echo(f"{model.name}: {model.problem}", err=True)
    if note:
        click.echo(f"EMOTITUNE_RECOGNIZER: {note}", err=True)
    elif chosen not in {model.folder for model in known}:
        click.echo(f"EMOTITUNE_RECOGNIZER chooses another folder: {chosen}")


@models.command("pull")
@click.argument("name")
@click.option("--encoder", type=EXISTING_FOLDER, help="Take the encoder from this folder instead of the model hub.")
@click.option("--int8/--float32", "is_quantized", default=True, show_default=True, help="Quantize matrix products.")
@click.option("--data", type=EXISTING_FOLDER, help="Folder that holds corpora's folders, to check the quality on.")
@click.option(
    "--clips", "n_clips", type=click.IntRange(min=4), default=240, show_default=True, help="How many of them."
)
def pull(name: str, encoder: Path | None, data: Path | None, n_clips: int, *, is_quantized: bool) -> None:
    """Make the model NAME on this machine: its public encoder, our head, exported and checked.

    A pull that was cut off leaves nothing behind and may be repeated.
    """
    from app.settings import Settings
    from recognizer.installed import find_head

    head_dir = find_head(name)
    models_dir = Settings.from_env().recognizer_models_dir
    with training_libraries("pulling a model"), StepBar() as show:
        from recognizer.training.pulling import pull_model

        report = pull_model(
            head_dir,
            models_dir,
            encoder=encoder,
            is_quantized=is_quantized,
            data_dir=data,
            n_clips=n_clips,
            on_progress=show,
        )
    made = report.made
    click.echo(
        f"{report.model} in {report.folder}: {made.size_bytes / 1e6:.1f} MB; on made-up sounds largest difference to "
        f"torch {made.largest_difference:.2g}, int8 agreement {made.int8_agreement:.1%}, "
        f"probability moved {made.int8_shift:.1%}"
    )
    if made.quality:
        click.echo(describe_quality(made.quality))
    click.echo(f"set EMOTITUNE_RECOGNIZER={name} to choose it")


@models.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Delete the pulled model NAME."""
    from app.settings import Settings
    from recognizer.installed import remove_model

    settings = Settings.from_env()
    click.echo(f"removed {remove_model(name, settings.recognizer_models_dir)}")
    if settings.recognizer == name:
        click.echo("EMOTITUNE_RECOGNIZER still chooses it", err=True)


def _show(model: KnownModel, *, is_chosen: bool) -> tuple[str, ...]:
    size = f"{model.size_bytes / 1e6:.1f}"
    where = f"emotitune models pull {model.name}" if model.state == "can be pulled" else str(model.folder)
    return "*" if is_chosen else "", model.name, model.state, size, where
