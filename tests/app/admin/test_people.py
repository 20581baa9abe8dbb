from __future__ import annotations

import pytest

from app.factory import create_app
from tests.app.admin.admin_services import EMAIL, PASSWORD, close, make_admin_services

CURATOR = "ann@example.org"
ANOTHER_PASSWORD = "a short walk up the hill"


def log_in(app, email, password=PASSWORD):
    client = app.test_client()
    answer = client.post("/admin/login", data={"email": email, "password": password})
    assert answer.status_code == 303
    return client


@pytest.fixture
def curator(app, services):
    """A curator who is logged in."""
    services.accounts.create_account(CURATOR, PASSWORD, "curator")
    return log_in(app, CURATOR)


def find_id(services, email):
    return services.accounts.find_account_by_email(email).account_id


def test_curators_look_after_tracks_but_not_after_accounts(curator):
    paths = ("tracks", "import", "imports", "jobs", "index", "changes", "duplicates")

    statuses = {path: curator.get(f"/admin/{path}").status_code for path in paths}
    people = [curator.get("/admin/people"), curator.post("/admin/people"), curator.post("/admin/people/1/remove")]

    assert set(statuses.values()) == {200}, statuses
    assert [answer.status_code for answer in people] == [403, 403, 403]
    assert "only administrators look after accounts" in people[0].text.lower()
    assert "/admin/people" not in curator.get("/admin/tracks").text


def test_an_administrator_makes_an_account_that_logs_in(client, app, services):
    data = {"email": "Bea@example.org", "password": PASSWORD, "role": "curator"}

    answer = client.post("/admin/people", data=data, follow_redirects=True)

    assert "bea@example.org may log in as curator." in answer.text
    assert log_in(app, "bea@example.org").get("/admin/tracks").status_code == 200
    assert [account.role for account in services.accounts.list_accounts()] == ["curator", "administrator"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"email": "nobody"}, "Expected an e-mail address"),
        ({"password": "short"}, "Expected a password of 12 to 256 characters"),
        ({"email": EMAIL}, "There is an account for"),
        ({"role": "king"}, "Expected a role among curator, administrator"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused_in_words(client, services, changes, problem):
    data = {"email": "bea@example.org", "password": PASSWORD, "role": "curator", **changes}

    answer = client.post("/admin/people", data=data)

    assert answer.status_code == 422
    assert problem in answer.text
    assert services.accounts.count_accounts() == 1


@pytest.mark.parametrize(
    ("change", "data"),
    [("role", {"role": "administrator"}), ("password", {"password": ANOTHER_PASSWORD}), ("remove", {})],
)
def test_a_change_of_an_account_ends_its_open_sessions(client, curator, services, change, data):
    answer = client.post(f"/admin/people/{find_id(services, CURATOR)}/{change}", data=data)

    assert answer.status_code == 303
    assert curator.get("/admin/tracks").location.startswith("/admin/login")
    assert client.get("/admin/people").status_code == 200


def test_ones_own_new_password_ends_only_the_other_sessions(app, client):
    elsewhere = log_in(app, EMAIL)

    client.post("/admin/people/1/password", data={"password": ANOTHER_PASSWORD})

    assert client.get("/admin/people").status_code == 200
    assert elsewhere.get("/admin/people").status_code == 303
    assert log_in(app, EMAIL, ANOTHER_PASSWORD).get("/admin/people").status_code == 200


@pytest.mark.parametrize(("change", "data"), [("role", {"role": "curator"}), ("remove", {})])
def test_the_last_administrator_stays_one(client, services, change, data):
    answer = client.post(f"/admin/people/1/{change}", data=data)

    assert answer.status_code == 422
    assert "is the only administrator" in answer.text
    assert services.accounts.find_account(1).role == "administrator"


@pytest.mark.parametrize(
    ("n_proxies", "addresses", "expected"),
    [
        # Who reaches the server without a proxy may write what they like into the header.
        (0, [f"198.51.100.{i}" for i in range(12)], 429),
        (1, [f"198.51.100.{i}" for i in range(12)], 401),
        (1, [f"203.0.113.{i}, 198.51.100.7" for i in range(12)], 429),
        (2, [f"203.0.113.{i}, 198.51.100.7" for i in range(12)], 401),
    ],
)
def test_logins_are_counted_by_the_address_that_trusted_proxies_saw(tmp_path, migrated, n_proxies, addresses, expected):
    services = make_admin_services(tmp_path, migrated, trusted_proxies=n_proxies)
    app = create_app(services)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()

    answers = [
        client.post("/admin/login", data={"email": EMAIL}, headers={"X-Forwarded-For": address})
        for address in addresses
    ]

    assert answers[-1].status_code == expected
    close(services)
