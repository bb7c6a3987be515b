"""Virtual environments with the real host in them, with and without the wheel of this project.

`python -m harness.environments` makes both, where pytest would hide for a minute what it waits for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
RELEASES = sorted(
    (file.stem for file in (ROOT / "harness" / "hosts").glob("*.txt")),
    key=lambda release: [int(number) for number in release.split(".")],
)
"""The releases of the host that are tried, the newest one last."""
HOST_VERSION = os.environ.get("HOST_RELEASE", "0.12.4")
"""The release of the host; `make test HOST_RELEASE=0.11.4` runs everything on another."""
HOST_DATABASE = os.environ.get("HOST_DATABASE", "sqlite")
"""What the tests that start from a common world keep it in, `sqlite` or `postgresql`."""
HOST_PYTHON = os.environ.get("HOST_PYTHON", sys.executable)
"""The interpreter of the host; the wheel is one for all."""
_OF_ANOTHER_PYTHON = "" if sys.executable == HOST_PYTHON else f"-{Path(HOST_PYTHON).name}"

USUAL_SPEED = {"HARNESS_USUAL_SPEED": "true"}
"""The environment variables of a process that `quicker` leaves as those of users are."""
_QUICKER = ROOT / "harness" / "quicker.py"


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    def command(self, name: str) -> Path:
        """Return the path of a command in it."""
        return self.folder / "bin" / name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.command("python")

    @property
    def site_packages(self) -> Path:
        """The folder its packages are installed into."""
        return next(self.folder.glob("lib/python3.*/site-packages"))

    def run(
        self,
        command: str,
        *arguments: str | Path,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        seconds: int = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end, whatever that is, and return what it printed."""
        return subprocess.run(
            [self.command(command), *arguments],
            env=env,
            cwd=cwd,
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def pip(self, *arguments: str | Path) -> None:
        """Install or uninstall packages, with uv."""
        action, *rest = arguments
        python = ("--quiet", "--python", self.python)
        subprocess.run([uv(), "pip", action, *python, *rest], check=True)


def built_wheel() -> Path:
    """Return the one wheel in `dist`, which `make wheel` builds."""
    wheels = list((ROOT / "dist").glob("*.whl"))
    if len(wheels) != 1:
        message = f"expected one wheel in dist, found {len(wheels)}: run `make wheel`"
        raise RuntimeError(message)
    return wheels[0]


def host_environment(
    *,
    version: str = HOST_VERSION,
    with_wheel: bool,
    purpose: str = "",
    lists: Sequence[Path] = (),
) -> Environment:
    """Return an environment with the host, made afresh whenever what is in it has changed.

    Args:
        version: The release of the host.
        with_wheel: Whether the wheel of this project is in it.
        purpose: Names a copy that is not the one of the tests, so that more can be put into it.
        lists: The files that say what more is; a copy is made afresh when they change.
    """
    requirements = ROOT / "harness" / "hosts" / f"{version}.txt"
    kind = "keygate" if with_wheel else "stock"
    name = "-".join(filter(None, (".venv", purpose, kind, version)))
    environment = Environment(ROOT / f"{name}{_OF_ANOTHER_PYTHON}")
    contents = [Path(__file__), _QUICKER, requirements, *([built_wheel()] if with_wheel else [])]
    contents += lists
    if _is_ready(environment, contents):
        return environment
    say(f"Installing Open WebUI {version} into {environment.folder.name} ...")
    make_environment(environment.folder)
    # Compiled at once, as pip does it: a server starts in half the time.
    environment.pip("install", "--compile-bytecode", "--requirement", requirements)
    environment.pip("install", "--compile-bytecode", "--no-deps", f"open-webui=={version}")
    if with_wheel:
        environment.pip("install", "--compile-bytecode", built_wheel())
    # Where the host is a folder, its change log lies two folders above it. The host looks there
    # first, and to parse the one in its package is a fifth of what its import takes.
    environment.site_packages.with_name("CHANGELOG.md").touch()
    shutil.copy(_QUICKER, environment.site_packages / "harness_quicker.py")
    (environment.site_packages / "harness_quicker.pth").write_text("import harness_quicker\n")
    _mark_ready(environment, contents)
    return environment


def client_environment(name: str) -> Environment:
    """Return an environment with a client of the host that others wrote, and what it needs.

    Args:
        name: That of its requirements in harness/clients/.
    """
    requirements = ROOT / "harness" / "clients" / f"{name}.txt"
    environment = Environment(ROOT / f".venv-client-{name}")
    if not _is_ready(environment, [requirements]):
        say(f"Installing {name} into {environment.folder.name} ...")
        make_environment(environment.folder)
        environment.pip("install", "--requirement", requirements)
        _mark_ready(environment, [requirements])
    return environment


def make_environment(folder: Path) -> Environment:
    """Make an empty environment of the host's interpreter, without any package."""
    subprocess.run(
        [uv(), "venv", "--quiet", "--clear", "--python", HOST_PYTHON, folder], check=True
    )
    return Environment(folder)


def say(text: str) -> None:
    """Tell the person who waits what is being done."""
    print(text, file=sys.stderr, flush=True)


def uv() -> Path:
    """Return the path of the installer beside this interpreter."""
    return Path(sys.executable).with_name("uv")


def _digest(contents: list[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} {HOST_PYTHON}".encode())
    for file in contents:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_ready(environment: Environment, contents: list[Path]) -> bool:
    marker = environment.folder / ".ready"
    return marker.is_file() and marker.read_text() == _digest(contents)


def _mark_ready(environment: Environment, contents: list[Path]) -> None:
    (environment.folder / ".ready").write_text(_digest(contents))


if __name__ == "__main__":
    for with_wheel in (False, True):
        host_environment(with_wheel=with_wheel)
