"""Where commands find corpora and rated music: as a person says, or in EMOTITUNE_MATERIAL_DIR."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

EXISTING_FOLDER: Final = click.Path(path_type=Path, exists=True, file_okay=False)
data_option = click.option(
    "--data",
    type=EXISTING_FOLDER,
    help="Folder that holds the corpora's folders; `data/speech` of EMOTITUNE_MATERIAL_DIR unless given.",
)


def find_material(material: Path | None) -> Path:
    """Return the folder with training material.

    Raises:
        click.UsageError: none is given, and none is set.
    """
    from app.settings import Settings

    folder = material or Settings.from_env().material_dir
    if folder is None:
        raise click.UsageError("expected a folder with training material: set EMOTITUNE_MATERIAL_DIR or give one")
    return folder


def find_speech(data: Path | None) -> Path:
    """Return the folder that holds the corpora's folders.

    Raises:
        click.UsageError: none is given, and none is set.
    """
    return data or find_material(None) / "data" / "speech"
