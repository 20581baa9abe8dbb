"""Settings, frozen; the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PREFIX = "EMOTITUNE_"

T = TypeVar("T")


class SettingError(ValueError):
    """An environment variable holds what its setting cannot take."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a deployment may choose; each field is `EMOTITUNE_` and its name in capitals.

    Attributes:
        data_dir: the one folder that holds database, queue, index, demo library and secret key.
        database_url: where the catalog lives; SQLite in `data_dir` unless given.
        recognizer: name of a bundle in `recognizer/pretrained`, or the path of a bundle folder.
        library_roots: folders that imports may read, besides the demo library; empty allows every folder the server may read.
        material_dir: folder with speech and music for training and measuring; None where there is none.
        host: address to serve at.
        port: TCP port to serve at.
        max_clip_s: longest voice note, in seconds.
        max_upload_mb: largest upload, in MiB.
        n_threads: threads of one recognition.
        seed_demo: whether an empty catalog is filled with the demo library.
        secure_cookies: whether cookies are sent over HTTPS alone; set it behind a TLS proxy.
    """

    data_dir: Path
    database_url: str
    recognizer: str = "default"
    library_roots: tuple[Path, ...] = ()
    material_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    max_clip_s: float = 60.0
    max_upload_mb: int = 25
    n_threads: int = 1
    seed_demo: bool = True
    secure_cookies: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingError: a variable cannot be read as what it should be.
        """
        data_dir = Path(env.get(PREFIX + "DATA_DIR") or "~/.local/share/emotitune").expanduser()
        material_dir = env.get(PREFIX + "MATERIAL_DIR")
        roots = env.get(PREFIX + "LIBRARY_ROOTS", "")
        return cls(
            data_dir=data_dir,
            database_url=env.get(PREFIX + "DATABASE_URL") or f"sqlite:///{data_dir / 'catalog.db'}",
            recognizer=env.get(PREFIX + "RECOGNIZER") or "default",
            library_roots=tuple(Path(root).expanduser() for root in roots.split(os.pathsep) if root),
            material_dir=Path(material_dir).expanduser() if material_dir else None,
            host=env.get(PREFIX + "HOST") or "127.0.0.1",
            port=_read(env, "PORT", int, 8000),
            max_clip_s=_read(env, "MAX_CLIP_S", float, 60.0),
            max_upload_mb=_read(env, "MAX_UPLOAD_MB", int, 25),
            n_threads=_read(env, "N_THREADS", int, 1),
            seed_demo=_read(env, "SEED_DEMO", _to_bool, default=True),
            secure_cookies=_read(env, "SECURE_COOKIES", _to_bool, default=False),
        )


def _read(env: Mapping[str, str], name: str, convert: Callable[[str], T], default: T) -> T:
    text = env.get(PREFIX + name)
    if not text:
        return default
    try:
        return convert(text)
    except ValueError as error:
        raise SettingError(f"{PREFIX}{name} must be a {type(default).__name__}, got {text!r}") from error


def _to_bool(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]
