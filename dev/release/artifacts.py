"""Checks what was built: `python -m dev.release.artifacts FILE...` prints faults and remedies.

It ends with 0 if there is none, and with 1 otherwise. It looks into wheels of every platform, but
runs only on Linux.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from dev.release.build import PLATFORMS
from dev.release.elf import Needs, needs_of
from harness.environments import ROOT

LARGEST = 1_000_000
"""The size in bytes that no wheel reaches. The native module is nearly all of it."""
SYSTEMS = {
    "manylinux": "unknown-linux-gnu",
    "musllinux": "unknown-linux-musl",
    "macosx": "apple-darwin",
    "win": "pc-windows-msvc",
}
"""What Rust calls the system that a platform tag begins with."""
PYTHON = "-cp311-abi3-"
"""What the name of a wheel says that works on Python 3.11 and later."""


def faults_of(file: Path) -> list[str]:
    """Return what is wrong with a wheel or a source distribution, one sentence for each fault."""
    found = [*run("twine", "check", "--strict", file)]
    if file.suffix == ".whl":
        found += [*size(file), *abi(file), *platform(file), *crates(file)]
    return [f"{file.name}: {fault}" for fault in found]


def size(wheel: Path) -> list[str]:
    """Return a fault if a wheel is too large."""
    measured = wheel.stat().st_size
    if measured < LARGEST:
        return []
    return [f"{measured:,} bytes, and less than {LARGEST:,} wanted: see what it holds that is new"]


def abi(wheel: Path) -> list[str]:
    """Return a fault if a wheel is not one for all Pythons, or uses what a later one brought."""
    if PYTHON not in wheel.name:
        return [f"its name lacks {PYTHON}: is the feature abi3-py311 of pyo3 still on?"]
    return run("abi3audit", "--strict", wheel)


def platform(wheel: Path) -> list[str]:
    """Return a fault if a Linux wheel needs more of its platform than its name says."""
    if "linux" not in wheel.name:
        return []
    said = tag(wheel)
    if not said.startswith(tuple(PLATFORMS.values())):
        wanted = " or ".join(PLATFORMS.values())
        return [f"it is for {said}, and {wanted} wanted: build it with dev.release.build"]
    needs = _needs_of(wheel)
    if not said.endswith(needs.machine):
        return [f"it is for {said}, and its native module for {needs.machine}"]
    return musl(needs) if "musl" in said else glibc(wheel)


def glibc(wheel: Path) -> list[str]:
    """Return a fault if a wheel needs a newer glibc than its name says."""
    show = _tool("auditwheel", "show", "--json", wheel)
    if show.returncode:
        return [f"auditwheel cannot read it: {show.stderr.strip()}"]
    report = json.loads(show.stdout)
    needed = report["overall_tag"]
    if needed == tag(wheel):
        return []
    symbols = ", ".join(sorted({*itertools.chain(*report["versioned_symbols"].values())}))
    return [f"it needs {needed} ({symbols}): build it with dev.release.build, which links with zig"]


def musl(needs: Needs) -> list[str]:
    """Return a fault if a module needs more than musl.

    auditwheel takes the libc.so of a machine with glibc for musl's, and musl's for unknown.
    """
    more = sorted((needs.libraries - {"libc.so"}) | needs.versions)
    if not more:
        return []
    return [f"it needs {', '.join(more)}, and musl alone wanted: build it with dev.release.build"]


def crates(wheel: Path) -> list[str]:
    """Return a fault if the list of crates in a wheel (PEP 770) lacks one that it is made of."""
    missing = crates_needed(target(wheel)) - crates_listed(wheel)
    if not missing:
        return []
    names = ", ".join(f"{name} {version}" for name, version in sorted(missing))
    return [f"its SBOM does not name {names}: is `tool.maturin.sbom` still on?"]


def crates_listed(wheel: Path) -> set[tuple[str, str]]:
    """Return name and version of each crate in the list of crates in a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        lists = [name for name in opened.namelist() if ".dist-info/sboms/" in name]
        documents = [json.loads(opened.read(name)) for name in lists]
    return {
        (component["name"], component["version"])
        for document in documents
        for component in document["components"]
    }


def crates_needed(target: str) -> set[tuple[str, str]]:
    """Return name and version of each crate that a wheel for a target is made of or with."""
    tree = _command(
        *("cargo", "tree", "--locked", "--all-features", "--target", target),
        *("--edges", "normal,build", "--prefix", "none", "--format", "{p}"),
    )
    if tree.returncode:
        sys.exit(tree.stderr)
    words = (line.split() for line in tree.stdout.splitlines() if line)
    listed = {(name, version.removeprefix("v")) for name, version, *_ in words}
    return {(name, version) for name, version in listed if name != "owui-keygate"}


def tag(wheel: Path) -> str:
    """Return the platform tag in the name of a wheel."""
    return wheel.stem.rpartition("-")[2]


def target(wheel: Path) -> str:
    """Return the target of Rust that a wheel is for."""
    said = tag(wheel)
    cpu = "aarch64" if said.endswith(("aarch64", "arm64")) else "x86_64"
    (system,) = (name for prefix, name in SYSTEMS.items() if said.startswith(prefix))
    return f"{cpu}-{system}"


def _needs_of(wheel: Path) -> Needs:
    with zipfile.ZipFile(wheel) as opened, tempfile.TemporaryDirectory() as folder:
        (name,) = (name for name in opened.namelist() if name.endswith(".so"))
        return needs_of(Path(opened.extract(name, folder)))


def run(tool: str, *arguments: str | Path) -> list[str]:
    """Return what a tool says if it ends with an error."""
    done = _tool(tool, *arguments)
    return [f"{tool}: {(done.stdout + done.stderr).strip()}"] if done.returncode else []


def _tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return _command(Path(sys.executable).with_name(name), *arguments)


def _command(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def main() -> int:
    """Check the files that were named."""
    parser = argparse.ArgumentParser(prog="python -m dev.release.artifacts", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    faults = [fault for file in parser.parse_args().files for fault in faults_of(file.resolve())]
    for fault in faults:
        print(fault, file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
