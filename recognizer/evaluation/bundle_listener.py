"""Lets an evaluation listen with a bundle as it ships, by the way that a voice note goes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from recognizer.audio import Clip, decode_clip
from recognizer.bundles import DESCRIPTION_FILE, MODEL_FILE
from recognizer.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recognizer.evaluation.degradations import Waveform


class Recognized(Protocol):
    """What an evaluation reads of a recognition."""

    @property
    def posterior(self) -> Mapping[str, float]:
        """Share of each label, summing to 1."""


class ClipRecognizer(Protocol):
    """What `EmotionRecognizer` offers."""

    def recognize(self, clip: Clip) -> Recognized:
        """Return the mood of a clip."""


@dataclass(frozen=True)
class BundleFacts:
    """What a report says of a bundle.

    Attributes:
        weights_sha256: hash of the weights that `bundle.json` vouches for; empty where it names none.
        size_bytes: of all files.
    """

    weights_sha256: str
    size_bytes: int


class BundleListener:
    """A recognizer with the name and the hash of its bundle, so that predictions of two models never mix.

    Attributes:
        name: name and version from `bundle.json`, and the start of its hash.
    """

    def __init__(self, recognizer: ClipRecognizer, bundle: Path) -> None:
        self._recognizer = recognizer
        self.name = describe_bundle(bundle)

    def decode(self, path: Path) -> Waveform:
        """Read a file as a listener's recording would be read.

        Raises:
            UnreadableAudioError: the file cannot be read.
            UnusableClipError: nothing can be heard from it.
        """
        return decode_clip(path, path.name).waveform

    def recognize(self, waveform: Waveform) -> Mapping[str, float]:
        """Return the calibrated posterior of the whole recording.

        Raises:
            UnusableClipError: nothing can be heard from it.
        """
        return self._recognizer.recognize(Clip("recording", waveform)).posterior


def find_bundle_facts(bundle: Path) -> BundleFacts:
    """Look up hash and size of a bundle.

    Raises:
        BundleError: it does not say what it is.
    """
    describe_bundle(bundle)
    files = json.loads((bundle / DESCRIPTION_FILE).read_bytes()).get("files", {})
    size_bytes = sum(file.stat().st_size for file in bundle.iterdir() if file.is_file())
    return BundleFacts(str(files.get(MODEL_FILE, "")), size_bytes)


def describe_bundle(bundle: Path) -> str:
    """Return name, version and hash of a bundle's description, which holds the hashes of its files.

    Raises:
        BundleError: there is none, or it lacks a name or a version.
    """
    path = bundle / DESCRIPTION_FILE
    try:
        written = path.read_bytes()
        content = json.loads(written)
        return f"{content['name']} {content['version']} ({hashlib.sha256(written).hexdigest()[:12]})"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"cannot read {str(path)!r}: expected JSON with name and version, {error!r}") from error
