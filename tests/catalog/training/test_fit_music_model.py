from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalog.analysis.plugged_model import PluggedAnalyzer
from catalog.training import fit_music_model
from catalog.training.emotify import FEELINGS, EmotifyTrack, load_emotify


def make_tracks(rng, n_tracks):
    return [
        EmotifyTrack(
            track_id=number,
            artist=f"artist {number % 20}",
            genre="rock",
            clip=Path(f"{number}.mp3"),
            n_raters=20,
            share_by_feeling=dict(zip(FEELINGS, rng.uniform(0.05, 0.6, len(FEELINGS)).tolist(), strict=True)),
        )
        for number in range(n_tracks)
    ]


def test_a_head_hears_what_the_vectors_tell():
    rng = np.random.default_rng(0)
    tracks = make_tracks(rng, 80)
    joy = np.array([track.share_by_feeling["joyful_activation"] for track in tracks])
    vectors = np.column_stack([joy, rng.normal(size=(80, 3))])

    head, predicted = fit_music_model.fit_head(tracks, vectors)

    assert np.corrcoef(predicted[:, 0], joy)[0, 1] > 0.9
    assert head.timbre_axes.shape == (26, 4)
    assert (head.error_std > 0.0).all()
    estimates = [head.estimate((row - head.center) / head.scale).shares["happy"] for row in vectors]
    assert np.corrcoef(estimates, joy)[0, 1] > 0.9


@pytest.mark.data
@pytest.mark.slow
def test_a_published_tagger_can_be_plugged_in(material_dir, tmp_path, monkeypatch):
    name = "jamendo-moodtheme"
    some = load_emotify(material_dir)[::10]
    monkeypatch.setattr(fit_music_model, "load_emotify", lambda _folder: some)

    figures = fit_music_model.fit_music_model(name, material_dir, tmp_path / "head.npz", cache_dir=tmp_path / "cache")
    analyze = PluggedAnalyzer(name, tmp_path / "head.npz", material_dir)
    analysis = analyze(material_dir / "data/music/audio/free_tagged/vivaldi.mp3")

    # Thirty clips say little, but loud and calm they tell apart.
    assert figures["spearman_arousal"].value > 0.2
    assert analysis.embedding.shape == (33,)
    assert analysis.embedding_model == analyze.versions.embedding_model
