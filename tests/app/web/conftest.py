"""An application over made-up services, and a client that passes the form tokens."""

from __future__ import annotations

import pytest

from app.factory import create_app
from tests.app.web.page_services import make_services

HTMX = {"HX-Request": "true"}


@pytest.fixture
def services(tmp_path):
    services = make_services(tmp_path)
    yield services
    services.engine.dispose()


@pytest.fixture
def app(services):
    app = create_app(services)
    # Its own tests switch it on again.
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def client(app):
    return app.test_client()
