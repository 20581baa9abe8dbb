from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import func, select, update

from app.services.errors import ListenerNotFoundError, PlaylistNotFoundError
from app.services.listeners import ListenerService, LoggedEntry, LoggedPlaylist
from catalog.analysis.embeddings import EMBEDDING_MODEL, fold
from catalog.errors import TrackNotFoundError
from catalog.models import Feedback, Listener, Listening, Playlist, PlaylistEntry, TrackEmbedding, TrackFeedback
from recommender.taste import Reaction
from tests.factories import add_analyzed_track, add_track

SAD_OR_NEUTRAL = {"happy": 0.05, "sad": 0.5, "angry": 0.05, "neutral": 0.4}


@pytest.fixture
def parts(session_factory):
    rng = np.random.default_rng(0)
    with session_factory.begin() as session:
        vectors = [fold(row) for row in np.clip(rng.standard_normal((30, 32)) * 0.5, -3, 3)]
        tracks = [
            add_analyzed_track(session, f"Piece {i}", model=EMBEDDING_MODEL, vector=vector)
            for i, vector in enumerate(vectors)
        ]
        track_ids = [track.id for track in tracks]
        unheard_id = add_track(session, "Not analyzed").id
    service = ListenerService(session_factory)
    return SimpleNamespace(
        sessions=session_factory,
        service=service,
        track_ids=track_ids,
        unheard_id=unheard_id,
        embeddings=np.array(vectors, dtype=np.float32),
        listener_id=service.get_or_create(),
    )


def count(sessions, table):
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_listener_is_found_again_and_an_unknown_one_begins_anew(parts):
    again, unknown = parts.service.get_or_create(parts.listener_id), parts.service.get_or_create("nobody")

    assert again == parts.listener_id
    assert unknown not in {parts.listener_id, "nobody"}
    with parts.sessions() as session:
        assert session.get(Listener, unknown).agreed_at is not None


def test_a_new_listener_changes_nothing(parts):
    model = parts.service.get_model(parts.listener_id)

    assert (model.taste.score(parts.embeddings) == 0).all()
    assert model.mood_model.correct(SAD_OR_NEUTRAL) == pytest.approx(SAD_OR_NEUTRAL)
    assert (model.excluded_track_ids, dict(model.play_counts)) == (frozenset(), {})


def test_what_was_liked_scores_higher_from_then_on(parts):
    parts.service.record_reaction(parts.track_ids[3], Reaction.LIKE, listener_id=parts.listener_id)

    model = parts.service.get_model(parts.listener_id)
    scores = model.taste.score(parts.embeddings)

    assert scores.argmax() == 3
    assert model.play_counts == {parts.track_ids[3]: 1}


def test_never_again_excludes_the_track_until_it_is_taken_back(parts):
    parts.service.record_reaction(parts.track_ids[3], Reaction.NEVER, listener_id=parts.listener_id)
    before = parts.service.get_model(parts.listener_id).excluded_track_ids

    parts.service.undo_reaction(parts.track_ids[3], listener_id=parts.listener_id)
    after = parts.service.get_model(parts.listener_id)

    assert (before, after.excluded_track_ids) == ({parts.track_ids[3]}, frozenset())
    assert (after.taste.score(parts.embeddings) == 0).all()


def test_the_last_word_on_a_track_counts(parts):
    for reaction in (Reaction.SKIP, Reaction.SKIP, Reaction.LIKE):
        parts.service.record_reaction(parts.track_ids[0], reaction, listener_id=parts.listener_id)

    assert parts.service.get_model(parts.listener_id).taste.counts == {Reaction.LIKE: 1}


def test_a_track_without_embedding_is_noted_and_teaches_nothing(parts):
    parts.service.record_reaction(parts.unheard_id, Reaction.NEVER, listener_id=parts.listener_id)

    model = parts.service.get_model(parts.listener_id)

    assert model.excluded_track_ids == {parts.unheard_id}
    assert model.taste.n_reactions == 0


def test_nobody_is_learned_from_without_agreeing(parts):
    parts.service.record_reaction(parts.track_ids[0], Reaction.SKIP)

    with parts.sessions() as session:
        assert session.scalar(select(TrackFeedback.listener_id)) is None
    assert parts.service.get_model(parts.listener_id).taste.n_reactions == 0


def test_what_was_learned_is_said_in_words(parts):
    for track_id in parts.track_ids[:4]:
        parts.service.record_reaction(track_id, Reaction.LIKE, listener_id=parts.listener_id)

    learned = parts.service.describe(parts.listener_id)

    assert learned.n_reactions == 4
    assert learned.track_ids_by_reaction[Reaction.LIKE] == tuple(parts.track_ids[:4])
    assert learned.moods == "0 corrections so far; from 8 on they count"


def correct_moods(parts, n, label="neutral"):
    with parts.sessions.begin() as session:
        for _ in range(n):
            listening = Listening(
                posterior=SAD_OR_NEUTRAL, label="sad", confidence=0.5, abstained=False, duration_s=3.0, model="m"
            )
            session.add(listening)
            session.flush()
            session.add(
                Feedback(listening_id=listening.id, listener_id=parts.listener_id, kind="correction", label=label)
            )
    return listening.id


