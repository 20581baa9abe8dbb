from __future__ import annotations

import io

import numpy as np
import pytest

from app.services.errors import ListenerNotFoundError, ListeningNotFoundError
from app.services.feedback import FeedbackService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.listeners import ListenerService
from app.services.listening import VOICE_DROPPED, ListeningService, pure_posterior
from app.services.playlists import PlaylistService
from app.services.recognition import RecognitionService
from app.services.served_index import ServedIndex
from app.services.voices import VoiceService
from app.services.wishes import PlaylistWishes
from catalog.models import Listener, Listening, Playlist, PlaylistEntry
from recognizer.errors import UnreadableAudioError
from recognizer.inference import EmotionRecognizer
from recognizer.voice_baseline import VoiceBaseline
from recommender.errors import EmptyIndexError
from recommender.space import Intent
from recommender.taste import Reaction
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle
from tests.signals import encode, make_speech

# No clip's two likeliest moods lie so far apart.
NEVER_SURE = 1000.0
FIVE = PlaylistWishes(k=5)


@pytest.fixture
def sessions(tmp_path):
    return open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")


@pytest.fixture
def note():
    return io.BytesIO(encode(make_speech(4.0)))


@pytest.fixture
def make_service(sessions, tmp_path):
    def make(*, n_tracks=12, margin_threshold=0.0):
        add_tracks(sessions, tmp_path / "music", n_tracks)
        write_tiny_bundle(tmp_path / "tiny", margin_threshold=margin_threshold)
        recognizer = EmotionRecognizer.load(tmp_path / "tiny")
        playlists = PlaylistService(
            ServedIndex(LibraryService(sessions, tmp_path), JobService(sessions)).get_recommender
        )
        recognition = RecognitionService(lambda: recognizer)
        listeners, voices = ListenerService(sessions), VoiceService(sessions, recognition)
        return ListeningService(recognition, playlists, FeedbackService(sessions), listeners, voices)

    return make


def ids_of(playlist):
    return [item.track_id for item in playlist]


def test_a_voice_note_becomes_a_mood_and_a_playlist(make_service, note):
    result = make_service().listen(note, "note.wav", wishes=FIVE)

    assert len(result.playlist) == 5
    assert result.recognition.model == "tiny 1.0"
    assert not result.recognition.abstained


def test_steps_are_timed_and_their_sum_is_the_total(make_service, note):
    timings_ms = make_service().listen(note, "note.wav").timings_ms

    assert list(timings_ms) == ["load", "decode", "recognize", "store", "recommend", "total"]
    assert timings_ms["total"] == pytest.approx(sum(list(timings_ms.values())[:-1]))


def test_the_mood_is_stored_and_not_the_recording(make_service, note):
    service = make_service()

    result = service.listen(note, "a private name.wav")
    stored = service.get(result.listening_id)

    heard = result.recognition
    assert (stored.label, stored.confidence, stored.abstained) == (heard.label, heard.confidence, heard.abstained)
    assert stored.posterior == heard.posterior
    assert stored.duration_s == pytest.approx(4.0, abs=0.01)
    assert len(stored.timeline) == len(heard.timeline)
    assert "private" not in repr(stored)


def test_another_playlist_comes_for_the_stored_mood(make_service, note):
    service = make_service(n_tracks=40)
    result = service.listen(note, "note.wav", wishes=FIVE)

    assert service.playlist_for(result.listening_id, FIVE).items == result.playlist
    assert ids_of(service.playlist_for(result.listening_id, PlaylistWishes(Intent.ENERGIZE, k=5)).items) != ids_of(
        result.playlist
    )


def test_the_playlist_stays_empty_when_the_recognizer_abstains(make_service, note):
    service = make_service(margin_threshold=NEVER_SURE)

    result = service.listen(note, "note.wav")

    assert result.recognition.abstained
    assert result.playlist == ()
    assert service.get(result.listening_id).abstained
    assert service.playlist_for_mood("sad").items != ()


def test_in_doubt_the_playlist_follows_the_whole_distribution_where_nobody_can_be_asked(make_service, note):
    service = make_service(margin_threshold=NEVER_SURE)

    result = service.listen(note, "note.wav", wishes=FIVE, asks_in_doubt=False)

    assert result.recognition.abstained
    assert result.playlist == service.playlist_for(result.listening_id, FIVE).items


def test_what_the_listener_says_goes_before_what_was_heard(make_service, sessions, note):
    service = make_service(n_tracks=40)
    result = service.listen(note, "note.wav", wishes=FIVE)
    other = "sad" if result.recognition.label != "sad" else "happy"

    FeedbackService(sessions).correct(result.listening_id, "neutral")
    FeedbackService(sessions).correct(result.listening_id, other)

    corrected = service.playlist_for(result.listening_id, FIVE).items
    assert corrected == service.playlist_for_mood(other, FIVE).items
    assert ids_of(corrected) != ids_of(result.playlist)


def test_a_bad_recording_stores_nothing(make_service, sessions):
    with pytest.raises(UnreadableAudioError, match=r"text\.wav"):
        make_service().listen(io.BytesIO(b"text"), "text.wav")

    with sessions() as session:
        assert session.query(Listening).count() == 0


