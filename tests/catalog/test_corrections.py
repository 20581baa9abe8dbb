from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.affect_plane import shares_at
from catalog.analysis.affect import AffectEstimate
from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, load_embedding_space
from catalog.changes import correct_affect
from catalog.corrections import find_correction, find_prediction, move_embedding
from catalog.history import ChangeOrigin
from catalog.queries import catalog_revision, get_track, list_tracks, load_embeddings
from tests.factories import SHARES, add_analyzed_track

if TYPE_CHECKING:
    from catalog.database import SessionFactory


def _embed(valence: float, arousal: float) -> np.ndarray:
    space = load_embedding_space()
    rng = np.random.default_rng(3)
    standardized = space.timbre_center + rng.normal(size=space.timbre_center.shape) / 10
    return space.embed(AffectEstimate(valence, arousal, shares_at(valence, arousal), {}), standardized)


@pytest.mark.parametrize(("valence", "arousal"), [(-0.2, 0.1), (0.3, -0.3), (1.0, 1.0)])
def test_a_moved_embedding_is_the_one_the_analysis_would_have_made_there(valence: float, arousal: float):
    moved = move_embedding(_embed(0.1, 0.2), valence, arousal)

    np.testing.assert_allclose(moved, _embed(valence, arousal), atol=1e-6)
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-6)
    assert moved.dtype == np.float32


def test_embeddings_follow_corrections_and_their_revision_counts(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_ids = [add_analyzed_track(session, model=EMBEDDING_MODEL, vector=_embed(0.1, 0.2)).id for _ in range(3)]
        add_analyzed_track(session, model="other", vector=np.ones(2, dtype=np.float32))
    with session_factory() as session:
        before = catalog_revision(session)

    with session_factory.begin() as session:
        correct_affect(session, track_ids[1], -0.2, 0.1, ChangeOrigin("ann"))

    with session_factory() as session:
        loaded_ids, embeddings = load_embeddings(session, EMBEDDING_MODEL)
        after = catalog_revision(session)
    assert after > before
    assert loaded_ids.tolist() == track_ids
    np.testing.assert_allclose(embeddings, [_embed(0.1, 0.2), _embed(-0.2, 0.1), _embed(0.1, 0.2)], atol=1e-6)
    assert not np.allclose(embeddings[0, : len(AFFECT_AXES)], embeddings[1, : len(AFFECT_AXES)])


def test_a_correction_comes_first_and_the_prediction_stays(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_analyzed_track(session, "low").id
        add_analyzed_track(session, "middle", valence=-0.1)

        correct_affect(session, track_id, -0.5, 0.5, ChangeOrigin("ann"))

    with session_factory() as session:
        facts = get_track(session, track_id)
        prediction, correction = find_prediction(session, track_id), find_correction(session, track_id)
        titles = [track.title for track in list_tracks(session, sort="valence")]
    assert (facts.valence, facts.arousal, facts.shares) == (-0.5, 0.5, shares_at(-0.5, 0.5))
    assert (prediction.valence, prediction.shares) == (0.2, SHARES)
    assert (correction.who, correction.valence) == ("ann", -0.5)
    assert titles == ["low", "middle"]
