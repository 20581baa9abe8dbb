"""What a training run is made of, read from TOML and saved with its checkpoint."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, get_args

from recognizer.audio import MIN_CLIP_S
from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from _typeshed import DataclassInstance

LayerMix = Literal["weighted", "concatenated"]
Pooling = Literal["mean", "mean-and-deviation", "attentive"]

# What a field's annotation lets TOML and JSON hold; a list has become a tuple.
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, NoneType),
    "float": (float, int),
    "LayerMix": (str,),
    "Pooling": (str,),
    "Precision": (str,),
    "UnfreezeUnit": (str,),
    "LogKind": (str,),
    "tuple[str, ...]": (tuple, str),
    "tuple[int, ...]": (tuple, int),
    "tuple[float, ...]": (tuple, float, int),
}


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One run, whole.

    Attributes:
        name: names the checkpoint, the bundle and the rows of reports.
        encoder: hub name or folder of the encoder that training starts from.
        corpora: names of the corpora trained on; all weigh the same, however many clips they have.
        protocol: published split whose folds measure the run; its corpus must be among `corpora`.
        n_blocks: transformer blocks kept, from the first on.
        first_layer: lowest state read; 0 is the encoder's stem.
        layer_mix: statistics of a weighted sum of the layers read, or of each of them.
        pooling: over time: the mean, mean and deviation, or both weighted by learned attention.
        level_db: every window is brought to this root mean square, in dB of full scale.
        window_s: length of the windows trained on and served, in seconds.
        hop_s: from one served window to the next, in seconds.
        n_views: augmented copies of each clip beside the clean one.
        babble: share of these copies with other voices in the background, made of the same voice's other clips.
        hidden_sizes: width of the hidden layer of each of the head's members, whose logits are averaged; 0 for a
            linear one.
        specialists: corpora that get a committee of their own beside the one for all, see `Mixture`; each must have
            all labels.
        specialist_sizes: as `hidden_sizes`, of each of those.
        n_epochs: passes over the clips.
        batch_size: clips in one step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW.
        dropout: share of statistics dropped before the head.
        label_smoothing: share of the target spread over all labels.
        n_seeds: trainings per fold; figures average over them, the first one ships.
        max_known_clips: the largest number of the same voice's clips that a clip is centered on in training.
        kappa: clips at which a voice's center counts half.
        seed: of augmentation, centering and folds.
    """

    name: str
    encoder: str
    corpora: tuple[str, ...]
    protocol: str = "ravdess-4"
    n_blocks: int = 3
    first_layer: int = 2
    layer_mix: LayerMix = "concatenated"
    pooling: Pooling = "mean-and-deviation"
    level_db: float = -26.0
    window_s: float = 3.0
    hop_s: float = 1.5
    n_views: int = 1
    babble: float = 0.0
    hidden_sizes: tuple[int, ...] = (256, 256, 0)
    specialists: tuple[str, ...] = ()
    specialist_sizes: tuple[int, ...] = (96, 96, 0)
    n_epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    dropout: float = 0.5
    label_smoothing: float = 0.05
    n_seeds: int = 3
    max_known_clips: int = 30
    kappa: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what no run could follow.

        Raises:
            TrainingError: a value is out of its range.
        """
        if not self.corpora:
            raise TrainingError(f"run {self.name!r}: expected at least one corpus, got none")
        for name in ("hidden_sizes", "specialist_sizes"):
            if min(getattr(self, name), default=-1) < 0:
                raise TrainingError(
                    f"run {self.name!r}: {name} must be 0 or more, and one at least, got {getattr(self, name)}"
                )
        self.check_choice("layer_mix", get_args(LayerMix))
        self.check_choice("pooling", get_args(Pooling))
        bounds = {
            "n_blocks": (1, math.inf),
            "first_layer": (0, self.n_blocks),
            "window_s": (MIN_CLIP_S, math.inf),
            "hop_s": (0.01, self.window_s),
            "n_views": (0, math.inf),
            "babble": (0, 1),
            "n_epochs": (1, math.inf),
            "batch_size": (1, math.inf),
            "learning_rate": (1e-9, 1.0),
            "weight_decay": (0, math.inf),
            "dropout": (0, 0.95),
            "label_smoothing": (0, 0.9),
            "n_seeds": (1, math.inf),
            "max_known_clips": (1, math.inf),
            "kappa": (0.01, math.inf),
        }
        self.check_bounds(bounds)

    def list_specialists(self) -> tuple[str, ...]:
        """List the corpora trained on that get a committee of their own; one corpus alone needs none."""
        named = tuple(corpus for corpus in self.specialists if corpus in self.corpora)
        return named if len(self.corpora) > 1 else ()

    def list_seeds(self) -> range:
        """List the seeds that each fold is trained with."""
        return range(self.seed, self.seed + self.n_seeds)

    def check_seeds(self, seeds: Iterable[int]) -> None:
        """Refuse seeds that are none of the run's: their predictions would never be joined.

        Raises:
            TrainingError: naming the first of them, and those of the run.
        """
        unknown = sorted(set(seeds) - set(self.list_seeds()))
        if unknown:
            known = ", ".join(map(str, self.list_seeds()))
            raise TrainingError(f"run {self.name!r} has no seed {unknown[0]}, expected some of {known}")

    def check_choice(self, field_name: str, choices: tuple[str, ...]) -> None:
        """Refuse a word that is none of the choices.

        Raises:
            TrainingError: naming the field and the choices.
        """
        if getattr(self, field_name) not in choices:
            raise TrainingError(
                f"run {self.name!r}: {field_name} must be {' or '.join(choices)}, got {getattr(self, field_name)!r}"
            )

    def check_bounds(self, bounds: Mapping[str, tuple[float, float]]) -> None:
        """Refuse a number out of its range.

        Raises:
            TrainingError: naming the field and the range.
        """
        for field_name, (low, high) in bounds.items():
            if not low <= getattr(self, field_name) <= high:
                raise TrainingError(
                    f"run {self.name!r}: {field_name} must lie within {low:g} to {high:g}, "
                    f"got {getattr(self, field_name)!r}"
                )

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read a run from a file.

        Raises:
            TrainingError: the file is no TOML, misses a key or has one that is unknown.
        """
        return cls.from_mapping(read_toml(path), where=str(path))

    @classmethod
    def from_mapping(cls, content: dict[str, Any], *, where: str) -> Self:
        """Make a run from plain values, lists taken as tuples.

        Raises:
            TrainingError: a key is missing or unknown.
        """
        return cls(**check_fields(cls, content, required=("name", "encoder", "corpora"), where=where))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, as `from_mapping` takes them."""
        return dataclasses.asdict(self)


def check_fields(
    kind: type[DataclassInstance], content: dict[str, Any], *, required: tuple[str, ...], where: str
) -> dict[str, Any]:
    """Check plain values against the fields of a run of some kind, lists taken as tuples.

    Raises:
        TrainingError: a key is missing or unknown, or a value of another type.
    """
    fields = {each.name: each for each in dataclasses.fields(kind)}
    unknown = sorted(set(content) - set(fields))
    if unknown:
        raise TrainingError(f"{where}: unknown key {unknown[0]!r}, expected some of {', '.join(fields)}")
    missing = [name for name in required if name not in content]
    if missing:
        raise TrainingError(f"{where}: missing key {missing[0]!r}")
    values: dict[str, Any] = {key: _freeze(value) for key, value in content.items()}
    for key, value in values.items():
        _check_kind(key, value, _KINDS[str(fields[key].type)], where=where)
    return values


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        TrainingError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"cannot read {str(path)!r} as TOML: {error}") from error


def _check_kind(key: str, value: object, kind: tuple[type, ...], *, where: str) -> None:
    parts = value if isinstance(value, tuple) else (value,)
    is_list_wanted = tuple in kind
    if isinstance(value, tuple) != is_list_wanted or any(type(part) not in kind for part in parts):
        words = " or ".join(each.__name__ for each in kind if each is not tuple)
        raise TrainingError(f"{where}: {key} must be {'a list of ' if is_list_wanted else ''}{words}, got {value!r}")


def _freeze(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
