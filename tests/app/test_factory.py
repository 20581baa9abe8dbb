from __future__ import annotations

import dataclasses

import pytest

from app.factory import create_app
from tests.app.web.page_services import make_services


@pytest.fixture
def app(tmp_path):
    return create_app(make_services(tmp_path))


def test_the_page_may_use_the_microphone_and_nobody_else(app):
    response = app.test_client().get("/")

    assert "microphone=(self)" in response.headers["Permissions-Policy"]


def test_scripts_and_styles_come_from_the_server_or_bear_the_nonce(app):
    policy = app.test_client().get("/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'nonce-" in policy
    assert "style-src 'self' 'nonce-" in policy
    assert "unsafe" not in policy


def test_no_template_holds_an_inline_style_or_handler(app):
    html = app.test_client().get("/").text

    assert " style=" not in html
    assert " onclick=" not in html


def test_http_is_not_forced_to_https_unless_cookies_must_be_secure(tmp_path):
    services = make_services(tmp_path)
    plain = create_app(services).test_client().get("/")
    services.settings = dataclasses.replace(services.settings, secure_cookies=True)
    secure = create_app(services).test_client().get("/")

    assert plain.status_code == 200
    assert "Secure" not in plain.headers["Set-Cookie"]
    assert "Secure" in secure.headers["Set-Cookie"]


def test_an_upload_beyond_the_limit_is_refused_in_words(tmp_path):
    app = create_app(make_services(tmp_path, max_upload_mb=1))
    app.config["WTF_CSRF_ENABLED"] = False

    response = app.test_client().post(
        "/listenings", data=bytes(2_000_000), content_type="multipart/form-data; boundary=b"
    )

    assert response.status_code == 413
    assert "Expected at most 1 MB" in response.text
