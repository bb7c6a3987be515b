"""A folder on a disk whose reads take as long as one says, by FUSE."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.libraries import MFUSEPY_VERSION, install
from harness.processes import end
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCRIPT = Path(__file__).with_name("slow_disk_process.py")
_DEVICE = Path("/dev/fuse")
_MOUNT = Path("/usr/bin/fusermount3")


def lacking() -> Sequence[str]:
    """Return what this machine lacks for such a disk, in words for people."""
    found = []
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        found.append(f"{_DEVICE}, which the kernel has if it was built with FUSE")
    if not _MOUNT.exists():
        found.append("the package fuse3 of Debian")
    if os.getuid() != 0:
        found.append("root, who may mount")
    return found


class SlowDisk:
    """A folder on a slow disk; a context manager.

    Its files cannot be mapped into memory, so SQLite cannot have WAL there.

    Args:
        folder: Holds the folder, what is in it, and how long a read takes.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "slow"
        self._behind = folder / "behind"
        self._seconds = folder / "seconds"
        self._log = folder / "slow.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Mount it, as fast as it can be at first."""
        for made in (self.folder, self._behind):
            made.mkdir(parents=True)
        self.take(0)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, _SCRIPT, self._behind, self.folder, self._seconds],
                env=os.environ | {"PYTHONPATH": str(install("mfusepy", MFUSEPY_VERSION))},
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.folder.is_mount, self._log.read_text)
        return self

    def __exit__(self, *_: object) -> None:
        """Unmount it, also where something still has a file open."""
        subprocess.run([_MOUNT, "-u", "-z", self.folder], check=True)
        if self._process is not None:
            end(self._process)

    def take(self, seconds: float) -> None:
        """Let each read take so long from now on."""
        new = self._seconds.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._seconds)
