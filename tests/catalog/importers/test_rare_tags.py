from __future__ import annotations

import mutagen
import pytest
from mutagen.id3 import RVA2, TPE2, TRCK, TXXX, UFID

from catalog.importers.folder import FolderImporter
from catalog.importers.tags import read_tags
from catalog.models import Track, TrackTag
from tests.factories import make_database, write_music, write_tags

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


def _write_id3(path):
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(TPE2(encoding=3, text="Various"))
    file.tags.add(TRCK(encoding=3, text="3/12"))
    file.tags.add(TXXX(encoding=3, desc="REPLAYGAIN_TRACK_GAIN", text="-7.89 dB"))
    file.tags.add(UFID(owner="http://musicbrainz.org", data=MBID.encode()))
    file.save()


def _write_mp4(path):
    file = mutagen.File(path)
    file.tags["aART"], file.tags["trkn"] = ["Various"], [(3, 12)]
    file.tags["----:com.apple.iTunes:REPLAYGAIN_TRACK_GAIN"] = [b"-7.89 dB"]
    file.tags["----:com.apple.iTunes:MusicBrainz Track Id"] = [MBID.encode()]
    file.save()


def _write_vorbis(path):
    file = mutagen.File(path)
    file["albumartist"], file["tracknumber"] = ["Various"], ["3"]
    file["replaygain_track_gain"], file["musicbrainz_trackid"] = ["-7.89 dB"], [MBID.upper()]
    file.save()


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        (".mp3", _write_id3),
        (".wav", _write_id3),
        (".m4a", _write_mp4),
        (".flac", _write_vorbis),
        (".ogg", _write_vorbis),
        (".opus", _write_vorbis),
    ],
)
def test_gain_id_number_and_album_artist_are_read_from_every_format(tmp_path, suffix, write):
    path = write_music(tmp_path / f"x{suffix}", title="Vibe Ace")
    write(path)

    tags = read_tags(path)

    assert (tags.title, tags.album_artist, tags.track_number) == ("Vibe Ace", "Various", 3)
    assert (tags.replaygain_db, tags.musicbrainz_id) == (-7.89, MBID)


def test_a_gain_for_opus_is_told_against_replaygains_loudness(tmp_path):
    path = write_music(tmp_path / "x.opus", title="x")
    file = mutagen.File(path)
    file["r128_track_gain"] = ["-512"]
    file.save()

    assert read_tags(path).replaygain_db == 3.0


def test_a_gain_may_stand_in_a_frame_of_its_own(tmp_path):
    path = write_music(tmp_path / "x.mp3", title="x")
    file = mutagen.File(path)
    file.tags.add(RVA2(desc="track", channel=1, gain=-3.5, peak=0.9))
    file.save()

    assert read_tags(path).replaygain_db == -3.5


@pytest.mark.parametrize("gain", ["loud", "-900 dB", "", "nan"])
def test_nonsense_in_rare_tags_says_nothing(tmp_path, gain):
    path = write_music(tmp_path / "x.ogg", title="x")
    file = mutagen.File(path)
    file["replaygain_track_gain"], file["tracknumber"], file["musicbrainz_trackid"] = [gain], ["A1"], ["no id"]
    file.save()

    tags = read_tags(path)

    assert (tags.replaygain_db, tags.track_number, tags.musicbrainz_id) == (None, None, None)


def test_what_files_say_reaches_the_catalog_and_scripts_stay_text(tmp_path):
    sessions = make_database(tmp_path)
    script = "<script>alert(1)</script>"
    _write_vorbis(write_music(tmp_path / "music" / "x.flac", title=script, artist="{{7*7}}", genre="Funk / Soul; JAZZ"))

    FolderImporter(sessions).apply(tmp_path / "music")

    with sessions() as session:
        track = session.query(Track).one()
        tags = {(tag.kind, tag.name) for tag in session.query(TrackTag)}
        assert (track.title, track.artist.name) == (script, "{{7*7}}")
        assert (track.album_artist, track.track_number, track.musicbrainz_id) == ("Various", 3, MBID)
        assert track.replaygain_db == -7.89
        assert tags == {("genre", "funk / soul"), ("genre", "jazz")}


def test_new_genres_replace_old_ones_and_other_tags_stay(tmp_path):
    sessions = make_database(tmp_path)
    path = write_music(tmp_path / "music" / "x.flac", title="x", genre="Jazz")
    FolderImporter(sessions).apply(tmp_path / "music")
    with sessions.begin() as session:
        session.add(TrackTag(track_id=session.query(Track).one().id, kind="mood", name="calm"))

    write_tags(path, genre="Blues", title="longer than before")
    FolderImporter(sessions).apply(tmp_path / "music")

    with sessions() as session:
        assert {(tag.kind, tag.name) for tag in session.query(TrackTag)} == {("genre", "blues"), ("mood", "calm")}
