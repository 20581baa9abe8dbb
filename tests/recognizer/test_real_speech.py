"""What is refused of real, acted and telephone speech: next to nothing."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from recognizer.audio import decode_clip
from recognizer.errors import UnusableClipError
from recognizer.speech import find_speech

FOUR_EMOTIONS = {"happy", "sad", "angry", "neutral", "calm"}
# All 5,537 clips take six minutes; of them 4 (0.07 %), noisy telephone keywords all, are refused as holding no speech.
EVERY = 20

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.mark.parametrize("corpus", ["ravdess", "nemo", "emospeech"])
def test_real_speech_is_hardly_ever_refused(material_dir, corpus):
    folder = material_dir / "data" / "speech"
    with (folder / f"{corpus}.csv").open(encoding="utf-8") as table:
        files = [row["file"] for row in csv.DictReader(table) if row["emotion"] in FOUR_EMOTIONS]
    refused: Counter[str] = Counter()

    for file in files[::EVERY]:
        try:
            clip = decode_clip(folder / file, file)
            find_speech(clip)
        except UnusableClipError as error:
            refused[error.code] += 1
        else:
            assert clip.notes == ()

    assert len(files) > 800
    assert set(refused) <= {"no_speech"}
    assert refused["no_speech"] <= 1
