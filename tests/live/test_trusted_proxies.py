"""Whom the server that runs believes about addresses, however it was started."""

from __future__ import annotations

import http.client
import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import Client, bearer
from harness.libraries import UVICORN_VERSIONS, install
from harness.server import BYPASS_ON, by_uvicorn
from harness.waiting import wait_until
from tests.support.starts import (
    ERROR,
    INSIDE,
    NARROW,
    OK,
    REFUSED,
    answers,
    ask,
    by_gunicorn,
    by_script,
    errors,
    limited,
    with_gunicorn,
)

if TYPE_CHECKING:
    from harness.environments import Environment
    from tests.support.world import World

IN_HOST = Path(__file__).resolve().parent / "in_host"
STATUS = "/api/v1/keygate"
HOLD = {
    "one",
    "a list",
    "nobody",
    "by default",
    "no such header",
    "another that is narrow",
    "one that is not loaded",
}
"""The servers of `asking.py` of which it is certain whom they believe, and that it is not all."""


@pytest.mark.parametrize("version", UVICORN_VERSIONS)
def test_each_uvicorn_says_whom_it_believes(keygate: Environment, version: str) -> None:
    packages = {"PATH": os.environ["PATH"], "PYTHONPATH": str(install("uvicorn", version))}
    run = keygate.run("python", IN_HOST / "asking.py", env=packages)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["version"] == version
    assert {name for name, holds in answer["holds"].items() if holds} == HOLD
    refusals = len(answer["holds"]) - len(HOLD)
    assert run.stderr.count(ERROR) == refusals
    assert run.stderr.count("AttributeError") == 1


def test_a_program_that_believes_everyone_is_seen(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    command = by_script(keygate, tmp_path, "forwarded_allow_ips='*'")
    with limited(world, keygate, tmp_path / "program", command, NARROW) as server:
        assert "the bypass is on" in server.log
        assert errors(server) == []
        assert answers(server, world) == [REFUSED, REFUSED, REFUSED]
        [line] = errors(server)
        assert "the server trusts X-Forwarded-For from every client" in line
        with closing(server.client()) as client:
            status = client.request("GET", STATUS, bearer(world.first.session)).json()
        assert [warning for warning in status["warnings"] if warning.startswith(ERROR)]


def test_the_configuration_of_gunicorn_is_seen(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    command = by_gunicorn(keygate, tmp_path, "forwarded_allow_ips = '*'\n")
    with limited(world, keygate, tmp_path / "gunicorn_wide", command, with_gunicorn()) as server:
        assert answers(server, world) == [REFUSED, REFUSED, REFUSED]
        [line] = errors(server)
        assert "the server trusts X-Forwarded-For from every client" in line


def test_gunicorn_that_believes_its_proxy_is_in_order(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    command = by_gunicorn(keygate, tmp_path, "preload_app = True\n")
    with limited(world, keygate, tmp_path / "gunicorn_narrow", command, with_gunicorn()) as server:
        assert answers(server, world) == [OK, REFUSED, OK]
        assert errors(server) == []


def test_without_the_header_the_client_is_the_peer(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    command = by_uvicorn(keygate, "--no-proxy-headers")
    with limited(world, keygate, tmp_path / "peer", command, NARROW) as server:
        assert answers(server, world) == [OK, OK, OK]
        assert errors(server) == []


def test_the_variable_of_uvicorns_command_is_seen_at_start(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    believes = NARROW | {"UVICORN_FORWARDED_ALLOW_IPS": "0.0.0.0/1,128.0.0.0/1"}
    with limited(world, keygate, tmp_path / "variable", by_uvicorn(keygate), believes) as server:
        assert "ADMIN_API_KEY_ALLOWED_NETWORKS cannot be enforced: Open WebUI trusts" in server.log
        assert answers(server, world)[0][0] == REFUSED[0]


class UnixClient(Client):
    """A client of a server that listens on a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__(0)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        self._connection = connection


def test_a_client_of_a_unix_socket_has_no_address(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    command = [str(keygate.command("uvicorn")), "open_webui.main:app", "--uds", str(path)]
    networks = {"ADMIN_API_KEY_ALLOWED_NETWORKS": "0.0.0.0/0, ::/0", "FROM_INIT_PY": "true"}
    server = world.server(keygate, tmp_path / "unix", BYPASS_ON | networks | NARROW, command)
    server.start()
    try:
        wait_until(path.exists, server.end_of_log, 180)
        with closing(UnixClient(path)) as client:
            people.set_rules(client, world.first, enabled=False)
            assert ask(client, world, {}) == REFUSED
            assert ask(client, world, INSIDE) == REFUSED
        assert errors(server) == []
    finally:
        server.stop()
