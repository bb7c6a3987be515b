"""What an administrator does with a key while keys are off for everybody."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import TYPE_CHECKING

import pytest
from owui_keygate import __version__

from harness import people
from harness.client import bearer, cookie
from harness.environments import HOST_VERSION
from harness.server import SECRET_KEY
from tests.support.generations import GENERATION, READER, RELEASE
from tests.support.table import ALL_WAYS, NO_HEADER, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.client import Client
    from harness.people import Person
    from tests.support.world import Servers, World

SETTINGS = "/api/v1/users/user/settings"
KEY = "/api/v1/auths/api_key"
NOT_ALLOWED = {"detail": "Use of API key is not enabled in the environment."}
SIGN_IN = {"detail": "Sign in to manage your API key: a key cannot create, read or delete one."}
NO_CREATION = {"detail": "API key creation is not allowed in the environment."}
INVALID = {"detail": "Your session has expired or the token is invalid. Please sign in again."}
UNKNOWN = (403, NOT_ALLOWED) if GENERATION == "A" else (401, INVALID)
"""Generation A looks at its switch before it looks the key up."""

REASON = {
    "sqlite": "the database is a SQLite file",
    "postgres": "the database is PostgreSQL",
    "host": "there is no faster reader for postgresql",
}[READER]

METHODS = ["POST", "GET", "DELETE"] if GENERATION == "D" else ["POST"]
"""What the host's rules about keys forbid to do with one's own key."""

needs_expiry = pytest.mark.skipif(RELEASE < (0, 6, 41), reason="keys have no end before 0.6.41")


@pytest.fixture(autouse=True)
def keys_are_off(on: Client, world: World) -> None:
    people.set_rules(on, world.first, enabled=False)


@pytest.fixture
def colleague(on: Client, world: World) -> Iterator[Person]:
    """An administrator of this test alone, with a key."""
    made = people.add_person(on, world.first, f"colleague-{time.monotonic_ns()}", "admin")
    made.keys["valid"] = people.make_key(on, made)
    assert status(on, made.keys["valid"]) == 200
    yield made
    on.request("DELETE", f"/api/v1/users/{made.id}", bearer(world.first.session))


def status(client: Client, key: str) -> int:
    return client.request("GET", SETTINGS, bearer(key)).status


def test_users_are_listed_and_added(on: Client, world: World) -> None:
    key = world.admin.keys["valid"]
    form = {"name": "new", "email": "new@example.org", "password": "x" * 12, "role": "user"}
    added = on.call("POST", "/api/v1/auths/add", key, form)
    listed = on.call("GET", "/api/v1/users/?query=new@example.org", key)
    # It is a list, and the query means nothing, in the first releases.
    users = listed if isinstance(listed, list) else listed["users"]
    assert added["id"] in {user["id"] for user in users}
    assert on.call("DELETE", f"/api/v1/users/{added['id']}", key) is True


def test_the_configuration_is_read_and_saved(on: Client, world: World) -> None:
    key = world.admin.keys["valid"]
    target = "/api/v1/auths/admin/config"
    config = without_mfa(on.call("GET", target, key))
    other = not config["ENABLE_COMMUNITY_SHARING"]
    saved = on.call("POST", target, key, config | {"ENABLE_COMMUNITY_SHARING": other})
    assert saved["ENABLE_COMMUNITY_SHARING"] is other
    saved = on.call("POST", target, key, config)
    assert {name: saved[name] for name in config} == config


def without_mfa(config: dict[str, object]) -> dict[str, object]:
    """Leave out what the host (0.12) lets nobody set but a person who is signed in."""
    return {name: value for name, value in config.items() if "MFA" not in name}


def test_a_group_is_created_and_deleted(on: Client, world: World) -> None:
    key = world.admin.keys["valid"]
    form = {"name": "by key", "description": ""}
    group = on.call("POST", "/api/v1/groups/create", key, form)
    assert group["id"] in {each["id"] for each in on.call("GET", "/api/v1/groups/", key)}
    assert on.call("DELETE", f"/api/v1/groups/id/{group['id']}/delete", key) is True


@pytest.mark.parametrize("role", ["user", "pending"])
def test_demotion_holds_from_the_next_request_on(
    on: Client, world: World, colleague: Person, role: str
) -> None:
    people.set_role(on, world.first, colleague, role)
    answer = on.request("GET", SETTINGS, bearer(colleague.keys["valid"]))
    assert (answer.status, answer.json()) == (403, NOT_ALLOWED)
    people.set_role(on, world.first, colleague, "admin")
    assert status(on, colleague.keys["valid"]) == 200


def test_deletion_of_the_user_holds_from_the_next_request_on(
    on: Client, world: World, colleague: Person
) -> None:
    on.call("DELETE", f"/api/v1/users/{colleague.id}", world.first.session)
    answer = on.request("GET", SETTINGS, bearer(colleague.keys["valid"]))
    assert (answer.status, answer.json()) == UNKNOWN


def test_deletion_of_the_key_holds_from_the_next_request_on(on: Client, colleague: Person) -> None:
    people.delete_key(on, colleague)
    assert status(on, colleague.keys["valid"]) == UNKNOWN[0]


def test_replacement_of_the_key_holds_from_the_next_request_on(
    on: Client, colleague: Person
) -> None:
    new = people.make_key(on, colleague)
    assert status(on, colleague.keys["valid"]) == UNKNOWN[0]
    assert status(on, new) == 200


@needs_expiry
def test_an_expired_row_is_like_an_unknown_key(
    on: Client, servers: Servers, world: World, colleague: Person
) -> None:
    """The host (0.12.4) has the column `expires_at` and reads it nowhere."""
    key = colleague.keys["valid"]
    for expires_at, expected in ((1, 401), (int(time.time()) + 3600, 200), (None, 200)):
        set_expiry(world, servers, key, expires_at)
        answer = on.request("GET", SETTINGS, bearer(key))
        assert answer.status == expected
        if expected == 401:
            assert answer.json() == INVALID


@needs_expiry
@pytest.mark.parametrize("way", ALL_WAYS)
def test_an_expired_key_is_refused_whatever_way_it_comes(
    on: Client, servers: Servers, world: World, colleague: Person, way: str
) -> None:
    key = colleague.keys["valid"]
    set_expiry(world, servers, key, 1)
    for enabled in (False, True):
        people.set_rules(on, world.first, enabled=enabled)
        assert on.request("GET", SETTINGS, ALL_WAYS[way](key)).status in refusals(way), enabled
    set_expiry(world, servers, key, None)
    if way in NO_HEADER:
        assert on.request("GET", SETTINGS, ALL_WAYS[way](key)).status == 200


@needs_expiry
def test_the_end_of_a_key_means_nothing_where_the_bypass_does_not_rule(
    on: Client, servers: Servers, world: World
) -> None:
    key = world.permitted.keys["valid"]
    people.set_rules(on, world.first, enabled=True)
    set_expiry(world, servers, key, 1)
    assert status(on, key) == 200


def set_expiry(world: World, servers: Servers, key: str, expires_at: int | None) -> None:
    statement = "UPDATE api_key SET expires_at = ? WHERE key = ?"
    world.execute(servers.on, statement, expires_at, key)


def test_an_administrator_makes_reads_and_deletes_their_key(on: Client, colleague: Person) -> None:
    key = people.make_key(on, colleague)
    assert on.call("GET", KEY, colleague.session) == {"api_key": key}
    assert on.call("DELETE", KEY, colleague.session) is True
    assert on.request("GET", KEY, bearer(colleague.session)).status == 404


@pytest.mark.parametrize("method", METHODS)
def test_a_user_does_none_of_it(on: Client, world: World, method: str) -> None:
    for person in (world.permitted, world.plain):
        answer = on.request(method, KEY, bearer(person.session))
        assert (answer.status, answer.json()) == (403, NO_CREATION)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_key_manages_no_key_whatever_way_it_comes(
    on: Client,
    world: World,
    colleague: Person,
    method: str,
    enabled: bool,
) -> None:
    people.set_rules(on, world.first, enabled=enabled)
    key = colleague.keys["valid"]
    answer = on.request(method, KEY, bearer(key))
    assert (answer.status, answer.json()) == (403, SIGN_IN)
    for way, headers in ALL_WAYS.items():
        assert on.request(method, KEY, headers(key)).status in refusals(way)
    assert status(on, key) == 200


@pytest.mark.skipif(RELEASE < (0, 10, 0), reason="older hosts have no automations")
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_an_automation_with_a_session_of_its_own_manages_no_key(
    on: Client, colleague: Person, method: str
) -> None:
    """The host (0.12.4) gives its automations a session of whoever has made them."""
    session = bearer(of_an_automation(colleague.session))
    assert on.request("GET", SETTINGS, session).status == 200
    answer = on.request(method, KEY, session)
    assert (answer.status, answer.json()) == (403, SIGN_IN)


def of_an_automation(session: str) -> str:
    """Return a session token as the host makes it for an automation of somebody's."""
    header, payload, _ = session.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    signed = f"{header}.{encoded(json.dumps(claims | {'typ': 'automation'}).encode())}"
    return f"{signed}.{encoded(hmac.digest(SECRET_KEY.encode(), signed.encode(), 'sha256'))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("way", [bearer, cookie])
