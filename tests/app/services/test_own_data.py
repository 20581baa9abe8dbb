from __future__ import annotations

import json

import numpy as np
import pytest

from app.services.errors import ListenerNotFoundError
from app.services.feedback import FeedbackService
from app.services.listeners import ListenerService
from app.services.own_data import OwnDataService
from app.services.recognition import RecognitionService
from app.services.voices import VoiceService
from catalog.models import Listener
from recognizer.inference import EmotionRecognizer, Recognition
from recommender.taste import Reaction
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle

POSTERIOR = {"happy": 0.7, "sad": 0.1, "angry": 0.1, "neutral": 0.1}
HEARD = Recognition(
    4.0,
    POSTERIOR,
    "happy",
    0.7,
    abstained=False,
    reason=None,
    timeline=(),
    model="tiny 1.0",
    statistics=np.array([0.1, 0.2], dtype=np.float32),
)


@pytest.fixture
def sessions(tmp_path):
    sessions = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    add_tracks(sessions, tmp_path / "music", 4)
    return sessions


@pytest.fixture
def listeners(sessions):
    return ListenerService(sessions)


@pytest.fixture
def voices(sessions, tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    recognizer = EmotionRecognizer.load(tmp_path / "tiny")
    return VoiceService(sessions, RecognitionService(lambda: recognizer))


@pytest.fixture
def own_data(sessions, listeners, voices):
    return OwnDataService(sessions, listeners, voices)


@pytest.fixture
def listener_id(sessions, listeners, voices):
    """Somebody who liked a track, refused another, spoke, and corrected the mood."""
    listener_id = listeners.get_or_create()
    listeners.record_reaction(1, Reaction.LIKE, listener_id=listener_id)
    listeners.record_reaction(2, Reaction.NEVER, listener_id=listener_id)
    feedback = FeedbackService(sessions)
    listening_id = feedback.record_listening(HEARD)
    feedback.correct(listening_id, "sad", listener_id=listener_id)
    listeners.learn_moods(listener_id)
    voices.learn(listener_id, listening_id, HEARD)
    return listener_id


def test_all_that_is_kept_is_told(own_data, listener_id):
    told = own_data.describe(listener_id)

    assert told.agreed_at is not None
    assert (told.n_reactions, told.n_corrections, told.n_notes, told.n_playlists) == (2, 1, 1, 0)
    assert [track.track_id for track in told.tracks[Reaction.NEVER]] == [2]
    assert own_data.find_reactions(listener_id) == {1: Reaction.LIKE, 2: Reaction.NEVER}


def test_the_export_is_json_and_lacks_nothing(own_data, listener_id):
    told = json.loads(json.dumps(own_data.export(listener_id)))

    assert [reaction["kind"] for reaction in told["reactions"]] == ["like", "never"]
    assert told["corrected_moods"][0]["label"] == "sad"
    assert told["voice_baseline"]["n_clips"] == 1
    assert told["taste"]["counts"] == {"like": 1, "never": 1}


@pytest.mark.parametrize(("part", "left"), [("taste", (0, 1, 1)), ("moods", (2, 0, 1)), ("voice", (2, 1, 0))])
def test_each_part_can_be_forgotten_alone(own_data, listener_id, part, left):
    getattr(own_data, f"forget_{part}")(listener_id)

    told = own_data.describe(listener_id)
    assert (told.n_reactions, told.n_corrections, told.n_notes) == left


def test_a_listener_who_is_gone_has_nothing(own_data, listeners, listener_id):
    listeners.delete(listener_id)

    assert not own_data.is_known(listener_id)
    with pytest.raises(ListenerNotFoundError, match="no listener"):
        own_data.export(listener_id)


def test_a_damaged_voice_is_learned_anew(voices, sessions, listener_id):
    with sessions.begin() as session:
        session.get(Listener, listener_id).voice_baseline = {"format": 99}
    found = voices.find(listener_id)

    voices.learn(listener_id, "another", HEARD)

    assert found is None
    assert voices.find(listener_id).n_clips == 1


def test_a_corrected_mood_counts_for_the_last_note_alone(voices, listener_id):
    voices.learn(listener_id, "latest", HEARD)
    before = voices.find(listener_id)

    voices.learn_again(listener_id, "earlier", "sad")
    after_earlier = voices.find(listener_id)
    voices.learn_again(listener_id, "latest", "sad")
    after_latest = voices.find(listener_id)

    assert after_earlier.mean.tolist() == before.mean.tolist()
    assert after_latest.n_clips == 2
