from __future__ import annotations

import json

import click
import pytest

from app.cli.listen import parse_posterior
from app.cli.wishes import INTENTS, MOODS, parse_years
from catalog.models import Listening
from recognizer.labels import LABELS as ALL_LABELS
from recommender.space import Intent
from tests.bundles import write_tiny_bundle

KEYS = ["file", "duration_s", "posterior", "label", "confidence", "abstained", "reason", "timeline", "model"]
LABELS = ["happy", "sad", "angry", "neutral"]
ITEM_KEYS = ["track_id", "title", "artist", "path_or_url", "score", "reason"]

pytestmark = pytest.mark.usefixtures("home")


def test_recognize_prints_one_object_a_file_with_keys_in_order(call, note):
    outcome = call("recognize", note, "--jsonl")

    assert outcome.exit_code == 0
    (line,) = map(json.loads, outcome.out.splitlines())
    assert list(line) == KEYS
    assert list(line["posterior"]) == LABELS
    assert sum(line["posterior"].values()) == pytest.approx(1.0)
    assert line["label"] == max(line["posterior"], key=line["posterior"].get)
    assert line["confidence"] == line["posterior"][line["label"]]
    assert (line["file"], line["abstained"], line["reason"]) == (str(note), False, None)
    assert line["duration_s"] == pytest.approx(4.0, abs=0.01)
    assert line["model"] == "tiny 1.0"
    assert [list(point) for point in line["timeline"]] == [["start_s", "end_s", "posterior"]] * len(line["timeline"])
    assert len(line["timeline"]) >= 2


def test_a_bad_file_gives_a_line_with_its_error_and_the_rest_go_on(call, note, tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound")

    outcome = call("recognize", text, tmp_path / "missing.wav", note, "--jsonl")

    assert outcome.exit_code == 1
    assert outcome.err == ""
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["file"] for line in lines] == [str(text), str(tmp_path / "missing.wav"), str(note)]
    assert ["error" in line for line in lines] == [True, True, False]
    assert list(lines[0]) == [*KEYS, "error"]
    assert (lines[0]["abstained"], lines[0]["posterior"], lines[0]["timeline"]) == (True, None, [])
    assert "expected" in lines[0]["error"]


def test_files_may_come_from_a_list_in_their_order(call, note, tmp_path):
    other = tmp_path / "other.wav"
    other.write_bytes(note.read_bytes())
    (tmp_path / "files.txt").write_text(f"{other}\n\n  {note}  \n", encoding="utf-8-sig")

    outcome = call("recognize", note, "--list", tmp_path / "files.txt", "--jsonl")

    assert outcome.exit_code == 0
    assert [json.loads(line)["file"] for line in outcome.out.splitlines()] == [str(note), str(other), str(note)]


def test_recognize_speaks_plainly_without_jsonl(call, note, tmp_path):
    outcome = call("recognize", note, tmp_path / "missing.wav")

    heard, missing = outcome.out.splitlines()
    assert heard.startswith(f"{note}: ")
    assert all(label in heard for label in LABELS)
    assert missing == f"{tmp_path / 'missing.wav'}: error: " + missing.split("error: ")[1]


def test_recognize_names_the_labels_that_cannot_be_ruled_out(call, note, tmp_path, monkeypatch):
    write_tiny_bundle(tmp_path / "wide", conformal_quantile=1.0)
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", str(tmp_path / "wide"))

    in_words = call("recognize", note).out
    as_json = json.loads(call("recognize", note, "--jsonl").out)

    named = in_words.partition(" - nine times in ten: ")[2].split()
    assert sorted(named[::2]) == sorted(LABELS)
    assert list(as_json) == KEYS


def test_recognize_needs_no_database(call, note, home):
    assert call("recognize", note, "--jsonl").exit_code == 0
    assert not home.exists()


@pytest.mark.usefixtures("music")
def test_listen_gives_mood_playlist_and_times(call, note):
    outcome = call("listen", note, "--k", "5", "--intent", "lift", "--json")

    assert outcome.exit_code == 0
    result = json.loads(outcome.out)
    assert list(result) == ["mood", "intent", "playlist", "timings_ms"]
    assert list(result["mood"]) == KEYS
    assert result["intent"] == "lift"
    assert [list(item) for item in result["playlist"]] == [ITEM_KEYS] * 5
    assert {"decode", "recognize", "recommend", "total"} <= set(result["timings_ms"])


@pytest.mark.usefixtures("music")
def test_listen_prints_a_table_that_a_person_can_read(call, note):
    outcome = call("listen", note, "--k", "2")

    lines = outcome.out.splitlines()
    assert "Title" in outcome.out
    assert "Artist 0-" in outcome.out
    assert "recognize" in lines[-1]
    assert lines[-1].endswith("ms")


