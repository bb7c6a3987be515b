"""Whether a release of the host fits, found out without starting it.

`python -m dev.host_check 0.12.5` compiles the functions that the extension replaces or relies
on, holds them against their shapes, and prints what has changed in them since the last release that
was tried. Then it prints the routes that have no class in `routes.txt`, read from the source. It
ends with 0 if all functions fit and all routes have a class, with 1 if not, and with 2 if the
release is unknown.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from owui_keygate import hosts
from owui_keygate.hosts.sources import Sources, file_of, functions
from owui_keygate.patching.patches import HostDoesNotFitError
from owui_keygate.settings.routes import read_classes

from dev.host_routes import UnreadableError, routes_of
from harness.environments import say, uv

if TYPE_CHECKING:
    from owui_keygate.hosts.generation import Generation
    from owui_keygate.patching.points import HostFunction, HostTable


def generation_of(release: str) -> Generation:
    """Return the generation a release must fit into: for a new one, the newest."""
    try:
        return hosts.choose(release)
    except HostDoesNotFitError:
        return hosts.GENERATIONS[-1]


def source(function: HostFunction | HostTable, packages: Path) -> list[str]:
    """Return the source of a function without comments, an empty one if it is not there."""
    file = file_of(function, packages)
    body: list[ast.stmt] = ast.parse(file.read_text()).body if file.is_file() else []
    found: ast.stmt | None = None
    for name in function.name.split("."):
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        found = next((n for n in body if isinstance(n, kinds) and n.name == name), None)
        body = [] if found is None else found.body
    return [] if found is None else ast.unparse(found).splitlines(keepends=True)


def download(release: str, folder: Path) -> Path:
    """Unpack the wheel of a release into a folder, without what it requires."""
    say(f"Downloading Open WebUI {release} ...")
    target = folder / release
    wheel = f"open-webui=={release}"
    options = ["--quiet", "--no-deps", "--python", sys.executable, "--target", str(target)]
    subprocess.run([uv(), "pip", "install", *options, wheel], check=True)
    return target


def unclassed(packages: Path) -> list[str]:
    """Return what is to be told about the routes of a release: those that have no class.

    Args:
        packages: The folder that holds the package `open_webui`.
    """
    try:
        return sorted(str(route) for route in routes_of(packages) - read_classes().keys())
    except (OSError, UnreadableError) as error:
        return [f"unknown, as they cannot be read: {error}"]


def report(release: str, folder: Path) -> int:
    """Print what fits and what has changed."""
    generation = generation_of(release)
    tried = [known for known in generation.tried if known != release]
    packages = download(release, folder)
    before = download(tried[-1], folder) if tried else None
    sources = Sources(packages)
    faults = 0
    for function in functions(generation):
        wrong = sources.fault(function)
        faults += wrong is not None
        print(f"{'fits        ' if wrong is None else 'does not fit'} {function}")
        if wrong is not None:
            print(f"             {wrong}")
        if before is not None:
            names = (f"{tried[-1]}/{function}", f"{release}/{function}")
            old, new = (source(function, where) for where in (before, packages))
            sys.stdout.writelines(difflib.unified_diff(old, new, *names))
    without = unclassed(packages)
    for route in without:
        print(f"no class     {route}")
    covered = release in generation.tried
    state = "tried" if covered else "not tried"
    print(
        f"Open WebUI {release} {'fits' if not faults else 'does not fit'} generation "
        f"{generation.name} ({state}), {len(without)} routes without a class"
    )
    return 1 if faults or without else 0


def main() -> int:
    """Check the release that is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.host_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("release", help="a release of Open WebUI, such as 0.12.4")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="keygate-host-check-") as folder:
        try:
            return report(asked.release, Path(folder))
        except subprocess.CalledProcessError as error:
            print(f"The wheel cannot be downloaded: exit code {error.returncode}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
