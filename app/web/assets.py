"""Addresses of the bundled scripts and styles, changing with their content so that browsers may keep them for long."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, url_for

DIST_DIR = Path(__file__).parent / "static" / "dist"


class AssetUrls:
    """Build asset addresses; each file is hashed again only when it changes on disk."""

    def __init__(self, folder: Path = DIST_DIR) -> None:
        self._folder = folder
        self._version_by_file: dict[tuple[str, int], str] = {}

    def __call__(self, name: str) -> str:
        """Return the address of `name` within the folder of bundles."""
        return url_for("static", filename=f"dist/{name}", v=self._find_version(name))

    def is_built(self) -> bool:
        """Tell whether the bundles are there."""
        return all((self._folder / name).is_file() for name in ("app.js", "app.css"))

    def _find_version(self, name: str) -> str | None:
        path = self._folder / name
        if not path.is_file():
            return None
        key = (name, path.stat().st_mtime_ns)
        if key not in self._version_by_file:
            self._version_by_file[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        return self._version_by_file[key]


def register_assets(app: Flask) -> None:
    """Give templates `asset_url` and `assets_built`."""
    asset_url = AssetUrls()
    app.jinja_env.globals.update(asset_url=asset_url, assets_built=asset_url.is_built)
