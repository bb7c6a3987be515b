"""What runs, and what an administrator's key gets, as it was measured on the stock hosts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import WAYS
from harness.server import BYPASS_ON
from tests.support.generations import GENERATION, RELEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import Servers, World

ENDPOINTS = ("/api/v1/users/user/settings", "/api/v1/auths/admin/config", "/api/models")
STATES = {"keys on": (True, None), "keys off": (False, None), "list": (True, "/api/models")}

ALLOWED = [200, 200, 200]
REFUSED = [403, 403, 403]
LISTED = [403, 403, 200]
NOT_TAKEN = [401, 401, 401] if RELEASE > (0, 6, 18) else REFUSED
RULED = {"keys on": ALLOWED, "keys off": REFUSED, "list": LISTED}
FREE = dict.fromkeys(STATES, ALLOWED)
NO_KEY = dict.fromkeys(STATES, NOT_TAKEN)
"""Releases before 0.9.0 do not look into the API-key header."""

STOCK = {"bearer": RULED, "cookie": RULED, "x-api-key": NO_KEY if GENERATION in "AB" else RULED}
if GENERATION == "B":
    STOCK["cookie"] = RULED | {"list": ALLOWED}
ON = STOCK | {"bearer": FREE, "cookie": RULED}
if GENERATION not in "AB":
    ON["x-api-key"] = FREE


def gets(server: Server, world: World, key: str, way: str) -> dict[str, list[int]]:
    """Return what a key gets on a server, by the state of the host's rules."""
    client = server.client()
    found = {}
    for state, (enabled, endpoints) in STATES.items():
        people.set_rules(client, world.first, enabled=enabled, endpoints=endpoints)
        headers = WAYS[way](key)
        found[state] = [client.request("GET", path, headers).status for path in ENDPOINTS]
    client.close()
    return found


@pytest.mark.parametrize("way", WAYS)
def test_what_an_administrators_key_gets(
    servers: Servers, world: World, way: str, record_property: Callable[[str, object], None]
) -> None:
    key = world.admin.keys["valid"]
    stock, on = (gets(server, world, key, way) for server in (servers.stock, servers.on))
    record_property(f"stock, {way}", text(stock))
    record_property(f"bypass, {way}", text(on))
    assert stock == STOCK[way]
    assert on == ON[way]


def text(found: dict[str, list[int]]) -> str:
    return " | ".join(" ".join(map(str, statuses)) for statuses in found.values())


def test_what_runs(
    servers: Servers, keygate: Environment, record_property: Callable[[str, object], None]
) -> None:
    """Tell the page about compatibility."""
    record_property("python", keygate.run("python", "-V").stdout.split()[-1])
    [metadata] = keygate.site_packages.glob("open_webui-*.dist-info/METADATA")
    [required] = re.findall(r"^Requires-Python: (.*)$", metadata.read_text(), re.MULTILINE)
    assert "<3.13" in required, "docs/compatibility.md says that it does not install on 3.13"
    record_property("requires_python", required)
    record_property("generation", GENERATION)
    found = re.search(r"\(generation (\w)\), reader (\w+) ", servers.on.log)
    assert found is not None
    assert found[1] == GENERATION
    record_property("reader", found[2])


def test_doctor_finds_it_in_place(keygate: Environment) -> None:
    settings = BYPASS_ON | {"PATH": "/usr/bin:/bin"}
    found = keygate.run("owui-keygate", "doctor", "--json", env=settings, cwd=keygate.folder)
    assert found.returncode == 0, found.stdout
    facts = json.loads(found.stdout)
    assert (facts["generation"], facts["tried"]) == (GENERATION, True)
    assert facts["reader"]["name"] == "sqlite"
    assert set(facts["patch_points"].values()) == {"applied"}
