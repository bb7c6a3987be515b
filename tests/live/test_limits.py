"""The limits of the bypass, alone and together, at their edges, and what is told about them."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from harness import people
from harness.client import Response, bearer, cookie
from harness.server import BYPASS_ON
from harness.waiting import wait_until
from tests.support.generations import RELEASE
from tests.support.proxied import INSIDE, serve
from tests.support.table import ALL_WAYS, NO_HEADER, refusals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client
    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

CONFIG = "/api/v1/auths/admin/config"
SETTINGS = "/api/v1/users/user/settings"
KEY = "/api/v1/auths/api_key"
UPDATE = f"{SETTINGS}/update"
STATUS = "/api/v1/keygate"
MAX_AGE = 3600
LIMITS = {
    "ADMIN_API_KEY_BYPASS_USERS": "Admin@Example.org",
    "ADMIN_API_KEY_ALLOWED_ENDPOINTS": f"GET {SETTINGS}, GET /api/v1/auths/admin, {STATUS}",
    "ADMIN_API_KEY_ALLOWED_NETWORKS": "10.20.0.0/16, 2001:db8::/32",
}
AGE = {"ADMIN_API_KEY_MAX_AGE": f"{MAX_AGE}s"}
KNOWS_AGE = RELEASE >= (0, 6, 41)
"""Before, keys were a column of their user, and nothing was known of them."""

SECONDS = 30


@pytest.fixture(scope="module")
def server(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with every limit, behind a proxy on this machine, which is believed."""
    folder = tmp_path_factory.mktemp("limits") / "limited"
    settings = BYPASS_ON | LIMITS | (AGE if KNOWS_AGE else {}) | {"OWUI_KEYGATE_AUDIT": "all"}
    settings |= {"ENV": "dev"}  # The host has an OpenAPI document only then.
    with serve(world, keygate, folder, settings) as started:
        yield started


@pytest.fixture
def client(server: Server, world: World) -> Iterator[Client]:
    with closing(server.client()) as made:
        people.set_rules(made, world.first, enabled=False)
        yield made


def get(client: Client, key: str, path: str = SETTINGS, source: str | None = INSIDE) -> Response:
    """Send a GET request that a proxy says to come from somewhere."""
    forwarded = {} if source is None else {"X-Forwarded-For": source}
    return client.request("GET", path, bearer(key) | forwarded)


def told(response: Response) -> tuple[int, str]:
    return response.status, response.json()["detail"]


def test_within_all_limits_the_key_bypasses(client: Client, world: World) -> None:
    for source in (INSIDE, "10.20.0.0", "10.20.255.255", "2001:db8::1", "::ffff:10.20.1.1"):
        assert get(client, world.admin.keys["valid"], source=source).status == 200, source


def test_from_elsewhere_it_does_not(client: Client, world: World) -> None:
    refused = (403, "Refused by ADMIN_API_KEY_ALLOWED_NETWORKS.")
    for source in (None, "10.21.0.0", "10.19.255.255", "2001:db9::1", "::ffff:10.21.0.0", "nobody"):
        assert told(get(client, world.admin.keys["valid"], source=source)) == refused, source


def test_elsewhere_it_does_not(client: Client, world: World) -> None:
    refused = (403, "Refused by ADMIN_API_KEY_ALLOWED_ENDPOINTS.")
    key = world.admin.keys["valid"]
    assert get(client, key, CONFIG).status == 200
    assert told(get(client, key, KEY)) == refused
    headers = bearer(key) | {"X-Forwarded-For": INSIDE}
    assert told(client.request("POST", UPDATE, headers, {"ui": {}})) == refused
    assert told(client.request("POST", CONFIG, headers, {})) == refused


def test_open_webui_16655_each_role_has_a_list_of_its_own(client: Client, world: World) -> None:
    """A session has no list: that of the host binds keys alone, and so does ours."""
    people.set_rules(client, world.first, enabled=True, endpoints="/api/models")
    credentials = {
        "a user's key": (world.permitted.keys["valid"], [200, 403]),
        "an administrator's key": (world.admin.keys["valid"], [403, 200]),
        "an administrator's session": (world.admin.session, [200, 200]),
    }
    for whose, (credential, expected) in credentials.items():
        found = [get(client, credential, path).status for path in ("/api/models", CONFIG)]
        assert found == expected, whose


