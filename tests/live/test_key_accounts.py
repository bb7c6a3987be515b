"""Whose account it is that `owui-keygate keys create` gives a key, and what the command says."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.people import PASSWORD
from tests.support.generations import RELEASE
from tests.support.keys import KEEPS_TIMES, Place
from tests.support.terminal import at_a_terminal

if TYPE_CHECKING:
    from harness.people import Person

ENDS_SESSIONS = RELEASE >= (0, 12, 0)
FOR_ADMINISTRATORS = "/api/v1/auths/admin/config"
_NUMBERS = itertools.count()


def stranger(place: Place, role: str = "user") -> Person:
    """Somebody who has signed up with the address that a bot is to have."""
    with closing(place.server.client()) as client:
        return people.add_person(client, place.first, f"stranger-{next(_NUMBERS)}", role)


def session_opens(place: Place, person: Person) -> int:
    with closing(place.server.client()) as client:
        return client.request("GET", FOR_ADMINISTRATORS, bearer(person.session)).status


def password_opens(place: Place, person: Person) -> bool:
    form = {"email": person.email, "password": PASSWORD}
    with closing(place.server.client()) as client:
        return client.request("POST", "/api/v1/auths/signin", {}, form).status == 200


def test_a_promotion_says_whom_else_it_promotes(sqlite: Place) -> None:
    person = stranger(sqlite)
    asked = sqlite.keys("create", person.email, "--promote")
    assert asked.returncode == 1
    assert "anyone who knows its password or has one of its sessions" in asked.stderr
    assert "--reset-password" in asked.stderr
    made = sqlite.keys("create", person.email, "--promote", "--yes")
    assert f"Warning: the account {person.email} already existed" in made.stderr
    assert session_opens(sqlite, person) == 200, "the warning is true"
    assert password_opens(sqlite, person)


def test_a_reset_ends_the_password_and_the_sessions_where_it_can(place: Place) -> None:
    person = stranger(place)
    asked = place.keys("create", person.email, "--promote", "--reset-password")
    assert asked.returncode == 1
    assert f"the password{' and the sessions' * ENDS_SESSIONS} of" in asked.stderr
    assert password_opens(place, person)
    made = place.keys("create", person.email, "--promote", "--reset-password", "--yes")
    assert made.returncode == 0
    assert place.status(made.stdout.strip()) == 200
    assert not password_opens(place, person)
    assert session_opens(place, person) == (401 if ENDS_SESSIONS else 200)
    assert ("its sessions have ended" in made.stderr) == ENDS_SESSIONS
    assert ("cannot end sessions" in made.stderr) == (not ENDS_SESSIONS)


def test_an_administrators_account_keeps_its_password_unless_that_is_asked_for(
    sqlite: Place,
) -> None:
    person = stranger(sqlite, "admin")
    made = sqlite.keys("create", person.email)
    assert made.returncode == 0
    assert f"Warning: the account {person.email} already existed" in made.stderr
    assert password_opens(sqlite, person)
    assert sqlite.keys("revoke", person.email, "--yes").returncode == 0
    assert sqlite.keys("create", person.email, "--reset-password").returncode == 1
    assert password_opens(sqlite, person)
    assert sqlite.keys("create", person.email, "--reset-password", "--yes").returncode == 0
    assert not password_opens(sqlite, person)


def test_a_strangers_key_is_not_promoted(sqlite: Place) -> None:
    person = stranger(sqlite, "admin")
    key = sqlite.made("create", person.email)
    sqlite.execute(f"""UPDATE "user" SET role = 'user' WHERE email = '{person.email}'""")
    refused = sqlite.keys("create", person.email, "--promote", "--reset-password", "--yes")
    assert refused.returncode == 1
    assert f"owui-keygate keys revoke {person.email}" in refused.stderr
    assert sqlite.status(key) != 200


def test_a_new_account_has_no_warning(place: Place, email: str) -> None:
    made = place.keys("create", email, "--reset-password")
    assert (made.returncode, made.stderr) == (0, f"Created the account {email}\n")


@pytest.mark.parametrize(
    ("variable", "value", "who"),
    [
        ("ENABLE_LDAP", "true", "LDAP"),
        ("OAUTH_MERGE_ACCOUNTS_BY_EMAIL", "True", "an OAuth provider"),
        ("WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-User", "the trusted header"),
    ],
)
def test_who_else_enters_the_account(
    sqlite: Place, email: str, variable: str, value: str, who: str
) -> None:
    made = sqlite.keys("create", email, **{variable: value})
    assert made.returncode == 0
    assert f"Warning: {who} ({variable}" in made.stderr
    assert made.stderr.count("Warning: ") == 1


def test_what_an_administrator_has_switched_on_counts(place: Place, email: str) -> None:
    target = "/api/v1/auths/admin/config/ldap"
    form = {"enable_ldap": True}
    with closing(place.server.client()) as client:
        client.call("POST", target, place.first.session, form)
        try:
            made = place.keys("create", email)
        finally:
            client.call("POST", target, place.first.session, form | {"enable_ldap": False})
    assert "Warning: LDAP (ENABLE_LDAP" in made.stderr
    assert "Warning: " not in place.keys("create", f"second-{email}").stderr


def test_a_linked_account_is_entered_by_its_provider(sqlite: Place) -> None:
    person = stranger(sqlite, "admin")
    columns = [row[1] for row in sqlite.execute('PRAGMA table_info("user")')]
    link = """oauth = '{"oidc": {"sub": "1"}}'""" if "oauth" in columns else "oauth_sub = 'oidc@1'"
    sqlite.execute(f"""UPDATE "user" SET {link} WHERE email = '{person.email}'""")
    assert "is linked to an account at an OAuth provider" in (
        sqlite.keys("create", person.email).stderr
    )


@pytest.mark.skipif(not KEEPS_TIMES, reason="keys have no end before 0.6.41")
@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({}, False),
        ({"ADMIN_API_KEY_BYPASS_USERS": "BOT@example.org"}, False),
        ({"ADMIN_API_KEY_BYPASS_USERS": "somebody@example.org"}, True),
        ({"ENABLE_ADMIN_API_KEY_BYPASS": "false"}, True),
        ({"ADMIN_API_KEY_MAX_AGE": "nonsense"}, True),
        ({"OWUI_KEYGATE": "off"}, True),
    ],
)
def test_an_end_that_nothing_enforces(
    sqlite: Place, email: str, settings: dict[str, str], *, warned: bool
) -> None:
    address = {"ADMIN_API_KEY_BYPASS_USERS": settings.get("ADMIN_API_KEY_BYPASS_USERS", "")}
    named = {name: value.replace("BOT@example.org", email) for name, value in address.items()}
    settings = settings | {name: value for name, value in named.items() if value}
    made = sqlite.keys("create", email, "--expires", "90d", **settings)
    assert made.returncode == 0
    assert ("Warning: nothing enforces this expiry" in made.stderr) == warned
    rotated = sqlite.keys("rotate", email, "--yes", **settings)
    assert ("Warning: nothing enforces this expiry" in rotated.stderr) == warned
    assert sqlite.keys("revoke", email, "--yes").returncode == 0
    assert "Warning" not in sqlite.keys("create", email).stderr.replace("Warning: the acc", "")


def test_somebody_at_a_terminal_reads_the_consequence(sqlite: Place) -> None:
    person = stranger(sqlite)
    found = at_a_terminal(sqlite, "\n", "create", person.email, "--promote")
    assert (found.returncode, found.stdout) == (1, "")
    assert "anyone who knows its password or has one of its sessions" in found.stderr
