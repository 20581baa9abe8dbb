from __future__ import annotations

import io

import pytest

from app.services.errors import ListeningNotFoundError
from app.services.feedback import FeedbackService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.listening import ListeningService, pure_posterior
from app.services.playlists import PlaylistService
from app.services.recognition import RecognitionService
from app.services.served_index import ServedIndex
from catalog.models import Listening
from recognizer.errors import UnreadableAudioError
from recognizer.inference import EmotionRecognizer
from recommender.errors import EmptyIndexError
from recommender.space import Intent
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle
from tests.signals import encode, make_speech

# No clip's two likeliest moods lie so far apart.
NEVER_SURE = 1000.0


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
        return ListeningService(RecognitionService(lambda: recognizer), playlists, FeedbackService(sessions))

    return make


def ids_of(playlist):
    return [item.track_id for item in playlist]


def test_a_voice_note_becomes_a_mood_and_a_playlist(make_service, note):
    result = make_service().listen(note, "note.wav", k=5)

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
    result = service.listen(note, "note.wav", k=5)

    assert service.playlist_for(result.listening_id, k=5) == result.playlist
    assert ids_of(service.playlist_for(result.listening_id, intent=Intent.ENERGIZE, k=5)) != ids_of(result.playlist)


def test_the_playlist_stays_empty_when_the_recognizer_abstains(make_service, note):
    service = make_service(margin_threshold=NEVER_SURE)

    result = service.listen(note, "note.wav")

    assert result.recognition.abstained
    assert result.playlist == ()
    assert service.get(result.listening_id).abstained
    assert service.playlist_for_mood("sad", k=3) != ()


def test_in_doubt_the_playlist_follows_the_whole_distribution_where_nobody_can_be_asked(make_service, note):
    service = make_service(margin_threshold=NEVER_SURE)

    result = service.listen(note, "note.wav", k=5, asks_in_doubt=False)

    assert result.recognition.abstained
    assert result.playlist == service.playlist_for(result.listening_id, k=5)


def test_what_the_listener_says_goes_before_what_was_heard(make_service, sessions, note):
    service = make_service(n_tracks=40)
    result = service.listen(note, "note.wav", k=5)
    other = "sad" if result.recognition.label != "sad" else "happy"

    FeedbackService(sessions).correct(result.listening_id, "neutral")
    FeedbackService(sessions).correct(result.listening_id, other)

    corrected = service.playlist_for(result.listening_id, k=5)
    assert corrected == service.playlist_for_mood(other, k=5)
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
