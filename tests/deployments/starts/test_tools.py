"""Open WebUI installed by uv and pipx: is the extension active, and where is its command?

All of them get a wheel of the host that requires no PyTorch.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.environments import HOST_PYTHON, built_wheel, make_environment, uv
from harness.server import BYPASS_ON
from harness.slim_host import slim_wheel
from tests.support.starts import NARROW, OK, REFUSED, answers, limited, wait_until_active
from tests.support.startup import BYPASS
from tests.support.startup import answers as statuses

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried
    from tests.support.world import World

PIPX_VERSION = "1.18.4"
SERVE = ("serve", "--host", "127.0.0.1", "--port", "{port}")
PROJECT = """
[project]
name = "chat"
version = "0"
requires-python = ">=3.11,<3.13"
dependencies = [{dependencies}]

[tool.uv.sources]
open-webui = {{ path = "{host}" }}
owui-keygate = {{ path = "{wheel}" }}
"""


@dataclass(frozen=True)
class Machine:
    """Somebody's machine, where tools keep what they install in a folder of this test."""

    world: World
    keygate: Environment
    folder: Path

    @property
    def commands(self) -> Path:
        """The folder that is on the path of its owner."""
        return self.folder / "bin"

    @property
    def settings(self) -> dict[str, str]:
        """What the tools read from the environment."""
        cache = subprocess.run([uv(), "cache", "dir"], check=True, capture_output=True, text=True)
        return {
            "PATH": f"{self.commands}:/usr/bin:/bin",
            "PIPX_BIN_DIR": str(self.commands),
            "PIPX_HOME": str(self.folder / "pipx"),
            "UV_CACHE_DIR": cache.stdout.strip(),
            "UV_PYTHON": HOST_PYTHON,
            "UV_TOOL_BIN_DIR": str(self.commands),
            "UV_TOOL_DIR": str(self.folder / "tools"),
        }

    def run(self, *command: str | Path, code: int = 0) -> str:
        """Run a command that must end with a code, and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self.settings | BYPASS_ON,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def look(self, *command: str | Path) -> None:
        """Ask the quick doctor, started by a command, whether the extension is ready."""
        found = json.loads(self.run(*command, "doctor", "--quick", "--json"))
        assert found["verdict"].startswith("Ready to be active, and the bypass is on"), found

    def judge(self, *command: str | Path) -> None:
        """Ask both kinds of doctor."""
        self.look(*command)
        found = json.loads(self.run(*command, "doctor", "--json"))
        assert found["verdict"].startswith("Active, and the bypass is on"), found

    def serve(self, *command: str | Path) -> None:
        """Start a server, and see that the extension is active in it.

        What the tool runs was installed before; it must not look for more.
        """
        folder = self.folder / "server"
        settings = self.settings | NARROW | {"UV_OFFLINE": "true"}
        line = [*map(str, command), *SERVE]
        with limited(self.world, self.keygate, folder, line, settings) as server:
            wait_until_active(server, 1)
            assert statuses(server, self.world) == BYPASS
            assert answers(server, self.world) == [OK, REFUSED, OK]


@pytest.fixture
def machine(world: World, keygate: Environment, tmp_path: Path) -> Machine:
    return Machine(world, keygate, tmp_path)


@pytest.fixture(scope="session")
def uv_version() -> str:
    said = subprocess.run([uv(), "--version"], check=True, capture_output=True, text=True)
    return said.stdout.split()[1]


def test_uv_tool_install(machine: Machine, tried: Tried, uv_version: str) -> None:
    install = (uv(), "tool", "install", slim_wheel(), "--with", built_wheel())
    machine.run(*install)
    hidden = machine.folder / "tools" / "open-webui" / "bin" / "owui-keygate"
    assert [each.name for each in machine.commands.iterdir()] == ["open-webui"]
    machine.look(hidden)
    tried(
        "`uv tool install open-webui --with owui-keygate`",
        "active; the command is not on the path, and works from the folder of the tool",
        uv=uv_version,
    )
    machine.run(*install, "--with-executables-from", "owui-keygate")
    machine.judge(machine.commands / "owui-keygate")
    machine.serve(machine.commands / "open-webui")
    tried(
        "the same with `--with-executables-from owui-keygate`",
        "active; the command is on the path",
        uv=uv_version,
    )


def test_uvx(machine: Machine, tried: Tried, uv_version: str) -> None:
    uvx = (uv(), "tool", "run", "--from", slim_wheel(), "--with", built_wheel())
    machine.judge(*uvx, "owui-keygate")
    machine.serve(*uvx, "open-webui")
    tried(
        "`uvx --from open-webui --with owui-keygate open-webui serve`",
        "active; `owui-keygate` in the place of `open-webui serve` is the command",
        uv=uv_version,
    )


def test_a_tool_of_its_own(machine: Machine, tried: Tried, uv_version: str) -> None:
    machine.run(uv(), "tool", "install", slim_wheel())
    machine.run(uv(), "tool", "install", built_wheel())
    for option in ("--quick", "--json"):
        said = machine.run(machine.commands / "owui-keygate", "doctor", option, code=2)
        assert "No Open WebUI found: run this command in Open WebUI's Python" in said
    tried(
        "`uv tool install open-webui` and `uv tool install owui-keygate`",
        "not active; `doctor` ends with 2",
        uv=uv_version,
    )


def test_pipx(machine: Machine, tried: Tried) -> None:
    environment = make_environment(machine.folder / "pipx-itself")
    environment.pip("install", f"pipx[uv]=={PIPX_VERSION}")
    pipx = environment.command("pipx")
    machine.run(pipx, "install", slim_wheel())
    machine.run(pipx, "inject", "open-webui", built_wheel())
    hidden = machine.folder / "pipx" / "venvs" / "open-webui" / "bin" / "owui-keygate"
    assert [each.name for each in machine.commands.iterdir()] == ["open-webui"]
    machine.look(hidden)
    tried(
        "`pipx install open-webui`, `pipx inject open-webui owui-keygate`",
        "active; the command is not on the path, and works from the folder of the tool",
        pipx=PIPX_VERSION,
    )
    machine.run(pipx, "inject", "--force", "--include-apps", "open-webui", built_wheel())
    machine.judge(machine.commands / "owui-keygate")
    machine.serve(machine.commands / "open-webui")
    tried("the same with `--include-apps`", "active; the command is on the path", pipx=PIPX_VERSION)


def make_project(folder: Path, *dependencies: str) -> None:
    """Write a project that depends on these packages."""
    text = PROJECT.format(
        dependencies=", ".join(f'"{each}"' for each in dependencies),
        host=slim_wheel(),
        wheel=built_wheel(),
    )
    (folder / "pyproject.toml").write_text(text)


def test_a_project_of_uv(machine: Machine, tried: Tried, uv_version: str) -> None:
    make_project(machine.folder, "open-webui", "owui-keygate")
    machine.run(uv(), "sync")
    machine.look(machine.folder / ".venv" / "bin" / "owui-keygate")
    machine.judge(uv(), "run", "owui-keygate")
    machine.serve(uv(), "run", "--project", machine.folder, "open-webui")
    tried(
        "a project with both as dependencies: `uv sync`, `uv run open-webui serve`",
        "active; `uv run owui-keygate` is the command",
        uv=uv_version,
    )


def test_a_project_of_uv_without_it(machine: Machine, tried: Tried, uv_version: str) -> None:
    make_project(machine.folder, "open-webui")
    run = (uv(), "run", "--project", machine.folder, "--with", built_wheel())
    machine.judge(*run, "owui-keygate")
    machine.serve(*run, "open-webui")
    tried(
        "a project with Open WebUI alone: `uv run --with owui-keygate open-webui serve`",
        "active; `uv run --with owui-keygate owui-keygate` is the command",
        uv=uv_version,
    )
