"""The music library from the terminal: `catalog`, `index`, `database` and `demo`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.progress import progress_bar
from app.cli.tables import format_table

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.services.index_building import IndexStatus


@click.group()
def catalog() -> None:
    """Import, list and analyze the music library."""


@catalog.command("import")
@click.argument("words", nargs=-1, required=True, metavar="[KIND] SOURCE")
@click.option("--plan", "is_plan", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--map", "column_map", default="", help='Where fields stand: "title=Song Name,duration_s=Length:ms".')
@click.option(
    "--errors", type=click.Path(path_type=Path), help="Write every skipped entry with its reason to this CSV."
)
@click.option("--noncommercial", is_flag=True, help="Nobody earns by this installation: stream NC-licensed music too.")
@click.option("--bring-back", is_flag=True, help="Also bring back tracks that somebody deleted.")
@click.option(
    "--max-lost",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Refuse a folder that lost more than this share of its files.",
)
@click.option("--analyze/--no-analyze", "is_analyzed", default=True, help="Analyze and index what came in.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def import_(  # noqa: PLR0913 - one argument an option
    words: tuple[str, ...],
    *,
    is_plan: bool,
    column_map: str,
    errors: Path | None,
    noncommercial: bool,
    bring_back: bool,
    max_lost: float,
    is_analyzed: bool,
    as_json: bool,
) -> None:
    """Import a folder of music, a list, a playlist or a published catalog.

    KIND is found by SOURCE where it is clear: folder, csv, jsonl, m3u, xspf, jspf, mtg-jamendo, incompetech, freemusi.
    """
    from app.cli.importing import run_import, run_plan
    from catalog.importers.importer import ImportOptions

    options = ImportOptions(column_map, is_noncommercial=noncommercial, brings_back=bring_back, max_lost_share=max_lost)
    services = _build()
    if is_plan:
        run_plan(services.library, words, options, errors=errors, as_json=as_json)
        return
    run_import(services.library, words, options, errors=errors, as_json=as_json)
    if is_analyzed:
        _analyze_and_index(services)


@catalog.command("list")
@click.option("--search", default="", help="Words of title, artist, album or genre.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, show_default=True)
@click.option("--jsonl", is_flag=True, help="Print one JSON object a track.")
def list_(search: str, limit: int, offset: int, *, jsonl: bool) -> None:
    """List tracks by title."""
    from catalog.filters import TrackFilter

    page = _build().curation.list_tracks(TrackFilter(search=search), limit=limit, offset=offset)
    if jsonl:
        for track in page.tracks:
            click.echo(json.dumps(dataclasses.asdict(track), default=str))
        return
    rows = [(t.track_id, t.title, t.artist or "", t.genre or "", t.status) for t in page.tracks]
    click.echo(format_table(("Id", "Title", "Artist", "Genre", "Status"), rows))
    click.echo(f"{len(rows)} of {page.n_total} tracks")


@catalog.command("analyze")
@click.option("--outdated", "is_outdated", is_flag=True, help="Analyze again what another version analyzed.")
def analyze_pending(*, is_outdated: bool) -> None:
    """Analyze the tracks that wait for it, then build the index."""
    _analyze_and_index(_build(), is_outdated=is_outdated)


@click.group()
def index() -> None:
    """Build the search index, or say how it stands."""


@index.command("build")
def build_index() -> None:
    """Build the index from the catalog; the old one serves until the new one is whole."""
    click.echo(_describe_index(_build().library.rebuild_index()))


@index.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def index_status(*, as_json: bool) -> None:
    """Compare the index with the catalog."""
    status = _build().library.index_status()
    click.echo(json.dumps(dataclasses.asdict(status), default=str) if as_json else _describe_index(status))


@click.group()
def database() -> None:
    """Look after the catalog database."""


@database.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the newest schema; what it holds is kept."""
    from app.settings import Settings
    from catalog.database import open_engine
    from catalog.schema import upgrade

    settings = Settings.from_env()
    upgrade(open_engine(settings.database_url).url.render_as_string(hide_password=False))
    click.echo("the database has the newest schema")


@click.group()
def demo() -> None:
    """Look after the demo library."""


@demo.command("render")
@click.option("--out", type=click.Path(path_type=Path), help="Where to; the data folder's demo library unless given.")
@click.option("--seed", type=int, help="Another seed composes other pieces.")
@click.option("--if-empty", is_flag=True, help="Do nothing if the catalog has tracks; import and analyze otherwise.")
def render_demo(out: Path | None, seed: int | None, *, if_empty: bool) -> None:
    """Compose and render the demo library; goes on where it was stopped."""
    from catalog.demo.library import DEMO_SEED, render_demo_library

    if if_empty:
        _fill_empty_catalog(_build())
        return
    folder = out or _build().library.demo_dir
    with progress_bar("rendering the demo library") as show:
        paths = render_demo_library(folder, seed=DEMO_SEED if seed is None else seed, on_progress=show)
    click.echo(f"{len(paths)} pieces in {folder}")


def _fill_empty_catalog(services: Services) -> None:
    library = services.library
    n_by_status = library.count_by_status()
    if not services.settings.seed_demo:
        return
    is_demo_unfinished = bool(n_by_status.get("pending")) or not library.index_path.exists()
    if sum(n_by_status.values()) == 0:
        click.echo("the catalog is empty: composing a demo library")
        with progress_bar("rendering the demo library") as show:
            library.ensure_demo_library(on_progress=show)
    elif not is_demo_unfinished:
        return
    _analyze_and_index(services)


def _analyze_and_index(services: Services, *, is_outdated: bool = False) -> None:
    library = services.library
    with progress_bar("analyzing") as show:
        report = (library.analyze_outdated if is_outdated else library.analyze_pending)(on_progress=show)
    status = library.rebuild_index()
    click.echo(f"{report.n_analyzed} tracks analyzed, {status.n_indexed} in the index", err=True)
    for where, reason in report.failed:
        click.echo(f"could not analyze {where}: {reason}", err=True)


def _describe_index(status: IndexStatus) -> str:
    if status.problem:
        return f"no usable index: {status.problem}; `emotitune index build` makes one"
    state = "current" if status.is_current else "older than the catalog"
    return f"{status.n_indexed} tracks of {status.n_embeddings}, model {status.model}, built {status.built_at}, {state}"


def _build() -> Services:
    from app.bootstrap import build_services
    from app.settings import Settings

    return build_services(Settings.from_env())
