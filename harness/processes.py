"""Ends processes that the kit has started."""

from __future__ import annotations

import os
import signal
import subprocess

STOP_SECONDS = 20


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own; kill all of that if it takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
