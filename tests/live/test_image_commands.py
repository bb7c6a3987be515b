"""Every command as `docker exec` runs it in the official image, where the server has its secret.

The image sets an empty `WEBUI_SECRET_KEY`, and its start script gives a generated one to the server
alone.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness.client import bearer
from harness.people import set_rules, sign_up
from harness.server import BYPASS_ON, Server
from tests.support.altered import alter_host
from tests.support.doctor import facts
from tests.support.image import IMAGE_VARIABLES, image_environment
from tests.support.keys import checked, without_progress

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment

SECRETS = {
    "empty": {"WEBUI_SECRET_KEY": ""},
    "missing": {},
    "set": {"WEBUI_SECRET_KEY": "a-secret-of-the-operator"},
}
CASES = """
[[case]]
user = "bot@example.org"
request = "GET /api/models"
expect = "allowed"
"""


class Container(NamedTuple):
    """A server that runs as in a container of the image."""

    environment: Environment
    backend: Path
    server: Server

    def execute(
        self, secret: dict[str, str], *arguments: str | Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker exec` does."""
        inherited = {k: v for k, v in IMAGE_VARIABLES.items() if k != "WEBUI_SECRET_KEY"}
        env = inherited | {"PATH": os.environ["PATH"]} | BYPASS_ON | secret
        found = self.environment.run("owui-keygate", *arguments, env=env, cwd=self.backend)
        return without_progress(found)

    def succeed(self, secret: dict[str, str], *arguments: str | Path) -> str:
        """Run a command that must succeed, and return what it prints."""
        found = self.execute(secret, *arguments)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout


@pytest.fixture(scope="module")
def container(
    keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """A container whose secret is in the file of its start script."""
    folder = tmp_path_factory.mktemp("image")
    environment = image_environment(keygate, folder)
    backend = folder / "app" / "backend"
    (backend / "data").mkdir()
    (backend / ".webui_secret_key").write_text("generated-by-start.sh\n")
    start = f"cd {backend} && export WEBUI_SECRET_KEY=$(cat .webui_secret_key) && exec"
    command = f"{start} {environment.python} -m uvicorn open_webui.main:app"
    command += " --host 127.0.0.1 --port {port}"
    server = Server(environment, folder, BYPASS_ON, ["/bin/sh", "-c", command])
    # The data are where the image has them.
    del server.settings["DATA_DIR"], server.settings["WEBUI_SECRET_KEY"]
    with server:
        client = server.client()
        set_rules(client, sign_up(client), enabled=False)
        client.close()
        yield Container(environment, backend, server)


@pytest.mark.parametrize("secret", SECRETS)
def test_keys(container: Container, secret: str) -> None:
    email = f"bot-{secret}@example.org"
    key = container.succeed(SECRETS[secret], "keys", "create", email).strip()
    client = container.server.client()
    assert client.request("GET", "/api/v1/auths/admin/config", bearer(key)).status == 200
    client.close()
    listed = json.loads(container.succeed(SECRETS[secret], "keys", "list", "--json"))
    assert email in {each["email"] for each in listed}
    container.succeed(SECRETS[secret], "keys", "revoke", email, "--yes")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("options", [(), ("--quick",)], ids=["whole", "quick"])
def test_doctor(container: Container, secret: str, options: tuple[str, ...]) -> None:
    printed = container.succeed(SECRETS[secret], "doctor", *options)
    assert "and the bypass is on" in printed.splitlines()[-1]
    assert f"              {container.backend / 'open_webui'}" in printed.splitlines()


@pytest.mark.parametrize("secret", SECRETS)
def test_policy(container: Container, secret: str, tmp_path: Path) -> None:
    cases = tmp_path / "cases.toml"
    cases.write_text(CASES)
    policy = tmp_path / "policy.toml"
    policy.touch()
    for arguments in (
        ("presets",),
        ("schema",),
        ("check", policy),
        ("explain", "--user", "bot@example.org", "GET", "/api/models"),
        ("test", cases),
    ):
        assert container.succeed(SECRETS[secret], "policy", *arguments)


def refusing(keygate: Environment, folder: Path) -> dict[str, str]:
    """Return what leads to a host that refuses to be imported."""
    source = (keygate.site_packages / "open_webui" / "env.py").read_text()
    [check] = re.findall(r"if WEBUI_AUTH and WEBUI_SECRET_KEY == (?:''|\"\"):\n", source)
    refusal = "raise SystemExit('REDIS_URL is wrong:\\nredis://:sk-secret@nowhere')\n"
    return alter_host(keygate, folder, "env.py", check, refusal + check)


REFUSAL = "Open WebUI refuses to start with these environment variables because of REDIS_URL: "


def test_another_refusal_of_open_webui_is_explained_by_keys(
    keygate: Environment, tmp_path: Path
) -> None:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | refusing(keygate, tmp_path)
    found = checked(without_progress(keygate.run("owui-keygate", "keys", "list", env=env)))
    assert found.returncode == 3
    assert found.stderr.startswith(REFUSAL)
    assert "sk-secret" not in found.stderr


def test_another_refusal_of_open_webui_is_explained_by_doctor(
    keygate: Environment, tmp_path: Path
) -> None:
    report = facts(keygate, BYPASS_ON | refusing(keygate, tmp_path))
    assert report["exit_code"] == 1
    assert report["verdict"].startswith(f"Not active: {REFUSAL}")
    assert "sk-secret" not in json.dumps(report)