def test_corrected_moods_are_learned_and_those_left_hold_them_back(parts):
    correct_moods(parts, 10)
    alone = parts.service.learn_moods(parts.listener_id)
    with parts.sessions.begin() as session:
        left = Listening(
            posterior=SAD_OR_NEUTRAL, label="sad", confidence=0.5, abstained=False, duration_s=3.0, model="m"
        )
        session.add(left)
    parts.service.log_playlist(make_playlist(parts, listening_id=left.id))
    beside = parts.service.learn_moods(parts.listener_id)

    stored = parts.service.get_model(parts.listener_id).mood_model
    assert stored == beside
    assert 0.4 < beside.correct(SAD_OR_NEUTRAL)["neutral"] < alone.correct(SAD_OR_NEUTRAL)["neutral"]


def make_playlist(parts, **more):
    entries = [LoggedEntry(track_id, 1.0 / (i + 1), 0.25) for i, track_id in enumerate(parts.track_ids[:3])]
    return LoggedPlaylist(
        SAD_OR_NEUTRAL, "stay", "greedy", entries, **{"listener_id": parts.listener_id, "seed": 5} | more
    )


def test_a_playlist_is_logged_with_its_propensities(parts):
    playlist_id = parts.service.log_playlist(make_playlist(parts, context={"genre": "rock"}))
    parts.service.record_reaction(
        parts.track_ids[1], Reaction.SKIP, listener_id=parts.listener_id, playlist_id=playlist_id
    )

    with parts.sessions() as session:
        playlist = session.get(Playlist, playlist_id)
        entries = session.scalars(select(PlaylistEntry).order_by(PlaylistEntry.position)).all()
        assert (playlist.policy, playlist.seed, playlist.context) == ("greedy", 5, {"genre": "rock"})
        assert [(e.position, e.track_id, e.propensity) for e in entries] == [
            (i + 1, track_id, 0.25) for i, track_id in enumerate(parts.track_ids[:3])
        ]
        assert session.scalar(select(TrackFeedback.playlist_id)) == playlist_id


def test_a_reset_forgets_everything_but_the_listener(parts):
    parts.service.record_reaction(parts.track_ids[0], Reaction.NEVER, listener_id=parts.listener_id)
    correct_moods(parts, 8)
    parts.service.learn_moods(parts.listener_id)
    parts.service.log_playlist(make_playlist(parts))

    parts.service.reset(parts.listener_id)

    model = parts.service.get_model(parts.listener_id)
    assert (model.taste.n_reactions, model.excluded_track_ids, model.mood_model.n_corrections) == (0, frozenset(), 0)
    assert parts.service.learn_moods(parts.listener_id).n_corrections == 0
    assert (count(parts.sessions, TrackFeedback), count(parts.sessions, Playlist)) == (0, 1)


def test_deleting_a_listener_leaves_nothing_of_them(parts):
    parts.service.record_reaction(parts.track_ids[0], Reaction.LIKE, listener_id=parts.listener_id)
    parts.service.log_playlist(make_playlist(parts))
    correct_moods(parts, 1)

    parts.service.delete(parts.listener_id)

    assert [count(parts.sessions, table) for table in (Listener, TrackFeedback, Feedback)] == [0, 0, 0]
    with parts.sessions() as session:
        assert session.scalar(select(Playlist.listener_id)) is None
    with pytest.raises(ListenerNotFoundError, match="no listener"):
        parts.service.get_model(parts.listener_id)


def test_damaged_models_are_learned_anew(parts):
    parts.service.record_reaction(parts.track_ids[2], Reaction.LIKE, listener_id=parts.listener_id)
    correct_moods(parts, 9)
    with parts.sessions.begin() as session:
        session.execute(update(Listener).values(taste={"format": 0}, mood_model={"format": 0}))

    model = parts.service.get_model(parts.listener_id)

    assert model.taste.score(parts.embeddings).argmax() == 2
    assert model.mood_model.n_corrections == 9


def test_a_taste_is_learned_anew_when_the_index_changes_its_model(parts):
    parts.service.record_reaction(parts.track_ids[2], Reaction.LIKE, listener_id=parts.listener_id)
    with parts.sessions.begin() as session:
        session.add(TrackEmbedding(track_id=parts.track_ids[2], model="other-1", vector=parts.embeddings[7].tobytes()))

    other = ListenerService(parts.sessions, choose_model=lambda: "other-1").get_model(parts.listener_id).taste

    assert other.model == "other-1"
    assert other.score(parts.embeddings).argmax() == 7


def test_what_does_not_exist_is_named(parts):
    with pytest.raises(TrackNotFoundError, match="999"):
        parts.service.record_reaction(999, Reaction.LIKE, listener_id=parts.listener_id)
    with pytest.raises(PlaylistNotFoundError, match="no playlist 'p'"):
        parts.service.record_reaction(parts.track_ids[0], Reaction.LIKE, playlist_id="p")
    with pytest.raises(ListenerNotFoundError, match="no listener 'x'"):
        parts.service.log_playlist(make_playlist(parts, listener_id="x"))
    with pytest.raises(ValueError, match="'yawn' is not a valid Reaction"):
        parts.service.record_reaction(parts.track_ids[0], "yawn", listener_id=parts.listener_id)
