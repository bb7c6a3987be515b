"""Open WebUI below a path: does a list of endpoints hold however the path comes and goes?"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness import people
from harness.client import bearer
from harness.server import BYPASS_ON, by_uvicorn
from tests.support import policy_file
from tests.support.starts import (
    GRANIAN,
    GUNICORN,
    HYPERCORN,
    SETTINGS,
    OtherServer,
    version_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from harness.client import Client
    from harness.environments import Environment
    from tests.support.tried import Tried
    from tests.support.world import World

OUTSIDE = "/api/v1/auths/admin/config"
PREFIXES = ("", "/owui", "/owui/owui", "//owui", "/owui/", "/OWUI", "/%6fwui", "/owui/..")
POLICY = """
[account.free]
user = "{free}"

[account.below]
user = "{below}"
endpoints = ["GET /owui{path}"]

[account.plain]
user = "{plain}"
endpoints = ["GET {path}"]
"""
PAGE = "page"


class Answers(NamedTuple):
    """What three keys get.

    Attributes:
        free: One that no list binds.
        below: One whose list allows a path below `/owui`.
        plain: One whose list allows the same path without it.
    """

    free: int | str
    below: int | str
    plain: int | str


class Way(NamedTuple):
    """What keys get from a server with a root path.

    Attributes:
        seen: What lists of endpoints see.
        stripped: What keys get if the proxy takes the path off.
        kept: What they get if it leaves the path.
    """

    seen: str
    stripped: Answers
    kept: Answers


BEFORE = Way(
    "lists of endpoints see `/owui/…`; where a proxy leaves the path there, no route is found",
    Answers(200, 200, 403),
    Answers(PAGE, PAGE, PAGE),
)
"""Uvicorn puts the path before what it is asked for."""
EITHER = Way(
    "lists of endpoints see the path as the proxy sends it, with `/owui` and without",
    Answers(200, 403, 200),
    Answers(200, 200, 403),
)
"""The others hand on what they are asked for, and Open WebUI takes the path off."""
ROOT_PATH = ("--root-path", "/owui")
SERVERS: dict[str, tuple[OtherServer | None, tuple[str, ...], dict[str, str]]] = {
    "`uvicorn --root-path /owui`": (None, ROOT_PATH, {}),
    "`uvicorn` with `UVICORN_ROOT_PATH=/owui`": (None, (), {"UVICORN_ROOT_PATH": "/owui"}),
    "`gunicorn --worker-class asgi --root-path /owui`": (GUNICORN, ROOT_PATH, {}),
    "`hypercorn --root-path /owui`": (HYPERCORN, ROOT_PATH, {}),
    "`granian --url-path-prefix /owui`": (GRANIAN, ("--url-path-prefix", "/owui"), {}),
}
"""By what is run: the server, None for Uvicorn, its options and its variables."""


def ask(client: Client, keys: list[str], target: str) -> Answers:
    """Return what each key gets: a status, or a web page."""
    answers = (client.request("GET", target, bearer(key)) for key in keys)
    return Answers(
        *(PAGE if b"<html" in answer.body.lower() else answer.status for answer in answers)
    )


@pytest.mark.parametrize("what", SERVERS)
def test_lists_of_endpoints(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, what: str
) -> None:
    other, options, variables = SERVERS[what]
    way = EITHER if other else BEFORE
    command = other.command(keygate, *options) if other else by_uvicorn(keygate, *options)
    variables = variables | (other.settings() if other else {"FROM_INIT_PY": "true"})
    version = other.version if other else {"Uvicorn": version_of(keygate, "uvicorn")}
    owners = world.first, world.admin, world.plain
    ids = dict(zip(Answers._fields, (owner.id for owner in owners), strict=True))
    policy = policy_file.write(tmp_path, POLICY.format(path=SETTINGS, **ids))
    settings = BYPASS_ON | {"ADMIN_API_KEY_POLICY_FILE": str(policy)} | variables
    server = world.server(keygate, tmp_path / "server", settings, command)
    with server, closing(server.client()) as client:
        people.set_role(client, world.first, world.plain, "admin")
        people.set_rules(client, world.first, enabled=False)
        keys = [owner.keys["valid"] for owner in owners]
        assert ask(client, keys, SETTINGS) == way.stripped
        assert ask(client, keys, f"/owui{SETTINGS}") == way.kept
        assert ask(client, keys, OUTSIDE) == Answers(200, 403, 403)
        for prefix in PREFIXES:
            assert 200 not in ask(client, keys, prefix + OUTSIDE)[1:], prefix
    tried(what, way.seen, **version)
