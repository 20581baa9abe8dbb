"""From the plan of a piece to samples, and from samples to MP3."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

import av
import numpy as np

from catalog.demo.composing import compose
from catalog.demo.mixing import Channel, dress_kit, dress_part, mix_down
from catalog.demo.performance import Stage, play_kit, play_part
from catalog.demo.wavetables import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.demo.effects import Stereo
    from catalog.demo.moods import PieceSpec
    from catalog.demo.score import Score

BIT_RATE: Final = 160_000
# LAME turns everything down to this share, as room for what coding adds to peaks; our limiter made that room.
_ENCODER_SCALE: Final = 0.95
# LAME's quality 7 takes half the time of its default, which at this bit rate cannot be told apart.
_ENCODER_QUALITY: Final = "7"


def render_piece(spec: PieceSpec) -> Stereo:
    """Compose, play and mix one piece; equal plans give equal samples.

    Returns:
        Shape (2, n_samples) at `SAMPLE_RATE`, within [-1, 1].
    """
    score = compose(spec)
    clock = spec.groove.build_clock(score.n_steps)
    tail_s = 1.1 + 0.8 * spec.style.room_s
    stage = Stage(spec, clock, int((clock[-1] + tail_s) * SAMPLE_RATE))
    return mix_down(_iter_channels(spec, score, stage), spec.style)


def _iter_channels(spec: PieceSpec, score: Score, stage: Stage) -> Iterator[Channel]:
    """Play part after part: one at a time is in memory, each with chance of its own."""
    beat_s = 60.0 / spec.groove.tempo_bpm
    for number, part in enumerate(score.parts):
        wave = play_part(part, stage, np.random.default_rng((*spec.seed, 2, number)))
        yield dress_part(wave, part.role, part.instrument, spec.style, beat_s)
    if score.hits:
        yield dress_kit(play_kit(score.hits, stage, np.random.default_rng((*spec.seed, 3))), spec.style)


def encode_mp3(mix: Stereo) -> bytes:
    """Encode stereo samples as MP3 without any tag.

    Args:
        mix: shape (2, n_samples) at `SAMPLE_RATE`, within [-1, 1].
    """
    encoded = BytesIO()
    with av.open(encoded, "w", format="mp3", options={"id3v2_version": "0", "write_id3v1": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, options={"compression_level": _ENCODER_QUALITY})
        stream.layout = "stereo"
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(mix / np.float32(_ENCODER_SCALE)), format="fltp", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return encoded.getvalue()
