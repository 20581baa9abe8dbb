"""Recognizers by name: those that ship, those pulled onto this machine, and those that wait to be pulled."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recognizer.bundles import HEAD_FILE, HEADS_DIR, SHIPPED_DIR, list_names, load_bundle
from recognizer.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["ships", "pulled", "broken", "can be pulled"]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A recognizer that a person may choose.

    Attributes:
        name: by which `EMOTITUNE_RECOGNIZER` chooses it.
        state: whether it is here, and whole.
        folder: of its bundle, or of the head that ships for it.
        size_bytes: of all its files.
        problem: what is wrong with it; None if nothing is.
    """

    name: str
    state: State
    folder: Path
    size_bytes: int
    problem: str | None = None


def list_models(models_dir: Path) -> list[KnownModel]:
    """List what ships, what was pulled into a folder and what may be pulled, in this order; every file is checked."""
    shipped, pulled = list_names(SHIPPED_DIR), list_names(models_dir)
    return [
        *(_describe_bundle(SHIPPED_DIR / name, "ships") for name in shipped),
        *(_describe_bundle(models_dir / name, "pulled") for name in pulled if name not in shipped),
        *(
            KnownModel(name, "can be pulled", HEADS_DIR / name, _measure_bytes(HEADS_DIR / name))
            for name in list_names(HEADS_DIR, HEAD_FILE)
            if name not in pulled
        ),
    ]


def find_head(name: str) -> Path:
    """Return the folder of the head that ships for a model that can be pulled.

    Raises:
        BundleError: there is none of this name.
    """
    names = list_names(HEADS_DIR, HEAD_FILE)
    if name not in names:
        raise BundleError(f"expected one of {names}, which can be pulled, got {name!r}")
    return HEADS_DIR / name


def remove_model(name: str, models_dir: Path) -> Path:
    """Delete a pulled model and return the folder it was in.

    Raises:
        BundleError: none of this name was pulled.
    """
    pulled = list_names(models_dir)
    if name not in pulled:
        why = "it ships and stays" if name in list_names(SHIPPED_DIR) else f"pulled were {pulled}"
        raise BundleError(f"cannot remove model {name!r}: {why}")
    # Out of sight first: a removal that is cut off leaves nothing that seems whole.
    doomed = models_dir / f".{name}.removed"
    shutil.rmtree(doomed, ignore_errors=True)
    (models_dir / name).rename(doomed)
    shutil.rmtree(doomed)
    return models_dir / name


def _describe_bundle(folder: Path, state: State) -> KnownModel:
    try:
        load_bundle(folder)
    except BundleError as error:
        return KnownModel(folder.name, "broken", folder, _measure_bytes(folder), str(error))
    return KnownModel(folder.name, state, folder, _measure_bytes(folder))


def _measure_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
