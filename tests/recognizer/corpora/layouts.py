"""Small made-up corpora in their published layouts."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAMPLE_RATE = 16_000


def write_wav(path: Path, waveform: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.zeros(160) if waveform is None else waveform
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_lines(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def build_ravdess(root: Path) -> Path:
    for actor in ("01", "02"):
        for emotion in range(1, 9):
            write_wav(root / f"Actor_{actor}" / f"03-01-{emotion:02}-01-01-01-{actor}.wav")
    return root


def build_cremad(root: Path) -> Path:
    for name in ("1001_DFA_ANG_XX", "1001_IEO_HAP_LO", "1002_IEO_SAD_HI", "1002_TIE_NEU_XX", "1002_TIE_FEA_XX"):
        write_wav(root / "AudioWAV" / f"{name}.wav")
    write_wav(root / "AudioWAV" / "1076_MTI_SAD_XX.wav")
    write_lines(
        root / "VideoDemographics.csv",
        '"ActorID","Age","Sex","Race","Ethnicity"',
        '1001,51,"Male","Caucasian","Not Hispanic"',
        '1002,21,"Female","Caucasian","Not Hispanic"',
        '1076,25,"Female","Caucasian","Not Hispanic"',
    )
    write_lines(
        root / "processedResults" / "tabulatedVotes.csv",
        '"","A","D","F","H","N","S","fileName","numResponses"',
        '"100001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10',
        '"100002",0,0,0,3,6,0,"1001_IEO_HAP_LO",9',
        '"100003",0,0,1,0,4,4,"1002_IEO_SAD_HI",9',
        '"100004",0,0,0,0,9,0,"1002_TIE_NEU_XX",9',
        '"100005",0,0,2,0,7,0,"1002_TIE_FEA_XX",9',
        '"200001",0,9,0,0,0,0,"1001_DFA_ANG_XX",9',
    )
    return root


def build_meld(root: Path) -> Path:
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
    tail = '4,7,"00:20:57,256","00:21:00,049"'
    write_lines(
        root / "train_sent_emo.csv",
        header,
        f'1,"Oh my God, has he lost it.",Phoebe,sadness,negative,0,0,{tail}',
        f"2,What?,Monica,surprise,negative,0,1,{tail}",
        f"3,Sure.,Mark,neutral,neutral,0,2,{tail}",
        f"4,Never published.,Joey,anger,negative,125,3,{tail}",
    )
    write_lines(
        root / "test_sent_emo.csv",
        header,
        f"1,Great!,Joey,joy,positive,0,0,{tail}",
        f"2,Go away!,Ross,anger,negative,0,1,{tail}",
    )
    write_wav(root / "train_splits" / "dia0_utt0.wav")
    write_wav(root / "train_splits" / "dia0_utt2.wav")
    write_wav(root / "output_repeated_splits_test" / "dia0_utt0.wav")
    (root / "output_repeated_splits_test" / "dia0_utt1.mp4").write_bytes(b"ftyp")
    return root


def build_iemocap(root: Path) -> Path:
    turns = {"F000": "neu", "F001": "hap", "M000": "exc", "M001": "ang", "M002": "sad", "M003": "xxx"}
    session, dialog = root / "Session1", "Ses01F_impro01"
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    for turn, code in turns.items():
        lines += [
            f"[6.2901 - 8.2357]\t{dialog}_{turn}\t{code}\t[2.5000, 2.5000, 2.5000]",
            "C-E2:\tNeutral;\t()",
            "C-E3:\tNeutral; Excited;\t()",
            "C-E4:\tFrustration;\t()",
            "C-F1:\tSadness;\t()",
            "A-E3:\tval 3; act 2; dom  2;\t()",
            "",
        ]
        write_wav(session / "sentences" / "wav" / dialog / f"{dialog}_{turn}.wav")
    write_lines(session / "dialog" / "EmoEvaluation" / f"{dialog}.txt", *lines)
    return root


def build_nemo(root: Path) -> Path:
    header = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage"
    rows = []
    emotions = ("anger", "happiness", "sadness", "neutral", "fear", "surprised")
    for speaker, sex in (("EB0", "female"), ("WR0", "male")):
        for number, emotion in enumerate(emotions, start=1):
            name = f"{speaker}_{emotion}_{number}.wav"
            rows.append(f"{name}\t{emotion}\tŻołwica „to”.\tżołwica to\t        {speaker}\t{sex}\t23")
            write_wav(root / "samples" / name)
    write_lines(root / "data.tsv", header, *rows)
    return root


def build_emospeech(root: Path) -> Path:
    known, unknown = "c7b431195e2871a0c0b08252", "d14a028c2a3a2bc9476102bb"
    for place, name in (
        ("House", f"bacho-safe-angry-1562996360436-{known}"),
        ("House", f"help-glass break-happy-??-{known}"),
        ("Office", f"bacho-safe-angry-1562996360436-{known}"),
        ("Office", "stop-safe-calm-1563001087773-02dc401328f05cc34f5273dc"),
        ("Office", f"stop-safe-fearful-1563001087774-{known}"),
        ("Office", f"go-safe-happy-1563001087775-{unknown}"),
        ("Office", f"background-safe-None-20190701193438-{unknown}"),
    ):
        write_wav(root / place / f"{name}.wav")
    return root


def build_manifest(root: Path) -> Path:
    write_wav(root / "clips" / "b.wav")
    write_wav(root / "clips" / "a.wav")
    write_lines(
        root / "manifest.csv",
        "file,speaker,label,sex,duration_s",
        "clips/b.wav,Ada,happy,female,0.01",
        "clips/a.wav,Ben,sad,,",
    )
    return root


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "ravdess": build_ravdess,
    "cremad": build_cremad,
    "meld": build_meld,
    "iemocap": build_iemocap,
    "nemo": build_nemo,
    "emospeech": build_emospeech,
    "manifest": build_manifest,
}
