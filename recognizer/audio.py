"""A listener's recording: decoded to 16 kHz mono, and refused with a reason where nothing could be heard from it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from recognizer.decoding import DecodedSound, decode_sound
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recognizer.levels import compute_clipped_share, compute_frame_levels_db, compute_level_range_db

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Waveform = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 16_000
MIN_CLIP_S: Final = 0.5

# A recorder stopped at the limit delivers a little more.
_LIMIT_SLACK_S = 0.5
# Short of what the file says of itself, or of what the page's clock says, which starts before the microphone does.
_MAX_MISSING_SHARE = 0.1
_FILE_SLACK_S = 0.05
_CLOCK_SLACK_S = 0.5

# Of 5,537 clips of RAVDESS, nEMO and EmoSpeech the softest reaches -55 dB, the steadiest ranges over 14 dB, and at most
# .014 of the samples are near the peak; ten-fold overdrive makes it .2 in the median.
_MIN_LEVEL_DB = -60.0
_MIN_LEVEL_RANGE_DB = 2.5
_MAX_CLIPPED_SHARE = 0.06
_CAUTION_CLIPPED_SHARE = 0.03


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording fit to be listened to.

    Attributes:
        name: what the person called it.
        waveform: float32, shape (n_samples,), mono, 16 kHz, within [-1, 1].
        notes: what makes the result less sure, in sentences for the person.
    """

    name: str
    waveform: Waveform
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the decoded sound."""
        return len(self.waveform) / SAMPLE_RATE


def decode_clip(
    source: Path | BinaryIO, name: str, *, max_clip_s: float = 60.0, expected_s: float | None = None
) -> Clip:
    """Decode a recording and make sure that something can be heard.

    Nothing is written to disk, and decoding stops soon after `max_clip_s`, however long the file.

    Args:
        source: a file, or one that is open and seekable, which is left open.
        name: what the person calls it, for the errors.
        max_clip_s: longest recording taken, in seconds.
        expected_s: how long the recorder ran by the clock of whoever sent it, if known; shows a cut-off upload.

    Returns:
        The clip; any sample rate and any number of channels is taken.

    Raises:
        UnreadableAudioError: the file is missing, empty, damaged, cut off, or no recording of sound alone.
        UnusableClipError: the sound is too long, too short, too quiet, steady, clipped, or holds no numbers.
    """
    with _open_source(source, name) as file:
        sound = decode_sound(file, name, sample_rate=SAMPLE_RATE, limit_s=max_clip_s + _LIMIT_SLACK_S)
    _check_length(sound, name, max_clip_s=max_clip_s, expected_s=expected_s)
    _check_finite(sound.waveform, name)
    waveform = np.clip(sound.waveform, -1.0, 1.0)
    clipped_share = _check_content(waveform, name)
    return Clip(name, waveform, _collect_notes(sound.source_rate, clipped_share))


@contextmanager
def _open_source(source: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise UnreadableAudioError(name, f"expected a file, got: {error.strerror}") from error
    with file:
        yield file


def _check_length(sound: DecodedSound, name: str, *, max_clip_s: float, expected_s: float | None) -> None:
    duration_s = len(sound.waveform) / SAMPLE_RATE
    if not sound.is_whole:
        length = f"{sound.stated_duration_s:.1f} s" if sound.stated_duration_s else "more"
        raise UnusableClipError(name, "too_long", f"expected at most {max_clip_s:g} s of sound, got {length}")
    stated_s = sound.stated_duration_s or 0.0
    if duration_s < (1 - _MAX_MISSING_SHARE) * stated_s - _FILE_SLACK_S:
        raise _cut_off(name, f"{stated_s:.2f} s of sound as the file says", duration_s)
    if expected_s is not None and duration_s < (1 - _MAX_MISSING_SHARE) * expected_s - _CLOCK_SLACK_S:
        raise _cut_off(name, f"{expected_s:.2f} s of sound as the recorder's clock says", duration_s)
    if sound.is_cut_off:
        raise _cut_off(name, "a file that ends with a whole block", duration_s)
    if duration_s < MIN_CLIP_S:
        raise UnusableClipError(name, "too_short", f"expected at least {MIN_CLIP_S} s of sound, got {duration_s:.2f} s")


def _cut_off(name: str, expected: str, duration_s: float) -> UnreadableAudioError:
    return UnreadableAudioError(name, f"expected {expected}, got one cut off after {duration_s:.2f} s")


def _check_finite(waveform: Waveform, name: str) -> None:
    is_finite = np.isfinite(waveform)
    if not is_finite.all():
        at_s = float(np.argmin(is_finite)) / SAMPLE_RATE
        reason = f"expected samples within [-1, 1], got NaN or infinity at {at_s:.2f} s"
        raise UnusableClipError(name, "not_finite", reason)


def _check_content(waveform: Waveform, name: str) -> float:
    """Refuse what no voice can be in; returns the share of clipped samples."""
    levels_db = compute_frame_levels_db(waveform)
    if levels_db.max() < _MIN_LEVEL_DB:
        level = "silence" if not waveform.any() else f"{levels_db.max():.0f} dB"
        raise UnusableClipError(name, "too_quiet", f"expected a voice of {_MIN_LEVEL_DB:.0f} dB or louder, got {level}")
    level_range_db = compute_level_range_db(levels_db)
    if level_range_db < _MIN_LEVEL_RANGE_DB:
        reason = f"expected a voice, got a steady sound whose level moves by {level_range_db:.1f} dB only"
        raise UnusableClipError(name, "no_speech", reason)
    clipped_share = compute_clipped_share(waveform)
    if clipped_share > _MAX_CLIPPED_SHARE:
        reason = (
            f"expected at most {_MAX_CLIPPED_SHARE:.0%} of the samples near the peak, got {clipped_share:.0%}: "
            "it was recorded too loud and its peaks are cut off"
        )
        raise UnusableClipError(name, "clipped", reason)
    return clipped_share


def _collect_notes(source_rate: int, clipped_share: float) -> tuple[str, ...]:
    notes = []
    if source_rate < SAMPLE_RATE:
        notes.append(
            f"Recorded at {source_rate} Hz, as over a telephone: nothing above {source_rate // 2} Hz is in it, so the "
            "mood is less sure."
        )
    if clipped_share > _CAUTION_CLIPPED_SHARE:
        notes.append("Recorded too loud: some peaks are cut off, so the mood is less sure.")
    return tuple(notes)
