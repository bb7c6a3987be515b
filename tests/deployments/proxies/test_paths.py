"""Open WebUI under a path of nginx, with and without a root path of its own, and on a socket."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness.client import Client, bearer
from harness.proxies import Nginx
from harness.server import START_SECONDS, by_uvicorn
from harness.waiting import wait_until
from tests.support.behind import (
    APPENDED,
    INSIDE,
    LIMITED,
    OUTSIDE,
    PROXY,
    REPLACED,
    SETTINGS,
    Behind,
    basic,
    proxy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

STRIPPED, KEPT = "http://127.0.0.1:{}/;", "http://127.0.0.1:{};"
"""A location `/chat/` passes its requests on without that prefix, or with it."""
USERS = "/api/v1/users/"
ENDPOINTS = "ADMIN_API_KEY_ALLOWED_ENDPOINTS"
CUSTOM = "X-OpenWebUI-Key"
ROUNDABOUT = {
    f"/chat/{SETTINGS}": 200,
    f"/chat{SETTINGS.replace('/v1', '%2Fv1')}": 200,
    f"/chat{SETTINGS}/../../": 403,
    f"/chat{SETTINGS}/%2e%2e/%2e%2e/": 403,
    f"/chat{SETTINGS}%2F..%2F..%2F": 403,
}
"""Other ways to write a path, which nginx makes straight before the list sees it."""


def under_a_path(server: Server, target: str) -> str:
    """Return an nginx that has a server under /chat/."""
    location = f"proxy_pass {target.format(server.port)} proxy_bind {PROXY}; {REPLACED}"
    return f"server {{ listen 127.0.0.1:{{port}}; location /chat/ {{ {location} }} }}"


def get(port: int, path: str, headers: dict[str, str], source: str = INSIDE) -> int | str:
    """Return what a client gets at a path: the status, or `page` where that is a web page."""
    with closing(Client(port, source)) as client:
        answer = client.request("GET", path, headers)
    return "page" if "text/html" in answer.headers["content-type"] else answer.status


@pytest.fixture(scope="module")
def rooted(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that knows its path, with a list of endpoints and an API-key header of its own.

    The second endpoint of the list lacks the root path.
    """
    folder = tmp_path_factory.mktemp("rooted") / "server"
    settings = {ENDPOINTS: f"GET /chat{SETTINGS}, GET {USERS}", "CUSTOM_API_KEY_HEADER": CUSTOM}
    command = by_uvicorn(keygate, "--root-path", "/chat")
    with world.server(
        keygate, folder, LIMITED | settings | {"FROM_INIT_PY": "true"}, command
    ) as server:
        yield server


@pytest.fixture(scope="module")
def listed(
    world: World, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that does not know its path, with a list of endpoints."""
    folder = tmp_path_factory.mktemp("listed") / "server"
    with world.server(keygate, folder, LIMITED | {ENDPOINTS: f"GET {SETTINGS}"}) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("listed", "the list of endpoints has paths of Open WebUI"),
        ("rooted", "with `--root-path /chat`: the list of endpoints has `/chat` in each path"),
    ],
)
def test_a_location_that_takes_the_prefix_off(
    request: pytest.FixtureRequest, behind: Behind, name: str, words: str
) -> None:
    server: Server = request.getfixturevalue(name)
    headers = bearer(behind.key)
    with Nginx(behind.folder / "nginx", under_a_path(server, STRIPPED)) as nginx:
        assert get(nginx.port, f"/chat{SETTINGS}", headers) == 200
        assert get(nginx.port, f"/chat{SETTINGS}", headers, OUTSIDE) == 403
        assert get(nginx.port, f"/chat{USERS}", headers) == 403
        assert {path: get(nginx.port, path, headers) for path in ROUNDABOUT} == ROUNDABOUT
    behind.tried(f"a sub-path, `proxy_pass` with `/` at its end, {words}", "works")


@pytest.mark.parametrize("name", ["listed", "rooted"])
def test_a_location_that_keeps_the_prefix(
    request: pytest.FixtureRequest, behind: Behind, name: str
) -> None:
    server: Server = request.getfixturevalue(name)
    with Nginx(behind.folder / "nginx", under_a_path(server, KEPT)) as nginx:
        for path in (f"/chat{SETTINGS}", f"/chat{USERS}", *ROUNDABOUT):
            assert get(nginx.port, path, bearer(behind.key)) == "page"
    with_root_path = "with" if name == "rooted" else "without"
    behind.tried(
        f"a sub-path, `proxy_pass` without `/` at its end, {with_root_path} `--root-path`",
        "Open WebUI has no such routes: every path is the web page",
    )


def test_a_password_of_nginx_and_a_key_in_a_custom_header(behind: Behind, rooted: Server) -> None:
    (behind.folder / "passwords").write_text("bot:{PLAIN}of-nginx\n")
    password = f"auth_basic Keys; auth_basic_user_file {behind.folder}/passwords; {REPLACED}"
    headers = {CUSTOM: behind.key} | basic("bot", "of-nginx")
    found = []
    for line in ("", 'proxy_set_header Authorization "";'):
        with Nginx(
            behind.folder / f"nginx{len(line)}", proxy(rooted.port, password, line)
        ) as nginx:
            found += [get(nginx.port, SETTINGS, headers, source) for source in (INSIDE, OUTSIDE)]
            plain = {"X-API-Key": behind.key} | basic("bot", "of-nginx")
            assert get(nginx.port, SETTINGS, plain) == 401
    assert found == [401, 401, 200, 403]
    behind.tried(
        "`auth_basic`, the key in the header of `CUSTOM_API_KEY_HEADER`",
        '401; works with `proxy_set_header Authorization ""`',
    )


@pytest.mark.parametrize(
    ("trusted", "result"),
    [(f"127.0.0.1,{PROXY}", "every client is refused"), ("*", "the bypass stays off")],
)
def test_a_unix_socket(
    world: World, keygate: Environment, behind: Behind, trusted: str, result: str
) -> None:
    """Its clients have no address, and Uvicorn takes one from a header only with `*`."""
    path = behind.folder / "socket"
    command = [str(keygate.command("uvicorn")), "open_webui.main:app", "--uds", str(path)]
    settings = LIMITED | {"FROM_INIT_PY": "true", "FORWARDED_ALLOW_IPS": trusted}
    server = world.server(keygate, behind.folder / "unix", settings, command)
    site = proxy(0, APPENDED).replace("http://127.0.0.1:0", f"http://unix:{path}:")
    site = site.replace(f"proxy_bind {PROXY};", "")
    server.start()
    try:
        wait_until(path.exists, server.end_of_log, START_SECONDS)
        with Nginx(behind.folder / "nginx", site) as nginx:
            found = [
                get(nginx.port, SETTINGS, bearer(behind.key), each) for each in (INSIDE, OUTSIDE)
            ]
    finally:
        server.stop()
    assert found == [403, 403]
    assert ("bypass stays off" in server.log) == (trusted == "*")
    behind.tried(f"nginx calls a Unix socket, `FORWARDED_ALLOW_IPS` is `{trusted}`", result)
