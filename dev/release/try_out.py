"""Tries a wheel: `python -m dev.release.try_out WHEEL`, with the Python that it shall be tried on.

The wheel goes into a new environment where no Rust is to be found; then it is imported, its command
is called, and the unit tests run. It ends with 0 if all that works. It needs no package, so
that it runs wherever the wheel is meant to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from harness.environments import ROOT

KEPT = ("HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE")
"""The environment variables that are handed on, beside those of pip and a cleared PATH."""
RUST = ("cargo", "rustc", "rustup")
UNTRIED = (
    "tests/unit/test_bench*.py",
    "tests/unit/test_deploy.py",
    "tests/unit/test_imports.py",
    "tests/unit/test_nightly.py",
    "tests/unit/test_scripts.py",
    "tests/unit/readers/test_pipeline.py",
    "tests/unit/readers/test_postgres.py",
)
"""Most are about no part of the wheel; two need `pgserver`, which is there for few platforms."""
UNTRIED_ON_WINDOWS = ("tests/unit/commands/keys", "tests/unit/commands/test_command_line.py")
"""They are about `owui-keygate keys`, which needs POSIX."""


def clean_environment() -> dict[str, str]:
    """Return environment variables without a path to Rust."""
    folders = os.environ["PATH"].split(os.pathsep)
    path = [it for it in folders if not any(shutil.which(tool, path=it) for tool in RUST)]
    kept = {
        name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PIP_")
    }
    return kept | {"PATH": os.pathsep.join(path)}


def try_out(wheel: Path, folder: Path) -> None:
    """Install a wheel, call what it brings, and run the unit tests.

    Args:
        wheel: The path of the wheel.
        folder: An empty folder.

    Raises:
        subprocess.CalledProcessError: Something did not work; it has said what.
    """
    venv.create(folder, with_pip=True)
    scripts = str(folder / ("Scripts" if os.name == "nt" else "bin"))
    python = shutil.which("python", path=scripts) or sys.exit("venv made no interpreter")
    install = (python, "-m", "pip", "install", "--quiet", "--only-binary=:all:")
    _call(*install, wheel)
    version = wheel.name.split("-")[1]
    asserting = f"from owui_keygate import _native; assert _native.__version__ == '{version}'"
    _call(python, "-c", asserting)
    command = shutil.which("owui-keygate", path=scripts) or sys.exit("the wheel brings no command")
    _call(command, "--version")
    _call(command, "doctor", "--help")
    _call(*install, "--require-hashes", "--requirement", ROOT / "requirements-test.txt")
    untried = UNTRIED + (UNTRIED_ON_WINDOWS if os.name == "nt" else ())
    ignored = [f"--ignore-glob={pattern}" for pattern in untried]
    _call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", *ignored)


def _call(*command: str | Path) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=ROOT, env=clean_environment(), check=True)


def main() -> None:
    """Try the wheel that was named."""
    parser = argparse.ArgumentParser(prog="python -m dev.release.try_out", description=__doc__)
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args().wheel.resolve()
    with tempfile.TemporaryDirectory(prefix="keygate-try-out-") as folder:
        try:
            try_out(wheel, Path(folder))
        except subprocess.CalledProcessError as error:
            sys.exit(f"This did not work: {error}")


if __name__ == "__main__":
    main()
