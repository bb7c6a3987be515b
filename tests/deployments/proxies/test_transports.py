"""TLS, HTTP/2, gzip, streams, connections that clients share, and a password of nginx."""

from __future__ import annotations

import gzip
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import psutil
import pytest

from harness import people
from harness.client import Client, api_key_header, bearer
from harness.proxies import Nginx
from tests.support.behind import (
    APPENDED,
    INSIDE,
    LIMITED,
    OUTSIDE,
    PROXY,
    REPLACED,
    SETTINGS,
    Behind,
    Outcome,
    basic,
    proxy,
)
from tests.support.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

PAGE = "docs/proxies.md"
RECIPE, WITH_A_PASSWORD, *_ = blocks(PAGE, "nginx")
ROUNDS = 40


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of nobody for 127.0.0.1, and beside it its key."""
    file = tmp_path / "chat.example.org.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(file)]
    command += ["-keyout", str(file.with_suffix(".key"))]
    subprocess.run(command, check=True, capture_output=True)
    return file


def recipe(text: str, folder: Path, port: int) -> str:
    """Return an nginx of the page on this machine, in front of a port."""
    changes = {
        "listen 443": "listen 127.0.0.1:{port}",
        "/etc/nginx": str(folder),
        "http://127.0.0.1:8080;": f"http://127.0.0.1:{port}; proxy_bind {PROXY};",
    }
    for old, new in changes.items():
        text = text.replace(old, new)
    assert str(port) in text
    return text


def write_header(behind: Behind) -> str:
    """Write the key into a file that curl sends as a header, and return its name."""
    file = behind.folder / "key.header"
    file.write_text("".join(f"{name}: {value}\n" for name, value in bearer(behind.key).items()))
    return f"@{file}"


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_the_recipe_for_nginx(behind: Behind, certificate: Path, http: str) -> None:
    command = ["curl", "-sS", "-o", "/dev/null", "-H", write_header(behind), f"--http{http}"]
    command += ["--cacert", str(certificate), "-w", "%{http_version} %{http_code}"]
    forged = ["-H", "X-Forwarded-For: 10.20.30.40", "-H", "X-Forwarded-For: 10.20.30.41"]
    site = recipe(RECIPE, behind.folder, behind.server.port)
    with Nginx(behind.folder / "nginx", site) as nginx:
        url = f"https://127.0.0.1:{nginx.port}{SETTINGS}"
        for source, status in ((INSIDE, 200), (OUTSIDE, 403)):
            for more in ([], forged):
                before = len(behind.clients())
                sent = [*command, *more, "--interface", source, url]
                done = subprocess.run(sent, check=True, capture_output=True, text=True)
                assert done.stdout == f"{http} {status}"
                assert behind.outcome(status, before) == Outcome(status, source)
    behind.tried(f"the recipe for nginx, TLS and HTTP/{http}", "the client's own address decides")


def test_clients_that_share_a_connection_keep_their_addresses(behind: Behind) -> None:
    site = proxy(behind.server.port, 'proxy_set_header Connection "";', APPENDED)
    address = f"127.0.0.1:{behind.server.port}"
    upstream = f"upstream shared {{ server {address}; keepalive 1; }}\n"
    expected = {INSIDE: Outcome(200, INSIDE), OUTSIDE: Outcome(403, OUTSIDE)}
    with Nginx(
        behind.folder / "nginx", upstream + site.replace(f"http://{address}", "http://shared")
    ) as nginx:
        connections = set()
        for _ in range(ROUNDS):
            for source, outcome in expected.items():
                assert behind.ask(nginx.port, source=source) == outcome
                connections |= from_proxy(behind.server)
        assert len(connections) == 1
        with ThreadPoolExecutor(8) as pool:
            sources = [INSIDE, OUTSIDE] * ROUNDS
            found = pool.map(lambda source: status_of(nginx.port, behind.key, source), sources)
            assert list(found) == [expected[source].status for source in sources]
    behind.tried(
        "two clients share a connection that nginx keeps open (`keepalive`)",
        "each keeps its own address",
    )


def from_proxy(server: Server) -> set[int]:
    """Return the ports of the connections that the proxy has to a server."""
    found = psutil.Process(server.pid).net_connections("tcp")
    return {each.raddr.port for each in found if each.raddr and each.raddr.ip == PROXY}


def status_of(port: int, key: str, source: str) -> int:
    with closing(Client(port, source)) as client:
        return client.request("GET", SETTINGS, bearer(key)).status


def test_gzip(behind: Behind) -> None:
    lines = ["gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json;", REPLACED]
    headers = bearer(behind.key) | {"Accept-Encoding": "gzip"}
    with behind.nginx(*lines) as nginx:
        for source, expected in ((INSIDE, "admin@example.org"), (OUTSIDE, "_ALLOWED_NETWORKS")):
            with closing(Client(nginx.port, source)) as client:
                answer = client.request("GET", "/api/v1/users/", headers)
            assert answer.headers["content-encoding"] == "gzip"
            assert expected in gzip.decompress(answer.body).decode()
    behind.tried("gzip by nginx", "works")


SLOW = """
import asyncio
from pathlib import Path