def test_an_empty_catalog_is_told_and_the_mood_is_kept(make_service, sessions, note):
    with pytest.raises(EmptyIndexError, match="import and analyze some music first"):
        make_service(n_tracks=0).listen(note, "note.wav")

    with sessions() as session:
        assert session.query(Listening).count() == 1


def test_an_unknown_listening_and_an_unknown_mood_are_refused(make_service):
    service = make_service()

    with pytest.raises(ListeningNotFoundError, match="no listening 'x'"):
        service.playlist_for("x")
    with pytest.raises(ValueError, match="got 'bored'"):
        service.playlist_for_mood("bored")


def test_a_named_mood_is_sure_of_itself():
    assert pure_posterior("angry") == {"happy": 0.0, "sad": 0.0, "angry": 1.0, "neutral": 0.0}


@pytest.fixture
def listener_id(sessions):
    return ListenerService(sessions).get_or_create()


def read_listener(sessions, listener_id):
    with sessions() as session:
        return session.get(Listener, listener_id)


def test_without_an_agreement_nothing_is_learned_and_nothing_logged(make_service, sessions, note):
    result = make_service().listen(note, "note.wav")

    assert result.served.playlist_id is None
    with sessions() as session:
        assert session.query(Playlist).count() == session.query(Listener).count() == 0


def test_a_voice_is_learned_note_by_note_and_used(make_service, sessions, note, listener_id):
    service = make_service()
    stranger = service.listen(note, "note.wav").recognition

    first = service.listen(io.BytesIO(note.getvalue()), "note.wav", listener_id=listener_id).recognition
    second = service.listen(io.BytesIO(note.getvalue()), "note.wav", listener_id=listener_id).recognition

    assert first.posterior == stranger.posterior
    assert second.posterior != stranger.posterior
    assert (stranger.n_known, first.n_known, second.n_known) == (0, 0, 1)
    kept = VoiceBaseline.from_json(read_listener(sessions, listener_id).voice_baseline)
    assert (kept.model, kept.n_clips) == ("tiny 1.0", 2)


def test_an_unclear_note_is_learned_once_its_mood_is_named(make_service, sessions, note, listener_id):
    service = make_service(margin_threshold=NEVER_SURE)
    result = service.listen(note, "note.wav", listener_id=listener_id)
    before = VoiceBaseline.from_json(read_listener(sessions, listener_id).voice_baseline).n_clips

    service.correct(result.listening_id, "sad", listener_id=listener_id)
    service.correct(result.listening_id, "angry", listener_id=listener_id)

    after = VoiceBaseline.from_json(read_listener(sessions, listener_id).voice_baseline).n_clips
    assert (before, after) == (0, 1)


def test_a_voice_known_to_another_model_is_dropped_and_that_is_said(make_service, sessions, note, listener_id):
    with sessions.begin() as session:
        old = VoiceBaseline("tiny 0.9", 7, np.zeros(2), np.zeros(2))
        session.get(Listener, listener_id).voice_baseline = old.to_json()

    recognition = make_service().listen(note, "note.wav", listener_id=listener_id).recognition

    assert VOICE_DROPPED in recognition.notes
    kept = VoiceBaseline.from_json(read_listener(sessions, listener_id).voice_baseline)
    assert (kept.model, kept.n_clips) == ("tiny 1.0", 1)


def test_playlists_of_who_agreed_are_logged_with_their_odds_and_come_again(make_service, sessions, note, listener_id):
    service = make_service(n_tracks=40)

    result = service.listen(note, "note.wav", wishes=FIVE, listener_id=listener_id)
    again = service.playlist_for(result.listening_id, FIVE, listener_id=listener_id)

    assert ids_of(again.items) == ids_of(result.playlist)
    with sessions() as session:
        logged = session.get(Playlist, result.served.playlist_id)
        entries = session.query(PlaylistEntry).filter_by(playlist_id=logged.id).order_by(PlaylistEntry.position).all()
    assert (logged.listening_id, logged.listener_id, logged.intent) == (result.listening_id, listener_id, "stay")
    assert logged.policy.startswith("plackett-luce")
    assert [entry.track_id for entry in entries] == ids_of(result.playlist)
    assert all(0 < entry.propensity <= 1 for entry in entries)
    assert logged.context == {"k": 5}


def test_what_is_never_to_come_again_does_not(make_service, sessions, listener_id):
    service = make_service(n_tracks=12)
    first = service.playlist_for_mood("happy", FIVE, listener_id=listener_id).items[0].track_id
    ListenerService(sessions).record_reaction(first, Reaction.NEVER, listener_id=listener_id)

    assert first not in ids_of(service.playlist_for_mood("happy", PlaylistWishes(k=12), listener_id=listener_id).items)


def test_a_correction_of_who_agreed_is_theirs(make_service, sessions, note, listener_id):
    service = make_service()
    result = service.listen(note, "note.wav", listener_id=listener_id)

    service.correct(result.listening_id, "sad", listener_id=listener_id)

    assert read_listener(sessions, listener_id).mood_model["n_corrections"] == 1


def test_a_listener_who_is_gone_is_refused_by_name(make_service, note):
    with pytest.raises(ListenerNotFoundError, match="no listener 'nobody'"):
        make_service().listen(note, "note.wav", listener_id="nobody")
