"""What clients that others wrote do with an administrator's key while keys are off.

They are `owui-client`, a library, and `owui-cli`, a command, both from PyPI.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.environments import client_environment
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import Servers, World

pytestmark = pytest.mark.skipif(RELEASE < (0, 12, 0), reason="the clients are made for 0.12")

LIBRARY = """
import asyncio, sys
from owui_client.client import OpenWebUI
from owui_client.models.groups import GroupForm

async def use(client):
    print("users", len((await client.users.get_users()).users))
    print("groups", len(await client.groups.get_groups()))
    print("models", len((await client.models.get_models()).items))
    group = await client.groups.create_new_group(GroupForm(name="of a library", description=""))
    print("created", group.name)
    print("deleted", await client.groups.delete_group_by_id(group.id))

asyncio.run(use(OpenWebUI(api_url=sys.argv[1] + "/api", api_key=sys.argv[2])))
"""
"""Each line that it prints is a call that has worked."""


def use_library(clients: Environment, server: Server, credential: str) -> list[str]:
    done = clients.run("python", "-c", LIBRARY, server.url, credential)
    assert (done.returncode == 0) == ("deleted" in done.stdout), done.stderr
    return done.stdout.splitlines()


def use_command(clients: Environment, server: Server, credential: str) -> list[str]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        settings = {"OWUI_URL": server.url, "OWUI_TOKEN": credential}
        return clients.run("owui-cli", "--json", *arguments, env=settings)

    worked = [what for what in ("users", "groups", "models") if run(what, "list").returncode == 0]
    created = run("groups", "create", "of a command", "by nobody here")
    if created.returncode == 0:
        worked.append("create")
        if run("groups", "delete", json.loads(created.stdout)["id"]).returncode == 0:
            worked.append("delete")
    return worked


@pytest.fixture(scope="module")
def clients() -> Environment:
    return client_environment("owui")


@pytest.mark.parametrize("use", [use_library, use_command])
def test_what_works_with_a_session_on_stock_works_with_a_key(
    servers: Servers,
    world: World,
    clients: Environment,
    record_property: Callable[[str, object], None],
    use: Callable[[Environment, Server, str], list[str]],
) -> None:
    for server in servers:
        with closing(server.client()) as client:
            people.set_rules(client, world.first, enabled=False)
    key = world.admin.keys["valid"]
    by_session = use(clients, servers.stock, world.admin.session)
    record_property("calls", by_session)
    assert len(by_session) == 5
    assert use(clients, servers.on, key) == by_session
    for server in (servers.stock, servers.off):
        assert use(clients, server, key) == []
