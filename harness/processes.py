"""Processes that the kit starts and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STOP_SECONDS = 20


def start(
    command: Sequence[str | Path], folder: Path, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; the folder it runs in gets its log."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def listens(port: int) -> bool:
    """Whether anybody listens on a port of 127.0.0.1."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own; kill all of that if it takes too long."""
    process.terminate()
    wait_or_kill(process, STOP_SECONDS)


def wait_or_kill(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process that was told to end; kill all of its session if it takes too long."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
