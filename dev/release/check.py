"""Builds and checks here what a release would publish: `make release-check`.

It ends with 0 if all holds. What cannot be built here is named and left to the release workflow:
wheels for other systems, and for a Linux for which no Rust is here; Debian has one for each. The
wheel of this machine is tried on the Python of this project and, if it is set, on HOST_PYTHON. The
others are only looked into.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from dev.release import artifacts, build, rust
from harness.environments import HOST_PYTHON, ROOT, say

HERE = f"{platform.machine()}-unknown-linux-gnu"
TARGETS = tuple(f"{cpu}-unknown-{c}" for cpu in ("x86_64", "aarch64") for c in build.PLATFORMS)


def sdist() -> Path:
    """Make the source distribution twice and return it."""
    made = build.build_sdist()
    with tempfile.TemporaryDirectory() as folder:
        again = build.build_sdist(Path(folder))
        if made.read_bytes() != again.read_bytes():
            sys.exit(f"{made.name} is another one each time it is built: see how with diffoscope")
    return made


def wheel(source: Path) -> Path:
    """Make the wheel of this machine from the source distribution, again from the commit itself.

    Both have the same bytes if building is reproducible and the source distribution is complete.
    """
    build.unpack_sdist(source)
    made = build.build_wheel(HERE)
    with tempfile.TemporaryDirectory() as folder:
        build.export_commit()
        again = build.build_wheel(HERE, Path(folder))
        if made.read_bytes() != again.read_bytes():
            names = ", ".join(differing(made, again)) or "only the order or dates of the files"
            sys.exit(f"{made.name} is another one built from the commit. What differs: {names}")
    return made


def differing(one: Path, other: Path) -> list[str]:
    """Return the names of the files that are not the same in two wheels."""
    with zipfile.ZipFile(one) as left, zipfile.ZipFile(other) as right:
        ours, theirs = (
            {name: side.read(name) for name in side.namelist()} for side in (left, right)
        )
    return sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))


def other_wheels(source: Path) -> list[Path]:
    """Make the wheels for other kinds of Linux for which a Rust is here, and name the rest.

    They are looked into and not run. What is published comes from the release workflow's Rust.
    """
    made = []
    for target in TARGETS:
        if target == HERE:
            continue
        settings = rust.settings_for(target)
        if settings is None:
            say(f"Not built: the wheel for {target}. It needs: rustup target add {target}")
            continue
        say(f"Building the wheel for {target}, which cannot be tried here ...")
        build.unpack_sdist(source)
        made.append(build.build_wheel(target, settings=settings))
    return made


def main() -> int:
    """Build, check and try."""
    if build.OUT.exists():
        shutil.rmtree(build.OUT)
    say("Checking the version and the changelog ...")
    if subprocess.run([ROOT / "scripts" / "check-version"], check=False).returncode:
        return 1
    if build.uncommitted():
        say("What is not committed is left out of all that follows.")
    say("Building the source distribution, twice ...")
    source = sdist()
    say(f"Building the wheel for {HERE}, twice ...")
    made = wheel(source)
    files = [source, made, *other_wheels(source)]
    say("Checking what was built ...")
    faults = [fault for file in files for fault in artifacts.faults_of(file)]
    for fault in faults:
        say(fault)
    if faults:
        return 1
    for python in dict.fromkeys((sys.executable, HOST_PYTHON)):
        say(f"Trying the wheel on {python} ...")
        if subprocess.run([python, "-m", "dev.release.try_out", made], check=False).returncode:
            return 1
    say("All of it is as it should be:")
    for file in files:
        say(f"  {file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
