"""Vectors of the training tracks (our descriptors, librosa's summary, the teachers' outputs), kept between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import av
import numpy as np

from catalog.analysis import decoding, descriptors, features, loudness, rhythm, spectra, tonality

_DESCRIPTOR_MODULES: Final = (decoding, descriptors, features, loudness, rhythm, spectra, tonality)
Progress = Callable[[str, int, int], None]


def load_track_vectors(
    name: str, clips: list[Path], compute: Callable[[Path], np.ndarray], *, cache_dir: Path, on_progress: Progress
) -> np.ndarray:
    """Compute one vector a clip, or read it where an earlier run left it.

    Args:
        name: of the vectors; its folder in the cache. A name must change with what it stands for.
        clips: audio files.
        compute: from a file to a vector of fixed length.
        cache_dir: where vectors are kept, a file each, so that a run cut short goes on where it stopped.
        on_progress: called with the name, how many are done and how many there are.

    Returns:
        Shape (n, d).
    """
    folder = cache_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    vectors = []
    for done, clip in enumerate(clips, start=1):
        kept = folder / f"{clip.stem}.npy"
        if not kept.is_file():
            partial = kept.with_suffix(".part.npy")
            np.save(partial, compute(clip))
            partial.replace(kept)
        vectors.append(np.load(kept, allow_pickle=False))
        on_progress(name, done, len(clips))
    return np.stack(vectors)


def name_descriptors() -> str:
    """Cache name of our descriptors; it changes with the code that computes them."""
    sources = b"".join(Path(module.__file__ or "").read_bytes() for module in _DESCRIPTOR_MODULES)
    return f"descriptors-{hashlib.sha256(sources).hexdigest()[:12]}"


def compute_descriptors(clip: Path) -> dict[str, float]:
    """Compute the descriptors just as `analyze_file` does."""
    return features.extract_features(decoding.decode_excerpt(clip))[1]


def compute_librosa_summary(clip: Path) -> np.ndarray:
    """Mean and deviation of what librosa's tutorials compute, MFCC to tempo, shape (105,)."""
    import librosa
    from librosa.onset import onset_strength

    waveform = decode_mono(clip, 22_050)
    magnitude = np.abs(librosa.stft(waveform))
    chroma = librosa.feature.chroma_stft(S=magnitude**2)
    frames: Iterable[np.ndarray] = (
        librosa.feature.mfcc(y=waveform, n_mfcc=20),
        chroma,
        librosa.feature.spectral_contrast(S=magnitude),
        librosa.feature.tonnetz(chroma=chroma),
        librosa.feature.spectral_centroid(S=magnitude),
        librosa.feature.spectral_bandwidth(S=magnitude),
        librosa.feature.spectral_rolloff(S=magnitude),
        librosa.feature.spectral_flatness(S=magnitude),
        librosa.feature.zero_crossing_rate(waveform),
        librosa.feature.rms(S=magnitude),
        onset_strength(y=waveform)[None, :],
    )
    summary = [statistic for rows in frames for statistic in (rows.mean(axis=1), rows.std(axis=1))]
    return np.concatenate([*summary, librosa.feature.tempo(y=waveform)])


def decode_mono(clip: Path, sample_rate: int) -> np.ndarray:
    """Decode a short clip whole, float32, shape (n_samples,), mono at any sample rate."""
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=sample_rate)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
