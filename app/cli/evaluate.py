"""Measure recognizer and recommender on data the reader has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from app.cli.evaluate_recommender import evaluate_recommender

if TYPE_CHECKING:
    from collections.abc import Callable

OUT = click.Path(path_type=Path)


@click.group()
def evaluate() -> None:
    """Measure recognizer and recommender."""


@evaluate.command("recognizer")
@click.option("--model", default="default", show_default=True, help="Name or folder of a bundle.")
@click.option("--data", multiple=True, help="A manifest, a folder of corpora, or corpus=folder, more than once.")
@click.option(
    "--from-predictions", type=click.Path(path_type=Path, exists=True), help="Kept predictions: CSV or folder."
)
@click.option(
    "--keep", type=OUT, help="With --data: gets robustness, speed and pitch; measured.json in a folder of predictions."
)
@click.option("--out", type=OUT, required=True, help="Gets report.html and report.json.")
def evaluate_recognizer(
    model: str, data: tuple[str, ...], from_predictions: Path | None, keep: Path | None, out: Path
) -> None:
    """Write a report from kept out-of-fold predictions, or by running a bundle over recordings."""
    if bool(data) == (from_predictions is not None):
        raise click.UsageError("expected either --data or --from-predictions")
    if from_predictions and keep:
        raise click.UsageError("--keep needs --data: predictions tell nothing of robustness and speed")
    report = _evaluate_kept(from_predictions, out) if from_predictions else _evaluate_bundle(model, data, out, keep)
    for name, figures in report["protocols"].items():
        click.echo(f"{name}: " + ", ".join(f"{metric} {_show(figure)}" for metric, figure in figures.items()))
    click.echo(f"report in {out / 'report.html'}")


def _show(figure: dict[str, float | None]) -> str:
    """Write a figure with its interval; one speaker gives none, and a label that does not occur no figure at all."""
    if figure["value"] is None:
        return "not defined"
    bounds = "" if figure["low"] is None else f" [{figure['low']:.3f}, {figure['high']:.3f}]"
    return f"{figure['value']:.3f}{bounds}"


def _evaluate_kept(predictions: Path, out: Path) -> dict[str, Any]:
    from recognizer.evaluation.from_predictions import evaluate_from_predictions

    return evaluate_from_predictions(predictions, out)


def _evaluate_bundle(model: str, data: tuple[str, ...], out: Path, keep: Path | None) -> dict[str, Any]:
    from app.settings import Settings
    from recognizer.bundles import resolve_bundle
    from recognizer.evaluation.from_recordings import evaluate_bundle
    from recognizer.inference import EmotionRecognizer

    folder = resolve_bundle(model, Settings.from_env().recognizer_models_dir)
    with tqdm(disable=None) as bar:
        return evaluate_bundle(
            EmotionRecognizer.load(folder),
            folder,
            _read_data(data),
            out,
            model=model,
            keep=keep,
            on_progress=_show_on(bar),
        )


def _read_data(data: tuple[str, ...]) -> Path | dict[str, Path]:
    named = dict(each.split("=", maxsplit=1) for each in data if "=" in each)
    if named and len(named) == len(data):
        return {name: Path(folder) for name, folder in named.items()}
    if len(data) > 1:
        raise click.UsageError(f"expected one --data, or corpus=folder for each, got {', '.join(data)}")
    return Path(data[0])


def _show_on(bar: tqdm[None]) -> Callable[[str, int, int], None]:
    def show(step: str, n_done: int, n_total: int) -> None:
        bar.set_description(step)
        bar.total = n_total
        bar.update(n_done - bar.n)

    return show


evaluate.add_command(evaluate_recommender)
