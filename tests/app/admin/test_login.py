from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import delete

from app.admin.guard import LOGGED_IN_AT, MAX_SESSION_S
from catalog.models import Account
from tests.app.admin.admin_services import EMAIL, PASSWORD
from tests.app.admin.conftest import HTMX


def log_in(client, **changes):
    return client.post("/admin/login", data={"email": EMAIL, "password": PASSWORD, **changes})


def strip_tokens(html):
    return re.sub(r'(nonce|name="csrf_token" value)="[^"]+"', "", html)


def test_an_administrator_gets_in(stranger):
    answer = log_in(stranger)

    assert answer.status_code == 303
    assert answer.location == "/admin/tracks"
    assert stranger.get("/admin/tracks").status_code == 200


def test_an_unknown_address_and_a_wrong_password_are_told_alike(stranger):
    unknown = log_in(stranger, email="nobody@example.org")
    wrong = log_in(stranger, password="another long password")

    assert unknown.status_code == wrong.status_code == 401
    assert "Address and password do not belong together." in unknown.text
    assert strip_tokens(unknown.text).replace("nobody@example.org", EMAIL) == strip_tokens(wrong.text)
    assert stranger.get("/admin/tracks").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/admin/tracks", "/admin/tracks/1", "/admin/import", "/admin/jobs", "/admin/jobs/1", "/admin/index"],
)
def test_a_stranger_is_sent_to_the_login_and_back_again(stranger, path):
    answer = stranger.get(path)

    assert answer.status_code == 303
    assert answer.location.startswith("/admin/login?next=")


def fill_in(rule):
    """Make an address of a rule: the first of several words, 1 for whatever else."""
    return re.sub("<[^>]+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule))


def test_every_view_but_the_login_is_guarded(app, stranger):
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]
    closed = [rule for rule in rules if not rule.endpoint.startswith("admin.login.") or "out" in rule.endpoint]

    answers = {
        (rule.endpoint, method): stranger.open(fill_in(rule.rule), method=method)
        for rule in closed
        for method in rule.methods & {"GET", "POST"}
    }

    assert len(answers) >= 15
    unguarded = [key for key, answer in answers.items() if "/admin/login" not in (answer.location or "")]
    assert unguarded == []


def test_the_login_goes_on_to_where_one_wanted_to_go(stranger):
    shown = stranger.get("/admin/login?next=/admin/jobs?page%3D2")
    answer = log_in(stranger, next="/admin/jobs?page=2")

    assert 'value="/admin/jobs?page=2"' in shown.text
    assert answer.location == "/admin/jobs?page=2"


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com/admin/",
        "//example.com/admin/",
        "/\\example.com/admin/",
        "/admin/\t//example.com",
        "/admin/../../x",
        "/admin/logout",
        "javascript:alert(1)",
        "/",
        "http:///admin/x",
        "https://[",
    ],
)
def test_the_login_leads_nowhere_else(stranger, target):
    assert log_in(stranger, next=target).location == "/admin/tracks"


def test_an_expired_fragment_sends_the_whole_page_to_the_login(stranger):
    headers = {**HTMX, "HX-Current-URL": "http://localhost/admin/jobs/3"}

    answer = stranger.get("/admin/jobs/3", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/admin/login?next=/admin/jobs/3"


def test_nothing_of_the_session_before_the_login_is_left(stranger):
    with stranger.session_transaction() as session:
        session["planted"] = "by somebody else"

    log_in(stranger)

    with stranger.session_transaction() as session:
        assert "planted" not in session


def test_logging_out_ends_the_session(client):
    answer = client.post("/admin/logout")

    assert answer.location == "/admin/login"
    assert client.get("/admin/tracks").status_code == 303


def test_a_session_ends_after_a_day_of_work(client):
    with client.session_transaction() as session:
        session[LOGGED_IN_AT] = time.time() - MAX_SESSION_S - 1

    assert client.get("/admin/tracks").status_code == 303


def test_an_account_that_is_gone_is_logged_out_at_once(client, services):
    with services.sessions.begin() as session:
        session.execute(delete(Account))

    assert client.get("/admin/tracks").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(stranger):
    cookie = log_in(stranger).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_nobody_tries_passwords_quickly(stranger):
    answers = [log_in(stranger, password=f"a guess of some length {i}") for i in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert "Wait a minute, then try again." in answers[-1].text


def test_the_login_page_itself_is_never_slowed_down(stranger):
    assert {stranger.get("/admin/login").status_code for _ in range(15)} == {200}


def test_without_an_account_the_login_page_says_how_to_make_one(stranger, services):
    before = stranger.get("/admin/login").text
    with services.sessions.begin() as session:
        session.execute(delete(Account))

    assert "emotitune admin create" not in before
    assert "emotitune admin create" in stranger.get("/admin/login").text


def test_a_form_without_its_token_is_refused_in_words(app, client):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = client.post("/admin/jobs")

    assert answer.status_code == 400
    assert "This page is out of date" in answer.text
    assert "Log out" in answer.text


def test_no_page_is_kept_in_a_cache(client):
    assert client.get("/admin/tracks").headers["Cache-Control"] == "no-store"
