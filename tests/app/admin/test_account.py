from __future__ import annotations

import pytest

from tests.app.admin.admin_services import PASSWORD

CURATOR = "ann@example.org"
NEW = "a short walk up the hill"


def log_in(app, password=PASSWORD):
    client = app.test_client()
    answer = client.post("/admin/login", data={"email": CURATOR, "password": password})
    return client, answer.status_code


@pytest.fixture
def curator(app, services):
    services.accounts.create_account(CURATOR, PASSWORD, "curator")
    return log_in(app)[0]


def test_a_curator_changes_their_own_password_and_stays_logged_in(app, curator):
    elsewhere, _ = log_in(app)

    answer = curator.post("/admin/account/password", data={"old": PASSWORD, "new": NEW}, follow_redirects=True)

    assert "Your password is changed" in answer.text
    assert curator.get("/admin/tracks").status_code == 200
    assert elsewhere.get("/admin/tracks").status_code == 303
    assert (log_in(app)[1], log_in(app, NEW)[1]) == (401, 303)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"old": "not the one", "new": NEW}, "This is not the password you have."),
        ({"new": NEW}, "This is not the password you have."),
        ({"old": PASSWORD, "new": "short"}, "Expected a password of 12 to 256 characters, got 5."),
    ],
)
def test_a_password_that_cannot_be_changed_stays(app, curator, words, problem):
    answer = curator.post("/admin/account/password", data=words)

    assert answer.status_code == 422
    assert problem in answer.text
    assert log_in(app)[1] == 303


def test_a_stranger_is_asked_to_log_in(stranger):
    assert stranger.get("/admin/account").location.startswith("/admin/login")
    assert stranger.post("/admin/account/password", data={"old": PASSWORD, "new": NEW}).status_code == 303


def test_passwords_are_not_tried_out_through_an_open_session(curator):
    answers = [curator.post("/admin/account/password", data={"old": f"guess {n}", "new": NEW}) for n in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
