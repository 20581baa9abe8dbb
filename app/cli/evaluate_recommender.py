"""Measure the recommender: on public ratings, on one's own, against another report, and against gates."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.queries import TrackFacts
    from recommender.evaluation.results import ProtocolResult
    from recommender.evaluation.speech import HeardMood
    from recommender.evaluation.suite import Material

KEPT_PREDICTIONS: Final = Path("docs/reports/affect_out_of_fold.csv")
KEPT_SCORES: Final = Path("docs/reports/query_models_out_of_fold.csv")
KEPT_POSTERIORS: Final = Path("docs/reports/recognizer/ravdess-4.csv")
# The registry of `recommender.evaluation.suite`, known here so that --help need not import it; a test holds them equal.
PROTOCOLS: Final = ("emotify", "speech-to-music", "situnes", "trompa", "jamendo", "journeys", "logs", "demo")
_PAGE_SIZE: Final = 1000
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

_EPILOG: Final = """
\b
Your own evidence, in the folder named by --data:
ratings.csv   listener, track_id, rating (1 to 5), and the mood it was
              given in: happy, sad, angry, neutral (sum to 1)
logs.csv      listener, playlist_id, track_id, propensity (above 0 to 1),
              reward (0 to 1), candidate (how likely the policy to be judged
              is to show the track there); for the doubly robust estimate
              also expected_reward and candidate_reward
\b
A gate in the file of --gate:
["emotify-retrieval".recommender.ndcg_at_10]
at_least = 0.60       # or at_most
bound = "low"         # of the interval; "value" unless given
"""


@click.command("recommender", epilog=_EPILOG)
@click.option(
    "--protocol", type=click.Choice(PROTOCOLS), multiple=True, help="More than once; all that find data unless given."
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), help="EMOTITUNE_MATERIAL_DIR unless given."
)
@click.option(
    "--predictions", type=_FILE, help=f"Out-of-fold affect of Emotify's tracks; {KEPT_PREDICTIONS} unless given."
)
@click.option("--scores", type=_FILE, help=f"Out-of-fold scores of other query models; {KEPT_SCORES} unless given.")
@click.option("--heard", type=_FILE, help=f"Out-of-fold posteriors of a recognizer; {KEPT_POSTERIORS} unless given.")
@click.option("--resamples", type=click.IntRange(min=20), default=500, show_default=True, help="Of each bootstrap.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option("--compare", type=_FILE, help="Another recommender.json to hold this one against.")
@click.option("--gate", type=_FILE, help="TOML; exit code 1 and a line for each figure that misses its gate.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Gets recommender.html and .json.")
def evaluate_recommender(  # noqa: PLR0913 (a command's options)
    *,
    protocol: tuple[str, ...],
    data: Path | None,
    predictions: Path | None,
    scores: Path | None,
    heard: Path | None,
    resamples: int,
    seed: int,
    compare: Path | None,
    gate: Path | None,
    out: Path,
) -> None:
    """Rank tracks for given moods, by ours and by baselines, and write a report."""
    from app.settings import Settings
    from recommender.evaluation.suite import Material

    posteriors = heard or (KEPT_POSTERIORS if KEPT_POSTERIORS.is_file() else None)
    material = Material(
        folder=data or Settings.from_env().material_dir,
        predictions_path=predictions or KEPT_PREDICTIONS,
        scores_path=scores or (KEPT_SCORES if KEPT_SCORES.is_file() else None),
        load_heard_moods=(lambda: _load_heard_moods(posteriors)) if posteriors else None,
        load_catalog=_load_catalog,
        n_resamples=resamples,
        seed=seed,
    )
    _write(_run(material, protocol), out, compare, gate)


def _run(material: Material, chosen: Sequence[str]) -> list[ProtocolResult]:
    from recommender.evaluation.errors import MissingMaterialError
    from recommender.evaluation.report import format_table
    from recommender.evaluation.suite import PROTOCOLS

    results = []
    for name in chosen or PROTOCOLS:
        try:
            found = PROTOCOLS[name](material)
        except MissingMaterialError as error:
            if chosen:
                raise
            click.echo(f"left out: {error}", err=True)
            continue
        for result in found:
            click.echo(f"{format_table(result)}\n")
        results += found
    return results


def _write(results: Sequence[ProtocolResult], out: Path, compare: Path | None, gate: Path | None) -> None:
    from recommender.evaluation.compare import compare_reports
    from recommender.evaluation.errors import GatesMissedError
    from recommender.evaluation.gates import check_gates, load_gates
    from recommender.evaluation.report import JSON_FILE, PAGE_FILE, build_report, write_page, write_report

    gates = load_gates(gate) if gate else []
    report = build_report(results)
    write_report(report, results, out)
    changes = compare_reports(compare, out / JSON_FILE) if compare else []
    for change in changes:
        click.echo(change.describe())
    verdicts = check_gates(report, gates)
    command = shlex.join(["emotitune", *sys.argv[1:]])
    write_page(results, out, command=command, verdicts=verdicts, changes=changes)
    click.echo(f"report in {out / PAGE_FILE}")
    missed = [verdict for verdict in verdicts if not verdict.is_kept]
    if missed:
        raise GatesMissedError(missed)


def _load_heard_moods(path: Path) -> list[HeardMood]:
    from recognizer.evaluation.predictions import read_predictions
    from recognizer.labels import LABELS
    from recommender.evaluation.speech import HeardMood

    kept = read_predictions(path)
    return [
        HeardMood(row.utterance_id, row.speaker_id, row.label, dict(zip(LABELS, posterior, strict=True)))
        for row, posterior in zip(kept.rows, kept.posteriors.tolist(), strict=True)
    ]


def _load_catalog() -> list[TrackFacts]:
    from app.bootstrap import build_services
    from app.settings import Settings
    from catalog.errors import DatabaseUnavailableError
    from recommender.evaluation.errors import MissingMaterialError

    tracks: list[TrackFacts] = []
    try:
        curation = build_services(Settings.from_env()).curation
        while True:
            page = curation.list_tracks(limit=_PAGE_SIZE, offset=len(tracks))
            tracks += page.tracks
            if not page.tracks or len(tracks) >= page.n_total:
                return tracks
    except DatabaseUnavailableError as error:
        raise MissingMaterialError(f"no tracks of your own: {error}") from error
