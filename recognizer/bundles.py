"""Keep weights, labels, windows and calibration in one folder, checked by hashes before any of it is used."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from zipfile import BadZipFile

import numpy as np

from recognizer.audio import MIN_CLIP_S, SAMPLE_RATE
from recognizer.calibration import Calibration
from recognizer.errors import BundleError
from recognizer.labels import LABELS

if TYPE_CHECKING:
    import numpy.typing as npt

FORMAT: Final = 1
DESCRIPTION_FILE: Final = "bundle.json"
MODEL_FILE: Final = "model.onnx"
STATISTICS_FILE: Final = "statistics.npz"
CARD_FILE: Final = "MODEL_CARD.md"

SHIPPED_DIR: Final = Path(__file__).parent / "pretrained"
# Heads over public encoders, which do not ship: `recognizer.training.pulling` makes bundles of them.
HEADS_DIR: Final = SHIPPED_DIR / "heads"
HEAD_FILE: Final = "head.json"


@dataclass(frozen=True)
class BundleDescription:
    """What bundle.json says.

    Attributes:
        name: of the model.
        version: of the weights.
        window_s: length of the windows the model was trained to hear.
        hop_s: from the start of one window to the next.
        statistics_dim: length of the model's voice statistics.
        calibration: fitted for these very weights.
    """

    name: str
    version: str
    window_s: float
    hop_s: float
    statistics_dim: int
    calibration: Calibration

    def __post_init__(self) -> None:
        if not self.name or not self.version:
            raise ValueError(f"expected a name and a version, got {self.name!r} and {self.version!r}")
        if not (self.window_s >= MIN_CLIP_S and 0 < self.hop_s <= self.window_s):
            raise ValueError(
                f"expected window_s of {MIN_CLIP_S} or more and hop_s within it, got {self.window_s!r}, {self.hop_s!r}"
            )
        if self.statistics_dim < 1:
            raise ValueError(f"expected statistics_dim of 1 or more, got {self.statistics_dim!r}")

    @property
    def model(self) -> str:
        """Name and version in one, as results are signed."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A checked bundle.

    Attributes:
        folder: where it lies.
        description: what bundle.json says.
        statistics_mean: float32, shape (statistics_dim,), mean of the voice statistics over the training speakers.
        mood_offsets: float32, shape (4, statistics_dim), how far each label's mean lies from it; zeros where that was
            not kept.
    """

    folder: Path
    description: BundleDescription
    statistics_mean: npt.NDArray[np.float32]
    mood_offsets: npt.NDArray[np.float32]

    @property
    def model_file(self) -> Path:
        """The weights."""
        return self.folder / MODEL_FILE


def resolve_bundle(name_or_path: str, models_dir: Path | None = None) -> Path:
    """Find the folder of a bundle by the name of one that ships, such as "default", or was pulled, or by its path.

    Args:
        name_or_path: names go first, those that ship before the others.
        models_dir: where pulled bundles lie, if there are any.

    Raises:
        BundleError: there is none.
    """
    parents = (SHIPPED_DIR, models_dir) if models_dir else (SHIPPED_DIR,)
    for folder in (*(parent / name_or_path for parent in parents), Path(name_or_path).expanduser()):
        if (folder / DESCRIPTION_FILE).is_file():
            return folder
    if name_or_path in list_names(HEADS_DIR, HEAD_FILE):
        raise BundleError(
            f"model {name_or_path!r} is not on this machine yet: `emotitune models pull {name_or_path}` fetches its "
            "encoder and makes it"
        )
    shipped, pulled = list_names(SHIPPED_DIR), list_names(models_dir) if models_dir else []
    raise BundleError(
        f"expected a folder with {DESCRIPTION_FILE} or one of {shipped}, which ship, or of {pulled}, which were "
        f"pulled; got {name_or_path!r}"
    )


def list_names(parent: Path, file_name: str = DESCRIPTION_FILE) -> list[str]:
    """List the folders that hold such a file, by name; one that begins with a dot is still being made."""
    return sorted(file.parent.name for file in parent.glob(f"[!.]*/{file_name}"))


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every file of it.

    Raises:
        BundleError: a file is missing or altered, the labels or their order differ, or the calibration was fitted for
            other weights.
    """
    fields = _read_fields(folder)
    _check_constants(fields, folder)
    _check_hashes(fields["files"], folder)
    try:
        calibration = Calibration(**fields["calibration"])
        description = BundleDescription(
            name=fields["name"],
            version=fields["version"],
            window_s=float(fields["window_s"]),
            hop_s=float(fields["hop_s"]),
            statistics_dim=int(fields["statistics_dim"]),
            calibration=calibration,
        )
    except (KeyError, TypeError, ValueError) as error:
        _refuse(folder, f"{DESCRIPTION_FILE} is not as expected: {error}", error)
    weights_sha256 = fields["files"][MODEL_FILE]
    if calibration.model_sha256 != weights_sha256:
        _refuse(
            folder,
            f"the calibration was fitted for weights {calibration.model_sha256[:12]}, but {MODEL_FILE} is "
            f"{weights_sha256[:12]}: fit it again for these weights",
        )
    return Bundle(folder, description, *_load_statistics(folder, description.statistics_dim))


