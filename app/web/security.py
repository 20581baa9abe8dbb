"""Headers, form tokens, rate limits and the secret key: what keeps the page and its listeners safe."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from flask.typing import ResponseReturnValue

    from app.settings import Settings

SECRET_FILE: Final = "secret_key"  # noqa: S105 - a file name
UPLOAD_LIMIT: Final = "20 per minute"
# More than a hand can press; each one costs a small fit.
REACTION_LIMIT: Final = "120 per minute"
# Each one makes a row.
CONSENT_LIMIT: Final = "20 per minute"

CONTENT_SECURITY_POLICY: Final = {
    "default-src": "'self'",
    "base-uri": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    # Recordings are played back from memory; tracks of the catalog may be streamed from where they live.
    "media-src": "'self' blob: https:",
    "object-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
}


def protect(app: Flask, settings: Settings) -> None:
    """Set secret key, cookies, headers and form tokens of an application."""
    app.config.update(
        SECRET_KEY=load_secret_key(settings.data_dir),
        SESSION_COOKIE_SAMESITE="Lax",
        # The token lasts as long as the session: a page may stay open all day.
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
    )
    CSRFProtect(app)
    Talisman(
        app,
        force_https=False,
        strict_transport_security=settings.secure_cookies,
        session_cookie_secure=settings.secure_cookies,
        content_security_policy=CONTENT_SECURITY_POLICY,
        content_security_policy_nonce_in=["script-src", "style-src"],
        permissions_policy={"microphone": "(self)", "camera": "()", "geolocation": "()"},
        frame_options="DENY",
        referrer_policy="same-origin",
    )


def limit_calls(app: Flask, limit_by_endpoint: Mapping[str, str]) -> None:
    """Limit how often one address may call these endpoints; counted in each server process."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    for endpoint, limit in limit_by_endpoint.items():
        view = cast("Callable[..., ResponseReturnValue]", app.view_functions[endpoint])
        app.view_functions[endpoint] = limiter.limit(limit)(view)


def load_secret_key(data_dir: Path) -> str:
    """Return the key that signs cookies, made at the first call and readable by its owner alone.

    Several processes may start at once: whoever links the file first decides, the others read what it wrote.
    """
    path = data_dir / SECRET_FILE
    if not path.is_file():
        data_dir.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=data_dir, prefix=f"{SECRET_FILE}.")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
            _link_unless_there(Path(made), path)
        finally:
            Path(made).unlink()
    return path.read_text(encoding="ascii")


def _link_unless_there(made: Path, path: Path) -> None:
    try:
        os.link(made, path)
    except FileExistsError:
        return
