"""Recordings as people send them: what is taken, and what is refused with which sentence."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest

from recognizer.audio import SAMPLE_RATE, decode_clip
from recognizer.errors import UnreadableAudioError, UnusableClipError
from tests.signals import (
    RECORDING_FORMATS,
    encode,
    encode_video,
    encode_wav,
    encode_with_cover,
    make_hum,
    make_noise,
    make_speech,
    make_tone,
)

SPEECH = make_speech(2.0)


def decode(content, **options):
    return decode_clip(io.BytesIO(content), "note", **options)


@pytest.mark.parametrize("extension", RECORDING_FORMATS)
def test_every_format_gives_the_sound_that_went_in(extension):
    clip = decode(encode(SPEECH, extension))

    assert clip.waveform.dtype == np.float32
    assert clip.duration_s == pytest.approx(2.0, abs=0.1)
    # Lossy formats shift the sound by their own delay: find it, then compare.
    n_samples = min(len(clip.waveform), len(SPEECH))
    correlation = np.correlate(clip.waveform[1600:n_samples], SPEECH[3200 : n_samples - 3200], "valid").max()
    scale = np.linalg.norm(SPEECH[3200 : n_samples - 3200]) ** 2
    assert correlation / scale == pytest.approx(1.0, abs=0.1)
    assert clip.notes == ()


def test_a_file_is_taken_by_its_path(tmp_path):
    (tmp_path / "note.flac").write_bytes(encode(SPEECH, "flac"))

    assert decode_clip(tmp_path / "note.flac", "note.flac").duration_s == pytest.approx(2.0, abs=0.001)


def test_an_open_file_is_left_open():
    file = io.BytesIO(encode(SPEECH))

    decode_clip(file, "note")

    assert not file.closed


def test_a_recording_already_at_16_khz_is_not_changed():
    clip = decode(encode_wav(SPEECH, is_float=True))

    np.testing.assert_array_equal(clip.waveform, SPEECH)


def test_the_recording_of_a_browser_without_a_duration_is_taken():
    clip = decode(encode(SPEECH, "webm", options={"live": "1"}))

    assert clip.duration_s == pytest.approx(2.0, abs=0.1)


def test_cover_art_makes_no_video_of_a_recording():
    clip = decode(encode_with_cover(SPEECH))

    assert clip.duration_s == pytest.approx(2.0, abs=0.1)


def test_a_change_of_rate_and_channels_on_the_way_is_followed():
    clip = decode(encode(SPEECH, "mp3") + encode(SPEECH, "mp3", sample_rate=22_050, layout="stereo"))

    assert clip.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_high_sample_rates_keep_pitch_and_level(sample_rate):
    time_s = np.arange(sample_rate) / sample_rate
    swelling = 0.5 * np.sin(2 * np.pi * 1000 * time_s) * time_s

    clip = decode(encode_wav(swelling, sample_rate))

    spectrum = np.abs(np.fft.rfft(clip.waveform))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(clip.waveform) == pytest.approx(1000, abs=1)
    assert np.abs(clip.waveform).max() == pytest.approx(0.5, abs=0.01)
    assert clip.notes == ()


def test_telephone_bandwidth_is_taken_with_a_caution():
    clip = decode(encode(SPEECH, "wav", sample_rate=8000))

    assert clip.duration_s == pytest.approx(2.0, abs=0.01)
    (note,) = clip.notes
    assert note.startswith("Recorded at 8000 Hz, as over a telephone: nothing above 4000 Hz is in it")


@pytest.mark.parametrize("n_channels", [1, 2, 6, 8, 20])
def test_channels_are_mixed_to_their_mean(n_channels):
    gains = np.linspace(0, 1, n_channels)[:, np.newaxis] if n_channels > 1 else np.ones((1, 1))

    clip = decode(encode_wav(gains * SPEECH, is_float=True))

    np.testing.assert_allclose(clip.waveform, gains.mean() * SPEECH, atol=1e-6)


def test_samples_beyond_full_scale_are_cut_to_it():
    loud = SPEECH.copy()
    loud[1000] = 1.5

    assert decode(encode_wav(loud, is_float=True)).waveform.max() == 1.0


def test_the_limit_leaves_room_for_a_recorder_that_stops_a_little_late():
    assert decode(encode_wav(make_speech(2.3)), max_clip_s=2.0).duration_s == pytest.approx(2.3, abs=0.001)


def test_a_long_recording_is_refused_with_its_length():
    with pytest.raises(
        UnusableClipError, match=r"cannot use 'note': expected at most 60 s of sound, got 600\.0 s"
    ) as e:
        decode(encode_wav(np.zeros(600 * 8000), 8000))

    assert e.value.code == "too_long"


def test_of_a_long_recording_no_more_is_read_than_needed():
    class CountingFile(io.BytesIO):
        n_read = 0

        def read(self, size=-1):
            content = super().read(size)
            self.n_read += len(content)
            return content

    file = CountingFile(encode_wav(np.zeros(600 * 8000), 8000))

    with pytest.raises(UnusableClipError, match="expected at most 10 s"):
        decode_clip(file, "note", max_clip_s=10.0)

    assert file.n_read < 1_000_000 < len(file.getvalue())


def test_a_long_recording_that_states_no_length_is_refused_too():
    with pytest.raises(UnusableClipError, match="expected at most 1 s of sound, got more"):
        decode(encode(SPEECH, "webm", options={"live": "1"}), max_clip_s=1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a recording .WebM, MP4, Ogg, MP3, FLAC or WAV., got an empty file"),
        (b"Dear diary, today I felt fine.\n" * 100, "got content that is none of these or breaks off at once"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://192.0.2.1/a.ts\n", "got content that is none of these"),
        (bytes(10_000), "got content that is none of these"),
        (np.random.default_rng(0).bytes(10_000), "got content that is none of these"),
        (encode(SPEECH, "mp4")[:5000], "got content that is none of these or breaks off at once"),
        (encode_video(1.0, "mp4"), r"expected sound alone, got a video \(64 x 48\)"),
        (encode_video(1.0, "matroska"), r"expected sound alone, got a video \(64 x 48\)"),
        (encode_video(1.0, "avi"), r"expected sound alone, got a video \(64 x 48\)"),
        (
            encode(SPEECH, "webm").replace(b"\x83\x81\x02", b"\x83\x81\x11"),
            "expected a recording, got a file without a sound track",
        ),
        (
            encode(SPEECH, "webm").replace(b"A_OPUS", b"A_NONE"),
            "expected a recording in a common codec, got one that no",
        ),
    ],
    ids=[
        "empty",
        "text",
        "playlist",
        "zeros",
        "random",
        "head of MP4",
        "MP4 video",
        "Matroska video",
        "AVI video",
        "no sound",
        "unknown codec",
    ],
)
def test_what_is_no_recording_is_refused(content, message):
    with pytest.raises(UnreadableAudioError, match=message):
        decode(content)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableAudioError, match=r"cannot read 'a\.wav': expected a file, got: No such file"):
        decode_clip(tmp_path / "a.wav", "a.wav")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UnreadableAudioError, match="expected a file, got: Is a directory"):
        decode_clip(tmp_path, "folder")


@pytest.mark.parametrize("extension", ["webm", "mp3", "flac", "wav"])
def test_a_file_that_says_more_than_it_holds_is_refused(extension):
    content = encode(SPEECH, extension)

    with pytest.raises(
        UnreadableAudioError, match=r"expected 2\.0\d s of sound as the file says, got one cut off after 1"
    ):
        decode(content[: len(content) * 6 // 10])


@pytest.mark.parametrize("kept_share", [0.5, 0.8, 0.99])
def test_a_browser_recording_cut_within_a_block_is_refused(kept_share):
    content = encode(SPEECH, "webm", options={"live": "1"})

    with pytest.raises(
        UnreadableAudioError, match="expected a file that ends with a whole block, got one cut off after"
    ):
        decode(content[: int(kept_share * len(content))])


def test_a_fragmented_mp4_cut_within_a_fragment_is_refused():
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "200000"}
    content = encode(make_speech(4.0), "mp4", options=options)

    with pytest.raises(UnreadableAudioError, match="cut off after"):
        decode(content[: len(content) * 6 // 10])


def test_an_upload_shorter_than_the_recorder_ran_is_refused():
    content = encode(SPEECH, "webm", options={"live": "1"})

    with pytest.raises(
        UnreadableAudioError, match=r"expected 8\.00 s of sound as the recorder's clock says, got one cut"
    ):
        decode(content, expected_s=8.0)


def test_a_recorder_that_started_its_clock_early_is_believed():
    assert decode(encode(SPEECH, "webm"), expected_s=2.4).duration_s == pytest.approx(2.0, abs=0.1)


def test_damage_in_the_middle_is_refused():
    content = bytearray(encode(SPEECH, "flac"))
    content[len(content) // 4 :] = np.random.default_rng(0).bytes(len(content) - len(content) // 4)

    with pytest.raises(UnreadableAudioError, match="cannot read 'note': expected"):
        decode(bytes(content))


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_ends_in_anything_but_a_named_error(seed):
    rng = np.random.default_rng(seed)
    extension = list(RECORDING_FORMATS)[seed % len(RECORDING_FORMATS)]
    content = bytearray(encode(make_speech(0.8), extension))
    for at in rng.integers(len(content), size=20):
        content[at] = rng.integers(256)

    try:
        clip = decode(bytes(content))
    except (UnreadableAudioError, UnusableClipError) as error:
        assert "expected" in error.reason  # noqa: PT017 - either outcome is fine
    else:
        assert np.abs(clip.waveform).max() <= 1.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_samples_that_are_no_numbers_are_refused(value, sample_rate):
    channels = np.stack([make_speech(3.0), -make_speech(3.0)])
    channels[:, sample_rate] = value, -value

    with pytest.raises(UnusableClipError, match=r"got NaN or infinity at (1|0\.99)") as raised:
        decode(encode_wav(channels, sample_rate, is_float=True))

    assert raised.value.code == "not_finite"


@pytest.mark.parametrize(
    ("waveform", "code", "message"),
    [
        (make_speech(0.2), "too_short", r"expected at least 0\.5 s of sound, got 0\.20 s"),
        (np.zeros(0), "too_short", r"expected at least 0\.5 s of sound, got 0\.00 s"),
        (np.zeros(32_000), "too_quiet", "expected a voice of -60 dB or louder, got silence"),
        (make_speech(2.0, level=0.001), "too_quiet", "expected a voice of -60 dB or louder, got -6. dB"),
        (make_tone(2.0), "no_speech", "expected a voice, got a steady sound"),
        (make_hum(2.0), "no_speech", "expected a voice, got a steady sound"),
        (make_noise(2.0), "no_speech", "expected a voice, got a steady sound"),
        (np.clip(40 * SPEECH, -1, 1), "clipped", "expected at most 6% of the samples near the peak, got .*too loud"),
        (0.2 * np.clip(40 * SPEECH, -1, 1), "clipped", "its peaks are cut off"),
    ],
    ids=["short", "nothing", "silence", "quiet", "tone", "hum", "noise", "clipped", "clipped, then turned down"],
)
def test_what_cannot_be_heard_is_refused_with_its_reason(waveform, code, message):
    with pytest.raises(UnusableClipError, match=message) as raised:
        decode(encode_wav(waveform, is_float=True))

    assert raised.value.code == code


def test_clipping_of_a_few_samples_in_a_thousand_is_taken():
    limit = np.quantile(np.abs(SPEECH), 0.997)

    assert decode(encode_wav(np.clip(SPEECH, -limit, limit))).notes == ()


def test_clipping_that_can_be_heard_is_taken_with_a_caution():
    limit = np.quantile(np.abs(SPEECH), 0.96)

    (note,) = decode(encode_wav(np.clip(SPEECH, -limit, limit))).notes

    assert note.startswith("Recorded too loud")


def test_nothing_of_a_recording_is_logged_or_left_on_disk(caplog, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    caplog.set_level(logging.DEBUG)

    decode(encode(SPEECH, "webm"))
    with pytest.raises(UnreadableAudioError, match="cannot read"):
        decode(b"Dear diary")

    assert caplog.records == []
    assert list(tmp_path.iterdir()) == []
