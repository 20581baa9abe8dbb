"""The admin page over real services, and clients that are logged in or not."""

from __future__ import annotations

import pytest

from app.factory import create_app
from catalog.schema import upgrade
from tests.app.admin.admin_services import EMAIL, PASSWORD, close, make_admin_services

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty migrated database, made once and copied for each test."""
    path = tmp_path_factory.mktemp("migrated") / "catalog.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def services(tmp_path, migrated):
    services = make_admin_services(tmp_path, migrated)
    yield services
    close(services)


@pytest.fixture
def app(services):
    app = create_app(services)
    # Its own test switches it on again.
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def stranger(app):
    return app.test_client()


@pytest.fixture
def client(app):
    """An administrator who is logged in."""
    client = app.test_client()
    client.post("/admin/login", data={"email": EMAIL, "password": PASSWORD})
    return client