class Pipe:
    async def pipe(self, body):
        yield "before"
        while not Path("{released}").exists():
            await asyncio.sleep(0.05)
        yield "after"
"""
"""A model that says a word, and the next one when a file is there."""


def test_a_stream_arrives_word_by_word(behind: Behind) -> None:
    released = behind.folder / "released"
    model = behind.folder.name
    function: dict[str, object] = {"id": model, "name": model, "meta": {"description": ""}}
    function |= {"content": SLOW.replace("{released}", str(released))}
    with closing(Client(behind.server.port, INSIDE)) as client:
        client.call("POST", "/api/v1/functions/create", behind.key, function)
        client.call("POST", f"/api/v1/functions/id/{model}/toggle", behind.key)
    form = {"model": model, "stream": True, "messages": [{"role": "user", "content": "go"}]}
    command = [
        "curl",
        "-sSN",
        "--max-time",
        "60",
        "--interface",
        INSIDE,
        "-H",
        write_header(behind),
    ]
    with behind.nginx("proxy_buffering off;", REPLACED) as nginx:
        url = f"http://127.0.0.1:{nginx.port}/api/chat/completions"
        sent = [*command, "--json", json.dumps(form), url]
        with subprocess.Popen(sent, stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            words = (line for line in run.stdout if b"content" in line)
            assert b"before" in next(words)
            released.touch()
            assert b"after" in next(words)
            run.stdout.read()
        assert run.returncode == 0
    behind.tried("a streamed chat with a key, `proxy_buffering off`", "arrives word by word")


@pytest.fixture(scope="module")
def stock_with_keys(
    world: World, stock: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server without the extension, with keys on."""
    folder = tmp_path_factory.mktemp("stock_with_keys") / "server"
    with world.server(stock, folder, LIMITED) as server:
        with closing(server.client()) as client:
            people.set_rules(client, world.first, enabled=True)
        yield server


def test_a_password_of_nginx_and_a_key_in_a_header_of_its_own(
    behind: Behind, stock_with_keys: Server
) -> None:
    """Open WebUI takes any `Authorization` for the credential, so nginx must take it out."""
    headers = basic("bot", "of-nginx") | api_key_header(behind.key)
    (behind.folder / "passwords").write_text("bot:{PLAIN}of-nginx\n")
    without_tls = WITH_A_PASSWORD.replace("ssl http2", "")
    kept = without_tls.replace('proxy_set_header Authorization "";', "")
    assert len({WITH_A_PASSWORD, without_tls, kept}) == 3
    found = {}
    for name, server in (("stock", stock_with_keys), ("keygate", behind.server)):
        for line, text in (("kept", kept), ("taken out", without_tls)):
            site = recipe(text, behind.folder, server.port)
            with Nginx(behind.folder / f"{name} {line}", site) as nginx:
                found[name, line] = answers(nginx.port, headers)
    assert found["stock", "kept"] == found["keygate", "kept"] == [401, 401, 401]
    assert found["stock", "taken out"] == [200, 200, 401]
    assert found["keygate", "taken out"] == [200, 403, 401]
    behind.tried(
        "`auth_basic`, the key in `x-api-key`",
        '401, on stock as well; works with `proxy_set_header Authorization ""`',
    )


def answers(port: int, headers: dict[str, str]) -> list[int]:
    """Return what a key gets from inside, from outside, and without the password."""
    found = []
    for source, sent in ((INSIDE, headers), (OUTSIDE, headers), (INSIDE, {})):
        with closing(Client(port, source)) as client:
            found.append(client.request("GET", SETTINGS, sent).status)
    return found
