"""The user object given to a request equals the host's own, field by field, on every release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.generations import READER

if TYPE_CHECKING:
    from harness.environments import Environment
    from tests.support.world import World

SCRIPT = Path(__file__).parent / "in_host" / "user_objects.py"


def test_user_objects_equal_the_hosts_own(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    server = world.server(keygate, tmp_path / "user-objects")
    settings = server.settings | {"FROM_INIT_PY": "true"}
    keys = [who.keys["valid"] for who in (world.first, *world.subjects.values())]
    run = keygate.run("python", "-P", SCRIPT, *keys, env=settings, cwd=server.folder)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["reader"] == READER
    assert len(found["users"]) == 2 * len(keys)
    for ours, theirs in found["users"]:
        assert ours == theirs
