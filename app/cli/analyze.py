"""Measure music files without putting them into the catalog."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from catalog.analysis.analyzer import TrackAnalysis


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--jsonl", is_flag=True, help="Print one JSON object a file, in the order given.")
def analyze(files: tuple[Path, ...], *, jsonl: bool) -> None:
    """Measure music files: tempo, key, loudness, affect.

    A file that cannot be read gives a line with an error, the others go on, and the exit code is 1.
    """
    from catalog.analysis.analyzer import analyze_file
    from catalog.errors import UnreadableMusicError

    has_failed = False
    for path in files:
        try:
            line = {"file": str(path), **_to_json(analyze_file(path))}
        except UnreadableMusicError as error:
            has_failed = True
            line = {"file": str(path), "error": str(error)}
        click.echo(json.dumps(line) if jsonl else "  ".join(f"{key}: {value}" for key, value in line.items()))
    sys.exit(int(has_failed))


def _to_json(analysis: TrackAnalysis) -> dict[str, Any]:
    features, affect = analysis.features, analysis.affect
    shares = {label: round(share, 4) for label, share in affect.shares.items()}
    return {
        "duration_s": round(analysis.duration_s, 3),
        "tempo_bpm": round(features.tempo_bpm, 2),
        "key": features.key,
        "mode": features.mode,
        "loudness_lufs": round(features.loudness_lufs, 2),
        "dynamic_range_db": round(features.dynamic_range_db, 2),
        "onset_rate_hz": round(features.onset_rate_hz, 3),
        "affect": {"valence": round(affect.valence, 4), "arousal": round(affect.arousal, 4), **shares},
        "embedding_length": len(analysis.embedding),
        "embedding_model": analysis.embedding_model,
    }
