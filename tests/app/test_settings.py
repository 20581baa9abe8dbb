from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from app.settings import SettingError, Settings


def test_nothing_needs_to_be_set():
    settings = Settings.from_env({})

    data_dir = Path("~/.local/share/emotitune").expanduser()
    assert settings == Settings(data_dir=data_dir, database_url=f"sqlite:///{data_dir}/catalog.db")


def test_an_empty_variable_is_one_not_set():
    names = [f"EMOTITUNE_{field.name.upper()}" for field in dataclasses.fields(Settings)]

    assert Settings.from_env(dict.fromkeys(names, "")) == Settings.from_env({})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data_dir", "/data", Path("/data")),
        ("data_dir", "~/data", Path.home() / "data"),
        ("database_url", "postgresql+psycopg://me@host/name", "postgresql+psycopg://me@host/name"),
        ("queue_url", "redis://host:6379/0", "redis://host:6379/0"),
        ("recognizer", "/models/mine", "/models/mine"),
        ("music_model", "clap:laion/larger_clap_music", "clap:laion/larger_clap_music"),
        ("excerpt_s", "30", 30.0),
        ("library_roots", f"/a{os.pathsep}~/b{os.pathsep}", (Path("/a"), Path.home() / "b")),
        ("material_dir", "~/speech", Path.home() / "speech"),
        ("host", "::1", "::1"),
        ("port", "0", 0),
        ("max_clip_s", "30.5", 30.5),
        ("max_upload_mb", "5", 5),
        ("n_threads", "2", 2),
        ("seed_demo", "No", False),
        ("secure_cookies", "1", True),
        ("trusted_proxies", "2", 2),
    ],
)
def test_each_field_is_read_from_its_variable(name, text, value):
    settings = Settings.from_env({f"EMOTITUNE_{name.upper()}": text})

    assert getattr(settings, name) == value
    assert settings != Settings.from_env({})


def test_every_field_can_be_set():
    tested = test_each_field_is_read_from_its_variable.pytestmark[0].args[1]

    assert {field.name for field in dataclasses.fields(Settings)} == {row[0] for row in tested}


def test_the_database_lies_in_the_data_folder_unless_it_has_an_address():
    assert Settings.from_env({"EMOTITUNE_DATA_DIR": "/data"}).database_url == "sqlite:////data/catalog.db"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PORT", "http", "a whole number"),
        ("PORT", "80.5", "a whole number"),
        ("PORT", "65536", "within 0 to 65535"),
        ("MAX_CLIP_S", "long", "a number"),
        ("MAX_CLIP_S", "nan", "within 1.0 to 600.0"),
        ("MAX_UPLOAD_MB", "-1", "within 1 to 1024"),
        ("N_THREADS", "0", "within 1 to 256"),
        ("SEED_DEMO", "maybe", "one of 1, true, yes, 0, false, no"),
        ("SECURE_COOKIES", "2", "one of 1, true, yes, 0, false, no"),
        ("DATA_DIR", "~nobody-of-this-name/data", "a folder"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_variable_expectation_and_value(variable, text, expected):
    with pytest.raises(SettingError, match=f"expected EMOTITUNE_{variable} to be .*{expected}.*got '{text}'"):
        Settings.from_env({f"EMOTITUNE_{variable}": text})


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError, match="port"):
        Settings.from_env({}).port = 1
