"""Workers that are replaced while the server runs: is each active, and with which settings?"""

from __future__ import annotations

import os
import signal
from contextlib import closing
from typing import TYPE_CHECKING

import psutil
import pytest

from harness import people
from harness.client import bearer
from harness.libraries import GUNICORN_VERSION
from harness.server import BYPASS_ON, START_SECONDS, by_uvicorn
from harness.waiting import wait_until
from tests.support import policy_file
from tests.support.starts import (
    ACTIVE,
    SETTINGS,
    by_gunicorn,
    version_of,
    wait_until_active,
    with_gunicorn,
)

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.tried import Tried
    from tests.support.world import World

ROUNDS = 8
ALLOWED, REFUSED = 200, 403
FROM_PIP = {"FROM_INIT_PY": "true"}
RENEWED = "each new worker is active, and reads the policy file anew"


class Policy:
    """A policy file that lets the key of one administrator reach one list of endpoints."""

    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self._user = world.admin.id
        self.variables = BYPASS_ON | {"ADMIN_API_KEY_POLICY_FILE": str(self.allow("GET /health"))}

    def allow(self, endpoints: str) -> Path:
        """Write it."""
        text = f'[account.bot]\nuser = "{self._user}"\nendpoints = ["{endpoints}"]\n'
        return policy_file.write(self._folder, text)


@pytest.fixture
def policy(world: World, tmp_path: Path) -> Policy:
    return Policy(tmp_path, world)


def found(server: Server, world: World) -> set[int]:
    """Return what the administrator's key gets, with keys off, of workers that take turns."""
    key = bearer(world.admin.keys["valid"])
    answers = set()
    for _ in range(ROUNDS):
        with closing(server.client()) as client:
            answers.add(client.request("GET", SETTINGS, key).status)
    return answers


def switch_keys_off(server: Server, world: World) -> None:
    with closing(server.client()) as client:
        people.set_rules(client, world.first, enabled=False)


def workers(server: Server) -> set[int]:
    """Return the ids of the processes that answer, those that a supervisor has started."""
    children = psutil.Process(server.pid).children()
    return {child.pid for child in children if "resource_tracker" not in " ".join(_command(child))}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def renew(server: Server, trigger: Path | None = None) -> None:
    """Tell the server to replace its workers, and wait until all of them are others."""
    before, said = workers(server), server.log.count(ACTIVE)
    if trigger is None:
        os.kill(server.pid, signal.SIGHUP)
    else:
        trigger.write_text("changed = True\n")
    wait_until(
        lambda: len(workers(server)) == len(before) and not workers(server) & before,
        server.end_of_log,
        START_SECONDS,
    )
    wait_until_active(server, said + len(before))


def test_a_signal_to_uvicorn_with_workers(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, policy: Policy
) -> None:
    command = by_uvicorn(keygate, workers=2)
    settings = policy.variables | FROM_PIP
    with world.server(keygate, tmp_path / "server", settings, command) as server:
        switch_keys_off(server, world)
        wait_until_active(server, 2)
        policy.allow(f"GET {SETTINGS}")
        assert found(server, world) == {REFUSED}
        renew(server)
        assert found(server, world) == {ALLOWED}
        policy.allow("nowhere")
        renew(server)
        assert found(server, world) == {REFUSED}
        assert server.log.count("The admin API-key bypass stays off: ") == 2
    tried("SIGHUP to `uvicorn --workers 2`", RENEWED, Uvicorn=version_of(keygate, "uvicorn"))


def test_a_signal_to_uvicorn_alone(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    command = by_uvicorn(keygate)
    with world.server(keygate, tmp_path / "server", FROM_PIP, command) as server:
        os.kill(server.pid, signal.SIGHUP)
        server.wait_until_dead()
    tried(
        "SIGHUP to `uvicorn` with one worker",
        "ends the server, as without the extension",
        Uvicorn=version_of(keygate, "uvicorn"),
    )


def test_a_change_under_reload(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, policy: Policy
) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    command = by_uvicorn(keygate, "--reload", "--reload-dir", str(watched))
    settings = policy.variables | FROM_PIP
    with world.server(keygate, tmp_path / "server", settings, command) as server:
        switch_keys_off(server, world)
        policy.allow(f"GET {SETTINGS}")
        assert found(server, world) == {REFUSED}
        renew(server, watched / "code.py")
        assert found(server, world) == {ALLOWED}
    tried(
        "a changed file under `uvicorn --reload`", RENEWED, Uvicorn=version_of(keygate, "uvicorn")
    )


def test_a_signal_to_gunicorn(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, policy: Policy
) -> None:
    """Its configuration file is read anew, and so are the variables in it."""
    narrow = "workers = 2\nraw_env = ['ADMIN_API_KEY_ALLOWED_ENDPOINTS=GET /health']\n"
    command = by_gunicorn(keygate, tmp_path, narrow)
    settings = policy.variables | FROM_PIP | with_gunicorn()
    with world.server(keygate, tmp_path / "server", settings, command) as server:
        switch_keys_off(server, world)
        wait_until_active(server, 2)
        policy.allow(f"GET {SETTINGS}")
        renew(server)
        assert found(server, world) == {REFUSED}
        by_gunicorn(keygate, tmp_path, narrow.replace("/health", SETTINGS))
        assert found(server, world) == {REFUSED}
        renew(server)
        assert found(server, world) == {ALLOWED}
    tried(
        "SIGHUP to gunicorn",
        f"{RENEWED}, and `raw_env` of the configuration file",
        gunicorn=GUNICORN_VERSION,
    )


def test_a_signal_to_gunicorn_that_has_loaded_before(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, policy: Policy
) -> None:
    """Its workers are copies of the process that has read the settings, once."""
    command = by_gunicorn(keygate, tmp_path, "workers = 2\npreload_app = True\n")
    settings = policy.variables | FROM_PIP | with_gunicorn()
    with world.server(keygate, tmp_path / "server", settings, command) as server:
        switch_keys_off(server, world)
        wait_until_active(server, 2)
        policy.allow(f"GET {SETTINGS}")
        renew(server)
        assert found(server, world) == {REFUSED}
    tried(
        "SIGHUP to gunicorn with `preload_app`",
        "each new worker is active, with the old settings and the old policy file",
        gunicorn=GUNICORN_VERSION,
    )
