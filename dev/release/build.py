"""Builds what is published, from a commit and nothing else.

`python -m dev.release.build` makes the source distribution of the commit that is checked out.
`python -m dev.release.build TARGET` makes the wheel for a target of Rust from it. On Linux the
linker is zig's, which knows the C library of every platform tag; elsewhere it is the machine's own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from harness.environments import ROOT

OUT = ROOT / "dist" / "release"
SOURCE = ROOT / "target" / "release-build"
"""Where wheels are built. It is always the same folder, as their list of crates names it."""
PLATFORMS = {"linux-gnu": "manylinux_2_28", "linux-musl": "musllinux_1_2"}
"""The platform tag of what is built for a C library."""


def commit_time() -> str:
    """Return when the commit was made, in seconds since 1970. All files of a release are as old."""
    return _git("log", "-1", "--format=%ct").decode().strip()


def uncommitted() -> bool:
    """Return whether the folder holds something else than the commit."""
    return _git("status", "--porcelain") != b""


def export_commit() -> None:
    """Write the files of the commit into `SOURCE`, without what lies about beside them."""
    archive = SOURCE.with_suffix(".tar")
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(_git("archive", "HEAD"))
    _unpack(archive)
    archive.unlink()


def unpack_sdist(sdist: Path) -> None:
    """Write the files of a source distribution into `SOURCE`."""
    _unpack(sdist)
    (top,) = SOURCE.iterdir()
    for path in top.iterdir():
        path.rename(SOURCE / path.name)
    top.rmdir()


def build_sdist(out: Path = OUT) -> Path:
    """Make the source distribution of the commit and return its path."""
    export_commit()
    return _maturin(out, "sdist")


def build_wheel(target: str, out: Path = OUT, settings: dict[str, str] | None = None) -> Path:
    """Make the wheel for a target from what `SOURCE` holds.

    Args:
        target: A target of Rust, such as `x86_64-unknown-linux-gnu`.
        out: The folder to put it into.
        settings: Environment variables that choose another Rust than the machine's.

    Returns:
        The path of the wheel.
    """
    options = ["--release", "--locked", "--target", target]
    for c_library, platform in PLATFORMS.items():
        if target.endswith(c_library):
            options += ["--zig", "--compatibility", platform]
    return _maturin(out, "build", *options, settings=settings)


def the_sdist() -> Path:
    """Return the source distribution that was made before."""
    found = list(OUT.glob("*.tar.gz"))
    if len(found) != 1:
        sys.exit(f"Expected one source distribution in {OUT}: run `python -m dev.release.build`")
    return found[0]


def _maturin(out: Path, *arguments: str, settings: dict[str, str] | None = None) -> Path:
    cargo_home = os.environ.get("CARGO_HOME", Path.home() / ".cargo")
    tools = Path(sys.executable).parent
    settings = (settings or {}) | {
        "SOURCE_DATE_EPOCH": commit_time(),
        # Messages of panics name files of the crates, and so the machine they were compiled on.
        "CARGO_ENCODED_RUSTFLAGS": f"--remap-path-prefix={cargo_home}=/cargo",
        # The zig that maturin finds is the pinned one.
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "maturin", *arguments, "--out", folder],
            cwd=SOURCE,
            env=os.environ | settings,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode:
            sys.exit(f"{done.stdout}\nmaturin {arguments[0]} failed; what it said stands above.")
        (built,) = Path(folder).iterdir()
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(built, out))


def _unpack(archive: Path) -> None:
    if SOURCE.exists():
        shutil.rmtree(SOURCE)
    with tarfile.open(archive) as opened:
        opened.extractall(SOURCE, filter="data")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S607


def main() -> None:
    """Build what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m dev.release.build", description=__doc__)
    parser.add_argument("target", nargs="?", help="such as aarch64-unknown-linux-musl")
    target = parser.parse_args().target
    if target is None:
        built = build_sdist()
    else:
        unpack_sdist(the_sdist())
        built = build_wheel(target)
    print(built.relative_to(ROOT))


if __name__ == "__main__":
    main()
