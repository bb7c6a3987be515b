"""What has gone wrong in checks of API keys elsewhere cannot go wrong here.

Each test is named by the advisory or issue that it repeats.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import WAYS, bearer, cookie
from harness.server import BYPASS_ON
from tests.support.generations import GENERATION, RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.client import Client
    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

ALLOWED = "/api/v1/users/user/settings"
FORBIDDEN = "/api/v1/auths/admin/config"
LIMIT = "Refused by ADMIN_API_KEY_ALLOWED_ENDPOINTS."


@pytest.fixture(scope="module")
def server(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that bounds administrators' keys to one endpoint."""
    folder = tmp_path_factory.mktemp("advisories") / "bounded"
    settings = BYPASS_ON | {"ADMIN_API_KEY_ALLOWED_ENDPOINTS": f"GET {ALLOWED}"}
    with world.server(keygate, folder, settings) as started:
        yield started


@pytest.fixture
def client(server: Server, world: World) -> Iterator[Client]:
    with closing(server.client()) as made:
        people.set_rules(made, world.first, enabled=True, endpoints=ALLOWED)
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_cve_2026_45339_no_header_gets_around_the_endpoints(
    client: Client, world: World, way: str
) -> None:
    """GHSA-57q6-fvp4-pqmm: a key in `x-api-key` reached what the host's list forbade."""
    headers = WAYS[way](world.admin.keys["valid"])
    # In a cookie the host's own list binds, which holds the same path.
    taken = GENERATION not in "AB" or way != "x-api-key"
    assert client.request("GET", ALLOWED, headers).status in ([200] if taken else [401, 403])
    refused = client.request("GET", FORBIDDEN, headers)
    assert refused.status in (401, 403)
    if taken and way != "cookie":
        assert refused.json() == {"detail": LIMIT}
    if GENERATION not in "AB":
        assert client.request(
            "GET", FORBIDDEN, WAYS[way](world.permitted.keys["valid"])
        ).status in (
            401,
            403,
        )


@pytest.mark.parametrize("host", ["127.0.0.1{}?", "127.0.0.1{}#", "a{}/?x=", "x@127.0.0.1{}?"])
def test_cve_2026_48710_the_host_header_names_no_path(
    client: Client, world: World, host: str
) -> None:
    """Starlette before 1.0.1 made `request.url.path` of it, which the host asked up to 0.9.5."""
    headers = bearer(world.admin.keys["valid"]) | {"Host": host.format(ALLOWED)}
    answer = client.request("GET", FORBIDDEN, headers)
    assert (answer.status, answer.json()) == (403, {"detail": LIMIT})
    if GENERATION == "D" or RELEASE == (0, 9, 6):
        headers = bearer(world.permitted.keys["valid"]) | {"Host": host.format(ALLOWED)}
        assert client.request("GET", FORBIDDEN, headers).status == 403


def test_open_webui_23637_a_cookie_does_not_get_an_administrator_around_the_list(
    client: Client, world: World
) -> None:
    """The middleware of 0.6.37 to 0.8.12 looks at no cookie; 0.9.0 mended that."""
    headers = cookie(world.admin.keys["valid"])
    assert client.request("GET", FORBIDDEN, headers).status == 403


@pytest.mark.skipif(RELEASE < (0, 6, 41), reason="keys are no rows of their own before 0.6.41")
def test_litellm_35535_no_administrator_is_let_in_from_memory(
    client: Client, server: Server, world: World
) -> None:
    """An administrator's key that was remembered went on working after it had been blocked."""
    key, now = world.admin.keys["valid"], int(time.time())

    def status() -> int:
        return client.request("GET", ALLOWED, bearer(key)).status

    def change(statement: str, *parameters: object) -> None:
        world.execute(server, statement, *parameters)

    assert status() == 200
    change("UPDATE api_key SET expires_at = ? WHERE key = ?", now - 1, key)
    assert status() == 401
    change("UPDATE api_key SET expires_at = NULL, key = ? WHERE key = ?", f"{key}x", key)
    assert status() == 401
    change("UPDATE api_key SET key = ? WHERE key = ?", key, f"{key}x")
    assert status() == 200
    change("""UPDATE "user" SET role = 'pending' WHERE id = ?""", world.admin.id)
    assert status() != 200
    change("""UPDATE "user" SET role = 'admin' WHERE id = ?""", world.admin.id)
    assert status() == 200