def test_with_keys_on_everybody_else_manages_keys_as_ever(
    on: Client, world: World, colleague: Person, way: Callable[[str], dict[str, str]]
) -> None:
    people.set_rules(on, world.first, enabled=True)
    session = way(colleague.session)
    key = on.request("POST", KEY, session).json()["api_key"]
    assert on.request("GET", KEY, session).json() == {"api_key": key}
    assert on.request("DELETE", KEY, session).json() is True
    of_a_user = world.permitted.keys["valid"]
    assert on.request("GET", KEY, way(of_a_user)).json() == {"api_key": of_a_user}


@pytest.mark.parametrize("method", METHODS)
def test_with_the_bypass_off_an_administrator_does_none_of_it(
    servers: Servers, world: World, method: str
) -> None:
    for server in (servers.stock, servers.off):
        client = server.client()
        people.set_rules(client, world.first, enabled=False)
        answer = client.request(method, KEY, bearer(world.admin.session))
        assert (answer.status, answer.json()) == (403, NO_CREATION)
        client.close()


def test_a_session_works_as_ever(servers: Servers, world: World) -> None:
    for server in servers:
        client = server.client()
        for who in (world.admin, world.plain):
            assert client.request("GET", SETTINGS, bearer(who.session)).status == 200
            assert client.request("GET", SETTINGS, cookie(who.session)).status == 200
        client.close()


def test_the_log_says_it_is_in_place_once_and_holds_no_secret(
    servers: Servers, world: World
) -> None:
    line = f"owui-keygate {__version__} is active on Open WebUI {HOST_VERSION}"
    line = f"{line} (generation {GENERATION}), reader "
    line += f"{READER} ({REASON})"
    assert servers.on.log.count(f"{line}, the bypass is on") == 1
    assert servers.off.log.count(f"{line}, the bypass is off") == 1
    for server in (servers.on, servers.off):
        assert not [secret for secret in world.secrets if secret in server.log]
        # Old hosts have errors of their own, such as 0.9.6 when two requests save something.
        errors = [line for line in server.log.splitlines() if "ERROR" in line]
        assert [line for line in errors if GENERATION == "D" or "owui_keygate" in line] == []
