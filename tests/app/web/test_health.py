from __future__ import annotations

from app.factory import create_app
from tests.app.web.page_services import Check, make_services


def test_a_living_server_says_so(client):
    assert client.get("/health").json == {"status": "ok"}


def test_a_server_that_can_do_its_job_is_ready(tmp_path):
    checks = [Check("recognizer", ok=True, message="default 1.0")]
    client = create_app(make_services(tmp_path, checks=checks)).test_client()

    response = client.get("/ready")

    assert response.status_code == 200
    assert response.json["ready"] is True


def test_a_server_that_misses_something_names_it(tmp_path):
    checks = [
        Check("recognizer", ok=True, message="default 1.0"),
        Check("index", ok=False, message="the index is being built"),
    ]
    client = create_app(make_services(tmp_path, checks=checks)).test_client()

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json["ready"] is False
    assert response.json["checks"][1] == {"name": "index", "ok": False, "message": "the index is being built"}
