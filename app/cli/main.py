"""The `emotitune` command: finds a subcommand's module when it is called, so that --help imports none of them."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

# Command -> module and object, with the line that --help shows.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "recognize": ("app.cli.listen:recognize", "Hear the mood of voice recordings."),
    "baseline": ("app.cli.baseline:baseline", "Let the recognizer know a voice."),
    "listen": ("app.cli.listen:listen", "Hear one voice note and recommend music for it."),
    "recommend": ("app.cli.listen:recommend", "Recommend music for a mood given as numbers."),
    "analyze": ("app.cli.analyze:analyze", "Measure music files: tempo, key, loudness, affect."),
    "catalog": ("app.cli.catalog:catalog", "Import, list and analyze the music library."),
    "jobs": ("app.cli.jobs:jobs", "Watch long work; pause, resume, cancel or retry it."),
    "index": ("app.cli.catalog:index", "Build the search index, or say how it stands."),
    "database": ("app.cli.catalog:database", "Bring the catalog database to the newest schema."),
    "demo": ("app.cli.catalog:demo", "Compose and render the demo library."),
    "serve": ("app.serving:serve", "Serve the page, with a worker beside it."),
    "worker": ("app.serving:worker", "Do the long work of the queue."),
    "admin": ("app.cli.accounts:admin", "Create accounts for the admin page."),
    "corpora": ("app.cli.corpora:corpora", "List and audit speech corpora."),
    "train": ("app.cli.train:train", "Train a recognizer or the music affect model."),
    "models": ("app.cli.models:models", "List recognizers, pull a larger one or remove it."),
    "export": ("app.cli.train:export", "Turn a trained checkpoint into a bundle that serves."),
    "evaluate": ("app.cli.evaluate:evaluate", "Measure recognizer and recommender."),
    "doctor": ("app.cli.doctor:doctor", "Say what is installed, what is wrong and how to mend it."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module_name, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module_name), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} must be a click command, got {command!r}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _show_version(ctx: click.Context, _param: click.Parameter, is_wanted: bool) -> None:  # noqa: FBT001 - click's
    """Say the version; a checkout that runs without being installed has none."""
    if not is_wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"emotitune {version('emotitune')}")
    except PackageNotFoundError:
        click.echo("emotitune, not installed: running from its source")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Say which.")
def emotitune() -> None:
    """Hear the mood in a voice note, and music that fits.

    Settings are environment variables; the README lists them.
    """


def main() -> None:
    """Run the command line; what a person or a file can cause becomes one line and exit code 1."""
    try:
        emotitune.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if not _is_expected(error):
            raise
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _is_expected(error: Exception) -> bool:
    """Tell a named error or a caller's mistake from a fault of ours, which should show its trace to developers."""
    from app.services.errors import ServiceError
    from app.settings import SettingError
    from catalog.errors import CatalogError
    from recognizer.errors import RecognizerError
    from recommender.errors import RecommenderError

    named = (ServiceError, SettingError, CatalogError, RecognizerError, RecommenderError, ValueError, OSError)
    return isinstance(error, named) or type(error).__module__ == "recognizer.training.errors"
