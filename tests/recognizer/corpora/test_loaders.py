from __future__ import annotations

import gzip
from collections import Counter

import pytest

from recognizer.corpora import cremad, emospeech, iemocap, load_corpus, manifest, meld, nemo, ravdess
from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.utterance import share_votes
from recognizer.errors import CorpusError
from tests.recognizer.corpora import layouts


def by_id(utterances):
    return {utterance.utterance_id: utterance for utterance in utterances}


def test_ravdess_reads_everything_from_the_name(tmp_path):
    utterances = by_id(ravdess.load(layouts.build_ravdess(tmp_path)))

    happy = utterances["03-01-03-01-01-01-02"]
    assert (happy.label, happy.speaker_id, happy.sex, happy.statement) == ("happy", "02", "female", "kids")
    assert utterances["03-01-02-01-01-01-01"].label == "neutral"
    assert len(utterances) == 10


def test_ravdess_takes_a_flat_folder_and_passes_over_songs(tmp_path):
    layouts.write_wav(tmp_path / "03-01-05-02-02-02-24.wav")
    layouts.write_wav(tmp_path / "03-02-05-02-02-02-24.wav")
    layouts.write_lines(tmp_path / "read.me", "Thank you")

    assert [utterance.utterance_id for utterance in ravdess.load(tmp_path)] == ["03-01-05-02-02-02-24"]


@pytest.mark.parametrize("stem", ["03-01-09-01-01-01-01", "03-01-05-01-01-01-25", "03-01-05-01-01-01-00", "angry"])
def test_ravdess_refuses_a_name_outside_its_scheme(stem, tmp_path):
    layouts.write_wav(tmp_path / f"{stem}.wav")

    with pytest.raises(CorpusFileError, match=f"{stem}.*seven numbers"):
        ravdess.load(tmp_path)


def test_ravdess_refuses_a_clip_that_lies_there_twice(tmp_path):
    layouts.build_ravdess(tmp_path)
    layouts.write_wav(tmp_path / "03-01-03-01-01-01-02.wav")

    with pytest.raises(CorpusError, match="share the identifier '03-01-03-01-01-01-02'"):
        ravdess.load(tmp_path)


def test_cremad_gives_intended_labels_and_the_voice_votes(tmp_path):
    utterances = by_id(cremad.load(layouts.build_cremad(tmp_path)))

    angry = utterances["1001_DFA_ANG_XX"]
    assert (angry.label, angry.speaker_id, angry.sex, angry.statement) == ("angry", "1001", "male", "DFA")
    assert angry.soft_label == {"happy": 0.0, "sad": 0.0, "angry": 0.75, "neutral": 0.25}
    assert "1076_MTI_SAD_XX" not in utterances
    assert "1002_TIE_FEA_XX" not in utterances


def test_cremad_perceived_labels_are_the_plurality_and_ties_are_left_out(tmp_path):
    utterances = cremad.load(layouts.build_cremad(tmp_path), labels="perceived")

    assert {utterance.utterance_id: utterance.label for utterance in utterances} == {
        "1001_DFA_ANG_XX": "angry",
        "1001_IEO_HAP_LO": "neutral",
        "1002_TIE_FEA_XX": "neutral",
        "1002_TIE_NEU_XX": "neutral",
    }


