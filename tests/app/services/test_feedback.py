from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.services.errors import ListeningNotFoundError
from app.services.feedback import FeedbackService
from recognizer.inference import Recognition, TimelinePoint
from tests.factories import make_database

if TYPE_CHECKING:
    from pathlib import Path

POSTERIOR = {"happy": 0.7, "sad": 0.1, "angry": 0.1, "neutral": 0.1}


@pytest.fixture
def feedback(tmp_path: Path) -> FeedbackService:
    return FeedbackService(make_database(tmp_path))


def _recognition(*, abstained: bool = False, reason: str | None = None) -> Recognition:
    return Recognition(
        duration_s=4.5,
        posterior=POSTERIOR,
        label="happy",
        confidence=0.7,
        abstained=abstained,
        reason=reason,
        timeline=(TimelinePoint(0.0, 3.0, POSTERIOR),),
        model="default 1",
    )


def test_what_was_heard_comes_back(feedback: FeedbackService):
    listening_id = feedback.record_listening(_recognition())

    stored = feedback.get_listening(listening_id)

    assert (stored.listening_id, stored.posterior, stored.label, stored.confidence) == (
        listening_id,
        POSTERIOR,
        "happy",
        0.7,
    )
    assert (stored.abstained, stored.reason, stored.duration_s, stored.model) == (False, None, 4.5, "default 1")
    assert stored.timeline == ({"start_s": 0.0, "end_s": 3.0, "posterior": POSTERIOR},)
    assert (stored.corrected_label, stored.recording_deleted_at) == (None, None)


def test_notes_that_make_the_mood_less_sure_are_kept(feedback: FeedbackService):
    telephone = replace(_recognition(), notes=("it sounds like a telephone",))

    noted, plain = (feedback.record_listening(heard) for heard in (telephone, _recognition()))

    assert feedback.get_listening(noted).notes == ("it sounds like a telephone",)
    assert feedback.get_listening(plain).notes == ()


def test_how_well_the_voice_was_known_is_kept(feedback: FeedbackService):
    listening_id = feedback.record_listening(replace(_recognition(), n_known=7))

    assert feedback.get_listening(listening_id).n_known == 7


def test_an_abstention_keeps_its_reason(feedback: FeedbackService):
    listening_id = feedback.record_listening(_recognition(abstained=True, reason="too close to call"))

    stored = feedback.get_listening(listening_id)

    assert (stored.abstained, stored.reason) == (True, "too close to call")


def test_ids_cannot_be_guessed(feedback: FeedbackService):
    ids = {feedback.record_listening(_recognition()) for _ in range(3)}

    assert {len(listening_id) for listening_id in ids} == {36}
    assert len(ids) == 3


def test_the_last_correction_counts(feedback: FeedbackService):
    listening_id = feedback.record_listening(_recognition())

    feedback.correct(listening_id, "sad")
    feedback.correct(listening_id, "angry")

    assert feedback.get_listening(listening_id).corrected_label == "angry"


def test_a_mood_that_is_none_of_the_four_is_refused(feedback: FeedbackService):
    listening_id = feedback.record_listening(_recognition())

    with pytest.raises(ValueError, match="mood must be one of happy, sad, angry, neutral, got 'hungry'"):
        feedback.correct(listening_id, "hungry")


def test_the_deletion_of_the_recording_is_noted(feedback: FeedbackService):
    listening_id = feedback.record_listening(_recognition())

    feedback.record_deletion(listening_id)

    stored = feedback.get_listening(listening_id)
    assert stored.recording_deleted_at is not None
    assert stored.recording_deleted_at >= stored.created_at


@pytest.mark.parametrize("listening_id", ["", "7", "x" * 10_000])
def test_an_unknown_listening_is_refused(feedback: FeedbackService, listening_id: str):
    for ask in (feedback.get_listening, feedback.record_deletion, lambda unknown: feedback.correct(unknown, "sad")):
        with pytest.raises(ListeningNotFoundError, match="no listening"):
            ask(listening_id)