def test_what_may_be_decoded_once_more_is_not_covered(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    """The host's proxies decode what is left of the path again before they pass it on."""
    allowed = ["/openai/files/upload"]
    if RELEASE >= (0, 9):
        allowed.append("/api/v1/terminals/t1/files/upload")
    listed = {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": ", ".join(f"POST {path}" for path in allowed)}
    refused = (403, "Refused by ADMIN_API_KEY_ALLOWED_ENDPOINTS.")
    with (
        world.server(keygate, tmp_path / "decoded", BYPASS_ON | listed) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)

        def post(path: str) -> Response:
            return client.request("POST", path, bearer(world.admin.keys["valid"]), {})

        for path in allowed:
            assert not post(f"{path}/a").body.startswith(b'{"detail":"Refused by')
            for below in (
                "%252e%252e/%252e%252e/execute",
                "..%5c..%5cexecute",
                "%2e%2e/%2e%2e/execute",
                "..;/..;/execute",
                "a%00",
            ):
                assert told(post(f"{path}/{below}")) == refused, below


@pytest.mark.skipif(not KNOWS_AGE, reason="keys have no age before 0.6.41")
def test_when_it_is_too_old_it_does_not(client: Client, server: Server, world: World) -> None:
    key = world.admin.keys["valid"]
    now = int(time.time())
    for made, status in ((now - MAX_AGE + SECONDS, 200), (now - MAX_AGE - 1, 403), (now, 200)):
        set_age(world, server, key, made)
        answer = get(client, key)
        assert answer.status == status
        if status != 200:
            assert told(answer) == (403, "Refused by ADMIN_API_KEY_MAX_AGE.")


def set_age(world: World, server: Server, key: str, made: int) -> None:
    world.execute(server, "UPDATE api_key SET created_at = ? WHERE key = ?", made, key)


@pytest.mark.skipif(not KNOWS_AGE, reason="keys have no age before 0.6.41")
def test_age_then_network_then_endpoint_is_named(
    client: Client, server: Server, world: World
) -> None:
    key = world.admin.keys["valid"]
    set_age(world, server, key, 1)
    assert "MAX_AGE" in get(client, key, KEY, None).json()["detail"]
    set_age(world, server, key, int(time.time()))
    assert "NETWORKS" in get(client, key, KEY, None).json()["detail"]
    assert "ENDPOINTS" in get(client, key, KEY).json()["detail"]


def test_the_limits_rule_also_while_keys_are_on(client: Client, world: World) -> None:
    people.set_rules(client, world.first, enabled=True)
    assert get(client, world.admin.keys["valid"], source=None).status == 403


def test_who_is_not_named_is_ruled_by_the_host_alone(client: Client, world: World) -> None:
    key = world.first.keys["valid"]
    assert told(get(client, key)) == (403, "Use of API key is not enabled in the environment.")
    people.set_rules(client, world.first, enabled=True)
    assert get(client, key, "/api/v1/users/user/info", None).status == 200
    people.set_rules(client, world.first, enabled=True, endpoints=CONFIG)
    assert get(client, key, source=None).status == 403
    assert get(client, key, CONFIG, None).status == 200


@pytest.mark.parametrize("way", NO_HEADER)
def test_a_key_in_no_header_needs_the_hosts_rules_and_the_limits(
    client: Client, world: World, way: str
) -> None:
    credential = ALL_WAYS[way](world.admin.keys["valid"])

    def ask(path: str, source: str) -> Response:
        return client.request("GET", path, credential | {"X-Forwarded-For": source})

    assert ask(SETTINGS, INSIDE).status == 403, "keys are off"
    people.set_rules(client, world.first, enabled=True)
    assert ask(SETTINGS, INSIDE).status == 200
    assert told(ask(SETTINGS, "192.0.2.1")) == (403, "Refused by ADMIN_API_KEY_ALLOWED_NETWORKS.")
    refused = (403, "Refused by ADMIN_API_KEY_ALLOWED_ENDPOINTS.")
    assert told(ask("/api/v1/users/user/info", INSIDE)) == refused
    form = {"name": "x", "email": "x@example.org", "password": "x" * 12, "role": "admin"}
    headers = credential | {"X-Forwarded-For": INSIDE}
    assert told(client.request("POST", "/api/v1/auths/add", headers, form)) == refused
    people.set_rules(client, world.first, enabled=True, endpoints="/api/models")
    assert ask(SETTINGS, INSIDE).status == 403, "the host's list refuses"


@pytest.mark.skipif(not KNOWS_AGE, reason="keys have no age before 0.6.41")
@pytest.mark.parametrize("way", NO_HEADER)
def test_an_old_key_in_no_header_is_refused(
    client: Client, server: Server, world: World, way: str
) -> None:
    people.set_rules(client, world.first, enabled=True)
    key = world.admin.keys["valid"]
    headers = ALL_WAYS[way](key) | {"X-Forwarded-For": INSIDE}
    set_age(world, server, key, 1)
    answer = client.request("GET", SETTINGS, headers)
    set_age(world, server, key, int(time.time()))
    assert told(answer) == (403, "Refused by ADMIN_API_KEY_MAX_AGE.")
    assert client.request("GET", SETTINGS, headers).status == 200


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("enabled", [True, False])
def test_no_way_leads_past_a_limit(
    client: Client,
    world: World,
    way: str,
    enabled: bool,
) -> None:
    people.set_rules(client, world.first, enabled=enabled)
    headers = ALL_WAYS[way](world.admin.keys["valid"])
    for path, source in ((SETTINGS, "192.0.2.1"), ("/api/v1/users/user/info", INSIDE)):
        answer = client.request("GET", path, headers | {"X-Forwarded-For": source})
        assert answer.status in refusals(way), path


def test_who_is_not_named_does_not_make_a_key(client: Client, world: World) -> None:
    answer = client.request("POST", KEY, bearer(world.first.session))
    assert told(answer) == (403, "API key creation is not allowed in the environment.")


def audited(server: Server, since: int) -> list[str]:
    """Return what the audit has written since a length of the log."""
    return [line for line in server.log[since:].splitlines() if "owui_keygate.audit" in line]


def test_the_audit_names_all_that_is_known(client: Client, server: Server, world: World) -> None:
    key = world.admin.keys["valid"]
    since = len(server.log)
    get(client, key)
    people.set_rules(client, world.first, enabled=True, endpoints="/api/models")
    get(client, key, source="192.0.2.1")
    people.set_rules(client, world.first, enabled=True)
    get(client, key, CONFIG)
    lines = audited(server, since)
    named = f'user="{world.admin.id}" key="{hashlib.sha256(key.encode()).hexdigest()[:8]}"'
    for line, start, end in zip(
        lines,
        (f'bypass {named} method="GET" path="{SETTINGS}"', f"refused {named}", "bypass"),
        (
            f'client="{INSIDE}" transport="bearer" limit=null',
            'client="192.0.2.1" transport="bearer" limit="ADMIN_API_KEY_ALLOWED_NETWORKS"',
            f'client="{INSIDE}" transport="bearer" limit=null',
        ),
        strict=True,
    ):
        assert start in line
        assert end in line  # The log of some releases goes on after the message.
    assert not [secret for secret in world.secrets if secret in server.log]


def test_the_audit_names_other_ways_and_keys_of_nobody(
    client: Client, server: Server, world: World
) -> None:
    people.set_rules(client, world.first, enabled=True)
    since = len(server.log)
    key = world.admin.keys["valid"]
    client.request("GET", SETTINGS, cookie(key) | {"X-Forwarded-For": INSIDE})
    client.request("GET", CONFIG, cookie(key) | {"X-Forwarded-For": "192.0.2.1"})
    get(client, people.NOBODYS_KEY, source="192.0.2.1")
    by_limit = 'limit="ADMIN_API_KEY_ALLOWED_NETWORKS"'
    name = hashlib.sha256(people.NOBODYS_KEY.encode()).hexdigest()[:8]
    expected = (
        ("allowed user=", f'path="{SETTINGS}" client="{INSIDE}" transport="cookie" limit=null'),
        ("refused user=", f'path="{CONFIG}" client="192.0.2.1" transport="cookie" {by_limit}'),
        (
            f'unknown key key="{name}" method="GET"',
            'client="192.0.2.1" transport="bearer" limit=null',
        ),
    )
    for line, (start, end) in zip(audited(server, since), expected, strict=True):
        assert start in line
        assert end in line
    assert people.NOBODYS_KEY not in server.log


def test_a_path_cannot_forge_a_line(client: Client, server: Server, world: World) -> None:
    since = len(server.log)
    path = "/api/v1/chats/%0Abypass%20user%1B%5B2K%E2%80%A8%22"
    assert get(client, world.admin.keys["valid"], path).status == 403
    [line] = audited(server, since)
    assert r"/api/v1/chats/\nbypass user\u001b[2K\u2028\"" in line


def test_the_status_is_for_administrators(client: Client, world: World) -> None:
    assert client.request("GET", STATUS, bearer(world.plain.session)).status == 401
    assert client.request("GET", STATUS).status in (401, 403)
    by_session = client.request("GET", STATUS, bearer(world.first.session)).json()
    by_key = get(client, world.admin.keys["valid"], STATUS).json()
    assert by_key["settings"] == by_session["settings"]
    values = {row["variable"]: row["value"] for row in by_key["settings"]}
    assert values.items() >= LIMITS.items()
    assert by_key["decisions"]["allow_bypass"] > by_session["decisions"]["allow_bypass"]
    assert "GET /api/v1/auths/admin/config/ldap/server" in by_key["warnings"][0]
    assert not [secret for secret in world.secrets if secret in json.dumps(by_key)]


def test_the_shape_of_the_status_is_in_the_openapi_document(client: Client) -> None:
    document = client.request("GET", "/openapi.json").json()
    answer = document["paths"][STATUS]["get"]["responses"]["200"]
    shape = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    properties = document["components"]["schemas"][shape]["properties"]
    assert {"version", "reader", "settings", "decisions", "warnings"} <= properties.keys()


@pytest.mark.skipif(RELEASE < (0, 8, 4), reason="older hosts log no JSON")
def test_the_audit_is_json_where_the_host_logs_json(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = BYPASS_ON | {"LOG_FORMAT": "json"}
    with (
        world.server(keygate, tmp_path / "json", settings) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)
        path = f"{SETTINGS}?%0A"
        assert get(client, world.admin.keys["valid"], path, None).status == 200
        [line] = audited(server, 0)
    record = json.loads(json.loads(line)["msg"])
    assert record["event"] == "bypass"
    assert record["user"] == world.admin.id
    assert record["path"] == SETTINGS


def test_the_account_page_shows_the_keys_to_whom_they_serve(client: Client, world: World) -> None:
    def shown(headers: dict[str, str]) -> bool:
        features = client.request("GET", "/api/config", headers).json()["features"]
        return bool(features.get("enable_api_keys") or features.get("enable_api_key"))

    assert shown(bearer(world.admin.session))
    assert shown(cookie(world.admin.session))
    for session in (world.first.session, world.plain.session, world.admin.keys["valid"]):
        assert not shown(bearer(session))
    assert not shown({})


@pytest.mark.skipif(not KNOWS_AGE, reason="the host has no such column before 0.6.41")
def test_the_use_of_a_key_is_noted(client: Client, server: Server, world: World) -> None:
    key = world.admin.keys["valid"]
    before = int(time.time())
    world.execute(server, "UPDATE api_key SET last_used_at = NULL")
    # A worker that has noted a key knows that for a minute; this one must be a new one.
    new = people.make_key(client, world.admin)
    try:
        get(client, new)
        wait_until(lambda: last_used(world, server, new), lambda: "no time was noted")
        assert before <= last_used(world, server, new) <= time.time()
    finally:
        world.execute(server, "UPDATE api_key SET key = ? WHERE key = ?", key, new)


def last_used(world: World, server: Server, key: str) -> int:
    """Return when a key was last used; 0 is never."""
    [(used,)] = world.execute(server, "SELECT last_used_at FROM api_key WHERE key = ?", key)
    return int(used or 0)


WRONG = {
    "networks": (
        {"ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8"},
        "X-Forwarded-For from every client",
    ),
    "empty": ({"ADMIN_API_KEY_ALLOWED_ENDPOINTS": ""}, "is set but empty"),
    "age": ({"ADMIN_API_KEY_MAX_AGE": "90"}, "such as `90d`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_limit_that_cannot_hold_keeps_the_bypass_off(
    world: World, keygate: Environment, tmp_path: Path, name: str
) -> None:
    settings, expected = WRONG[name]
    with (
        world.server(keygate, tmp_path / f"wrong_{name}", BYPASS_ON | settings) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)
        assert get(client, world.admin.keys["valid"]).status == 403
        [line] = [line for line in server.log.splitlines() if "bypass stays off" in line]
        assert expected in line
        assert next(iter(settings)) in line
        features: dict[str, Any] = client.request("GET", "/api/config").json()["features"]
        assert not features.get("enable_api_keys")
        here, nowhere = (
            client.request("GET", path, bearer(world.first.session))
            for path in (STATUS, "/api/v1/nowhere")
        )
        assert (here.status, here.body) == (nowhere.status, nowhere.body)
