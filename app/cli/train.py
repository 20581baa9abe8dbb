"""Train and export models; torch is imported when a command needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli.material import EXISTING_FOLDER, data_option, find_material, find_speech
from app.cli.steps import StepBar, describe_quality, training_libraries
from app.cli.tables import format_table

if TYPE_CHECKING:
    from collections.abc import Sequence

# So many of the clips that a run left out are named.
_N_NAMED: Final = 3


@click.group()
def train() -> None:
    """Train a recognizer or the music affect model."""


@train.command("recognizer")
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets cache, predictions and checkpoint.")
@click.option("--encoder", type=EXISTING_FOLDER, help="Take the encoder from this folder instead of the model hub.")
@data_option
@click.option("--corpora", help="Train on these instead of the run's, separated by commas.")
@click.option("--protocol", "protocols", multiple=True, help="Measure by this instead; may repeat.")
@click.option("--folds", help="Train only these folds of the protocols, separated by commas.")
@click.option("--seeds", help="Train only these seeds, separated by commas.")
@click.option(
    "--measure/--no-measure", "is_measured", default=True, show_default=True, help="Measure by the protocols."
)
@click.option(
    "--robustness", "is_robustness_measured", is_flag=True, help="Hear the test clips through noise and rooms, too."
)
@click.option("--final/--no-final", "is_final", default=True, show_default=True, help="Train on everything at last.")
def train_recognizer(  # noqa: PLR0913, PLR0917 - options of one command
    config: Path,
    out: Path,
    encoder: Path | None,
    data: Path | None,
    corpora: str | None,
    protocols: tuple[str, ...],
    folds: str | None,
    seeds: str | None,
    *,
    is_measured: bool,
    is_robustness_measured: bool,
    is_final: bool,
) -> None:
    """Train the run that CONFIG, a TOML file, describes; a run that was cut off goes on where it was.

    Several processes may work on one run: give each its own folds.
    """
    with training_libraries("training"):
        from recognizer.training.any_run import run_any

    folder = find_speech(data)
    with StepBar() as show:
        outcome = run_any(
            config,
            {path.name: path for path in folder.iterdir() if path.is_dir()},
            out,
            encoder=str(encoder) if encoder else None,
            corpora=_split_commas(corpora),
            protocols=protocols,
            folds=_split_commas(folds),
            seeds=_parse_seeds(seeds),
            is_measured=is_measured,
            is_robustness_measured=is_robustness_measured,
            is_final=is_final,
            on_progress=show,
        )
    if outcome.refused:
        click.echo(_describe_refused(outcome.refused))
    for path in outcome.predictions:
        click.echo(f"predictions in {path}")
    if checkpoint := outcome.checkpoint:
        click.echo(f"checkpoint in {checkpoint}; `emotitune export {checkpoint} --out FOLDER` makes a bundle of it")


@train.command("student")
@click.argument("config", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets the student, to be fine-tuned.")
@click.option("--encoder", type=EXISTING_FOLDER, help="Take the teacher from this folder instead of the model hub.")
@click.option("--protocol", default="ravdess-4", show_default=True, help="Protocol of the fold.")
@click.option("--fold", help="Learn nothing from the clips that this fold is tested on; from all clips unless given.")
@data_option
def train_student(  # noqa: PLR0913, PLR0917 - options of one command
    config: Path, out: Path, encoder: Path | None, protocol: str, fold: str | None, data: Path | None
) -> None:
    """Distill the small encoder that CONFIG, a TOML file, describes; a run that was cut off goes on.

    Then `emotitune train recognizer` fine-tunes it: `--encoder` names what --out named, `--folds` the same fold.
    """
    with training_libraries("training"):
        from recognizer.training.student_run import train_student as run_distillation

    folder = find_speech(data)
    with StepBar() as show:
        student = run_distillation(
            config,
            {path.name: path for path in folder.iterdir() if path.is_dir()},
            out,
            encoder=str(encoder) if encoder else None,
            protocol=protocol,
            fold=fold,
            on_progress=show,
        )
    click.echo(f"student in {student}")


@train.command("affect")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets the model's arrays.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Keeps what a cut run has computed.")
@click.option("--report", type=click.Path(path_type=Path), help="Gets affect.json and the out-of-fold predictions.")
@click.option("--material", type=EXISTING_FOLDER, help="EMOTITUNE_MATERIAL_DIR unless given.")
def train_affect(out: Path, cache: Path, report: Path | None, material: Path | None) -> None:
    """Fit the music affect model on rated clips, measured out of fold by artist."""
    with training_libraries("training"):
        from catalog.training.fit_affect import fit_affect_model

    with StepBar() as show:
        fit_affect_model(find_material(material), out, cache_dir=cache, report_dir=report, on_progress=show)
    click.echo(f"affect model in {out}")


@train.command("recommender")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets the query models' arrays.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Keeps what a cut run has computed.")
@click.option("--report", type=click.Path(path_type=Path), help="Gets query_models.json and the out-of-fold scores.")
@click.option("--material", type=EXISTING_FOLDER, help="EMOTITUNE_MATERIAL_DIR unless given.")
def train_recommender(out: Path, cache: Path, report: Path | None, material: Path | None) -> None:
    """Fit the ways from a mood to a query, towers among them, measured out of fold by artist."""
    with training_libraries("training"):
        from recommender.training.fit_towers import fit_query_models

    with StepBar() as show:
        figures = fit_query_models(
            find_material(material), cache_dir=cache, out_path=out, report_dir=report, on_progress=show
        )
    click.echo(format_table(("Query model", "nDCG@10"), [(name, f"{value:.3f}") for name, value in figures.items()]))


@train.command("music")
@click.argument("name")
@click.option("--cache", type=click.Path(path_type=Path), help="Keeps what a cut run has computed.")
@click.option("--material", type=EXISTING_FOLDER, help="EMOTITUNE_MATERIAL_DIR unless given.")
def train_music(name: str, cache: Path | None, material: Path | None) -> None:
    """Fit affect on top of the music model NAME, so that EMOTITUNE_MUSIC_MODEL can choose it."""
    with training_libraries("training"):
        from catalog.training.fit_music_model import fit_music_model
    from app.settings import Settings
    from catalog.analysis.plugged_model import find_head

    folder = Settings.from_env().music_models_dir
    head_path = find_head(name, folder)
    with StepBar() as show:
        figures = fit_music_model(
            name, find_material(material), head_path, cache_dir=cache or folder / "cache", on_progress=show
        )
    rows = [
        (feeling.removeprefix("spearman_"), f"{f.value:.3f}", f"{f.low:.3f}-{f.high:.3f}")
        for feeling, f in figures.items()
    ]
    click.echo(format_table(("Feeling", "Spearman", "95 % interval"), rows))
    click.echo(
        f"fitted in {head_path}; set EMOTITUNE_MUSIC_MODEL={name} and run `emotitune catalog analyze --outdated`"
    )


@click.command()
@click.argument("checkpoint", type=EXISTING_FOLDER)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The bundle's folder.")
@click.option("--version", default="1", show_default=True, help="Version of the weights.")
@click.option("--card", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="Model card.")
@click.option("--encoder", type=EXISTING_FOLDER, help="Where the encoder's configuration lies, if not on the hub.")
@click.option("--int8/--float32", "is_quantized", default=True, show_default=True, help="Quantize matrix products.")
@click.option("--data", type=EXISTING_FOLDER, help="Folder that holds corpora's folders, to check the quality on.")
@click.option("--n-clips", default=240, show_default=True, help="With --data: about how many recordings.")
@click.option("--head", "is_head", is_flag=True, help="Write only what was trained; `models pull` adds the encoder.")
@click.option("--revision", help="With --head: the commit of the encoder on the hub that pulling shall fetch.")
def export(  # noqa: PLR0913, PLR0917 - options of one command
    checkpoint: Path,
    out: Path,
    version: str,
    card: Path,
    encoder: Path | None,
    data: Path | None,
    n_clips: int,
    revision: str | None,
    *,
    is_quantized: bool,
    is_head: bool,
) -> None:
    """Turn a trained CHECKPOINT into a bundle that serves, and prove that it answers alike."""
    with training_libraries("exporting"):
        from recognizer.training.checkpoints import load_checkpoint
        from recognizer.training.clip_quality import load_clips
        from recognizer.training.detached_heads import save_head
        from recognizer.training.export import export as write

    loaded = load_checkpoint(checkpoint, encoder=str(encoder) if encoder else None)
    text = card.read_text(encoding="utf-8")
    if is_head:
        save_head(out, loaded, version=version, revision=revision, model_card=text)
        click.echo(f"head of {loaded.config.name} {version} in {out}; its encoder is {loaded.config.encoder}")
        return
    with StepBar() as show:
        bundle, report = write(
            loaded,
            out,
            version=version,
            model_card=text,
            is_quantized=is_quantized,
            clips=load_clips(data, n_clips) if data else (),
            on_progress=lambda n_done, n_total: show("check", n_done, n_total),
        )
    click.echo(
        f"{bundle.description.model} in {out}: {report.size_bytes / 1e6:.1f} MB, largest difference to torch "
        f"{report.largest_difference:.2g}, int8 agreement {report.int8_agreement:.1%}"
    )
    if report.quality:
        click.echo(describe_quality(report.quality))


def _parse_seeds(text: str | None) -> tuple[int, ...]:
    parts = _split_commas(text)
    if not all(part.isdecimal() for part in parts):
        raise click.BadParameter(f"expected whole numbers separated by commas, got {text!r}", param_hint="--seeds")
    return tuple(map(int, parts))


def _describe_refused(refused: Sequence[tuple[str, str]]) -> str:
    """Say how many clips were left out, and of the first of them why."""
    named = [f"{utterance_id!r}, {reason}" for utterance_id, reason in refused[:_N_NAMED]]
    rest = [f"and {len(refused) - _N_NAMED} more"] if len(refused) > _N_NAMED else []
    n_clips = "1 clip" if len(refused) == 1 else f"{len(refused)} clips"
    return f"left out {n_clips} that serving would refuse: {'; '.join([*named, *rest])}"


def _split_commas(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()
