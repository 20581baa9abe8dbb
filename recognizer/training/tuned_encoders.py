"""Encoders of our own, as folders that other runs take, and whose voices they learned from."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

from recognizer.training.errors import TrainingError
from recognizer.training.protocols import name_test_corpora
from recognizer.training.writing import writing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recognizer.training.encoders import SpeechEncoder

LEARNED_FILE: Final = "learned.json"


def save_encoder(folder: Path, encoder: SpeechEncoder, corpora: Sequence[str]) -> None:
    """Write an encoder as a folder that `build_encoder` takes.

    Args:
        folder: made anew.
        encoder: its kept blocks alone are written.
        corpora: those it was trained on, whose voices it may not be measured on.

    Raises:
        TrainingError: it cannot be written; one that was there before stays.
    """
    part = folder.with_name(f"{folder.name}.part")
    with writing("the encoder", folder):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        encoder.save(part)
        record_learned(part, corpora)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)


def record_learned(folder: Path, corpora: Sequence[str]) -> None:
    """Note in an encoder's folder which corpora it was trained on.

    Raises:
        TrainingError: it cannot be written.
    """
    with writing("what the encoder learned from", folder):
        (folder / LEARNED_FILE).write_text(json.dumps({"corpora": list(corpora)}) + "\n", encoding="utf-8")


def read_learned(folder: Path) -> frozenset[str]:
    """Tell which corpora an encoder was trained on; none for one that does not say, as a hub's.

    Raises:
        TrainingError: the folder's own account of it is broken.
    """
    path = folder / LEARNED_FILE
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(json.loads(path.read_text(encoding="utf-8"))["corpora"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"expected names of corpora in {str(path)!r}, got {error!r}") from error


def refuse_heard_voices(folder: Path, protocols: Sequence[str], corpora: Sequence[str]) -> None:
    """Make sure that an encoder has not learned from the voices that it is to be measured on.

    Args:
        folder: of the encoder.
        protocols: what will be measured.
        corpora: those the run trains on.

    Raises:
        TrainingError: it has, or its folder's own account of it is broken.
    """
    learned = read_learned(folder)
    for protocol in protocols:
        for corpus in learned.intersection(name_test_corpora(protocol, corpora)):
            raise TrainingError(
                f"protocol {protocol!r} tests on {corpus!r}, whose voices the encoder in {str(folder)!r} learned from; "
                "expected one that was fine-tuned without them"
            )
