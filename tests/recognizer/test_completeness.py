"""Signs of a cut-off file, byte by byte; whole recordings of every format are in test_audio."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from recognizer.completeness import ends_within_element, find_stated_duration_s
from tests.signals import encode, encode_wav, make_speech

LIVE_WEBM = encode(make_speech(1.0), "webm", options={"live": "1"})
OGG = encode(make_speech(2.5), "ogg")


def find_duration_s(content):
    file = io.BytesIO(content)
    with av.open(file) as container:
        return find_stated_duration_s(container, file)


def ends_within(content, format_name):
    return ends_within_element(io.BytesIO(content), format_name)


def replace_data_size(wav, size):
    at = wav.index(b"data") + 4
    return wav[:at] + size.to_bytes(4, "little") + wav[at + 4 :]


def test_wav_states_the_size_of_its_data():
    content = encode_wav(np.zeros((2, 12_000)), 8000)

    assert find_duration_s(content) == 1.5
    assert find_duration_s(content[:20_000]) == 1.5


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFF00])
def test_wav_written_into_a_pipe_states_nothing(size):
    assert find_duration_s(replace_data_size(encode_wav(np.zeros(8000), 8000), size)) is None


def test_wav_is_read_past_chunks_of_other_kinds():
    content = encode_wav(np.zeros(8000), 8000)
    other = b"JUNK" + (3).to_bytes(4, "little") + b"abc\0"

    assert find_duration_s(content[:36] + other + content[36:]) == 1.0


def test_wav_without_data_states_nothing():
    class Wav:
        format = type("Format", (), {"name": "wav"})

    assert find_stated_duration_s(Wav, io.BytesIO(encode_wav(np.zeros(8000))[:36])) is None


def test_mp3_states_its_length_in_the_tag_of_its_encoder():
    assert find_duration_s(encode(make_speech(1.0), "mp3")) == pytest.approx(1.0, abs=0.03)


def test_mp3_is_read_past_its_id3_tag():
    content = encode(make_speech(1.0), "mp3", options={"id3v2_version": "0"})
    tag = b"ID3\x04\0\0" + bytes([0, 0, 40, 0]) + bytes(40 * 128)

    assert content[:3] != b"ID3"
    assert find_duration_s(content) == pytest.approx(1.0, abs=0.03)
    assert find_duration_s(tag + content) == pytest.approx(1.0, abs=0.03)


def test_mp3_without_that_tag_states_nothing_whatever_ffmpeg_estimates():
    assert find_duration_s(encode(make_speech(1.0), "mp3", options={"write_xing": "0"})) is None


def test_a_recording_written_as_it_came_states_nothing():
    assert find_duration_s(LIVE_WEBM) is None


@pytest.mark.parametrize(("content", "name"), [(LIVE_WEBM, "matroska,webm"), (OGG, "ogg")])
def test_a_whole_file_ends_with_an_element(content, name):
    assert not ends_within(content, name)


@pytest.mark.parametrize(("content", "name"), [(LIVE_WEBM, "matroska,webm"), (OGG, "ogg")])
@pytest.mark.parametrize("n_missing", [1, 2, 100])
def test_a_missing_byte_is_noticed(content, name, n_missing):
    assert ends_within(content[:-n_missing], name)


def test_a_webm_cut_within_the_header_of_a_block_is_noticed():
    last_block = LIVE_WEBM.rindex(b"\xa3")

    assert ends_within(LIVE_WEBM[: last_block + 1], "matroska,webm")


def test_an_ogg_cut_within_the_header_of_a_page_is_noticed():
    last_page = OGG.rindex(b"OggS")

    assert ends_within(OGG[: last_page + 20], "ogg")
    assert ends_within(OGG[: last_page + 27], "ogg")


@pytest.mark.parametrize(("content", "name"), [(LIVE_WEBM, "matroska,webm"), (OGG, "ogg")])
def test_padding_behind_the_end_is_no_sign(content, name):
    assert not ends_within(content + bytes(1000), name)


def test_other_formats_show_no_sign():
    assert not ends_within(b"fLaC", "flac")
