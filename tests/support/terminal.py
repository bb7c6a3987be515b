"""The command `owui-keygate keys` with somebody at a terminal before it."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

from tests.support.keys import without_progress

if TYPE_CHECKING:
    from tests.support.keys import Place


def at_a_terminal(place: Place, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard input is a terminal at which an answer has been typed."""
    terminal, stdin = pty.openpty()
    os.write(terminal, answer.encode())
    try:
        found = subprocess.run(
            [place.environment.command("owui-keygate"), "keys", *arguments],
            stdin=stdin,
            capture_output=True,
            text=True,
            env=place.server.settings,
            cwd=place.server.folder,
            check=False,
        )
        return without_progress(found)
    finally:
        os.close(stdin)
        os.close(terminal)