@pytest.mark.usefixtures("music")
def test_listen_says_that_it_is_not_sure_and_still_plays_something(call, note, tmp_path, monkeypatch):
    write_tiny_bundle(tmp_path / "unsure", margin_threshold=1000.0)
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", str(tmp_path / "unsure"))

    in_words = call("listen", note)
    as_json = json.loads(call("listen", note, "--json").out)

    assert "name the mood with `emotitune recommend --posterior ...`" in in_words.out
    assert as_json["mood"]["abstained"]
    assert "too close to call" in as_json["mood"]["reason"]
    assert as_json["playlist"]


def test_listen_to_an_empty_catalog_says_how_to_fill_it(call, note, sessions):
    outcome = call("listen", note, "--json")

    assert (outcome.exit_code, outcome.out) == (1, "")
    assert "import and analyze some music first" in outcome.err
    with sessions() as session:
        assert session.query(Listening).count() == 1


@pytest.mark.usefixtures("music")
def test_recommend_gives_the_mood_back_with_the_playlist(call):
    outcome = call("recommend", "--posterior", "happy=.6,sad=.1,angry=.1,neutral=.2", "--k", "3", "--json")

    assert outcome.exit_code == 0
    result = json.loads(outcome.out)
    assert list(result) == ["posterior", "intent", "playlist"]
    assert result["posterior"] == {"happy": 0.6, "sad": 0.1, "angry": 0.1, "neutral": 0.2}
    assert result["intent"] == "stay"
    assert [list(item) for item in result["playlist"]] == [ITEM_KEYS] * 3
    assert all(item["reason"] for item in result["playlist"])


@pytest.mark.usefixtures("music")
def test_recommend_prints_a_table(call):
    outcome = call("recommend", "--posterior", "sad=1", "--k", "4")

    header, *rows = outcome.out.splitlines()
    assert header.split() == ["#", "Title", "Artist", "Score", "Why"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4"]


def test_a_file_deleted_from_disk_is_not_recommended(call, music):
    for path in music[2:]:
        path.unlink()

    playlist = json.loads(call("recommend", "--posterior", "sad=1", "--k", "4", "--json").out)["playlist"]

    assert {item["path_or_url"] for item in playlist} == {str(path) for path in music[:2]}


def test_a_posterior_may_leave_labels_out_and_have_spaces():
    assert parse_posterior("happy=.75, sad=0.25") == {"happy": 0.75, "sad": 0.25, "angry": 0.0, "neutral": 0.0}


def test_the_intents_offered_are_those_there_are():
    assert tuple(Intent) == INTENTS
    assert ALL_LABELS == MOODS


@pytest.mark.usefixtures("music")
def test_another_mix_comes_by_its_number_and_comes_again(call):
    def mix(*options):
        return json.loads(call("recommend", "--posterior", "sad=1", "--k", "6", "--json", *options).out)

    plain, seven, again, eight = mix(), mix("--seed", 7), mix("--seed", 7), mix("--seed", 8)

    assert seven == again
    assert list(seven) == ["posterior", "intent", "playlist", "seed"]
    assert "seed" not in plain
    assert seven["playlist"] != eight["playlist"]


@pytest.mark.usefixtures("music")
def test_a_playlist_may_be_as_long_as_some_minutes(call):
    playlist = json.loads(call("recommend", "--posterior", "sad=1", "--minutes", "2", "--json").out)["playlist"]

    assert len(playlist) == 4  # of half a minute each


@pytest.mark.usefixtures("music")
def test_a_journey_has_its_steps_and_says_how_far_each_has_come(call):
    told = json.loads(call("recommend", "--posterior", "sad=1", "--journey-to", "happy", "--steps", 5, "--json").out)

    assert told["journey_to"] == "happy"
    assert [list(item) for item in told["playlist"]] == [[*ITEM_KEYS, "progress"]] * 5
    assert told["playlist"][0]["progress"] < told["playlist"][-1]["progress"]


@pytest.mark.usefixtures("music")
def test_filters_that_leave_nothing_say_what_to_leave_out(call):
    outcome = call("recommend", "--posterior", "sad=1", "--genre", "polka", "--year", "1990-1999", "--licence", "x")

    assert outcome.exit_code == 0
    assert outcome.out == "no track is like that; leave out a genre, a licence or the years\n"


def test_steps_without_a_journey_are_refused(call):
    outcome = call("recommend", "--posterior", "sad=1", "--steps", 5)

    assert outcome.exit_code == 2
    assert "--steps needs --journey-to" in outcome.err


@pytest.mark.parametrize(
    ("text", "years"),
    [("1994", (1994, 1994)), ("1990-1999", (1990, 1999)), ("1990-", (1990, None)), ("-1999", (None, 1999))],
)
def test_years_are_one_or_a_span(text, years):
    assert parse_years(text) == years


@pytest.mark.parametrize("text", ["soon", "-", "1999-1990", "19-94-95"])
def test_other_years_are_refused(text):
    with pytest.raises(click.BadParameter, match="expected"):
        parse_years(text)
