"""Make a bundle on the user's machine: fetch a public encoder, join the head that ships, export, check, exchange."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recognizer.bundles import CARD_FILE, load_bundle
from recognizer.training.clip_quality import load_clips
from recognizer.training.detached_heads import join_head, load_head
from recognizer.training.errors import TrainingError
from recognizer.training.export import ExportReport, export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recognizer.training.detached_heads import DetachedHead
    from recognizer.training.run_log import OnProgress

# The float32 graph, the int8 graph and the bundle lie side by side for a moment.
NEEDED_BYTES: Final = 300_000_000


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull made.

    Attributes:
        folder: of the bundle.
        model: name and version.
        made: what exporting measured.
    """

    folder: Path
    model: str
    made: ExportReport


def pull_model(  # noqa: PLR0913 - the choices of the command line
    head_dir: Path,
    models_dir: Path,
    *,
    on_progress: OnProgress,
    encoder: Path | None = None,
    is_quantized: bool = True,
    data_dir: Path | None = None,
    n_clips: int = 240,
) -> PullReport:
    """Make a bundle of a head and its encoder; an old one is replaced only by one that passed every check.

    Args:
        head_dir: from `installed.find_head`.
        models_dir: gets the bundle under the head's name.
        on_progress: told the step, how much of it is done and of how much.
        encoder: a folder to take the encoder from instead of the hub.
        is_quantized: whether matrix products become int8.
        data_dir: holds folders of corpora, to compare the exported model with its network on.
        n_clips: about how many of their recordings to compare on.

    Raises:
        TrainingError: head or encoder cannot be had, there is no room, the exported model answers differently, or the
            same model is being pulled by somebody else.
        WrongEncoderError: it is not the encoder that the head was trained on.
        CorpusError: a corpus is broken.
    """
    head = load_head(head_dir)
    clips = load_clips(data_dir, n_clips) if data_dir else []
    name = head_dir.name
    with _refuse_full_disk(name, models_dir), _hold(name, models_dir) as scratch:
        on_progress("encoder", 0, 1)
        source = str(encoder or _fetch_encoder(head))
        with _quiet_transformers():
            checkpoint = join_head(head, source)
        on_progress("encoder", 1, 1)
        on_progress("export", 0, 1)
        bundle, made = export(
            checkpoint,
            scratch / name,
            version=head.version,
            model_card=head.model_card,
            is_quantized=is_quantized,
            clips=clips,
            on_progress=lambda done, total: on_progress("check", done, total),
        )
        on_progress("export", 1, 1)
        with (bundle.folder / CARD_FILE).open("a", encoding="utf-8") as card:
            card.write(_describe_copy(head, encoder, made, is_quantized=is_quantized))
        _put_in_place(bundle.folder, models_dir / name)
    return PullReport(models_dir / name, load_bundle(models_dir / name).description.model, made)


def _fetch_encoder(head: DetachedHead) -> str:
    """Fetch an encoder's two files into the hub's own cache, which goes on where it was cut off."""
    from huggingface_hub import snapshot_download

    name = head.config.encoder
    try:
        return snapshot_download(name, revision=head.revision, allow_patterns=["config.json", "model.safetensors"])
    except Exception as error:
        # The client raises errors of its own, of the network's and of the file system's.
        at = f" at {head.revision}" if head.revision else ""
        raise TrainingError(
            f"cannot fetch encoder {name!r}{at} from the hub: {error}; give its folder with --encoder"
        ) from error


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep back what Transformers reports on layers that we throw away."""
    from transformers.utils import logging

    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()


@contextlib.contextmanager
def _refuse_full_disk(name: str, models_dir: Path) -> Iterator[None]:
    """Stop before a disk is full, and say so where it fills up nevertheless."""
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(models_dir).free
        if free < NEEDED_BYTES:
            raise TrainingError(
                f"cannot pull {name!r}: expected {NEEDED_BYTES / 1e6:.0f} MB free in {str(models_dir)!r}, "
                f"got {free / 1e6:.0f} MB"
            )
        yield
    except OSError as error:
        raise TrainingError(f"cannot write model {name!r} in {str(models_dir)!r}: {error}") from error


@contextlib.contextmanager
def _hold(name: str, models_dir: Path) -> Iterator[Path]:
    """Give a folder of this pull alone; what a killed one left there is cleared away."""
    with _lock(name, models_dir):
        scratch = models_dir / f".{name}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _lock(name: str, models_dir: Path) -> Iterator[None]:
    """Let one pull at a time into a folder; the system lets go of it when a process ends, however it ends."""
    handle = os.open(models_dir, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(f"cannot pull {name!r}: another pull into {str(models_dir)!r} is under way") from error
        yield
    finally:
        os.close(handle)


def _put_in_place(made: Path, folder: Path) -> None:
    if folder.exists():
        folder.rename(made.with_name("replaced"))
    made.rename(folder)


def _describe_copy(head: DetachedHead, encoder: Path | None, made: ExportReport, *, is_quantized: bool) -> str:
    source = f"the folder {encoder.name!r}" if encoder else f"{head.config.encoder} at {head.revision or 'its newest'}"
    kind = f"{'int8' if is_quantized else 'float32'}, {made.size_bytes / 1e6:.1f} MB"
    lines = [f"\n## This copy\n\nMade on this machine of the head above and the encoder from {source}: {kind}."]
    lines.append(
        f"On made-up sounds the float32 graph differs from torch by {made.largest_difference:.2g} in a logit, "
        f"int8 names the same label for {made.int8_agreement:.1%} and moves {made.int8_shift:.1%} of probability."
    )
    if made.quality:
        lines.append(
            f"On {made.quality.n_clips} recordings at hand, which the head may have been trained on: UAR "
            f"{made.quality.uar_onnx:.3f}, torch {made.quality.uar_torch:.3f}, the same label for "
            f"{made.quality.agreement:.1%}."
        )
    return "\n".join(lines) + "\n"
