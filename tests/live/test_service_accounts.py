"""Each command of docs/service-accounts.md does what the page says."""

from __future__ import annotations

import json
import stat
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.client import bearer
from harness.server import host_settings
from tests.support.forked import Forked
from tests.support.generations import RELEASE
from tests.support.kubectl import Cluster, kubectl
from tests.support.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from harness.server import Server
    from tests.support.world import World

PAGE = "docs/service-accounts.md"
CHECK, SWITCH, CREATE, ENSURE, USE, CI, WATCH, ROTATE, KILL = blocks(PAGE, "sh")
COMPOSE, CHART, ALERTS, CRON_JOB, RULES_OF_DEPLOYMENT = blocks(PAGE, "yaml")
[CRONTAB] = blocks(PAGE, "crontab")
[POLICY] = blocks(PAGE, "toml")
POLICY_FILE = "/etc/owui-keygate.toml"
SCRIPT = CRON_JOB.split("- |\n", 1)[1].split("---", 1)[0]
PERMISSIONS = "/api/v1/users/default/permissions"
STEPS = ["get", "patch", "exec", "patch", "exec"]
"""The calls of kubectl in the script."""

pytestmark = pytest.mark.skipif(
    RELEASE < (0, 12, 0), reason="the page limits networks as one can from 0.12 on"
)


class Shell:
    """Runs commands of the page where the server runs."""

    def __init__(self, keygate: Environment, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.settings = {**settings, "PATH": f"{folder}:{keygate.folder}/bin:/usr/bin:/bin"}
        folder.mkdir(exist_ok=True)
        (folder / "owui-keygate.toml").write_text(POLICY)

    def run(self, script: str, *, code: int = 0) -> str:
        """Run a script that must end with a code, and return what it has printed."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    @property
    def key(self) -> str:
        """The key, as the page keeps it."""
        return (self.folder / "bot.key").read_text().strip()


@pytest.fixture(scope="module")
def limits(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the first commands set; the file is right, and `doctor` says so."""
    folder = tmp_path_factory.mktemp("switch")
    shell = Shell(keygate, folder, {"HOME": str(folder)})
    assert "allowed" in shell.run(CHECK)
    before = set(shell.settings)
    file = folder / "owui-keygate.toml"
    printed = shell.run(f"{SWITCH.replace(POLICY_FILE, str(file))}\nenv -0 > environment")
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


@pytest.fixture(scope="module")
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
    shell.run(ENSURE)
    assert "workspace" in json.loads(shell.run(USE))
    shell.settings["OPEN_WEBUI_KEY"] = key
    assert "data" in json.loads(shell.run(CI))
    watched = shell.run(WATCH)
    effective, _ = json.JSONDecoder().raw_decode(watched)
    assert effective["accounts"]["bot"]["allow_bypass"] > 0
    assert 'bypass account="bot"' in server.log
    shell.run(ROTATE)
    assert (status(server, key), status(server, shell.key)) == (200, 200)
    key = shell.key
    command = CRONTAB.split("root", 1)[1].replace("/run/secrets", str(shell.folder))
    shell.run(command)
    assert (status(server, key), status(server, shell.key)) == (200, 200)
    last = shell.key
    assert key not in server.log
    shell.run(KILL)
    assert (status(server, key), status(server, last)) == (401, 401)


@pytest.fixture(scope="module")
def forked(shell: Shell, keygate: Environment) -> Iterator[Forked]:
    """The commands in the pod."""
    with Forked(keygate, shell.settings, shell.folder) as made:
        yield made


@pytest.fixture
def cluster(shell: Shell, forked: Forked) -> Iterator[Cluster]:
    """A cluster whose Secret has the first key."""
    made = forked.run("create", "bot@example.org", "--expires", "90d", "--yes")
    cluster = Cluster(forked, {"key": made.stdout.strip()})
    with kubectl(shell.folder / "kubectl", cluster):
        yield cluster
    assert forked.run("revoke", "bot@example.org", "--yes").returncode == 0


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_the_key_in_the_secret_works_whatever_step_fails(
    cluster: Cluster, shell: Shell, server: Server, *, step: int, late: bool
) -> None:
    old = cluster.secret["key"]
    cluster.fails, cluster.late = step, late
    shell.run(SCRIPT, code=1)
    assert cluster.steps == STEPS[: step + 1]
    assert status(server, cluster.secret["key"]) == 200
    cluster.steps.clear()
    cluster.fails = None
    shell.run(SCRIPT)
    new = cluster.secret["key"]
    assert cluster.secret["next"] == ""
    assert new != old
    assert (status(server, old), status(server, new)) == (200, 200)
    assert not [key for key in (old, new) if key in server.log]


def test_each_way_to_deploy_sets_the_same(limits: dict[str, str], keygate: Environment) -> None:
    read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))"
    compose, chart = (
        json.loads(keygate.run("python", "-c", read, text).stdout) for text in (COMPOSE, CHART)
    )
    wanted = limits | {"ADMIN_API_KEY_POLICY_FILE": POLICY_FILE}
    by_compose = compose["services"]["open-webui"]["environment"]
    by_chart = {row["name"]: row["value"] for row in chart["extraEnvVars"]}
    proxies = [each.pop("FORWARDED_ALLOW_IPS") for each in (wanted, by_compose, by_chart)]
    assert wanted == by_compose == by_chart
    [network] = compose["networks"]["default"]["ipam"]["config"]
    # Each is what a proxy looks like there; nobody has the address of the last.
    assert proxies == ["127.0.0.1", network["gateway"], "192.0.2.0/24"]


def test_the_manifests_are_yaml(keygate: Environment) -> None:
    read = "import sys, yaml; print(*(one['kind'] for one in yaml.safe_load_all(sys.argv[1])))"
    kinds = keygate.run("python", "-c", read, CRON_JOB).stdout.split()
    assert kinds == ["CronJob", "ServiceAccount", "Role", "RoleBinding"]
    read = "import sys, yaml; print(len(yaml.safe_load(sys.argv[1])))"
    assert keygate.run("python", "-c", read, RULES_OF_DEPLOYMENT).stdout == "3\n"
    read = "import sys, yaml; print(len(yaml.safe_load(sys.argv[1])['groups'][0]['rules']))"
    assert keygate.run("python", "-c", read, ALERTS).stdout == "3\n"