def test_cremad_counts_single_responses_of_voice_queries(tmp_path):
    folder = layouts.build_cremad(tmp_path)
    (folder / "processedResults" / "tabulatedVotes.csv").unlink()
    rows = ["queryType,clipName,respEmo", "1,1001_DFA_ANG_XX,A", "1,1001_DFA_ANG_XX,N", "2,1001_DFA_ANG_XX,H"]
    (folder / "finishedResponses.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))

    votes = cremad.find_votes(folder)

    assert votes == {"1001_DFA_ANG_XX": Counter({"A": 1, "N": 1})}


def test_cremad_without_votes_has_no_soft_and_no_perceived_labels(tmp_path):
    folder = layouts.build_cremad(tmp_path)
    (folder / "processedResults" / "tabulatedVotes.csv").unlink()

    assert {utterance.soft_label for utterance in cremad.load(folder)} == {None}
    with pytest.raises(CorpusFileError, match="perceived labels need the crowd's votes"):
        cremad.load(folder, labels="perceived")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("VideoDemographics.csv", '"Male"', '"Other"', "line 2: expected Female or Male, came 'Other'"),
        ("VideoDemographics.csv", "1001,", "1003,", "actor '1001' is not in VideoDemographics.csv"),
        ("processedResults/tabulatedVotes.csv", '"100002",0', '"100002",x', "line 3: expected counts of votes"),
        ("processedResults/tabulatedVotes.csv", '"fileName"', '"file"', r"\['fileName'\] are not in"),
    ],
)
def test_cremad_names_the_broken_line_of_a_table(file, old, new, message, tmp_path):
    table = layouts.build_cremad(tmp_path) / file
    table.write_text(table.read_text().replace(old, new))

    with pytest.raises(CorpusFileError, match=message):
        cremad.load(tmp_path)


def test_cremad_names_a_vote_it_does_not_know(tmp_path):
    folder = layouts.build_cremad(tmp_path)
    (folder / "processedResults" / "tabulatedVotes.csv").unlink()
    layouts.write_lines(folder / "finishedResponses.csv", "queryType,clipName,respEmo", "1,1001_DFA_ANG_XX,X")

    with pytest.raises(CorpusFileError, match=r"line 2: expected a vote of .*, came 'X'"):
        cremad.load(folder)


def test_cremad_refuses_a_name_outside_its_scheme(tmp_path):
    layouts.write_wav(layouts.build_cremad(tmp_path) / "AudioWAV" / "1001-DFA.wav")

    with pytest.raises(CorpusFileError, match=r"1001-DFA.wav.*expected a name such as 1001_DFA_ANG_XX"):
        cremad.load(tmp_path)


def test_a_plurality_needs_votes():
    assert cremad.find_plurality({}) is None
    assert cremad.find_plurality(dict.fromkeys(cremad.VOTES, 0)) is None
    assert cremad.find_plurality({"D": 5, "H": 3}) is None


def test_meld_keeps_parts_apart_and_takes_the_published_video(tmp_path):
    utterances = by_id(meld.load(layouts.build_meld(tmp_path)))

    assert {name: utterance.label for name, utterance in utterances.items()} == {
        "test/dia0_utt0": "happy",
        "test/dia0_utt1": "angry",
        "train/dia0_utt0": "sad",
        "train/dia0_utt2": "neutral",
    }
    assert utterances["test/dia0_utt1"].path.suffix == ".mp4"
    assert [utterances[name].sex for name in ("train/dia0_utt0", "train/dia0_utt2")] == ["female", None]


def test_meld_names_an_emotion_it_does_not_know(tmp_path):
    table = layouts.build_meld(tmp_path) / "train_sent_emo.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("surprise", "bored"), encoding="utf-8")

    with pytest.raises(CorpusFileError, match="line 3: unknown emotion 'bored'"):
        meld.load(tmp_path)


def test_meld_names_the_folder_of_clips_that_a_table_speaks_of(tmp_path):
    layouts.build_meld(tmp_path)
    (tmp_path / "train_splits").rename(tmp_path / "elsewhere")

    with pytest.raises(CorpusFileError, match="train_splits"):
        meld.load(tmp_path)


def test_iemocap_names_speakers_by_session_and_sex_of_the_turn(tmp_path):
    utterances = by_id(iemocap.load(layouts.build_iemocap(tmp_path)))

    spoken = utterances["Ses01F_impro01_M001"]
    assert (spoken.speaker_id, spoken.sex, spoken.label) == ("Ses01M", "male", "angry")
    assert spoken.soft_label == pytest.approx({"happy": 1 / 3, "sad": 0, "angry": 0, "neutral": 2 / 3})
    assert utterances["Ses01F_impro01_M000"].label == "happy"


