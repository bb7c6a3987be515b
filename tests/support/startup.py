"""Whether a server answers as stock or with the bypass, or does not start at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.server import Server, ServerDiedError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World

SETTINGS = "/api/v1/users/user/settings"
STOCK = [403, 403, 200]
BYPASS = [200, 403, 200]


def answers(server: Server, world: World) -> list[int]:
    """Return what the administrator and the user get by key while keys are off, and by session."""
    client = server.client()
    people.set_rules(client, world.first, enabled=False)
    tokens = [world.admin.keys["valid"], world.permitted.keys["valid"], world.admin.session]
    found = [client.request("GET", SETTINGS, bearer(token)).status for token in tokens]
    client.close()
    return found


def refusal_to_start(environment: Environment, folder: Path, settings: dict[str, str]) -> str:
    """Return what a server that must not start says, without the line breaks of its terminal."""
    with pytest.raises(ServerDiedError) as death, Server(environment, folder / "server", settings):
        pass
    return " ".join(str(death.value).split())
