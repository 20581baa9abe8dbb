"""Name an encoder by what it holds, so that nothing kept of one is ever taken for another's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of the kinds of weights that may lie side by side, the first is the one that is read.
_WEIGHTS: Final = ("*.safetensors", "*.bin")
_SETTINGS: Final = ("config.json", "student.json")
_N_DIGITS: Final = 16


def name_encoder(name: str, located: str) -> str:
    """Name an encoder by what a run calls it and by a hash of its files.

    Reading the files takes about a second for each gigabyte: once for a run is enough.

    Args:
        name: as the run calls it; a student's name and `--encoder` may stand for any number of encoders.
        located: a folder, or a hub name whose files the hub's cache holds once the encoder was built.

    Returns:
        `name@hash`; the name alone where there are no files, as of an encoder that starts from chance.
    """
    folder = Path(located) if Path(located).is_dir() else _find_cached(located)
    if folder is None:
        return name
    digest = hashlib.sha256()
    for path in _iter_files(folder):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{name}@{digest.hexdigest()[:_N_DIGITS]}"


def _find_cached(hub_name: str) -> Path | None:
    """Find the folder of the hub's cache that holds the files of a name, as last fetched."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_name, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def _iter_files(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in _SETTINGS if (folder / name).is_file())
    for pattern in _WEIGHTS:
        weights = sorted(folder.glob(pattern))
        if weights:
            yield from weights
            return