def test_iemocap_can_leave_excited_turns_out(tmp_path):
    utterances = by_id(iemocap.load(layouts.build_iemocap(tmp_path), excited_is_happy=False))

    assert "Ses01F_impro01_M000" not in utterances
    assert utterances["Ses01F_impro01_F001"].soft_label == {"happy": 0.0, "sad": 0.0, "angry": 0.0, "neutral": 1.0}


def test_iemocap_names_a_line_it_cannot_read(tmp_path):
    table = layouts.build_iemocap(tmp_path) / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    table.write_text(table.read_text().replace("\tneu\t", "\tzzz\t"))

    with pytest.raises(CorpusFileError, match="line 3: expected times, a turn and a known emotion"):
        iemocap.load(tmp_path)


def test_iemocap_without_evaluations_says_so(tmp_path):
    (tmp_path / "Session1").mkdir()

    with pytest.raises(CorpusFileError, match="expected evaluations"):
        iemocap.load(tmp_path)


def test_nemo_reads_the_published_table(tmp_path):
    utterances = by_id(nemo.load(layouts.build_nemo(tmp_path)))

    angry = utterances["WR0_anger_1"]
    assert (angry.label, angry.speaker_id, angry.sex, angry.statement) == ("angry", "WR0", "male", "1")
    assert len(utterances) == 8


def test_nemo_prefers_the_table_beside_the_folder(tmp_path):
    layouts.build_nemo(tmp_path / "nemo")
    layouts.write_wav(tmp_path / "nemo" / "EB0_sadness_7.wav")
    rows = ("file,speaker,emotion,statement,duration_s", "nemo/EB0_sadness_7.wav,EB0,sad,7,1.5")
    layouts.write_lines(tmp_path / "nemo.csv", *rows)

    (utterance,) = nemo.load(tmp_path / "nemo")

    assert (utterance.utterance_id, utterance.label, utterance.sex) == ("EB0_sadness_7", "sad", "female")
    assert utterance.duration_s == 1.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tanger\t", "\trage\t", "line 2: unknown emotion 'rage'"),
        ("\tfemale\t", "\tf\t", "line 2: expected a gender"),
        ("\tEB0_happiness", "", "nothing"),
    ],
)
def test_nemo_names_the_broken_line(old, new, message, tmp_path):
    table = layouts.build_nemo(tmp_path) / "data.tsv"
    text = table.read_text(encoding="utf-8")
    if message == "nothing":
        text, message = "\n".join([*text.splitlines()[:2], "EB0_happiness_2.wav\thappiness"]), "line 3 ends before"
    table.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(CorpusFileError, match=message):
        nemo.load(tmp_path)


def test_emospeech_leaves_out_everybody_unknown(tmp_path):
    utterances = emospeech.load(layouts.build_emospeech(tmp_path))

    assert [(u.utterance_id.split("/")[0], u.statement, u.label, u.speaker_id) for u in utterances] == [
        ("House", "bacho", "angry", "c7b431195e28"),
        ("House", "help", "happy", "c7b431195e28"),
        ("Office", "bacho", "angry", "c7b431195e28"),
        ("Office", "stop", "neutral", "02dc401328f0"),
    ]


def test_emospeech_prefers_the_table_beside_the_folder(tmp_path):
    layouts.write_wav(tmp_path / "emo" / "x.wav")
    layouts.write_lines(tmp_path / "emo.csv", "file,speaker,emotion", "emo/x.wav,02dc401328f0,calm")

    (utterance,) = emospeech.load(tmp_path / "emo")

    assert (utterance.utterance_id, utterance.label, utterance.duration_s) == ("x", "neutral", None)


def test_emospeech_refuses_names_and_emotions_outside_its_scheme(tmp_path):
    layouts.write_wav(tmp_path / "a" / "House" / "hello.wav")
    layouts.write_wav(tmp_path / "b" / "House" / "no-safe-bored-1-abcdef.wav")

    with pytest.raises(CorpusFileError, match=r"hello.wav.*expected a name such as"):
        emospeech.load(tmp_path / "a")
    with pytest.raises(CorpusFileError, match="unknown emotion 'bored'"):
        emospeech.load(tmp_path / "b")


