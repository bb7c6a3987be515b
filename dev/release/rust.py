"""Which Rust builds for a target here: the machine's own, or Debian's in `.tools/rust`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.environments import ROOT

DEBIAN = ROOT / ".tools" / "rust"
"""What `scripts/install-rust-targets` makes."""
BUILD_STD = {"RUSTC_BOOTSTRAP": "1", "CARGO_UNSTABLE_BUILD_STD": "std,panic_unwind"}
"""Has cargo build the standard library as well, from its source."""


def settings_for(target: str) -> dict[str, str] | None:
    """Return the environment variables by which cargo builds for a target, None if it cannot."""
    command = ["rustc", "--print", "sysroot"]
    own = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    if _has(Path(own), target):
        return {}
    if not (DEBIAN / ".ready").exists():
        return None
    compiler = {"RUSTC": str(DEBIAN / "bin" / "rustc")}
    return compiler if _has(DEBIAN / "usr", target) else compiler | BUILD_STD


def _has(sysroot: Path, target: str) -> bool:
    return (sysroot / "lib" / "rustlib" / target).is_dir()
