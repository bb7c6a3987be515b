"""The host's own audit log names whose key bypassed its rules; it has one from 0.5.17 on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.server import BYPASS_ON
from harness.waiting import wait_until
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.world import World

UPDATE = "/api/v1/users/user/settings/update"


@pytest.mark.skipif(RELEASE < (0, 5, 17), reason="the host has no audit log before 0.5.17")
def test_the_audit_log_names_whom_it_names_on_stock(
    world: World, stock: Environment, keygate: Environment, tmp_path: Path
) -> None:
    """Some releases name nobody: 0.6.18 asks for the user with the wrong parameters."""
    lines = [
        logged(world, environment, tmp_path / f"audit_{name}", keys_enabled=environment is stock)
        for name, environment in (("stock", stock), ("keygate", keygate))
    ]
    named = [world.admin.id in line for line in lines]
    assert named[0] == named[1]
    assert all(named) or RELEASE == (0, 6, 18)


def logged(world: World, environment: Environment, folder: Path, *, keys_enabled: bool) -> str:
    """Return what the audit log of a new server has about an administrator's request."""
    with world.server(environment, folder, BYPASS_ON | {"AUDIT_LOG_LEVEL": "METADATA"}) as server:
        client = server.client()
        people.set_rules(client, world.first, enabled=keys_enabled)
        answer = client.request("POST", UPDATE, bearer(world.admin.keys["valid"]), {"ui": {}})
        assert answer.status == 200
        client.close()
        log = server.folder / "data" / "audit.log"
        wait_until(lambda: log.is_file() and UPDATE in log.read_text(), lambda: "no line of it")
        [line] = [line for line in log.read_text().splitlines() if UPDATE in line]
    return line
