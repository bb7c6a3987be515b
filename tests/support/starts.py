"""Servers started in many ways, with networks in force, and what keys get there."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from harness import people
from harness.client import bearer
from harness.libraries import (
    GRANIAN_VERSION,
    GUNICORN_VERSION,
    HYPERCORN_VERSION,
    PRIORITY_VERSION,
    install,
)
from harness.server import BYPASS_ON, START_SECONDS
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.client import Client
    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

ACTIVE = "is active on Open WebUI"
SETTINGS = "/api/v1/users/user/settings"
NARROW = {"FORWARDED_ALLOW_IPS": "127.0.0.1"}
INSIDE = {"X-Forwarded-For": "10.20.30.40"}
OUTSIDE = {"X-Forwarded-For": "192.0.2.1"}
OK = (200, None)
REFUSED = (403, "Refused by ADMIN_API_KEY_ALLOWED_NETWORKS.")
ERROR = "ADMIN_API_KEY_ALLOWED_NETWORKS refuses every key in this worker"


@contextmanager
def limited(
    world: World,
    keygate: Environment,
    folder: Path,
    command: list[str] | None,
    settings: dict[str, str],
) -> Iterator[Server]:
    """Run a server that lets keys bypass from two networks, with keys off."""
    networks = {"ADMIN_API_KEY_ALLOWED_NETWORKS": "10.20.0.0/16, 127.0.0.0/8"}
    all_settings = BYPASS_ON | networks | {"FROM_INIT_PY": "true"} | settings
    with (
        world.server(keygate, folder, all_settings, command) as server,
        closing(server.client()) as client,
    ):
        people.set_rules(client, world.first, enabled=False)
        yield server


def answers(server: Server, world: World) -> list[tuple[int, str | None]]:
    """Return what a key gets from inside, from outside, and without the header."""
    with closing(server.client()) as client:
        return [ask(client, world, headers) for headers in (INSIDE, OUTSIDE, {})]


def ask(client: Client, world: World, headers: dict[str, str]) -> tuple[int, str | None]:
    """Return the status that the administrator's key gets, and the reason of a refusal."""
    answer = client.request("GET", SETTINGS, bearer(world.admin.keys["valid"]) | headers)
    return answer.status, None if answer.status == OK[0] else answer.json()["detail"]


def errors(server: Server) -> list[str]:
    """Return the lines of the log that say that networks refuse every key."""
    return [line for line in server.log.splitlines() if ERROR in line]


def by_script(keygate: Environment, folder: Path, *options: str) -> list[str]:
    """Return the command that runs a program which calls Uvicorn itself.

    Processes that it starts import it anew, so it calls Uvicorn only as the main program.
    """
    script = folder / "serve.py"
    given = "".join(f", {option}" for option in options)
    script.write_text(
        "import sys, uvicorn\n"
        "if __name__ == '__main__':\n"
        "    port = int(sys.argv[1])\n"
        f"    uvicorn.run('open_webui.main:app', host='127.0.0.1', port=port{given})\n"
    )
    return [str(keygate.python), str(script), "{port}"]


def by_gunicorn(keygate: Environment, folder: Path, configuration: str) -> list[str]:
    """Return the command that runs gunicorn with a worker of Uvicorn and a configuration file."""
    file = folder / "gunicorn.conf.py"
    file.write_text(
        f"timeout = 180\nworker_class = 'uvicorn.workers.UvicornWorker'\n{configuration}"
    )
    command = [str(keygate.python), "-m", "gunicorn", "--config", str(file)]
    return [*command, "--bind", "127.0.0.1:{port}", "open_webui.main:app"]


def with_gunicorn() -> dict[str, str]:
    """Return the environment variables with which Python finds gunicorn."""
    return {"PYTHONPATH": str(install("gunicorn", GUNICORN_VERSION))} | NARROW


class OtherServer(NamedTuple):
    """A server that is not Uvicorn.

    Attributes:
        arguments: What starts it: its module, and its options but for the host.
        packages: Its packages with their versions, which are not in the host's environment.
    """

    arguments: tuple[str, ...]
    packages: dict[str, str]

    @property
    def version(self) -> dict[str, str]:
        """Its own package with its version."""
        return dict([*self.packages.items()][:1])

    def command(self, keygate: Environment, *options: str) -> list[str]:
        """Return the command that serves the host with further options."""
        python = str(keygate.python)
        return [python, "-m", *self.arguments, *options, "open_webui.main:app"]

    def settings(self) -> dict[str, str]:
        """Return the environment variables with which Python finds it."""
        found = (str(install(name, version)) for name, version in self.packages.items())
        return {"FROM_INIT_PY": "true", "PYTHONPATH": os.pathsep.join(found)}


BIND = ("--bind", "127.0.0.1:{port}")
GUNICORN = OtherServer(
    ("gunicorn", "--worker-class", "asgi", "--timeout", "180", *BIND),
    {"gunicorn": GUNICORN_VERSION},
)
HYPERCORN = OtherServer(
    ("hypercorn", *BIND), {"hypercorn": HYPERCORN_VERSION, "priority": PRIORITY_VERSION}
)
GRANIAN = OtherServer(
    ("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"),
    {"granian": GRANIAN_VERSION},
)


def wait_until_active(server: Server, times: int) -> None:
    """Wait until the log says as often as that, and no more often, that the extension is active."""
    wait_until(lambda: server.log.count(ACTIVE) >= times, server.end_of_log, START_SECONDS)
    assert server.log.count(ACTIVE) == times


def version_of(environment: Environment, package: str) -> str:
    """Return the version of a package."""
    [found] = environment.site_packages.glob(f"{package}-*.dist-info")
    return found.stem.removeprefix(f"{package}-")
