from __future__ import annotations

from datetime import UTC, datetime

from app.services.feedback import StoredListening
from app.web.views import build_mood_view
from tests.app.web.page_services import CALM, COURSE, UNSURE, make_heard

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_stored(posterior, *, corrected_label=None, **fields):
    heard = make_heard(posterior, **fields).to_json()
    return StoredListening(
        notes=(),
        n_known=0,
        **{**heard, "timeline": tuple(heard["timeline"])},
        listening_id="known",
        created_at=NOON,
        corrected_label=corrected_label,
        recording_deleted_at=NOON,
    )


def test_bars_come_with_the_largest_share_first():
    view = build_mood_view(make_stored(CALM))

    assert [(bar.word, bar.percent) for bar in view.bars] == [("calm", 66), ("sad", 24), ("happy", 6), ("angry", 4)]


def test_no_mood_is_said_to_be_all_or_nothing():
    view = build_mood_view(make_stored({"happy": 0.999, "sad": 0.001, "angry": 0.0, "neutral": 0.0}))

    assert [bar.share for bar in view.bars] == ["> 99 %", "< 1 %", "< 1 %", "< 1 %"]
    assert [bar.share for bar in build_mood_view(make_stored(CALM)).bars] == ["66 %", "24 %", "6 %", "4 %"]


def test_the_plot_spans_the_whole_recording():
    view = build_mood_view(make_stored(CALM))

    assert view.plot["seconds"] == [0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0]
    assert view.plot["shares"]["sad"] == [0.12, 0.12, 0.2, 0.42, 0.4, 0.2, 0.2]


def test_the_table_keeps_the_order_of_the_labels():
    view = build_mood_view(make_stored(CALM))

    assert len(view.rows) == len(COURSE)
    assert [bar.word for bar in view.rows[0].bars] == ["happy", "sad", "angry", "calm"]


def test_an_abstention_asks_between_the_leading_moods():
    view = build_mood_view(make_stored(UNSURE, abstained=True))

    assert view.asks
    assert view.candidates == ("calm", "happy")


def test_a_correction_answers_the_question_and_leads():
    view = build_mood_view(make_stored(UNSURE, abstained=True, corrected_label="sad"))

    assert not view.asks
    assert view.leading == "sad"
    assert view.corrected == "sad"


def test_a_recording_without_windows_has_no_course():
    view = build_mood_view(make_stored(CALM, course=[]))

    assert view.rows == ()
    assert view.course == ""
    assert view.plot == {}