def write_bundle(  # noqa: PLR0913 - the parts of a bundle, each once
    folder: Path,
    description: BundleDescription,
    *,
    model_file: Path,
    statistics_mean: npt.NDArray[np.floating[Any]],
    mood_offsets: npt.NDArray[np.floating[Any]] | None = None,
    model_card: str,
) -> Bundle:
    """Write a bundle and check it; a folder already there is replaced only by a whole and valid one.

    Args:
        folder: where it shall lie.
        description: its calibration must carry the hash of `model_file`, see `compute_sha256`.
        model_file: the exported ONNX file.
        statistics_mean: shape (statistics_dim,).
        mood_offsets: shape (4, statistics_dim); None for zeros.
        model_card: Markdown.

    Raises:
        BundleError: the parts don't fit together.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as partial_name:
        partial = Path(partial_name) / "bundle"
        partial.mkdir()
        shutil.copyfile(model_file, partial / MODEL_FILE)
        offsets = np.zeros((len(LABELS), len(statistics_mean))) if mood_offsets is None else mood_offsets
        np.savez(
            partial / STATISTICS_FILE,
            mean=np.asarray(statistics_mean, dtype=np.float32),
            mood_offsets=np.asarray(offsets, dtype=np.float32),
        )
        (partial / CARD_FILE).write_text(model_card, encoding="utf-8")
        (partial / DESCRIPTION_FILE).write_text(_describe(description, partial), encoding="utf-8")
        load_bundle(partial)
        if folder.exists():
            folder.rename(Path(partial_name) / "replaced")
        partial.rename(folder)
    return load_bundle(folder)


def compute_sha256(file: Path) -> str:
    """Compute the hash that a bundle keeps of a file, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _describe(description: BundleDescription, folder: Path) -> str:
    # The card is prose: it may be corrected without making the bundle invalid.
    hashes = {name: compute_sha256(folder / name) for name in (MODEL_FILE, STATISTICS_FILE)}
    fields = {"format": FORMAT, "labels": LABELS, "sample_rate": SAMPLE_RATE, **asdict(description), "files": hashes}
    return json.dumps(fields, indent=2) + "\n"


def _read_fields(folder: Path) -> dict[str, Any]:
    try:
        fields = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        _refuse(folder, f"{DESCRIPTION_FILE} cannot be read: {error}", error)
    if not isinstance(fields, dict):
        _refuse(folder, f"{DESCRIPTION_FILE} is not as expected: it holds no object")
    return fields


def _check_constants(fields: dict[str, Any], folder: Path) -> None:
    expected = {"format": FORMAT, "labels": list(LABELS), "sample_rate": SAMPLE_RATE}
    for name, value in expected.items():
        if fields.get(name) != value:
            _refuse(folder, f"expected {name} {value!r}, got {fields.get(name)!r}")
    files = fields.get("files")
    if not isinstance(files, dict) or not {MODEL_FILE, STATISTICS_FILE} <= files.keys():
        _refuse(folder, f"expected hashes of {MODEL_FILE} and {STATISTICS_FILE}, got {files!r}")


def _check_hashes(files: dict[str, str], folder: Path) -> None:
    for name, expected in files.items():
        # A name such as ../x would have other files read.
        file = folder / Path(name).name
        if not file.is_file():
            _refuse(folder, f"{name} is missing")
        if (found := compute_sha256(file)) != expected:
            _refuse(folder, f"{name} was altered: expected sha256 {expected!s:.12}, got {found:.12}")


def _load_statistics(folder: Path, statistics_dim: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    try:
        with np.load(folder / STATISTICS_FILE, allow_pickle=False) as arrays:
            mean = arrays["mean"].astype(np.float32)
            no_offsets = np.zeros((len(LABELS), statistics_dim), np.float32)
            offsets = arrays["mood_offsets"].astype(np.float32) if "mood_offsets" in arrays else no_offsets
    except (KeyError, ValueError, BadZipFile) as error:
        _refuse(folder, f"{STATISTICS_FILE} cannot be read: {error}", error)
    if mean.shape != (statistics_dim,) or not np.isfinite(mean).all():
        _refuse(folder, f"expected a finite statistics mean of shape ({statistics_dim},), got shape {mean.shape}")
    if offsets.shape != (len(LABELS), statistics_dim) or not np.isfinite(offsets).all():
        _refuse(
            folder,
            f"expected finite mood offsets of shape ({len(LABELS)}, {statistics_dim}), got shape {offsets.shape}",
        )
    return mean, offsets


def _refuse(folder: Path, reason: str, cause: Exception | None = None) -> NoReturn:
    raise BundleError(f"cannot use the model in {folder}: {reason}") from cause
