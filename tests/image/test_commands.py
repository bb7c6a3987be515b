"""Each command of the documentation works in the image as it is shipped, beside its server.

A command gets the environment of the container, as `docker exec` and `kubectl exec` give it, and
not what `start.sh` gives the server alone.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.client import bearer
from harness.container_server import ContainerServer
from harness.read_only import ReadOnly
from tests.support.deployed import Volumes, by_compose, first_account
from tests.support.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.buildah import Buildah

ACCOUNTS, KEYS, POLICIES = (
    f"docs/{name}.md" for name in ("service-accounts", "keys-command", "policy")
)
[POLICY] = blocks(ACCOUNTS, "toml")
CHECK, _SWITCH, CREATE, ENSURE, USE, _CI, WATCH, ROTATE, REVOKE = blocks(ACCOUNTS, "sh")
PERMISSIONS = "/api/v1/users/default/permissions"


class Shell:
    """Runs commands beside the server, in the folder and with the variables of the container."""

    def __init__(self, server: ContainerServer) -> None:
        self.server = server

    def run(self, script: str, *, code: int = 0, stdin: str = "") -> str:
        """Run a script that must end with a code, and return what it has printed."""
        beside = self.server.beside.having({"URL": self.server.url})
        done = beside.run("bash", "-euo", "pipefail", "-c", script, stdin=stdin)
        assert done.returncode == code, done.stderr
        return done.stdout

    @property
    def key(self) -> str:
        """The key, as the page keeps it."""
        return self.run("cat bot.key").strip()

    def status(self, key: str) -> int:
        """Return what the server answers to a key."""
        with closing(self.server.client()) as client:
            return client.request("GET", PERMISSIONS, bearer(key)).status


@pytest.fixture(scope="module")
def shell(
    buildah: Buildah, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Beside a server with the policy file of the page, and one account."""
    folder: Path = tmp_path_factory.mktemp("commands")
    volumes = Volumes(folder, policy=POLICY)
    with buildah.container(image) as container:
        composed = container.having(by_compose()).mounting(volumes.all)
        with ContainerServer(composed, folder / "server") as server:
            first_account(server)
            made = Shell(server)
            made.run("cp /etc/owui-keygate.toml .")
            yield made


def test_the_environment_is_that_of_the_image(shell: Shell) -> None:
    assert shell.run('echo "$PWD:$HOME:${WEBUI_SECRET_KEY-unset}"') == "/app/backend:/root:\n"


def test_the_policy_file_is_tried_before_it_counts(shell: Shell) -> None:
    assert "allowed" in shell.run(CHECK)
    policy, cases = blocks(POLICIES, "toml")
    [commands] = blocks(POLICIES, "sh")
    shell.run("mkdir page && cat > page/owui-keygate.toml", stdin=policy)
    shell.run("cat > page/cases.toml", stdin=cases)
    printed = shell.run(f"cd page\n{commands}")
    assert "@status" in printed


def test_the_page_about_service_accounts(shell: Shell) -> None:
    assert "bot@example.org" in shell.run(CREATE)
    key = shell.key
    shell.run(ENSURE)
    assert "workspace" in shell.run(USE)
    assert "bot@example.org" in shell.run(WATCH)
    shell.run(ROTATE)
    new = shell.key
    assert [shell.status(key), shell.status(new)] == [200, 200]
    shell.run(REVOKE)
    assert [shell.status(key), shell.status(new)] == [401, 401]
    assert not [secret for secret in (key, new) if secret in shell.server.log]


def test_the_page_about_keys(shell: Shell) -> None:
    life, fingerprint = blocks(KEYS, "sh")
    shell.run(life)
    assert len(shell.run(fingerprint).strip()) == 8


def test_keys_where_the_root_is_read_only(shell: Shell) -> None:
    beside = shell.server.beside
    read_only = ReadOnly(beside.buildah, beside.name, beside.settings, beside.volumes)
    done = read_only.run("owui-keygate", "keys", "list")
    assert done.returncode == 0, done.stderr


def test_keys_as_any_user_of_group_0(shell: Shell) -> None:
    """As OpenShift runs it; the volume belongs to group 0 there."""
    shell.run("chgrp -R 0 data && chmod -R g+rwX data")
    anybody = replace(shell.server.beside, user="123456:0")
    done = anybody.run("owui-keygate", "keys", "list")
    assert done.returncode == 0, done.stderr


def test_a_key_that_goes_through_a_pipe(shell: Shell) -> None:
    """As the CronJob of the page hands it over."""
    key, new = (f"sk-{secrets.token_hex(16)}" for _ in range(2))
    shell.run("owui-keygate keys ensure pipe@example.org --key-file -", stdin=key)
    rotate = "owui-keygate keys rotate pipe@example.org --key-file - --overlap 24h --yes"
    shell.run(rotate, stdin=new)
    assert [shell.status(key), shell.status(new)] == [403, 403], "the policy names no such account"
    assert shell.run("owui-keygate keys list --json").count('"pipe@example.org"') == 2
    shell.run("owui-keygate keys revoke pipe@example.org --yes")
