"""Open WebUI under every server: who gets in, what each worker logs, and whom networks see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.server import BYPASS_ON, SECRET_KEY, by_uvicorn
from harness.stand_in import FOLDER
from tests.support.image import image_environment
from tests.support.starts import (
    GRANIAN,
    GUNICORN,
    HYPERCORN,
    NARROW,
    OK,
    REFUSED,
    answers,
    by_gunicorn,
    by_script,
    errors,
    limited,
    version_of,
    wait_until_active,
    with_gunicorn,
)
from tests.support.startup import BYPASS, STOCK
from tests.support.startup import answers as statuses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried
    from tests.support.world import World

ROUNDS = 8
"""As many as two workers hardly leave to one of them."""
SEEN = "the administrator's key gets in, the user's does not; networks see the client"
UNSEEN = "the administrator's key gets in, the user's does not; networks refuse every key"
VARIABLES = {"UVICORN_HOST": "127.0.0.1", "UVICORN_WORKERS": "2"}


def by_variables(keygate: Environment, _: Path) -> list[str]:
    """Return the command of a Uvicorn that has its port from its variable, as all else."""
    command = [str(keygate.command("uvicorn")), "open_webui.main:app"]
    return ["/usr/bin/env", "UVICORN_PORT={port}", *command]


def by_start_script(keygate: Environment, folder: Path) -> list[str]:
    """Return the command of the official image, with the host in a folder beside the script."""
    environment = image_environment(keygate, folder)
    script = folder / "app" / "backend" / "start.sh"
    script.symlink_to(FOLDER / "start.sh")
    script.with_name("secret").write_text(SECRET_KEY)
    path = f"PATH={environment.folder / 'bin'}:/usr/bin:/bin"
    return ["/usr/bin/env", path, "HOST=127.0.0.1", "PORT={port}", "bash", str(script)]


@dataclass(frozen=True)
class Way:
    """A way to start a server that believes 127.0.0.1 about the addresses of clients.

    Attributes:
        command: What starts it; None is `open-webui serve`.
        settings: Its environment variables.
        workers: How many answer.
        server: What serves and in which version; Uvicorn is named without.
    """

    command: Callable[[Environment, Path], list[str]] | None = None
    settings: dict[str, str] = field(default_factory=lambda: NARROW)
    workers: int = 1
    server: dict[str, str] = field(default_factory=dict)


IMAGE = {"FROM_INIT_PY": "", "WEBUI_SECRET_KEY": "", "WEBUI_SECRET_KEY_FILE": "secret"}
WAYS = {
    "`open-webui serve`": Way(),
    "`open-webui serve`, `UVICORN_WORKERS=2`": Way(
        settings={"UVICORN_WORKERS": "2"} | NARROW, workers=2
    ),
    "`start.sh` of the official image": Way(by_start_script, NARROW | IMAGE),
    "`start.sh` of the official image, `UVICORN_WORKERS=2`": Way(
        by_start_script, {"UVICORN_WORKERS": "2"} | NARROW | IMAGE, workers=2
    ),
    "`uvicorn --forwarded-allow-ips`": Way(
        lambda keygate, _: by_uvicorn(keygate, "--forwarded-allow-ips", "127.0.0.1"), {}
    ),
    "`uvicorn` with `UVICORN_HOST`, `_PORT`, `_WORKERS`, `_FORWARDED_ALLOW_IPS`": Way(
        by_variables, VARIABLES | {"UVICORN_FORWARDED_ALLOW_IPS": "127.0.0.1"}, workers=2
    ),
    "`uvicorn.run` in a program": Way(by_script),
    "`uvicorn.run(workers=2)` in a program": Way(
        lambda keygate, folder: by_script(keygate, folder, "workers=2"), workers=2
    ),
    "`uvicorn.run(reload=True)` in a program": Way(
        lambda keygate, folder: by_script(keygate, folder, "reload=True")
    ),
    "gunicorn with two workers of Uvicorn and a configuration file": Way(
        lambda keygate, folder: by_gunicorn(keygate, folder, "workers = 2\n"),
        with_gunicorn(),
        workers=2,
        server=GUNICORN.version,
    ),
    "gunicorn with `preload_app` and two workers of Uvicorn": Way(
        lambda keygate, folder: by_gunicorn(keygate, folder, "workers = 2\npreload_app = True\n"),
        with_gunicorn(),
        workers=2,
        server=GUNICORN.version,
    ),
}


@pytest.mark.parametrize("what", WAYS)
def test_each_way_with_uvicorn(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, what: str
) -> None:
    way = WAYS[what]
    command = way.command and way.command(keygate, tmp_path)
    with limited(world, keygate, tmp_path / "server", command, way.settings) as server:
        wait_until_active(server, way.workers)
        for _ in range(ROUNDS):
            assert statuses(server, world) == BYPASS
            assert answers(server, world) == [OK, REFUSED, OK]
        assert errors(server) == []
        wait_until_active(server, way.workers)
    tried(what, SEEN, **way.server, Uvicorn=version_of(keygate, "uvicorn"))


UNSAID = {
    "`start.sh` without `FORWARDED_ALLOW_IPS`": (by_start_script, IMAGE),
    "`uvicorn.run(forwarded_allow_ips='127.0.0.1')` without `FORWARDED_ALLOW_IPS`": (
        lambda keygate, folder: by_script(keygate, folder, "forwarded_allow_ips='127.0.0.1'"),
        {},
    ),
}


@pytest.mark.parametrize("what", UNSAID)
def test_networks_where_no_variable_says_whom_the_server_believes(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, what: str
) -> None:
    make_command, settings = UNSAID[what]
    command = make_command(keygate, tmp_path)
    with limited(world, keygate, tmp_path / "server", command, settings) as server:
        assert "ADMIN_API_KEY_ALLOWED_NETWORKS cannot be enforced" in server.log
        assert statuses(server, world) == STOCK
    tried(what, "networks keep the bypass off", Uvicorn=version_of(keygate, "uvicorn"))


OTHERS = {
    "gunicorn with its own worker, `--worker-class asgi`": GUNICORN,
    "hypercorn": HYPERCORN,
    "granian": GRANIAN,
}


@pytest.mark.parametrize("what", OTHERS)
def test_each_server_that_is_not_uvicorn(
    world: World, keygate: Environment, tmp_path: Path, tried: Tried, what: str
) -> None:
    """Nobody can ask it whom it believes about addresses."""
    other = OTHERS[what]
    command = other.command(keygate, "--workers", "2")
    settings = other.settings() | NARROW
    with world.server(keygate, tmp_path / "plain", BYPASS_ON | settings, command) as server:
        wait_until_active(server, 2)
        for _ in range(ROUNDS):
            assert statuses(server, world) == BYPASS
    with limited(world, keygate, tmp_path / "limited", command, settings) as server:
        wait_until_active(server, 2)
        for _ in range(ROUNDS):
            assert answers(server, world) == [REFUSED, REFUSED, REFUSED]
        # One worker may get all of the requests.
        assert len(errors(server)) in {1, 2}
    tried(what, UNSEEN, **other.version)
