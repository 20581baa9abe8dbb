"""Settings, frozen; the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "EMOTITUNE_"

Number = TypeVar("Number", int, float)

_BOOL_BY_WORD: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class SettingError(ValueError):
    """An environment variable holds what its setting cannot take."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a deployment may choose; each field is `EMOTITUNE_` and its name in capitals.

    Attributes:
        data_dir: the one folder that holds database, queue, index, demo library, pulled models and secret key.
        database_url: where the catalog lives; SQLite in `data_dir` unless given.
        queue_url: where long work waits: `redis://...` or `postgresql+psycopg://...` for workers on several machines; a
            file in `data_dir` unless given.
        recognizer: name of a bundle in `recognizer/pretrained` or of one that `emotitune models pull` made, or the path
            of a bundle folder.
        music_model: what hears the affect of music: `default`, or the name of a model that `emotitune train music`
            fitted.
        excerpt_s: how much of a track's middle is analyzed, in seconds.
        library_roots: folders that imports may read, besides the demo library; empty allows every folder that the
            server may read.
        material_dir: folder with speech and music for training and measuring; None where there is none.
        host: address to serve at.
        port: TCP port to serve at.
        max_clip_s: longest voice note, in seconds.
        max_upload_mb: largest upload, in MiB.
        n_threads: threads of one recognition.
        seed_demo: whether an empty catalog is filled with the demo library.
        secure_cookies: whether cookies are sent over HTTPS alone; set it behind a TLS proxy.
        trusted_proxies: how many proxies stand before this server, each of which notes whom it speaks for; attempts to
            log in and uploads are counted by the address that the outermost saw. 0 believes no such note.
    """

    data_dir: Path
    database_url: str
    queue_url: str = ""
    recognizer: str = "default"
    music_model: str = "default"
    excerpt_s: float = 60.0
    library_roots: tuple[Path, ...] = ()
    material_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    max_clip_s: float = 60.0
    max_upload_mb: int = 25
    n_threads: int = 1
    seed_demo: bool = True
    secure_cookies: bool = False
    trusted_proxies: int = 0

    @property
    def recognizer_models_dir(self) -> Path:
        """Where pulled recognizers lie, a bundle each."""
        return self.data_dir / "models"

    @property
    def music_models_dir(self) -> Path:
        """Where the fitted heads of plugged-in music models lie."""
        return self.data_dir / "music-models"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingError: a variable cannot be read as what it should be.
        """
        data_dir = _read_folder("DATA_DIR", env.get(PREFIX + "DATA_DIR") or "~/.local/share/emotitune")
        material_dir = env.get(PREFIX + "MATERIAL_DIR")
        roots = env.get(PREFIX + "LIBRARY_ROOTS", "").split(os.pathsep)
        return cls(
            data_dir=data_dir,
            database_url=env.get(PREFIX + "DATABASE_URL") or f"sqlite:///{data_dir / 'catalog.db'}",
            queue_url=env.get(PREFIX + "QUEUE_URL") or "",
            recognizer=env.get(PREFIX + "RECOGNIZER") or "default",
            music_model=env.get(PREFIX + "MUSIC_MODEL") or "default",
            excerpt_s=_read_number(env, "EXCERPT_S", 60.0, low=3.0, high=600.0),
            library_roots=tuple(_read_folder("LIBRARY_ROOTS", root) for root in roots if root),
            material_dir=_read_folder("MATERIAL_DIR", material_dir) if material_dir else None,
            host=env.get(PREFIX + "HOST") or "127.0.0.1",
            port=_read_number(env, "PORT", 8000, low=0, high=65_535),
            max_clip_s=_read_number(env, "MAX_CLIP_S", 60.0, low=1.0, high=600.0),
            max_upload_mb=_read_number(env, "MAX_UPLOAD_MB", 25, low=1, high=1024),
            n_threads=_read_number(env, "N_THREADS", 1, low=1, high=256),
            seed_demo=_read_bool(env, "SEED_DEMO", default=True),
            secure_cookies=_read_bool(env, "SECURE_COOKIES", default=False),
            trusted_proxies=_read_number(env, "TRUSTED_PROXIES", 0, low=0, high=10),
        )


def _read_number(env: Mapping[str, str], name: str, default: Number, *, low: Number, high: Number) -> Number:
    """Read a number of the kind the default is."""
    text = env.get(PREFIX + name)
    if not text:
        return default
    kind = "a whole number" if isinstance(default, int) else "a number"
    try:
        value = type(default)(text)
    except ValueError as error:
        raise SettingError(f"expected {PREFIX}{name} to be {kind}, got {text!r}") from error
    # Written so that nan is out of bounds.
    if not low <= value <= high:
        raise SettingError(f"expected {PREFIX}{name} to be {kind} within {low} to {high}, got {text!r}")
    return value


def _read_bool(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = env.get(PREFIX + name)
    if not text:
        return default
    if text.lower() not in _BOOL_BY_WORD:
        raise SettingError(f"expected {PREFIX}{name} to be one of {', '.join(_BOOL_BY_WORD)}, got {text!r}")
    return _BOOL_BY_WORD[text.lower()]


def _read_folder(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise SettingError(f"expected {PREFIX}{name} to be a folder, got {text!r}: {error}") from error
