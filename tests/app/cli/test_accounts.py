from __future__ import annotations

import pytest
from click.testing import CliRunner

from app.bootstrap import build_services
from app.cli.main import emotitune
from app.settings import Settings

PASSWORD = "a horse of another color"

pytestmark = pytest.mark.usefixtures("sessions")


def check(email, password):
    return build_services(Settings.from_env()).accounts.check_password(email, password)


def test_an_administrator_is_created_and_may_log_in(call):
    outcome = call("admin", "create", "--email", "Me@Here.org", "--password", PASSWORD)

    assert (outcome.exit_code, outcome.out) == (0, "me@here.org may log in at /admin as administrator\n")
    assert check("me@here.org", PASSWORD).role == "administrator"


def test_a_curator_is_created_by_role(call):
    outcome = call("admin", "create", "--email", "ann@here.org", "--password", PASSWORD, "--role", "curator")
    refused = call("admin", "create", "--email", "bob@here.org", "--password", PASSWORD, "--role", "king")

    assert outcome.out == "ann@here.org may log in at /admin as curator\n"
    assert check("ann@here.org", PASSWORD).role == "curator"
    assert refused.exit_code == 2
    assert check("bob@here.org", PASSWORD) is None


def test_a_password_is_asked_for_twice_and_not_shown():
    result = CliRunner().invoke(emotitune, ["admin", "create"], input=f"me@here.org\n{PASSWORD}\n{PASSWORD}\n")

    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert check("me@here.org", PASSWORD) is not None


def test_an_address_has_one_account(call):
    call("admin", "create", "--email", "me@here.org", "--password", PASSWORD)

    outcome = call("admin", "create", "--email", "me@here.org", "--password", PASSWORD)

    assert outcome.exit_code == 1
    assert "there is an account for 'me@here.org' already" in outcome.err
    assert PASSWORD not in outcome.err


def test_a_password_can_be_changed(call):
    call("admin", "create", "--email", "me@here.org", "--password", PASSWORD)

    outcome = call("admin", "password", "--email", "me@here.org", "--password", PASSWORD[::-1])

    assert outcome.exit_code == 0
    assert check("me@here.org", PASSWORD) is None
    assert check("me@here.org", PASSWORD[::-1]) is not None