@pytest.mark.parametrize("text", ["long", "-1", "nan", "0"])
def test_a_duration_is_a_positive_number(text, tmp_path):
    layouts.write_wav(tmp_path / "emo" / "x.wav")
    layouts.write_lines(tmp_path / "emo.csv", "file,speaker,emotion,duration_s", f"emo/x.wav,ab,calm,{text}")

    with pytest.raises(CorpusFileError, match=f"duration in seconds, came '{text}'"):
        emospeech.load(tmp_path / "emo")


def test_manifest_takes_the_table_or_its_folder(tmp_path):
    folder = layouts.build_manifest(tmp_path)

    assert manifest.load(folder) == manifest.load(folder / "manifest.csv")
    assert [u.sex for u in manifest.load(folder)] == [None, "female"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",happy,", ",joyful,", "line 2: expected a label of .*, came 'joyful'"),
        (",female,", ",f,", "line 2: expected a sex of .*, came 'f'"),
        (",Ada,", ",,", "line 2: the column 'speaker' is empty"),
        ("speaker,", "who,", r"\['speaker'\] are not in"),
    ],
)
def test_manifest_names_the_broken_line(old, new, message, tmp_path):
    table = layouts.build_manifest(tmp_path) / "manifest.csv"
    table.write_text(table.read_text().replace(old, new))

    with pytest.raises(CorpusFileError, match=message):
        manifest.load(table)


def test_a_table_that_is_not_utf8_is_named(tmp_path):
    table = tmp_path / "manifest.csv"
    table.write_bytes("file,speaker,label\nclip.wav,Żaneta,happy\n".encode("cp1250"))

    with pytest.raises(CorpusFileError, match="expected a table in UTF-8"):
        manifest.load(table)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: packed[:15] + bytes(30) + packed[45:]])
def test_a_packed_table_that_is_damaged_is_named(damage, tmp_path):
    folder = layouts.build_cremad(tmp_path)
    table = folder / "processedResults" / "tabulatedVotes.csv"
    packed = gzip.compress(table.read_bytes(), mtime=0)
    table.unlink()
    table.with_suffix(".csv.gz").write_bytes(damage(packed))

    with pytest.raises(CorpusFileError, match=r"tabulatedVotes\.csv\.gz.*expected a table in UTF-8"):
        cremad.load(folder)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "n_speakers", "counts"),
    [
        ("ravdess", 24, {"happy": 192, "sad": 192, "angry": 192, "neutral": 288}),
        ("nemo", 9, {"happy": 749, "sad": 769, "angry": 749, "neutral": 809}),
        ("emospeech", 97, {"happy": 389, "angry": 459, "neutral": 749}),
    ],
)
def test_the_real_corpora_are_complete(name, n_speakers, counts, material_dir):
    utterances = load_corpus(name, material_dir / "data" / "speech" / name)

    assert Counter(utterance.label for utterance in utterances) == counts
    assert len({utterance.speaker_id for utterance in utterances}) == n_speakers


@pytest.mark.data
def test_the_real_votes_agree_with_what_is_known_of_them(material_dir):
    votes = cremad.find_votes(material_dir / "data" / "speech" / "crema_d_votes")

    n_votes = [counts.total() for counts in votes.values()]
    meant = {name: cremad.LABEL_BY_CODE.get(name.split("_")[2]) for name in votes}
    heard = {name: share_votes({cremad.LABEL_BY_VOTE.get(v): n for v, n in votes[name].items()}) for name in votes}
    agreement = [(heard[name] or {label: 0.0})[label] for name, label in meant.items() if label]
    pluralities = [label for counts in votes.values() if (label := cremad.find_plurality(counts))]
    assert len(votes) == 7442
    assert sum(n_votes) / len(n_votes) == pytest.approx(9.2, abs=0.05)
    assert sum(agreement) / len(agreement) == pytest.approx(0.539, abs=0.001)
    assert pluralities.count("neutral") / len(pluralities) == pytest.approx(0.695, abs=0.001)
