"""Each command of docs/service-accounts.md does what the page says."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.server import host_settings
from tests.support.generations import RELEASE
from tests.support.keys import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "service-accounts.md").read_text()
SWITCH, CREATE, USE, CI, WATCH, ROTATE, KILL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMPOSE, CHART, CRON_JOB = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
[CRONTAB] = re.findall(r"```crontab\n(.*?)```", PAGE, re.DOTALL)
PERMISSIONS = "/api/v1/users/default/permissions"
KUBECTL = """#!/bin/sh
case "$1" in
  exec) shift 3; exec "$@" ;;
  create) echo "$@" > created; cat ;;
  apply) cat > applied ;;
esac
"""
"""Runs what it is to run in a pod, and keeps what it is to apply."""

pytestmark = pytest.mark.skipif(
    RELEASE < (0, 12, 0), reason="the page limits networks as one can from 0.12 on"
)


class Shell:
    """Runs commands of the page where the server runs."""

    def __init__(self, keygate: Environment, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.settings = {**settings, "PATH": f"{folder}:{keygate.folder}/bin:/usr/bin:/bin"}
        folder.mkdir(exist_ok=True)

    def run(self, script: str) -> str:
        """Run a script that must succeed, and return what it has printed."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def key(self) -> str:
        """The key, as the page keeps it."""
        return (self.folder / "bot.key").read_text().strip()


@pytest.fixture(scope="module")
def limits(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the first commands set; `doctor` finds it right."""
    folder = tmp_path_factory.mktemp("switch")
    shell = Shell(keygate, folder, {"HOME": str(folder)})
    before = set(shell.settings)
    printed = shell.run(f"{SWITCH}\nenv -0 > environment")
    assert "Active, and the bypass is on: administrators' API keys" in printed
    assert "warning" not in printed
    pairs = (folder / "environment").read_text().rstrip("\0").split("\0")
    after = dict(pair.split("=", 1) for pair in pairs)
    own = ("ADMIN_API_KEY_", "ENABLE_ADMIN_", "FORWARDED_", "OWUI_")
    return {k: v for k, v in after.items() if k not in before and k.startswith(own)}


@pytest.fixture(scope="module")
def server(
    world: World,
    keygate: Environment,
    limits: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    with world.server(keygate, tmp_path_factory.mktemp("bot") / "bot", limits) as started:
        with closing(started.client()) as client:
            people.set_rules(client, world.first, enabled=False)
        yield started


@pytest.fixture
def shell(server: Server, keygate: Environment) -> Shell:
    settings = host_settings(server.folder) | server.settings | {"URL": server.url}
    return Shell(keygate, server.folder / "shell", settings)


def status(server: Server, key: str) -> int:
    with closing(server.client()) as client:
        return client.request("GET", PERMISSIONS, bearer(key)).status


def test_the_page_from_beginning_to_end(shell: Shell, server: Server) -> None:
    listed = shell.run(CREATE)
    assert stat.S_IMODE((shell.folder / "bot.key").stat().st_mode) == 0o600
    key = shell.key
    assert "bot@example.org" in listed
    assert key not in listed
    assert "workspace" in json.loads(shell.run(USE))
    shell.settings["OPEN_WEBUI_KEY"] = key
    assert "data" in json.loads(shell.run(CI))
    watched = shell.run(WATCH)
    assert '"allow_bypass"' in watched
    assert 'path="/api/models"' in server.log
    shell.run(ROTATE)
    assert (status(server, key), status(server, shell.key)) == (401, 200)
    key = shell.key
    command = CRONTAB.split("root", 1)[1].replace("/run/secrets", str(shell.folder))
    shell.run(command)
    assert (status(server, key), status(server, shell.key)) == (401, 200)
    key = shell.key
    rotated = rotate_by_cron_job(shell)
    assert (status(server, key), status(server, rotated)) == (401, 200)
    shell.run(KILL)
    assert status(server, rotated) == 401
    assert not [secret for secret in (key, rotated) if secret in server.log]


def rotate_by_cron_job(shell: Shell) -> str:
    """Run the script of the CronJob with a stand-in for kubectl, and return the key applied."""
    kubectl = shell.folder / "kubectl"
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    shell.run(CRON_JOB.split("- |\n", 1)[1].split("---", 1)[0])
    key = (shell.folder / "applied").read_text()
    assert "--from-file=key=/dev/stdin" in (shell.folder / "created").read_text()
    assert KEY.fullmatch(key), "no newline, either"
    return key


def test_each_way_to_deploy_sets_the_same(limits: dict[str, str], keygate: Environment) -> None:
    read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))"
    compose, chart = (
        json.loads(keygate.run("python", "-c", read, text).stdout) for text in (COMPOSE, CHART)
    )
    assert compose["services"]["open-webui"]["environment"] == limits
    assert {row["name"]: row["value"] for row in chart["extraEnvVars"]} == limits


def test_the_cron_job_is_yaml(keygate: Environment) -> None:
    read = "import sys, yaml; print(*(one['kind'] for one in yaml.safe_load_all(sys.argv[1])))"
    kinds = keygate.run("python", "-c", read, CRON_JOB).stdout.split()
    assert kinds == ["CronJob", "ServiceAccount", "Role", "RoleBinding"]
