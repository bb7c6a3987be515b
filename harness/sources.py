"""The source distributions of clients that others wrote, which hold their tests."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

from harness.environments import ROOT, say

if TYPE_CHECKING:
    from pathlib import Path

PINS = ROOT / "harness" / "clients" / "sources.txt"
_DOWNLOADS = ROOT / ".venv-client-sources"


def unpack(package: str, folder: Path) -> Path:
    """Unpack the source distribution of a client into a folder, and return where it lies there."""
    [version] = re.findall(rf"(?m)^{package}==(\S+)", PINS.read_text())
    name = f"{package.replace('-', '_')}-{version}"
    file = _DOWNLOADS / f"{name}.tar.gz"
    if not file.is_file():
        say(f"Fetching the sources of {package} ...")
        options = ("--quiet", "--no-deps", "--require-hashes", "--dest", _DOWNLOADS)
        pip = (sys.executable, "-m", "pip", "download", "--disable-pip-version-check")
        subprocess.run([*pip, *options, "--requirement", PINS], check=True)
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder / name
