"""Packages beside the environments: PyJWT and Uvicorn as the hosts pin them, servers and drivers.

`python -m harness.libraries` installs them, before tests in several processes want to.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

from harness.environments import ROOT, say, uv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

PYJWT_VERSIONS = ("2.10.1", "2.11.0", "2.13.0")
UVICORN_VERSIONS = ("0.30.6", "0.34.0", "0.37.0", "0.40.0", "0.41.0", "0.51.0", "0.54.0")
GUNICORN_VERSION = "27.0.1"
HYPERCORN_VERSION = "0.18.0"
PRIORITY_VERSION = "2.0.0"
"""Of what hypercorn needs and the host does not."""
GRANIAN_VERSION = "2.8.9"
PYMYSQL_VERSION = "1.2.4"
AIOMYSQL_VERSION = "0.3.2"
MFUSEPY_VERSION = "3.1.1"


@functools.cache
def load_pyjwt(version: str) -> ModuleType:
    """Return the package `jwt` of a version, as an instance of its own."""
    folder = install("pyjwt", version)
    with _modules_set_aside("jwt"):
        sys.path.insert(0, str(folder))
        try:
            package = importlib.import_module("jwt")
        finally:
            sys.path.remove(str(folder))
    if package.__version__ != version:
        message = f"expected PyJWT {version}, found {package.__version__}"
        raise RuntimeError(message)
    return package


def install(package: str, version: str) -> Path:
    """Return the folder that a version of a package is installed into alone, after that."""
    folder = ROOT / f".venv-{package}" / version
    if not any(folder.glob("*.dist-info")):
        say(f"Installing {package} {version} ...")
        options = ("--quiet", "--no-deps", "--target", folder)
        subprocess.run([uv(), "pip", "install", *options, f"{package}=={version}"], check=True)
    return folder


@contextlib.contextmanager
def _modules_set_aside(package: str) -> Iterator[None]:
    """Make the interpreter forget a package, and what is imported of it meanwhile."""
    before = _forget(package)
    try:
        yield
    finally:
        _forget(package)
        sys.modules.update(before)


def _forget(package: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == package]
    return {name: sys.modules.pop(name) for name in names}


if __name__ == "__main__":
    for version in PYJWT_VERSIONS:
        install("pyjwt", version)
    for version in UVICORN_VERSIONS:
        install("uvicorn", version)
    for package, version in {
        "gunicorn": GUNICORN_VERSION,
        "hypercorn": HYPERCORN_VERSION,
        "priority": PRIORITY_VERSION,
        "granian": GRANIAN_VERSION,
        "pymysql": PYMYSQL_VERSION,
        "aiomysql": AIOMYSQL_VERSION,
        "mfusepy": MFUSEPY_VERSION,
    }.items():
        install(package, version)
