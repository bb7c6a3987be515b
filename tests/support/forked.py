"""`owui-keygate keys` as forks of one process that has imported the host, which takes a second.

One command runs at a time.
"""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from harness.environments import Environment

_SCRIPT = Path(__file__).parents[1] / "live" / "in_host" / "forking.py"


class Forked:
    """Commands for one database; a context manager.

    Args:
        environment: Where the host is installed.
        settings: Environment variables.
        folder: The working directory.
    """

    def __init__(self, environment: Environment, settings: dict[str, str], folder: Path) -> None:
        self._command = [str(environment.python), "-P", str(_SCRIPT)]
        self._settings = settings
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._busy = threading.Lock()

    def __enter__(self) -> Self:
        """Return it; the process starts with the first command."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()

    def run(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with further environment variables."""
        assert self._busy.acquire(blocking=False), "two commands at once, which would run in turn"
        try:
            return self._run(arguments, stdin, variables)
        finally:
            self._busy.release()

    def _run(
        self, arguments: tuple[str, ...], stdin: str, variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=self._settings,
                cwd=self._folder,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"arguments": arguments, "stdin": stdin, "variables": variables}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, found["code"], found["stdout"], found["stderr"]
        )
